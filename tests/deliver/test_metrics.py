"""Delivery's counters are there for whoever exports metrics."""

from __future__ import annotations

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from aegis_otel.deliver.metrics import observe


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
        "export_seconds": 0.25,
        "away": 1,
    }
    observe(lambda: stats, provider.get_meter("test"))
    data = reader.get_metrics_data()
    assert data is not None
    found = {
        metric.name: metric.data.data_points[0].value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert found == {
        "aegis.logs.accepted": 10,
        "aegis.logs.delivered": 7,
        "aegis.logs.spooled": 3,
        "aegis.logs.dropped": 1,
        "aegis.logs.refused": 1,
        "aegis.logs.retried": 2,
        "aegis.logs.queue.records": 2,
        "aegis.logs.queue.size": 512,
        "aegis.logs.export.duration": 0.25,
        "aegis.logs.collector.away": 1,
    }
    provider.shutdown()
