"""What reaches the real VictoriaLogs: tenants, credentials, compression, records at its limits, audit records apart."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from aegis_otel.stores import Query
from aegis_otel.stores.victorialogs import VictoriaLogsStore
from tests.support.collector import Collector, pieces
from tests.support.otlp import Log
from tests.support.processes import wait_for
from tests.support.victorialogs import VictoriaLogs

Start = Callable[..., Collector]


@pytest.fixture
def victorialogs(tmp_path: Path, stack: ExitStack) -> VictoriaLogs:
    return stack.enter_context(VictoriaLogs(tmp_path / "victorialogs"))


def found_as(store: VictoriaLogs, **headers: str) -> list[dict[str, str]]:
    """All records, asked for with these headers."""
    request = urllib.request.Request(f"{store.url}/select/logsql/query?query=*", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return [json.loads(line) for line in answer.read().splitlines()]


def test_a_record_has_these_fields_and_no_other(start_collector: Start, victorialogs: VictoriaLogs) -> None:
    collector = start_collector("victorialogs", env={"AEGIS_VICTORIALOGS_URL": victorialogs.url})
    collector.send(Log("m", 17, {"statusCode": 500}, time_ns=1_000_000_000_123_456_789))
    (record,) = wait_for(lambda: victorialogs.query("*"), what="the record")
    assert record.pop("_stream_id")
    assert record == {
        "_time": "2001-09-09T01:46:40.123456789Z",
        "_msg": "m",
        "_stream": '{environment="test",level="error",service="orders"}',
        "service": "orders",
        "environment": "test",
        "level": "error",
        "logger": "orders.api",
        "statusCode": "500",
        "fieldTypes": '{"n":["statusCode"]}',
    }


@pytest.mark.parametrize("compression", ["zstd", "gzip", "none"])
def test_each_compression_is_understood(start_collector: Start, victorialogs: VictoriaLogs, compression: str) -> None:
    env = {"AEGIS_VICTORIALOGS_URL": victorialogs.url, "AEGIS_VICTORIALOGS_COMPRESSION": compression}
    start_collector("victorialogs", env=env).send(Log("m"))
    wait_for(lambda: victorialogs.count("*") == 1, what="the record")


def test_records_go_to_their_tenant(start_collector: Start, victorialogs: VictoriaLogs) -> None:
    tenant = {"AEGIS_VICTORIALOGS_ACCOUNT": "12", "AEGIS_VICTORIALOGS_PROJECT": "34"}
    start_collector("victorialogs", env={"AEGIS_VICTORIALOGS_URL": victorialogs.url, **tenant}).send(Log("m"))
    wait_for(lambda: found_as(victorialogs, AccountID="12", ProjectID="34"), what="the record")
    assert victorialogs.query("*") == []


def test_credentials_are_shown_to_a_server_that_asks_for_them(
    start_collector: Start, tmp_path: Path, stack: ExitStack
) -> None:
    flags = ("-httpAuth.username=aegis", "-httpAuth.password=sesame")
    guarded = stack.enter_context(VictoriaLogs(tmp_path / "guarded", *flags))
    authorization = "Basic " + base64.b64encode(b"aegis:sesame").decode()
    env = {"AEGIS_VICTORIALOGS_URL": guarded.url, "AEGIS_VICTORIALOGS_AUTHORIZATION": authorization}
    collector = start_collector("victorialogs", env=env)
    collector.send(Log("m"))
    reader = VictoriaLogsStore(guarded.url.replace("//", "//aegis:sesame@"))
    wait_for(lambda: reader.newest(Query()), what="the record")
    assert "sesame" not in collector.output()
    # Its metrics are guarded as well: were they not read, the Collector would say so.
    assert "does not tell when it was started" not in collector.output()


def test_records_beyond_the_limits_of_a_field_arrive_whole(start_collector: Start, victorialogs: VictoriaLogs) -> None:
    collector = start_collector("victorialogs", "file", env={"AEGIS_VICTORIALOGS_URL": victorialogs.url})
    collector.send(
        Log("a long name", attributes={"n" * 129: 1, "outer": {"n" * 123: 2}}),
        Log("many fields", attributes={f"field{n}": n for n in range(1200)}),
        Log("longest name", attributes={"n" * 128: 1}),
    )
    reader = VictoriaLogsStore(victorialogs.url)
    wait_for(lambda: len(reader.newest(Query())) == len(collector.stored()) == 3, what="all records")
    found, expected = (
        {record["message"]: record for record in each} for each in (reader.newest(Query()), collector.stored())
    )
    assert found == expected


def test_the_largest_record_is_cut_and_not_dropped(start_collector: Start, victorialogs: VictoriaLogs) -> None:
    env = {"AEGIS_VICTORIALOGS_URL": victorialogs.url}
    collector = start_collector("victorialogs", env=env)
    texts = {f"text{n}": "x" * 60_000 for n in range(40)}
    collector.send(Log("large", attributes=texts))
    (record,) = wait_for(lambda: victorialogs.query("*"), what="the record")
    kept = sum(f"text{n}" in record for n in range(40))
    assert 30 <= kept < 40
    assert "bytes of this record are left out" in record["cut"]


def test_audit_records_go_to_an_instance_of_their_own(
    start_collector: Start, victorialogs: VictoriaLogs, tmp_path: Path, stack: ExitStack
) -> None:
    audit = stack.enter_context(VictoriaLogs(tmp_path / "audit", "-retentionPeriod=6y"))
    env = {"AEGIS_VICTORIALOGS_URL": victorialogs.url, "AEGIS_VICTORIALOGS_AUDIT_URL": audit.url}
    collector = start_collector("victorialogs", env=env, more=pieces("victorialogs-audit"))
    collector.send(Log("AUDIT: READ"), Log("an error", 17), Log("the rest"))
    wait_for(lambda: audit.query("*") and victorialogs.count("*") == 2, what="all records")
    assert [record["_msg"] for record in audit.query("*")] == ["AUDIT: READ"]
