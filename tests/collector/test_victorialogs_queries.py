"""The LogsQL twins of the AegisX page's LogQL queries, as docs/victorialogs.md has them, on the real VictoriaLogs.

The expected numbers are those that the LogQL gave on a real Loki 3.7.8 (2026-11-24), but for the percentile.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.support.collector import Collector
from tests.support.otlp import Log
from tests.support.page import CORRELATION, OTHER, RECORDS, RESOURCE, SERVICE
from tests.support.processes import StartedProcess, free_port, wait_for
from tests.support.victorialogs import FOLDER, VictoriaLogs, binary

PAGE = Path(__file__).parents[2] / "docs" / "victorialogs.md"
SECONDS = 300

FOUND: Final = {
    '{service="aegisx-api"}': len(RECORDS),
    '{service="aegisx-api", level="error"}': 4,
    '{service="aegisx-api"} | json | method="POST"': 2,
    '{service="aegisx-api", complianceLevel="HIPAA"} |= "AUDIT:"': 2,
    '{service="aegisx-api"} |~ "(?i)(auth|login|logout)"': 2,
    '{service="aegisx-api"} | json | responseTime > 1000': 2,
    f'{{service="aegisx-api"}} | json | correlationId="{CORRELATION}"': 1,
}
RATES: Final = {
    'rate({service="aegisx-api", level="error"}[5m])': 4 / SECONDS,
    'rate({service="aegisx-api"} |= "HTTP Request Completed" [5m])': 6 / SECONDS,
    'rate({service="aegisx-api"}[5m])': len(RECORDS) / SECONDS,
}
COUNTS: Final = {
    'sum by (statusCode) (count_over_time({service="aegisx-api"} | json | __error__="" [1h]))': (
        "statusCode",
        {"200": 4, "201": 1, "401": 1, "500": 4, "": 5},
    ),
    'topk(5, sum by (errorMessage) (count_over_time({service="aegisx-api", level="error"} | json | __error__="" [1h])))': (
        "errorMessage",
        {"database is away": 3, "no such user": 1},
    ),
    'sum by (level) (count_over_time({service="aegisx-api"} | json [1h]))': (
        "level",
        {"info": 9, "error": 4, "warn": 1, "debug": 1},
    ),
}
PERCENTILE: Final = 'histogram_quantile(0.95, sum(rate({service="aegisx-api"} | json | __error__="" | unwrap responseTime [5m])) by (le))'
FIRES: Final = {
    'rate({service="aegisx-api", level="error"}[5m]) > 0.1': False,
    'absent_over_time({service="aegisx-api", complianceLevel="HIPAA"}[10m])': False,
    'absent_over_time({complianceLevel="HIPAA"}[10m])': False,
    'rate({service="aegisx-api"}[5m]) > 100': False,
}


def twins() -> dict[str, str]:
    """The table of the page: LogQL -> LogsQL."""
    table = PAGE.read_text(encoding="utf-8").split("<!-- queries -->")[1].split("<!-- end of queries -->")[0]
    rows = re.findall(r"(?m)^\| `(.+?)` \| `(.+?)` \|$", table)
    return {logql.replace(r"\|", "|"): logsql.replace(r"\|", "|") for logql, logsql in rows}


TWINS: Final = twins()
ALERTS: Final = {
    rule["alert"]: rule["expr"]
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaLogs]:
    folder = tmp_path_factory.mktemp("page")
    with VictoriaLogs(folder / "victorialogs") as store:
        with Collector(folder / "collector", "victorialogs", env={"AEGIS_VICTORIALOGS_URL": store.url}) as collector:
            # Of two minutes ago: vmalert asks for some time before now.
            moment = time.time_ns() - 120 * 10**9
            collector.send(*(replace(log, time_ns=moment) for log in RECORDS), resource=RESOURCE)
            collector.send(Log("of another service", 17), resource={"service.name": OTHER})
            # By their streams: a new one can be asked for somewhat later than its records.
            wait_for(lambda: store.count('{service!=""}') == len(RECORDS) + 1, what="all records in VictoriaLogs")
        yield store


def vector(store: VictoriaLogs, query: str) -> list[tuple[dict[str, str], float]]:
    """The answer as vmalert and Grafana ask for it: labels and number of each result."""
    answer: Any = json.loads(store.post("/select/logsql/stats_query", query=query))
    return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]


def test_each_query_of_the_page_has_a_twin_that_is_tried_here() -> None:
    assert TWINS.keys() == {*FOUND, *RATES, *COUNTS, PERCENTILE, *FIRES}


@pytest.mark.parametrize("logql", FOUND)
def test_a_search_finds_what_there_is(filled: VictoriaLogs, logql: str) -> None:
    found = filled.query(TWINS[logql])
    assert len(found) == FOUND[logql]
    assert {record["service"] for record in found} == {SERVICE}


@pytest.mark.parametrize("logql", RATES)
def test_a_rate_is_that_of_all_records(filled: VictoriaLogs, logql: str) -> None:
    ((_, rate),) = vector(filled, TWINS[logql])
    assert rate == pytest.approx(RATES[logql])


@pytest.mark.parametrize("logql", COUNTS)
def test_a_count_is_right(filled: VictoriaLogs, logql: str) -> None:
    label, counts = COUNTS[logql]
    assert {row.get(label, ""): int(row["count"]) for row in filled.query(TWINS[logql])} == counts


def test_the_percentile_is_a_time_that_was_measured(filled: VictoriaLogs) -> None:
    ((labels, value),) = vector(filled, TWINS[PERCENTILE])
    assert labels["service"] == SERVICE
    assert value == 1500


@pytest.mark.parametrize("logql", FIRES)
def test_a_condition_holds_only_with_a_reason(filled: VictoriaLogs, logql: str) -> None:
    assert bool(vector(filled, TWINS[logql])) == FIRES[logql]


@pytest.mark.parametrize(
    ("alert", "change", "fires"),
    [
        ("HighErrorRate", (">0.1", ">0.1"), False),
        ("HighErrorRate", (">0.1", ">0.01"), True),
        ("MissingAuditLogs", ("HIPAA", "HIPAA"), False),
        ("MissingAuditLogs", ("HIPAA", "SOX"), True),
        ("HighLogVolume", (">100", ">100"), False),
        ("HighLogVolume", (">100", ">0.01"), True),
    ],
)
def test_an_alert_fires_only_with_a_reason(
    filled: VictoriaLogs, alert: str, change: tuple[str, str], fires: bool
) -> None:
    assert bool(vector(filled, ALERTS[alert].replace(*change))) == fires


@pytest.fixture(scope="module")
def vmalert() -> Path:
    return binary("vmalert")


def test_vmalert_evaluates_the_alerts(filled: VictoriaLogs, vmalert: Path, tmp_path: Path) -> None:
    port = free_port()
    command = [
        vmalert,
        f"-rule={FOLDER / 'alerts.yaml'}",
        f"-datasource.url={filled.url}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-notifier.blackhole",
        "-group.maxStartDelay=1s",
    ]

    def evaluated() -> dict[str, tuple[str, str, str]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/rules", timeout=60) as answer:
            (group,) = json.load(answer)["data"]["groups"]
        rules = {rule["name"]: (rule["health"], rule["state"], rule["lastError"]) for rule in group["rules"]}
        return rules if group["lastEvaluation"] > "2000" else {}

    with StartedProcess(command, log=tmp_path / "vmalert.log", cwd=tmp_path) as process:
        process.wait_until_healthy(f"http://127.0.0.1:{port}/health")
        rules = process.wait_until(evaluated, what="the alerts to be evaluated")
    assert rules == dict.fromkeys(ALERTS, ("ok", "inactive", ""))


def test_the_alerts_are_those_of_the_page() -> None:
    conditions = {TWINS[logql].replace(" as count", " as audits").replace("count:", "audits:") for logql in FIRES}
    assert set(ALERTS) == {"HighErrorRate", "MissingAuditLogs", "HighLogVolume"}
    assert set(ALERTS.values()) <= conditions
