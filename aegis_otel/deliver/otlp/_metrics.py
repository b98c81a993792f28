"""Delivery's counters as OpenTelemetry metrics, `aegis.logs.*`.

Uses only the metrics API: if the app exports no metrics, the callbacks are never called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Meter, Observation

Exported = Callable[[float, Mapping[str, str]], None]
ReadStats = Callable[[], Mapping[str, int | float]]

_COUNTERS: Final = {
    "accepted": "Log records handed to OTLP delivery",
    "delivered": "Log records that a Collector has acknowledged",
    "spooled": "Log records that had to wait because no Collector took them",
    "dropped": "Log records given up: no more room to keep them, or refused by the Collector",
    "refused": "Those of aegis.logs.dropped that the Collector refused for good; they are kept as dead letters",
    "retried": "Log records whose sending was tried again",
}

_GAUGES: Final = {
    "pending": ("queue.records", "{record}", "Log records that wait, in memory and for an acknowledgement"),
    "pending_bytes": ("queue.size", "By", "Encoded log records that wait, those of earlier processes included"),
    "away": ("collector.away", "1", "1 while the Collector does not take log records, else 0"),
}


_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def observe(stats: ReadStats, meter: Meter | None = None) -> Exported:
    """Report what `stats` returns (`OtlpSink.stats`) as metrics.

    Args:
        meter: None: the global provider's meter ``aegis_otel``.

    Returns:
        A function that takes the duration of each export (`OtlpSink.on_export`).
    """
    meter = meter if meter is not None else metrics.get_meter("aegis_otel")

    def reader(key: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda options: (Observation(stats()[key]),)

    for key, text in _COUNTERS.items():
        meter.create_observable_counter(f"aegis.logs.{key}", [reader(key)], "{record}", text)
    for key, (name, unit, text) in _GAUGES.items():
        meter.create_observable_gauge(f"aegis.logs.{name}", [reader(key)], unit, text)
    return meter.create_histogram(
        "aegis.logs.export.duration",
        "s",
        "How long each attempt to send took",
        explicit_bucket_boundaries_advisory=_SECONDS,
    ).record
