"""Reading Loki over its HTTP API: against the API as documented (`tests/support/loki_api.py`); no Loki is run.

Tests that take `api` run on the Loki that AEGIS_TEST_LOKI_URL names too; on a real one, 3.7.8, their like ran last on
2026-11-24. Those that take `documented` (records of long ago, limits, equal records) never ran on one.
"""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores import Query, StoreError, loki
from aegis_otel.stores.loki import LokiStore
from tests.support.loki import Loki, server_url, ways
from tests.support.loki_api import HOUR, NOW, SECOND, Filled, LokiApi, fill, line
from tests.support.scripted_store import Answer, ScriptedStore

DAY = 24 * HOUR


@pytest.fixture(params=ways())
def api(request: pytest.FixtureRequest) -> Iterator[Filled]:
    if request.param == "server":
        yield Loki(server_url() or "")
        return
    with LokiApi() as started:
        yield started


@pytest.fixture
def documented() -> Iterator[LokiApi]:
    """The documented API alone: for records of long ago, and for limits."""
    with LokiApi() as started:
        yield started


@pytest.fixture
def service() -> str:
    return f"aegis-test-{uuid.uuid4().hex}"


def newest(api: Filled, **query: object) -> list[str]:
    return [str(each["message"]) for each in LokiStore(api.url).newest(Query(**query))]  # type: ignore[arg-type]


def test_more_records_than_one_answer_holds_are_fetched_in_order(api: Filled, service: str) -> None:
    fill(api, service, "info", 6_500)
    # Many of them at the very same time, so that a page ends between them.
    fill(api, service, "warn", 1_500, step_ns=0)
    messages = newest(api, service=service, limit=100_000)
    assert len(messages) == len(set(messages)) == 8_000
    assert [text for text in messages if text.startswith("info")] == [f"info {number}" for number in range(6_500)]


def test_the_limit_leaves_the_newest(api: Filled, service: str) -> None:
    fill(api, service, "info", 50)
    assert newest(api, service=service, limit=3) == ["info 47", "info 48", "info 49"]
    assert newest(api, service=service, limit=0) == []


@pytest.mark.parametrize("limit", [1, 4_999, 5_000, 5_001, 9_999, 10_000, 10_001, 12_345])
def test_any_limit_gives_so_many_of_the_newest(documented: LokiApi, limit: int) -> None:
    fill(documented, "many", "info", 12_000)
    assert newest(documented, service="many", limit=limit) == [f"info {n}" for n in range(12_000)][-limit:]


def test_equal_records_are_each_of_them_there(documented: LokiApi) -> None:
    # Loki keeps one of what is equal in labels too; of two streams, as of audit and rest, both are kept.
    same = line("equal", "info", "same", "")
    for stream in ("1", "2", "3"):
        labels = {"service": "equal", "level": "info", "complianceLevel": stream}
        documented.entries += [(labels, NOW - n, same) for n in range(3_000)]
    assert newest(documented, service="equal", limit=100_000) == ["same"] * 9_000


def test_records_around_a_page_of_one_nanosecond_are_all_there(documented: LokiApi) -> None:
    documented.max_entries = 50_000  # as in collector/loki/loki.yaml
    fill(documented, "burst", "info", 3_000, step_ns=1)
    fill(documented, "burst", "warn", 12_000, step_ns=0)
    documented.push("burst", "info", (NOW - 2 * SECOND, line("burst", "info", "before", ""), ""))
    counts = Counter(newest(documented, service="burst", limit=100_000))
    assert counts == {
        "before": 1,
        **{f"info {n}": 1 for n in range(3_000)},
        **{f"warn {n}": 1 for n in range(12_000)},
    }


@pytest.mark.parametrize("limit", [5_001, 9_000, 11_000])
def test_a_limit_within_a_nanosecond_is_kept(documented: LokiApi, limit: int) -> None:
    documented.max_entries = 50_000
    fill(documented, "burst", "warn", 12_000, step_ns=0)
    messages = newest(documented, service="burst", limit=limit)
    assert len(messages) == len(set(messages)) == limit


def test_a_nanosecond_that_no_answer_holds_is_an_error_that_says_so(documented: LokiApi) -> None:
    fill(documented, "burst", "info", 6_000, step_ns=0)
    with pytest.raises(StoreError) as raised:
        newest(documented, service="burst", limit=100_000)
    for said in ("5000 records or more", str(NOW - SECOND), "max_entries_limit_per_query", "correlation id"):
        assert said in str(raised.value)
    # A limit that an answer holds needs no more.
    assert len(newest(documented, service="burst", limit=5_000)) == 5_000


def test_a_range_of_years_is_asked_for_in_parts_that_loki_allows(documented: LokiApi) -> None:
    days = [1, 29, 30, 31, 59, 60, 61, 400, 2_190]
    for each in days:
        documented.push("old", "info", (NOW - each * DAY, line("old", "info", str(each), ""), ""))
    since = datetime.now(timezone.utc) - timedelta(days=2_196)
    assert newest(documented, service="old", since=since) == [str(each) for each in reversed(days)]
    ranges = [(int(each["start"]), int(each["end"])) for each in documented.asked()]
    assert all(end - start <= 30 * DAY for start, end in ranges)
    assert all(newer[0] == older[1] for newer, older in itertools.pairwise(ranges))


def test_no_more_is_asked_than_the_limit_needs(documented: LokiApi) -> None:
    for each in (1, 40, 80):
        documented.push("old", "info", (NOW - each * DAY, line("old", "info", str(each), ""), ""))
    since = datetime.now(timezone.utc) - timedelta(days=2_196)
    assert newest(documented, service="old", since=since, limit=2) == ["40", "1"]
    assert len(documented.asked()) == 2


def test_without_a_since_the_last_thirty_days_are_asked_for(documented: LokiApi) -> None:
    for each in (29, 31):
        documented.push("old", "info", (NOW - each * DAY, line("old", "info", str(each), ""), ""))
    assert newest(documented, service="old") == ["29"]


@pytest.mark.parametrize("since", ["1970-01-01T00:00:00+00:00", "1900-01-01T00:00:00+00:00"])
def test_a_since_before_all_time_is_no_error(documented: LokiApi, since: str) -> None:
    documented.push("old", "info", (NOW, line("old", "info", "new", ""), ""))
    assert newest(documented, service="old", since=datetime.fromisoformat(since), limit=1) == ["new"]


@pytest.mark.parametrize("value", ['a"} or {b="', "back\\slash`", "new\nline", "ü 世 👍", "{{.x}}", "\x7f"])
def test_any_value_is_found_and_changes_no_query(api: Filled, service: str, value: str) -> None:
    name = f"{service} {value}"
    api.push(name, "info", (NOW, line(name, "info", "found", value), value))
    api.push(service, "info", (NOW, line(service, "info", "another", value), value))
    assert newest(api, service=name, correlation_id=value) == ["found"]


@given(st.text())
def test_a_quoted_value_has_no_end_inside(value: str) -> None:
    quoted = loki.quote(value)
    assert json.loads(quoted) == value
    assert "\n" not in quoted


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(StoreError, match="not valid text"):
        loki.quote("\udcff")


def test_lines_that_are_no_records_are_skipped_and_counted(api: Filled, service: str) -> None:
    api.push(service, "info", (NOW, "plain text", ""), (NOW + 1, line(service, "info", "json", ""), ""))
    store = LokiStore(api.url)
    assert [each["message"] for each in store.newest(Query(service=service))] == ["json"]
    assert store.skipped == 1


def test_follow_shows_new_records_once(api: Filled, service: str) -> None:
    now = time.time_ns()
    api.push(service, "info", *((now + n, line(service, "info", f"old {n}", ""), "") for n in range(3)))
    seen: list[object] = []
    pushed = False

    def stopped() -> bool:
        nonlocal pushed
        if not pushed:
            # One with a time before those that are there: records of an app that was cut off come late.
            api.push(service, "info", (now - SECOND, line(service, "info", "late", ""), ""))
            api.push(service, "info", (time.time_ns(), line(service, "info", "new", ""), ""))
            pushed = True
        return {"late", "new"} <= set(seen) or time.monotonic() > deadline

    deadline = time.monotonic() + 60
    for each in LokiStore(api.url).follow(Query(service=service, limit=2), stopped):
        seen.append(each["message"])
    assert seen[:2] == ["old 1", "old 2"]
    assert sorted(map(str, seen[2:])) == ["late", "new"]


def test_follow_shows_a_record_that_is_equal_to_one_before(documented: LokiApi) -> None:
    now = time.time_ns()
    same = line("twins", "info", "twin", "")
    documented.entries.append(({"service": "twins", "level": "info", "n": "0"}, now, same))
    seen: list[object] = []
    polls = 0

    def stopped() -> bool:
        nonlocal polls
        polls += 1
        if polls == 1:
            documented.entries.append(({"service": "twins", "level": "info", "n": "1"}, now, same))
        return polls > 3

    for each in LokiStore(documented.url).follow(Query(service="twins"), stopped):
        seen.append(each["message"])
    assert seen == ["twin", "twin"]


def test_a_wrong_path_is_named(documented: LokiApi) -> None:
    with pytest.raises(StoreError, match="refused the query with 404"):
        LokiStore(f"{documented.url}/elsewhere").newest(Query())


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"data": {"result": [{"values": [[]]}]}}', b"[" * 100_000])
def test_an_answer_that_is_not_lokis_is_named(body: bytes) -> None:
    with ScriptedStore(Answer(200, body)) as store, pytest.raises(StoreError, match="something that is not Loki's"):
        LokiStore(store.url).newest(Query())
