"""One interface, the same answers: each case runs on the embedded store, on Loki's client, and on a real VictoriaLogs.

Loki's client asks our own query API over an embedded store, as no Loki is run here.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol

import pytest

from aegis_otel.stores import LogQLStore, Query, Store
from aegis_otel.stores.embedded import EmbeddedStore
from aegis_otel.stores.loki import LokiStore
from aegis_otel.stores.victorialogs import VictoriaLogsStore
from tests.support.processes import wait_for
from tests.support.query_api import QueryApi
from tests.support.stored import lines
from tests.support.victorialogs import VictoriaLogs

pytestmark = pytest.mark.integration

NOW = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=1)
EVERYTHING = 1_000_000


class Written(Protocol):
    """A store that can be written to."""

    store: Store

    def put(self, *records: dict[str, object]) -> None: ...


class Files:
    """The embedded store below `data`, as the Collector writes it."""

    def __init__(self, store: Store, data: Path) -> None:
        self.store = store
        self._live = data / "store/logs.jsonl"

    def put(self, *records: dict[str, object]) -> None:
        with self._live.open("ab") as file:
            file.write(lines(*records))


class Server:
    """A VictoriaLogs."""

    def __init__(self, running: VictoriaLogs) -> None:
        self.store = VictoriaLogsStore(running.url)
        self._running = running

    def put(self, *records: dict[str, object]) -> None:
        renamed = {"timestamp": "_time", "message": "_msg"}
        self._running.insert(*({renamed.get(name, name): value for name, value in each.items()} for each in records))


@pytest.fixture(scope="module", params=["embedded", "loki", "victorialogs"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "victorialogs":
        with VictoriaLogs(folder) as running:
            yield Server(running)
        return
    data = folder / ".aegis"
    (data / "store").mkdir(parents=True)
    if request.param == "embedded":
        yield Files(EmbeddedStore(data / "store"), data)
        return
    with QueryApi(data) as api:
        yield Files(LokiStore(api.url_with_credentials), data)


@pytest.fixture
def service() -> str:
    return f"service-{uuid.uuid4().hex}"


def record(service: str, message: str, *, at: datetime = NOW, **fields: object) -> dict[str, object]:
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
    return {
        "timestamp": stamp,
        "level": "info",
        "message": message,
        "service": service,
        "environment": "test",
        **fields,
    }


def numbered(service: str, count: int, **fields: Any) -> list[dict[str, object]]:
    """One every millisecond."""
    return [record(service, f"m {n}", at=NOW + timedelta(milliseconds=n), **fields) for n in range(count)]


def messages(written: Written, **query: Any) -> list[str]:
    return [str(each["message"]) for each in written.store.newest(Query(**{"limit": EVERYTHING, **query}))]


def count(written: Written, **query: Any) -> int:
    return written.store.count(Query(**query))


def test_filters_take_what_they_say(written: Written, service: str) -> None:
    for level in ("debug", "info", "warn", "error"):
        written.put(
            record(service, f"one {level}", level=level, correlationId=f"{service}-1"),
            record(f"{service}-other", f"other {level}", level=level, correlationId=f"{service}-2"),
        )
    assert set(messages(written, service=service, level="warn")) == {"one warn", "one error"}
    assert len(messages(written, correlation_id=f"{service}-2")) == 4
    assert messages(written, service=service, correlation_id=f"{service}-2") == []
    assert messages(written, service=service, correlation_id=f"{service}-1", level="error") == ["one error"]
    assert count(written, service=service, level="warn") == 2
    assert count(written, correlation_id=f"{service}-2") == 4
    assert count(written, service=f"{service}-nobody") == 0


def test_a_record_comes_back_as_it_was(written: Written, service: str) -> None:
    stored = record(service, "hello", correlationId=f"{service}-id", traceId="0" * 31 + "1", logger="app")
    written.put(stored)
    assert written.store.newest(Query(service=service)) == [stored]


def test_the_oldest_is_first_and_the_limit_leaves_the_newest(written: Written, service: str) -> None:
    written.put(*numbered(service, 30))
    assert messages(written, service=service) == [f"m {n}" for n in range(30)]
    assert messages(written, service=service, limit=3) == ["m 27", "m 28", "m 29"]
    assert count(written, service=service, limit=3) == 30


@pytest.mark.parametrize("limit", [4_999, 5_000, 5_001, 10_000, 10_001, EVERYTHING])
def test_pages_lose_nothing(written: Written, limit: int) -> None:
    if count(written, service="paged") == 0:
        written.put(*numbered("paged", 12_000))
    assert messages(written, service="paged", limit=limit) == [f"m {n}" for n in range(12_000)][-limit:]


def test_a_page_that_ends_within_one_moment_loses_nothing(written: Written, service: str) -> None:
    newer = [record(service, f"newer {n}", at=NOW + timedelta(milliseconds=n + 1)) for n in range(3_000)]
    same = [record(service, f"same {n}") for n in range(4_500)]
    older = record(service, "older", at=NOW - timedelta(seconds=5))
    written.put(older, *same, *newer)
    assert Counter(messages(written, service=service)) == Counter(str(one["message"]) for one in (older, *same, *newer))
    assert count(written, service=service) == 7_501


def test_equal_records_are_each_of_them_there(written: Written, service: str) -> None:
    written.put(*(record(service, "same") for _ in range(20)))
    assert messages(written, service=service) == ["same"] * 20
    assert count(written, service=service) == 20


def test_since_is_the_first_moment_that_counts(written: Written, service: str) -> None:
    written.put(*(record(service, str(n), at=NOW + timedelta(seconds=n)) for n in range(4)))
    assert messages(written, service=service, since=NOW + timedelta(seconds=2)) == ["2", "3"]
    assert count(written, service=service, since=NOW + timedelta(seconds=2)) == 2


def test_a_record_that_arrives_late_stands_where_its_time_is(written: Written, service: str) -> None:
    written.put(*numbered(service, 3))
    written.put(record(service, "late", at=NOW - timedelta(minutes=10)))
    assert messages(written, service=service) == ["late", "m 0", "m 1", "m 2"]


def test_records_of_years_are_found(written: Written, service: str) -> None:
    days = [1, 29, 30, 31, 61, 400, 2_190]
    written.put(*(record(service, str(day), at=NOW - timedelta(days=day)) for day in reversed(days)))
    since = NOW - timedelta(days=2_196)
    assert messages(written, service=service, since=since) == [str(day) for day in reversed(days)]
    assert messages(written, service=service, since=NOW - timedelta(days=45)) == ["31", "30", "29", "1"]
    assert count(written, service=service, since=since) == len(days)
    assert count(written, service=service, since=NOW - timedelta(days=45)) == 4


@pytest.mark.parametrize(
    "value",
    ['a"} or {b="', "back\\slash`", "new\nline", "ü 世 👍", "{{.x}}", "\x7f\x1b[31m", "*", ".*", "'; drop", "|= x"],
)
def test_any_value_is_found_and_changes_no_query(written: Written, service: str, value: str) -> None:
    name = f"{service} {value}"
    written.put(record(name, "found", correlationId=value), record(service, "another", correlationId=value))
    assert messages(written, service=name, correlation_id=value) == ["found"]
    assert count(written, service=name, correlation_id=value) == 1


def test_follow_shows_each_new_record_once(written: Written, service: str) -> None:
    seen: list[str] = []
    over = threading.Event()
    moment = datetime.now(timezone.utc)
    written.put(*(record(service, f"old {n}", at=moment + timedelta(milliseconds=n)) for n in range(3)))

    def read() -> None:
        for each in written.store.follow(Query(service=service, limit=2), over.is_set):
            seen.append(str(each["message"]))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        wait_for(lambda: seen == ["old 1", "old 2"], what="the newest")
        written.put(record(service, "new", at=datetime.now(timezone.utc)), record(service, "late", at=moment))
        wait_for(lambda: len(seen) >= 4, what="the new ones")
        written.put(record(service, "last", at=datetime.now(timezone.utc)))
        wait_for(lambda: "last" in seen, what="the last one")
    finally:
        over.set()
        reader.join(60)
    assert sorted(seen[2:]) == ["last", "late", "new"]


def test_those_that_know_logql_give_lines_and_numbers(written: Written, service: str) -> None:
    if not isinstance(written.store, LogQLStore):
        assert isinstance(written.store, VictoriaLogsStore)
        return
    written.put(*numbered(service, 5), record(service, "bad", level="error"))
    now = time.time_ns()
    ask = {"end_ns": now, "start_ns": now - 3600 * 10**9}
    found = written.store.logql(f'{{service="{service}"}} |= "m "', limit=3, **ask)
    assert [line[0] for stream in found.streams for line in stream.entries] != []  # type: ignore[union-attr]
    assert sum(len(stream.entries) for stream in found.streams) == 3  # type: ignore[union-attr]
    by_level = written.store.logql(f'sum by (level) (count_over_time({{service="{service}"}}[1h]))', end_ns=now)
    assert {one.labels["level"]: one.value for one in by_level.samples} == {"info": 5, "error": 1}  # type: ignore[union-attr]
    steps = written.store.logql(f'sum(count_over_time({{service="{service}"}}[1h]))', step_ns=10**10, **ask)
    assert steps.series[0].points[-1][1] == 6  # type: ignore[union-attr]
    assert written.store.logql("1 + 1", end_ns=now).value == 2  # type: ignore[union-attr]
