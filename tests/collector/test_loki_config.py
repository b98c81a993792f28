"""What Loki does with `collector/loki/loki.yaml`: the real Collector sends, the real Loki is asked."""

from __future__ import annotations

import json
import time

import pytest

from tests.support.loki import Loki
from tests.support.otlp import Log, request
from tests.support.processes import wait_for

HOUR = 3600 * 10**9
AUDIT = {"auditAction": "CREATE", "complianceLevel": "HIPAA"}


@pytest.fixture(scope="module")
def real_loki(tmp_path_factory):
    with Loki(tmp_path_factory.mktemp("loki")) as loki:
        yield loki


@pytest.fixture
def collector(start_collector, real_loki):
    return start_collector("loki", env={"AEGIS_LOKI_URL": real_loki.url})


def of(service: str) -> dict[str, str]:
    return {"service.name": service, "deployment.environment.name": "test", "host.name": "somewhere"}


def arrived(loki: Loki, expression: str, count: int, *, hours: float = 1) -> list[str]:
    def enough() -> list[str]:
        lines = loki.lines(expression, hours=hours)
        return lines if len(lines) >= count else []

    return wait_for(enough, seconds=120, what=f"{count} lines for {expression}")


def test_indexes_four_labels_and_no_others(collector, real_loki):
    collector.send(Log("hello"), Log("AUDIT: CREATE", attributes=AUDIT), resource=of("labels"))
    arrived(real_loki, '{service="labels"}', 2)
    series = real_loki.get("/loki/api/v1/series", **{"match[]": '{service="labels"}'})["data"]
    assert sorted(series, key=len) == [
        {"service": "labels", "environment": "test", "level": "info"},
        {"service": "labels", "environment": "test", "level": "info", "complianceLevel": "HIPAA"},
    ]


@pytest.mark.parametrize("hours", [5, 30, 24 * 20])
def test_takes_late_records_beside_new_ones_and_finds_them_at_once(collector, real_loki, hours):
    service = f"late{hours}"
    collector.send(Log("new"), resource=of(service))
    arrived(real_loki, f'{{service="{service}"}}', 1)
    collector.send(Log("old", time_ns=time.time_ns() - hours * HOUR), resource=of(service))
    lines = arrived(real_loki, f'{{service="{service}"}}', 2, hours=hours + 1)
    assert [json.loads(line)["message"] for line in lines] == ["old", "new"]


def test_keeps_a_long_record_whole(collector, real_loki):
    collector.send(Log("x" * 1_000_000), resource=of("long"))
    [line] = arrived(real_loki, '{service="long"}', 1)
    assert json.loads(line)["message"] == "x" * 1_000_000


def test_takes_a_burst_that_the_default_limits_refuse(collector, real_loki):
    for batch in range(20):
        logs = [Log(f"{batch} {number} {'x' * 2000}") for number in range(1000)]
        collector.send(*logs, resource=of("burst"))

    def all_there() -> bool:
        return real_loki.query('sum(count_over_time({service="burst"}[1h]))')[0]["value"][1] == "20000"

    wait_for(all_there, seconds=180, what="the burst in Loki")
    assert collector.dead_letters("loki-rest") == []


def test_keeps_one_of_each_record_that_comes_again_after_a_crash(collector, real_loki):
    same = request([Log(f"m{n}") for n in range(300)], resource=of("again"))
    for _ in range(2):
        collector.send_request(same)
        collector.kill()
        collector.start()
    collector.send(Log("last"), resource=of("again"))
    wait_for(lambda: "last" in messages(real_loki), what="the last record")
    assert sorted(messages(real_loki)) == sorted(["last", *(f"m{n}" for n in range(300))])


def messages(loki: Loki) -> list[str]:
    return [json.loads(line)["message"] for line in loki.lines('{service="again"}')]


def test_finds_by_structured_metadata_without_parsing(collector, real_loki):
    collector.send(
        *(Log("hello", attributes={"correlationId": name}) for name in ("one", "two")), resource=of("metadata")
    )
    arrived(real_loki, '{service="metadata"}', 2)
    assert len(real_loki.lines('{service="metadata"} | correlationId="one"')) == 1


def test_keeps_audit_records_for_six_years(real_loki):
    [stream] = real_loki.config("limits_config")["retention_stream"]
    assert stream["selector"] == '{complianceLevel="HIPAA"}'
    assert stream["period"] in ("2196d", "52704h")
    assert real_loki.config("limits_config")["retention_period"] in ("30d", "4w2d")
    assert real_loki.config("compactor")["retention_enabled"]
