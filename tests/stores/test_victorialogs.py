"""Reading the real VictoriaLogs."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores import Query, StoreError, victorialogs
from aegis_otel.stores.victorialogs import VictoriaLogsStore
from tests.support.collector import Collector
from tests.support.otlp import Log
from tests.support.processes import wait_for
from tests.support.victorialogs import VictoriaLogs

NOW = time.time_ns() // 1_000_000_000 * 1_000_000_000
EVERYTHING = 1_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaLogs]:
    with VictoriaLogs(tmp_path_factory.mktemp("victorialogs")) as running:
        yield running


@pytest.fixture
def store(server: VictoriaLogs) -> VictoriaLogsStore:
    return VictoriaLogsStore(server.url)


class _Page(BaseHTTPRequestHandler):
    """Any site: it answers with a page, and 200."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>welcome</html>\n")

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    """The URL of an HTTP server that is no VictoriaLogs."""
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def stored(message: str, service: str, time_ns: int = NOW, **fields: str) -> dict[str, Any]:
    """A record as VictoriaLogs has it."""
    seconds, rest = divmod(time_ns, 10**9)
    moment = f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
    return {"_time": moment, "_msg": message, "level": "info", "service": service, **fields}


def messages(found: list[dict[str, Any]]) -> list[str]:
    return [record["message"] for record in found]


def test_a_query_takes_service_level_correlation_id_and_time(server: VictoriaLogs, store: VictoriaLogsStore) -> None:
    for service in ("filters-a", "filters-b"):
        for age, level in enumerate(("debug", "info", "warn", "error")):
            server.insert(stored(level, service, NOW - age * 10**9, level=level, correlationId=f"{service}-id"))
    assert messages(store.newest(Query(service="filters-a", level="warn"))) == ["error", "warn"]
    assert len(store.newest(Query(correlation_id="filters-b-id"))) == 4
    since = datetime.fromtimestamp(NOW / 1e9 - 1, timezone.utc)
    assert messages(store.newest(Query(service="filters-a", since=since))) == ["info", "debug"]
    assert messages(store.newest(Query(service="filters-a", limit=1))) == ["debug"]


def test_more_records_than_one_answer_holds_come_in_order_and_once(
    server: VictoriaLogs, store: VictoriaLogsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(victorialogs, "_PAGE", 100)
    server.insert(*(stored(f"spread {n}", "many", NOW - 10**9 + n) for n in range(650)))
    found = messages(store.newest(Query(service="many", limit=EVERYTHING)))
    assert found == [f"spread {n}" for n in range(650)]
    assert messages(store.newest(Query(service="many", limit=250))) == found[-250:]


def test_more_records_of_one_nanosecond_than_a_page_holds_are_all_there(
    server: VictoriaLogs, store: VictoriaLogsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(victorialogs, "_PAGE", 100)
    before = [stored(f"before {n}", "moment", NOW - 10**9) for n in range(250)]
    at_once = [stored(f"at once {n}", "moment", NOW) for n in range(250)]
    server.insert(*before, *at_once)
    found = messages(store.newest(Query(service="moment", limit=EVERYTHING)))
    assert sorted(found) == sorted(record["_msg"] for record in (*before, *at_once))
    assert all(message.startswith("before") for message in found[:250])


def test_records_that_are_equal_are_all_there(
    server: VictoriaLogs, store: VictoriaLogsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(victorialogs, "_PAGE", 100)
    server.insert(*[stored("the same", "equal", NOW)] * 250)
    assert messages(store.newest(Query(service="equal", limit=EVERYTHING))) == ["the same"] * 250
    assert len(store.newest(Query(service="equal", limit=120))) == 120


def test_records_of_years_ago_are_found(server: VictoriaLogs, store: VictoriaLogsStore) -> None:
    years = [NOW - n * 365 * 86_400 * 10**9 for n in range(6, -1, -1)]
    server.insert(*(stored(f"year {n}", "old", moment) for n, moment in enumerate(years)))
    assert messages(store.newest(Query(service="old"))) == [f"year {n}" for n in range(7)]
    since = datetime.now(timezone.utc) - timedelta(days=3 * 365 + 1)
    assert messages(store.newest(Query(service="old", since=since))) == ["year 3", "year 4", "year 5", "year 6"]


@pytest.mark.parametrize(
    "value", ['a" or *', "back\\slash`'", "new\nline", "ü 世 👍", "a | delete *", "\x7f\x01", "(", "*"]
)
def test_any_value_is_found_and_changes_no_query(server: VictoriaLogs, store: VictoriaLogsStore, value: str) -> None:
    service = f"quoting {value}"
    server.insert(stored("found", service, correlationId=value), stored("another", "quoting", correlationId="x"))
    assert messages(store.newest(Query(service=service, correlation_id=value))) == ["found"]


@given(st.text())
def test_a_quoted_value_has_no_end_inside(value: str) -> None:
    quoted = victorialogs.quote(value)
    assert json.loads(quoted) == value
    assert "\n" not in quoted


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(StoreError, match="not valid text"):
        victorialogs.quote("\udcff")


def test_follow_shows_new_records_once_also_late_and_equal_ones(server: VictoriaLogs, store: VictoriaLogsStore) -> None:
    now = time.time_ns()
    server.insert(*(stored(f"old {n}", "follow", now + n) for n in range(3)))
    seen: list[str] = []
    inserted = False
    deadline = time.monotonic() + 60

    def stopped() -> bool:
        nonlocal inserted
        if not inserted:
            late = stored("late", "follow", now - 10**9)
            server.insert(late, late, stored("old 2", "follow", now + 2), stored("new", "follow", time.time_ns()))
            inserted = True
        return len(seen) >= 6 or time.monotonic() > deadline

    for record in store.follow(Query(service="follow", limit=2), stopped):
        seen.append(record["message"])
    assert seen[:2] == ["old 1", "old 2"]
    assert sorted(seen[2:]) == ["late", "late", "new", "old 2"]


def test_an_address_without_a_server_is_named_without_its_password() -> None:
    store = VictoriaLogsStore("http://user:sesame@127.0.0.1:9")
    with pytest.raises(StoreError, match=r"VictoriaLogs at http://127.0.0.1:9 does not answer.*AEGIS_VICTORIALOGS_URL"):
        store.newest(Query())
    assert not store.is_ready()
    assert "sesame" not in repr(store) + str(store)


def test_what_the_server_refuses_is_told(server: VictoriaLogs) -> None:
    with pytest.raises(StoreError, match="refused the query with 400"):
        VictoriaLogsStore(f"{server.url}/elsewhere").newest(Query())
    assert VictoriaLogsStore(server.url).is_ready()


def test_an_answer_of_something_else_is_named(site: str) -> None:
    with pytest.raises(StoreError, match="not VictoriaLogs's"):
        VictoriaLogsStore(site).newest(Query())


def test_a_record_comes_back_as_the_embedded_store_has_it(server: VictoriaLogs, tmp_path: Path) -> None:
    logs = [
        Log(
            "HTTP Request Error",
            17,
            {
                "method": "POST", "url": "/orders", "statusCode": 500, "responseTime": 7.25, "code.line.number": 12,
                "code.file.path": "/app/orders.py", "exception.type": "Error", "exception.message": "away",
                "exception.stacktrace": "Error: away\n  at x", "_msg": "theirs", "n" * 200: "a long name",
            },
            bytes(range(16)),
            bytes(range(8)),
            time_ns=NOW + 123_456_789,
        ),
        Log(
            "AUDIT: CREATE",
            attributes={
                "auditAction": "CREATE", "complianceLevel": "HIPAA", "correlationId": "audit-1",
                "metadata": {"adapter": "redis", "of": {"it": "more"}},
            },
            time_ns=NOW,
        ),
        Log("", attributes={"correlationId": "without a message"}, time_ns=NOW + 1),
    ]  # fmt: skip
    env = {"AEGIS_VICTORIALOGS_URL": server.url}
    with Collector(tmp_path / "collector", "victorialogs", "file", env=env) as collector:
        collector.send(*logs, resource={"service.name": "both", "deployment.environment.name": "test"})
        query = Query(service="both")
        store = VictoriaLogsStore(server.url)
        wait_for(lambda: len(store.newest(query)) == len(collector.stored()) == len(logs), what="all records")
        expected = sorted(collector.stored(), key=lambda record: record["timestamp"])
        found = store.newest(query)
    by_message = {record["message"]: record for record in expected}
    assert {record["message"]: record for record in found} == by_message
    assert isinstance(found[-1]["statusCode"], int)


def test_values_of_all_types_come_back_as_the_embedded_store_has_them(server: VictoriaLogs, tmp_path: Path) -> None:
    attributes = {
        "amount": 5, "share": 0.25, "tiny": 1e-9, "huge": 1e300, "nan": math.nan, "large": 2**62, "paid": True,
        "number as text": "5", "tags": ["a", 1, None, {"b": [True]}], "none": [], "note": "", "nothing": None, "empty": {},
        "user": {"id": "u-7", "age": 41, "of.it": {"deep": False}, "empty": {}, "": "no name"}, "user.id": "flat",
        "_msg": "theirs", "fieldTypes": "theirs", "otherFields": "theirs", "cut": "theirs", "n" * 200: 1,
    }  # fmt: skip
    env = {"AEGIS_VICTORIALOGS_URL": server.url}
    with Collector(tmp_path / "collector", "victorialogs", "file", env=env) as collector:
        collector.send(Log("m", attributes=attributes, time_ns=NOW), resource={"service.name": "types"})
        store = VictoriaLogsStore(server.url)
        (found,) = wait_for(lambda: store.newest(Query(service="types")), what="the record")
        (expected,) = wait_for(collector.stored, what="the record in the file")
    assert found == expected


def test_records_that_others_have_written_have_the_types_of_the_schema(
    server: VictoriaLogs, store: VictoriaLogsStore
) -> None:
    fields = {"statusCode": "200", "responseTime": "7.5", "amount": "5", "error.name": "E", "metadata.adapter": "redis"}
    server.insert(stored("theirs", "others", **fields))
    (found,) = store.newest(Query(service="others"))
    assert found == {
        "timestamp": f"{datetime.fromtimestamp(NOW / 1e9, timezone.utc):%Y-%m-%dT%H:%M:%S}.000Z",
        "level": "info", "message": "theirs", "service": "others",
        "statusCode": 200, "responseTime": 7.5, "amount": "5", "error": {"name": "E"}, "metadata": {"adapter": "redis"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "types", ["no JSON", "[]", '{"n": 1}', '{"n": [1, {}]}', '{"n": ["a"]}', '{"m": ["level", "a"]}', "[" * 5000]
)
def test_types_that_make_no_sense_change_nothing(server: VictoriaLogs, store: VictoriaLogsStore, types: str) -> None:
    service = f"senseless {types[:20]}"
    server.insert(stored("m", service, fieldTypes=types, a="text"))
    (found,) = store.newest(Query(service=service))
    assert (found["level"], found["a"]) == ("info", "text")
