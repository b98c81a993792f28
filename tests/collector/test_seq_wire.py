"""What goes over the wire to Seq, and what is done on each of its answers.

A second real Collector listens at Seq's path, and the Seq that AEGIS_TEST_SEQ_URL names is asked too, where it names one.
Seq itself is a closed image, so without that this contract is as far as a test can go. Of its answers is known: 200, and
201 before 2025.1 (datalust/seq-tickets 2338); 400 for an event over the limit (2421); 413 for a request over it
(datalust/serilog-sinks-seq 9); text or JSON as the body of a refusal.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.support.collector import Collector, Sink
from tests.support.otlp import Log
from tests.support.processes import wait_for
from tests.support.scripted_store import PLAIN, Answer, Request, ScriptedStore
from tests.support.seq import Store

Start = Callable[..., Collector]
TaughtStore = Callable[..., ScriptedStore]
TRACE = bytes(range(16))


@pytest.fixture
def store_that(stack: ExitStack) -> TaughtStore:
    """Start a store with a script."""
    return lambda *script: stack.enter_context(ScriptedStore(*script))


@pytest.fixture
def to(start_collector: Start) -> Callable[..., Collector]:
    """Start the Collector that sends to a store."""
    return lambda store, **env: start_collector("seq", env={**PLAIN, "SEQ_URL": store.url, **env})


def messages(store: ScriptedStore) -> list[str]:
    return [line.body for line in store.taken()]


def dead(collector: Collector) -> list[str]:
    return [letter.body for letter in collector.dead_letters("seq-rest")]


# --- what a record is


def test_the_message_and_the_names_of_the_pages_queries_arrive(
    start_collector: Start, seq_store: Store, service: str
) -> None:
    collector = start_collector("seq", env=seq_store.variables)
    collector.send(
        Log("HTTP Request Completed", attributes={"responseTime": 7, "correlationId": "c-1"}),
        resource={"service.name": service, "deployment.environment.name": "test"},
    )
    [event] = wait_for(lambda: seq_store.events(service), seconds=120, what="the record")
    assert event.message == "HTTP Request Completed"
    expected = {"service": service, "environment": "test", "level": "info", "correlationId": "c-1", "responseTime": 7}
    assert {name: event.properties.get(name) for name in expected} == expected


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


def test_exceptions_arrive_with_aegisx_names(start_collector: Start, seq: Sink) -> None:
    collector = start_collector("seq", env={"SEQ_URL": seq.url})
    collector.send(Log("boom", severity=17, attributes={"exception.type": "Oops", "exception.message": "bad"}))
    (record,) = seq.wait_for(1)
    assert record.attributes["errorName"] == "Oops"
    assert record.attributes["error"] == {"name": "Oops", "message": "bad", "stack": ""}
    assert record.attributes["level"] == "error"


# --- what a request is


def test_a_request_is_a_post_of_protobuf_with_gzip_to_seqs_path(
    store_that: TaughtStore, start_collector: Start
) -> None:
    store = store_that(200)
    collector = start_collector("seq", env={"SEQ_URL": store.url})
    collector.send(Log("x" * 1000))
    wait_for(lambda: messages(store) == ["x" * 1000], what="the record")
    [request] = store.requests()
    assert (request.method, request.path) == ("POST", "/ingest/otlp/v1/logs")
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["content-encoding"] == "gzip"
    assert request.raw.startswith(b"\x1f\x8b")


def test_requests_are_uncompressed_where_that_is_set(store_that: TaughtStore, to: Start) -> None:
    store = store_that(200)
    to(store, AEGIS_SEQ_COMPRESSION="none").send(Log("x" * 1000))
    wait_for(lambda: messages(store) == ["x" * 1000], what="the record")
    assert store.requests()[0].headers["content-encoding"] is None


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


# --- what is done on its answers


@pytest.mark.parametrize("status", [200, 201])
def test_each_success_is_a_delivery(store_that: TaughtStore, to: Start, status: int) -> None:
    store = store_that(Answer(status, b"{}", {"content-type": "application/json; charset=utf-8"}))
    collector = to(store)
    collector.send(*(Log(f"{n}") for n in range(12)))
    wait_for(lambda: messages(store) == [str(n) for n in range(12)], what="the records")
    collector.stop()
    assert store.answered() == [status]
    assert dead(collector) == []


def test_an_event_over_the_limit_is_a_dead_letter_and_the_others_arrive(store_that: TaughtStore, to: Start) -> None:
    said = json.dumps({"Error": "The event exceeds the event body limit."})

    def script(request: Request) -> Answer:
        if any(len(line.body) > 1000 for line in request.lines):
            return Answer(400, said.encode(), {"content-type": "application/json; charset=utf-8"})
        return Answer(200)

    store = store_that(script)
    collector = to(store)
    collector.send(*(Log("x" * 2000 if n == 5 else f"{n}") for n in range(12)))
    wait_for(lambda: dead(collector) and len(store.taken()) == 11, what="all records in their places")
    collector.stop()
    assert messages(store) == [str(n) for n in range(12) if n != 5]
    assert dead(collector) == ["x" * 2000]
    [letter] = (collector.data / "dead-letter" / "seq-rest.jsonl").read_text().splitlines()
    assert json.loads(letter)["refusal"]["reason"] == said
    assert "The event exceeds the event body limit." in collector.output()


def test_a_request_over_the_limit_is_sent_in_parts(store_that: TaughtStore, to: Start) -> None:
    store = store_that(lambda request: Answer(413 if len(request.lines) > 2 else 200))
    collector = to(store)
    collector.send(*(Log(f"{n}") for n in range(8)))
    wait_for(lambda: len(store.taken()) == 8, what="the records")
    assert messages(store) == [str(n) for n in range(8)]
    assert dead(collector) == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_loses_nothing_and_is_said_once_a_minute(store_that: TaughtStore, to: Start, status: int) -> None:
    wrong = Answer(status, b'{"Error":"The API key wrong-key-1 is not valid."}', {"content-type": "application/json"})
    store = store_that(lambda request: wrong if request.headers["x-seq-apikey"] == "wrong-key-1" else Answer(200))
    collector = to(store, SEQ_API_KEY="wrong-key-1", AEGIS_RETRY_INITIAL="5ms", AEGIS_RETRY_MAX="10ms")
    began = time.monotonic()
    collector.send(*(Log(f"{n}") for n in range(12)))
    wait_for(lambda: len(store.answered()) > 30, what="thirty tries")
    minutes = int((time.monotonic() - began) // 60)
    assert 1 <= collector.output().count("does not take records") <= 1 + minutes
    assert "The API key [hidden] is not valid." in collector.output()
    assert "wrong-key-1" not in collector.output()
    collector.stop()
    collector.env["SEQ_API_KEY"] = "right-key"
    collector.start()
    wait_for(lambda: len(store.taken()) == 12, what="the records, with the right key")
    assert messages(store) == [str(n) for n in range(12)]
    assert dead(collector) == []


@pytest.mark.parametrize("status", [404, 429, 500, 502, 503])
def test_what_seq_cannot_take_now_is_sent_again(store_that: TaughtStore, to: Start, status: int) -> None:
    store = store_that(status, Answer(status, headers={"retry-after": "1"}), 200)
    collector = to(store)
    collector.send(*(Log(f"{n}") for n in range(12)))
    wait_for(lambda: store.answered()[2:], what="the third try")
    collector.stop()
    assert store.answered() == [status, status, 200]
    _, second, third = store.requests()
    assert third.at - second.at >= 0.9
    assert messages(store) == [str(n) for n in range(12)]
    assert dead(collector) == []


def test_a_redirect_does_not_carry_the_key_elsewhere(store_that: TaughtStore, to: Start) -> None:
    stranger = store_that(200)
    store = store_that(Answer(301, headers={"location": f"{stranger.url}/ingest/otlp/v1/logs"}), 200)
    collector = to(store, SEQ_API_KEY="do-not-show")
    collector.send(Log("x"))
    wait_for(lambda: messages(store) == ["x"], what="the record, by the address that is set")
    assert stranger.requests() == []
