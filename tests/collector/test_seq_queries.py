"""The Seq queries of the AegisX page, against the properties that go over the wire to Seq.

Seq is a closed image, so SQLite answers the queries here, with the properties as columns. Seq's own words are put in
SQLite's: `has(x)`, `@t`, spans of time such as `1h`. This proves names and types, not Seq.

The same queries run as they stand on the embedded store (`aegis-otel query --sql`), and give the same.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aegis_otel.stores.sql import run
from tests.support.collector import Collector, Sink
from tests.support.otlp import Log, Received

SERVICE = "aegisx-api"
CORRELATION = "30da77f5-faef-490b-9218-1db2628d4764"
HOURS = {"h": 1, "d": 24}


def request(milliseconds: float, method: str = "GET", url: str = "/users", **more: Any) -> Log:
    fields = {"method": method, "url": url, "statusCode": 200, "responseTime": milliseconds, **more}
    return Log("HTTP Request Completed", attributes=fields)


RECORDS = [
    request(100),
    request(300),
    request(1500.5, "POST", "/orders", correlationId=CORRELATION),
    Log("no auth for this user", 17, {"errorName": "UnauthorizedError", "errorMessage": "no auth"}),
    Log("boom", 17, {"errorName": "TypeError", "errorMessage": "boom"}),
    Log("boom again", 17, {"errorName": "TypeError", "errorMessage": "boom"}),
    Log("author changed", 9),
    Log("AUDIT: READ", attributes={"auditAction": "READ", "userId": "u-7"}),
    Log("of long ago", 17, {"errorName": "TypeError"}, time_ns=time.time_ns() - 48 * 3_600 * 10**9),
]


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """What arrived at Seq's path, as a table."""
    folder = tmp_path_factory.mktemp("seq")
    with (
        Sink(folder / "seq", "/ingest/otlp/v1/logs") as seq,
        Collector(folder / "collector", "seq", env={"SEQ_URL": seq.url}) as collector,
    ):
        collector.send(*RECORDS, resource={"service.name": SERVICE})
        collector.send(Log("of another service", 17), resource={"service.name": "other"})
        received = seq.wait_for(len(RECORDS) + 1)
    connection = sqlite3.connect(":memory:")
    fill(connection, received)
    yield connection
    connection.close()


def fill(connection: sqlite3.Connection, received: list[Received]) -> None:
    names = sorted({name for record in received for name in record.attributes})
    columns = ", ".join(f'"{name}"' for name in names)
    connection.execute(f'create table stream ("@t", {columns})')
    for record in received:
        row = [int(record.raw["timeUnixNano"]) / 1e9]
        for name in names:
            value = record.attributes.get(name)
            row.append(json.dumps(value) if isinstance(value, (dict, list)) else value)
        connection.execute(f"insert into stream values ({', '.join('?' * len(row))})", row)


def answers(connection: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    query = re.sub(r"has\((\w+)\)", r"\1 is not null", query)
    query = re.sub(
        r"now\(\) - (\d+)([hd])", lambda span: str(time.time() - int(span[1]) * HOURS[span[2]] * 3_600), query
    )
    return connection.execute(query.replace("@t", '"@t"')).fetchall()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the embedded store that holds the same records."""
    with Collector(tmp_path_factory.mktemp("embedded"), "file") as collector:
        collector.send(*RECORDS, resource={"service.name": SERVICE})
        collector.send(Log("of another service", 17), resource={"service.name": "other"})
        yield collector.data / "store"


FINDING = [
    ("select * from stream where service = 'aegisx-api' order by @t desc", len(RECORDS)),
    ("select * from stream where service = 'aegisx-api' and level = 'error' and message like '%auth%'", 1),
    (f"select * from stream where correlationId = '{CORRELATION}' order by @t asc", 1),
    ("select * from stream where has(responseTime) and responseTime > 1000", 1),
    ("select * from stream where complianceLevel = 'HIPAA' and auditAction is not null", 1),
    ("select * from stream where level = 'error' and @t > now() - 1h", 4),
]
COUNTING = [
    (
        "select errorName, count(*) as error_count from stream where level = 'error' and @t > now() - 1d"
        " and service = 'aegisx-api' group by errorName order by error_count desc",
        [("TypeError", 2), ("UnauthorizedError", 1)],
    ),
    (
        "select method, url, avg(responseTime) as avg_response_time, count(*) as request_count from stream"
        " where has(responseTime) and @t > now() - 1h group by method, url order by avg_response_time desc",
        [("POST", "/orders", 1500.5, 1), ("GET", "/users", 200.0, 2)],
    ),
    ("select count(*) from stream where level = 'error' and @t > now() - 1h", [(4,)]),
    ("select count(*) from stream where has(method) and @t > now() - 1h", [(3,)]),
]


@pytest.mark.parametrize(("query", "count"), FINDING)
def test_a_query_finds_its_records(stream: sqlite3.Connection, query: str, count: int) -> None:
    assert len(answers(stream, query)) == count


@pytest.mark.parametrize(("query", "expected"), COUNTING)
def test_a_query_counts_right(stream: sqlite3.Connection, query: str, expected: list[tuple[Any, ...]]) -> None:
    assert answers(stream, query) == expected


@pytest.mark.parametrize(("query", "count"), FINDING)
def test_the_embedded_store_finds_the_same(embedded: Path, query: str, count: int) -> None:
    assert len(run(embedded, query).rows) == count


@pytest.mark.parametrize(("query", "expected"), COUNTING)
def test_the_embedded_store_counts_the_same(embedded: Path, query: str, expected: list[tuple[Any, ...]]) -> None:
    assert run(embedded, query).rows == expected
