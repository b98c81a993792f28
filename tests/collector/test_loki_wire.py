"""What goes over the wire to Loki, checked by a second real Collector that listens at Loki's path."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.support.collector import Collector, Sink
from tests.support.otlp import Log

Start = Callable[..., Collector]
TRACE = bytes(range(16))
UUID = "00010203-0405-0607-0809-0a0b0c0d0e0f"


def test_each_record_of_a_mixed_batch_has_its_own_labels(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    levels = {5: "debug", 9: "info", 13: "warn", 17: "error"}
    logs = [Log(f"{levels[n]} {i}", severity=n) for i in range(25) for n in levels]
    logs.append(Log("AUDIT: READ", attributes={"auditAction": "READ"}))
    collector.send(*logs)
    for record in loki.wait_for(101):
        line = json.loads(record.body)
        expected = {"service": "orders", "environment": "test", "level": line["message"].split()[0]}
        if line["message"].startswith("AUDIT"):
            expected.update(level="info", complianceLevel="HIPAA")
        assert record.resource == expected
        assert record.resource["level"] == line["level"]


def test_only_trace_and_correlation_id_are_structured_metadata(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    collector.send(Log("x", attributes={"a": {"b": 1}}, trace_id=TRACE, span_id=b"12345678", severity_text="INFO"))
    (record,) = loki.wait_for(1)
    assert record.attributes == {"traceId": TRACE.hex(), "correlationId": UUID}
    assert set(record.raw) <= {"timeUnixNano", "body", "attributes", "traceId", "spanId"}
    assert not record.raw.get("traceId")
    assert not record.raw.get("spanId")


def test_the_line_is_the_same_object_as_in_the_file_store(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", "file", env={"AEGIS_LOKI_URL": loki.url})
    collector.send(Log("x", attributes={"url": "/a?b=c", "nested": {"list": [1, "é\u2028", None]}}, trace_id=TRACE))
    (record,) = loki.wait_for(1)
    assert json.loads(record.body) == collector.stored()[0]


def test_a_record_without_environment_has_no_such_label(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    collector.send(Log("x"), resource={"service.name": "s"})
    (record,) = loki.wait_for(1)
    assert record.resource == {"service": "s", "level": "info"}
