"""Delivery's counters are there for whoever exports metrics."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from aegis_otel import schema
from aegis_otel.deliver.otlp import OtlpSink
from aegis_otel.deliver.otlp._metrics import observe
from aegis_otel.deliver.queue import RecordQueue
from aegis_otel.schema import Record
from tests.deliver.receivers import GrpcReceiver, logs_of
from tests.support.processes import free_port, wait_for


def points(reader: InMemoryMetricReader) -> dict[str, Any]:
    data = reader.get_metrics_data()
    assert data is not None
    return {
        metric.name: metric.data.data_points[0]
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def values(reader: InMemoryMetricReader) -> dict[str, int | float]:
    return {name: point.value for name, point in points(reader).items() if hasattr(point, "value")}


def test_counters_and_queue_are_reported_by_name() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    stats = {
        "accepted": 10,
        "delivered": 7,
        "spooled": 3,
        "dropped": 1,
        "refused": 1,
        "retried": 2,
        "pending": 2,
        "pending_bytes": 512,
        "away": 1,
    }
    observe(lambda: stats, provider.get_meter("test"))
    assert values(reader) == {
        "aegis.logs.accepted": 10,
        "aegis.logs.delivered": 7,
        "aegis.logs.spooled": 3,
        "aegis.logs.dropped": 1,
        "aegis.logs.refused": 1,
        "aegis.logs.retried": 2,
        "aegis.logs.queue.records": 2,
        "aegis.logs.queue.size": 512,
        "aegis.logs.collector.away": 1,
    }
    provider.shutdown()


def test_every_record_is_counted_where_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = GrpcReceiver()
    receiver.port = free_port()
    receiver.verdict = lambda request: "refuse" if any(log.body.string_value == "7" for log in logs_of(request)) else ""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
    sink = OtlpSink(
        Resource.create({"service.name": "orders"}),
        spool_dir=tmp_path,
        schedule_delay=0.01,
        warn=lambda text: None,
    )
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    sink.report_metrics(provider.get_meter("test"))
    queue = RecordQueue([sink], prepare=None, queue_size=1_000, max_text=1_000, warn=lambda text: None)
    sink.queue_counts = lambda: (queue.waiting, queue.dropped)
    try:
        queue.put(Record(time.time_ns(), schema.INFO, "0", "app"))
        wait_for(lambda: sink.stats()["away"], what="an attempt without a Collector")
        for number in range(1, 20):
            queue.put(Record(time.time_ns(), schema.INFO, str(number), "app"))
        wait_for(lambda: sink.stats()["spooled"] == 20, what="all records in the spool")
        waits = values(reader)
        assert waits["aegis.logs.collector.away"] == 1
        assert waits["aegis.logs.queue.records"] == waits["aegis.logs.accepted"] == 20
        assert waits["aegis.logs.queue.size"] > 0
        receiver.start()
        queue.dropped += 3
        wait_for(lambda: not sink.stats()["pending"] and not sink.stats()["away"], what="delivery")
        ended = points(reader)
        assert ended["aegis.logs.accepted"].value == 23
        assert ended["aegis.logs.delivered"].value == 19
        assert ended["aegis.logs.dropped"].value == 4
        assert ended["aegis.logs.refused"].value == 1
        assert ended["aegis.logs.retried"].value >= 1
        assert ended["aegis.logs.queue.records"].value == ended["aegis.logs.queue.size"].value == 0
        assert ended["aegis.logs.export.duration"].sum > 0
    finally:
        queue.close(2)
        receiver.stop()
        provider.shutdown()
