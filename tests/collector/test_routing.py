"""Which records go where: sampling and data residency, by configuration alone."""

from __future__ import annotations

import os
from collections.abc import Callable

from tests.support.collector import Collector, Sink
from tests.support.otlp import Log

Start = Callable[..., Collector]


def test_sampling_keeps_or_drops_whole_traces_and_spares_what_matters(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_SAMPLING_RATE": "0.25"})
    traces = [os.urandom(16) for _ in range(200)]
    for level in (5, 9):
        collector.send(*(Log("rest", severity=level, trace_id=trace) for trace in traces))
    collector.send(
        *(Log("warn", severity=13, trace_id=trace) for trace in traces),
        *(Log("error", severity=17, trace_id=trace) for trace in traces),
        *(Log("AUDIT: READ", severity=5, trace_id=trace) for trace in traces),
    )
    kept: dict[str, list[str]] = {}
    for record in collector.stored():
        kept.setdefault(record["message"], []).append(record["traceId"])
    for message in ("warn", "error", "AUDIT: READ"):
        assert len(kept[message]) == 200
    of_rest = kept["rest"]
    assert 20 < len(set(of_rest)) < 85  # 50 expected; far beyond what chance does
    assert all(of_rest.count(trace) == 2 for trace in set(of_rest))


def test_sampling_can_be_confined_to_some_loggers(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_SAMPLING_RATE": "0", "AEGIS_SAMPLING_LOGGERS": "urllib3,noisy"})
    for logger in ("urllib3.connectionpool", "noisy", "noisyness", "app"):
        collector.send(Log(logger), scope=logger)
    assert [record["logger"] for record in collector.stored()] == ["noisyness", "app"]


def test_a_record_can_be_kept_out_of_a_store_by_region(start_collector: Start, seq: Sink) -> None:
    collector = start_collector(
        "file",
        "seq",
        env={
            "SEQ_URL": seq.url,
            "AEGIS_RESIDENCY": '[{attribute: region, values: ["eu-*"], stores: [seq]},'
            " {attribute: environment, values: [secret], stores: [file]}]",
        },
    )
    collector.send(
        Log("of the record", attributes={"region": "eu-west"}), Log("elsewhere", attributes={"region": "us"})
    )
    collector.send(Log("of the resource"), resource={"service.name": "s", "region": "eu-central"})
    collector.send(Log("by environment"), resource={"deployment.environment.name": "secret"})
    assert {record.body for record in seq.wait_for(2)} == {"elsewhere", "by environment"}
    assert [record["message"] for record in collector.stored()] == ["of the record", "elsewhere", "of the resource"]


def test_every_store_gets_every_record(start_collector: Start, seq: Sink, loki: Sink) -> None:
    collector = start_collector("file", "seq", "loki", env={"SEQ_URL": seq.url, "AEGIS_LOKI_URL": loki.url})
    collector.send(*(Log("x", severity=n) for n in (5, 9, 17)), Log("AUDIT: x"))
    assert len(collector.stored()) == len(seq.wait_for(4)) == len(loki.wait_for(4)) == 4
