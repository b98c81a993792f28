"""The LogQL queries of the AegisX page, each on records of which the answers are known.

The records go through the real Collector into the embedded store, and our LogQL answers. Every number here was given by a
real Loki 3.7.8 on 2026-11-24; where AEGIS_TEST_LOKI_URL names one, the same queries are asked of it as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support import logql
from tests.support.otlp import Log
from tests.support.page import CORRELATION, RECORDS, SERVICE
from tests.support.processes import wait_for

SECONDS = 300


@pytest.fixture(scope="module", params=logql.backends())
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[logql.Answers]:
    with logql.stored(request.param, tmp_path_factory.mktemp("page"), SERVICE, "other") as (collector, store):
        resource = {"service.name": store.named(SERVICE), "deployment.environment.name": "test"}
        collector.send(*RECORDS, resource=resource)
        collector.send(Log("of another service", 17), resource={"service.name": store.named("other")})
        for service, count in ((SERVICE, len(RECORDS)), ("other", 1)):
            query = f'{{service="{service}"}}'
            wait_for(lambda query=query, count=count: len(store.lines(query)) == count, what="all records in the store")
        yield store


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ('{service="aegisx-api"}', len(RECORDS)),
        ('{service="aegisx-api", level="error"}', 4),
        ('{service="aegisx-api"} | json | method="POST"', 2),
        ('{service="aegisx-api", complianceLevel="HIPAA"} |= "AUDIT:"', 2),
        ('{service="aegisx-api"} |~ "(?i)(auth|login|logout)"', 2),
        ('{service="aegisx-api"} | json | responseTime > 1000', 2),
        (f'{{service="aegisx-api"}} | json | correlationId="{CORRELATION}"', 1),
        (f'{{service="aegisx-api"}} | correlationId="{CORRELATION}"', 1),
    ],
)
def test_a_search_finds_what_there_is(filled: logql.Answers, query: str, messages: int) -> None:
    lines = filled.lines(query)
    assert len(lines) == messages
    assert all(json.loads(line)["service"] == SERVICE for line in lines)


@pytest.mark.parametrize(
    ("query", "per_second"),
    [
        ('rate({service="aegisx-api", level="error"}[5m])', 4 / SECONDS),
        ('rate({service="aegisx-api"} |= "HTTP Request Completed" [5m])', 6 / SECONDS),
        ('rate({service="aegisx-api"}[5m])', len(RECORDS) / SECONDS),
    ],
)
def test_a_rate_is_that_of_all_records(filled: logql.Answers, query: str, per_second: float) -> None:
    # Each correlation id is a series of its own: a panel or an alert wants the sum of them.
    assert sum(value for _, value in series(filled, query)) == pytest.approx(per_second)
    assert series(filled, f"sum({query})") == [({}, pytest.approx(per_second))]


@pytest.mark.parametrize(
    ("query", "label", "counts"),
    [
        (
            'sum by (statusCode) (count_over_time({service="aegisx-api"} | json | __error__="" [1h]))',
            "statusCode",
            {"200": 4, "201": 1, "401": 1, "500": 4, "": 5},
        ),
        (
            'topk(5, sum by (errorMessage) (count_over_time({service="aegisx-api", level="error"} | json'
            ' | __error__="" [1h])))',
            "errorMessage",
            {"database is away": 3, "no such user": 1},
        ),
        (
            'sum by (level) (count_over_time({service="aegisx-api"} | json [1h]))',
            "level",
            {"info": 9, "error": 4, "warn": 1, "debug": 1},
        ),
    ],
)
def test_a_count_is_right(filled: logql.Answers, query: str, label: str, counts: dict[str, int]) -> None:
    assert {labels.get(label, ""): value for labels, value in series(filled, query)} == counts


def test_the_percentile_is_asked_for_with_quantile_over_time(filled: logql.Answers) -> None:
    pages = 'histogram_quantile(0.95, sum(rate({service="aegisx-api"} | json | __error__="" | unwrap responseTime [5m])) by (le))'
    with pytest.raises(AssertionError, match="parse error"):
        filled.query(pages)
    valid = (
        'quantile_over_time(0.95, {service="aegisx-api"} |= "HTTP Request Completed" | json | __error__=""'
        " | unwrap responseTime [5m]) by (service)"
    )
    assert series(filled, valid) == [({"service": SERVICE}, pytest.approx(1375.25))]


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        ('sum(rate({service="aegisx-api", level="error"}[5m])) > 0.1', False),
        ('sum(rate({service="aegisx-api", level="error"}[5m])) > 0.01', True),
        ('sum(rate({service="aegisx-api"}[5m])) > 100', False),
        ('absent_over_time({service="aegisx-api", complianceLevel="HIPAA"}[10m])', False),
        ('absent_over_time({complianceLevel="HIPAA"}[10m])', False),
        ('absent_over_time({service="nobody", complianceLevel="HIPAA"}[10m])', True),
    ],
)
def test_an_alert_fires_only_with_a_reason(filled: logql.Answers, condition: str, fires: bool) -> None:
    assert bool(filled.query(condition)) == fires


def series(store: logql.Answers, query: str) -> list[tuple[dict[str, str], float]]:
    return [(one["metric"], float(one["value"][1])) for one in store.query(query)]
