"""Routing into the real Loki: residency, sampling, what Loki refuses, and the configuration for the public image."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.collector import Collector, Sink, pieces
from tests.support.loki import Loki
from tests.support.otlp import Log, read_otlp_json
from tests.support.processes import wait_for

Start = Callable[..., Collector]
DAY = 24 * 3600 * 10**9


@pytest.fixture(scope="module")
def real_loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loki]:
    with Loki(tmp_path_factory.mktemp("loki")) as loki:
        yield loki


def test_a_region_stays_out_of_loki_and_goes_to_the_others(start_collector: Start, real_loki: Loki, seq: Sink) -> None:
    collector = start_collector(
        "loki",
        "seq",
        env={
            "AEGIS_LOKI_URL": real_loki.url,
            "SEQ_URL": seq.url,
            "AEGIS_RESIDENCY": '[{attribute: region, values: ["eu-*"], stores: [loki]}]',
        },
    )
    logs = [
        Log(f"{region} {severity}", severity=severity, attributes={"region": region})
        for region in ("eu-west", "us-east", "eu-central")
        for severity in (5, 9, 17)
    ]
    logs.append(Log("AUDIT: READ", attributes={"region": "eu-west", "auditAction": "READ"}))
    collector.send(*logs, resource={"service.name": "residency"})
    assert len(seq.wait_for(10)) == 10
    stored = wait_for(
        lambda: len(found := real_loki.lines('{service="residency"}')) >= 3 and found, what="the records in Loki"
    )
    collector.stop()  # it has handed over what it held, so nothing can come later
    stored = real_loki.lines('{service="residency"}')
    assert {json.loads(line)["message"] for line in stored} == {"us-east 5", "us-east 9", "us-east 17"}


def test_sampling_keeps_whole_traces_in_loki(start_collector: Start, real_loki: Loki) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": real_loki.url, "AEGIS_SAMPLING_RATE": "0.25"})
    traces = [os.urandom(16) for _ in range(200)]
    for severity in (5, 9, 13, 17):
        collector.send(
            *(Log("x", severity=severity, trace_id=trace) for trace in traces), resource={"service.name": "sampled"}
        )
    wait_for(
        lambda: len(real_loki.lines('{service="sampled",level=~"warn|error"}')) == 400,
        what="warnings and errors in Loki",
    )
    collector.stop()
    traces_of = {
        level: {json.loads(line)["traceId"] for line in real_loki.lines(f'{{service="sampled",level="{level}"}}')}
        for level in ("debug", "info", "warn", "error")
    }
    assert traces_of["debug"] == traces_of["info"]
    assert 20 < len(traces_of["info"]) < 85  # 50 expected; far beyond what chance does
    assert traces_of["info"] < traces_of["warn"] == traces_of["error"] == {trace.hex() for trace in traces}


def test_loki_refuses_one_record_and_gets_the_others(start_collector: Start, real_loki: Loki) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": real_loki.url})
    logs = [Log(f"good {n}") for n in range(40)]
    logs.insert(20, Log("of tomorrow", time_ns=time.time_ns() + 2 * DAY))
    collector.send(*logs, resource={"service.name": "refusing"})
    folder = collector.data / "dead-letter"

    def letters(name: str = "loki-rest.jsonl") -> list[str]:
        file = folder / name
        return [json.loads(letter.body)["message"] for letter in read_otlp_json(file)] if file.exists() else []

    wait_for(lambda: letters() == ["of tomorrow"], what="the dead letter")
    wait_for(lambda: len(real_loki.lines('{service="refusing"}')) >= 40, what="the others in Loki")
    counts = Counter(json.loads(line)["message"] for line in real_loki.lines('{service="refusing"}'))
    assert counts == {f"good {n}": 1 for n in range(40)}

    # Sent again as docs/collector.md says, it is refused again and comes back.
    (folder / "resend").mkdir()
    (folder / "loki-rest.jsonl").rename(folder / "resend" / "loki-rest.jsonl")
    wait_for(lambda: letters() == ["of tomorrow"], what="the dead letter again")
    wait_for(lambda: not list((folder / "resend").iterdir()), what="the file to go")


def test_the_configuration_for_the_public_image_feeds_loki(real_loki: Loki, tmp_path: Path) -> None:
    collector = Collector(tmp_path, env={"AEGIS_LOKI_URL": real_loki.url})
    collector.arguments = pieces("receive", "redact-stock", "tuning")
    trace = bytes(range(16))
    with collector:
        collector.send(
            Log("login password=hunter2", severity=17, attributes={"user": {"password": "hunter2"}}, trace_id=trace),
            Log("AUDIT: READ", attributes={"auditAction": "READ", "correlationId": "c-1"}),
            Log('{"token": "s3cret-t0ken"}', severity=5),
            resource={"service.name": "stock", "deployment.environment.name": "test"},
        )
        found = wait_for(
            lambda: len(streams := real_loki.streams('{service="stock"}')) == 3 and streams, what="the records in Loki"
        )
        by_level = {json.loads(line)["level"]: (labels, json.loads(line)) for labels, line in found}
        assert "hunter2" not in str(found)
        assert "s3cret-t0ken" not in str(found)
        assert by_level["error"][0]["traceId"] == trace.hex()
        assert by_level["error"][1]["environment"] == "test"
        assert by_level["info"][0]["complianceLevel"] == "HIPAA"
        assert len(real_loki.lines('{service="stock",complianceLevel="HIPAA"} | json | auditAction="READ"')) == 1
        assert len(real_loki.lines('{service="stock"} | correlationId="c-1"')) == 1
