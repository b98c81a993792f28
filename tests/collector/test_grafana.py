"""The provisioned dashboard and alert rules: every expression is asked of our LogQL, on records known here.

Every number was given by a real Loki 3.7.8 on 2026-11-24. Where AEGIS_TEST_LOKI_URL names one, it is asked as well.

Grafana itself can't be built from a package registry, so its files are checked for what they refer to.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.support import logql
from tests.support.collector import CONFIG
from tests.support.otlp import SERVICE, Log
from tests.support.processes import wait_for
from tests.support.query_api import QueryApi

GRAFANA = CONFIG.parent / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards/aegisx.json").read_text())
PANELS = {panel["title"]: panel["targets"][0]["expr"] for panel in DASHBOARD["panels"]}
RULES = {
    rule["title"]: rule
    for group in yaml.safe_load((GRAFANA / "provisioning/alerting/rules.yaml").read_text())["groups"]
    for rule in group["rules"]
}
VARIABLES = {
    "$service": ".+",
    "$environment": "test",
    "$level": ".*",
    "$correlationId": "",
    "$text": "",
    "$__range": "1h",
    "$__auto": "5m",
}


def completed(status: int, milliseconds: float, correlation_id: str) -> Log:
    attributes = {
        "method": "GET",
        "url": "/",
        "statusCode": status,
        "responseTime": milliseconds,
        "correlationId": correlation_id,
    }
    return Log("HTTP Request Completed", attributes=attributes)


RECORDS = [
    completed(200, 100, "one"),
    completed(200, 200, "two"),
    completed(401, 2000, "three"),
    Log("HTTP Request Error", 17, {"errorName": "KeyError", "errorMessage": "no such item", "correlationId": "four"}),
    Log("AUDIT: CREATE", attributes={"auditAction": "CREATE", "complianceLevel": "HIPAA", "userId": "u-7"}),
    Log("plain"),
]


@pytest.fixture(scope="module", params=logql.backends())
def filled(request, tmp_path_factory):
    """A store that holds `RECORDS`, through the Collector."""
    with logql.stored(request.param, tmp_path_factory.mktemp("grafana"), "test") as (collector, store):
        collector.send(*RECORDS, resource={**SERVICE, "deployment.environment.name": store.named("test")})
        wait_for(lambda: len(store.lines('{environment="test"}')) == len(RECORDS), what="all records in the store")
        yield store


def asked(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def numbers(series: list[dict[str, Any]], label: str) -> dict[str, float]:
    return {one["metric"].get(label, ""): float(one["value"][1]) for one in series}


@pytest.mark.parametrize("title", [title for title in PANELS if not PANELS[title].startswith("{")])
def test_panel_has_numbers(filled, title):
    assert filled.query(asked(PANELS[title]))


@pytest.mark.parametrize(
    ("title", "label", "expected"),
    [
        ("HTTP Status Codes", "statusCode", {"200": 2, "401": 1}),
        ("Log Volume by Level", "level", {"info": 5, "error": 1}),
        ("HIPAA Audit Events", "", {"": 1}),
        ("Top Error Messages", "errorMessage", {"no such item": 1}),
        ("Response Time by Service", "service", {"orders": pytest.approx(1820)}),
    ],
)
def test_panel_has_the_right_numbers(filled, title, label, expected):
    assert numbers(filled.query(asked(PANELS[title])), label) == expected


def test_log_panels_show_the_records(filled):
    assert len(filled.lines(asked(PANELS["Recent Logs"]))) == len(RECORDS)
    [line] = filled.lines(asked(PANELS["HIPAA Audit Trail"]))
    assert re.fullmatch(r"\S+Z orders CREATE  u-7 .*", line)


def test_log_panel_narrows_to_a_correlation_id(filled):
    expression = PANELS["Recent Logs"].replace("$correlationId", "three")
    assert [json.loads(line)["statusCode"] for line in filled.lines(asked(expression))] == [401]


def fires(store: logql.Answers, title: str) -> bool:
    value, over = RULES[title]["data"]
    [condition] = over["model"]["conditions"]
    assert condition["evaluator"]["type"] == "gt"
    [limit] = condition["evaluator"]["params"]
    return any(float(one["value"][1]) > limit for one in store.query(value["model"]["expr"]))


def test_alerts_fire_only_with_a_reason(filled):
    if isinstance(filled, logql.OwnLoki):
        pytest.skip("alerts ask for all that a Loki holds, and the user's holds more than these records")
    assert {title for title in RULES if fires(filled, title)} == {"SlowResponses"}


def test_alerts_for_missing_records_fire_on_an_empty_store(tmp_path):
    store = tmp_path / "data" / "store"
    store.mkdir(parents=True)
    with QueryApi(store.parent) as api:
        for asked in (logql.Embedded(store), logql.Served(api)):
            assert {title for title in RULES if fires(asked, title)} == {"MissingAuditLogs", "NoLogs"}


def test_alerts_reach_a_contact_point():
    alerting = yaml.safe_load((GRAFANA / "provisioning/alerting/contact-points.yaml").read_text())
    known = {point["name"] for point in alerting["contactPoints"]}
    [policy] = alerting["policies"]
    routed = {route["receiver"]: route["object_matchers"][0][2] for route in policy["routes"]}
    assert all(receiver == wanted and receiver in known for receiver, wanted in routed.items())
    wanted = {rule["labels"]["notification"] for rule in RULES.values()}
    assert wanted == {policy["receiver"], *routed}


def test_panels_and_rules_name_the_provisioned_data_source():
    [source] = yaml.safe_load((GRAFANA / "provisioning/datasources/loki.yaml").read_text())["datasources"]
    used = {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]}
    used |= {rule["data"][0]["datasourceUid"] for rule in RULES.values()}
    assert used == {source["uid"]}
