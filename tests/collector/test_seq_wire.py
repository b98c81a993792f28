"""What goes over the wire to Seq, checked by a second real Collector that listens at Seq's path.

Seq itself is a closed image, so this contract is as far as a test can go without one.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.support.collector import Collector, Sink
from tests.support.otlp import Log

Start = Callable[..., Collector]
TRACE = bytes(range(16))


def test_the_message_is_the_body_and_every_field_a_property(start_collector: Start, seq: Sink) -> None:
    collector = start_collector("seq", env={"SEQ_URL": seq.url, "SEQ_API_KEY": "key-1"})
    collector.send(
        Log(
            "AUDIT: CREATE",
            attributes={"auditAction": "CREATE", "metadata": {"adapter": "redis"}, "responseTime": 7, "level": "odd"},
            trace_id=TRACE,
            span_id=b"12345678",
        )
    )
    (record,) = seq.wait_for(1)
    assert record.body == "AUDIT: CREATE"
    assert record.attributes.pop("header") == "key-1"
    assert record.attributes == {
        "message": "AUDIT: CREATE",
        "level": "info",
        "service": "orders",
        "environment": "test",
        "correlationId": "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "traceId": TRACE.hex(),
        "spanId": b"12345678".hex(),
        "logger": "orders.api",
        "complianceLevel": "HIPAA",
        "auditAction": "CREATE",
        "metadata": {"adapter": "redis"},
        "responseTime": 7,
        "extra.level": "odd",
    }
    assert record.raw["traceId"] == TRACE.hex()
    assert record.raw["severityNumber"] == 9


def test_without_an_api_key_there_is_no_such_header(start_collector: Start, seq: Sink) -> None:
    collector = start_collector("seq", env={"SEQ_URL": seq.url})
    collector.send(Log("x"))
    (record,) = seq.wait_for(1)
    assert "header" not in record.attributes


def test_an_api_key_of_digits_is_sent_as_it_is(start_collector: Start, seq: Sink) -> None:
    collector = start_collector("seq", env={"SEQ_URL": seq.url, "SEQ_API_KEY": "0123e5"})
    collector.send(Log("x"))
    assert seq.wait_for(1)[0].attributes["header"] == "0123e5"


def test_the_api_key_shows_nowhere(start_collector: Start, seq: Sink) -> None:
    collector = start_collector("seq", env={"SEQ_URL": seq.url, "SEQ_API_KEY": "do-not-show"})
    collector.send(Log("x"))
    seq.wait_for(1)
    assert "do-not-show" not in collector.output()
    assert "do-not-show" not in " ".join(collector.arguments)


def test_exceptions_arrive_with_aegisx_names(start_collector: Start, seq: Sink) -> None:
    collector = start_collector("seq", env={"SEQ_URL": seq.url})
    collector.send(Log("boom", severity=17, attributes={"exception.type": "Oops", "exception.message": "bad"}))
    (record,) = seq.wait_for(1)
    assert record.attributes["errorName"] == "Oops"
    assert record.attributes["error"] == {"name": "Oops", "message": "bad", "stack": ""}
    assert record.attributes["level"] == "error"
