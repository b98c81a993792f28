from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from aegis_otel.stores import LEVELS, Query, parse_level, parse_since
from tests.support.stored import record

NOW = datetime(2026, 1, 31, 12, 0, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("5m", NOW - timedelta(minutes=5)),
        ("1h30m", NOW - timedelta(minutes=90)),
        ("2d", NOW - timedelta(days=2)),
        ("1w", NOW - timedelta(days=7)),
        ("2026-01-31T11:00:00Z", NOW - timedelta(hours=1, seconds=30)),
        ("2026-01-31T11:00:00+01:00", NOW - timedelta(hours=2, seconds=30)),
        ("2026-01-31", NOW - timedelta(hours=12, seconds=30)),
    ],
)
def test_since_takes_spans_and_times(text: str, moment: datetime):
    assert parse_since(text, NOW) == moment


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "",
        "5",
        "m",
        "5 m",
        "-5m",
        "5x",
        "yesterday",
        "9" * 30 + "d",
        "2026-13-01",
    ],
)
def test_since_refuses_the_rest_and_says_what_is_allowed(text: str):
    with pytest.raises(ValueError, match="90s, 5m, 1h30m"):
        parse_since(text, NOW)


def test_level_means_this_and_more_severe():
    wanted = [level for level in LEVELS if Query(level="warn").matches(record(level=level))]
    assert wanted == ["warn", "error"]


def test_level_takes_the_names_of_stdlib_too():
    assert parse_level("WARNING") == "warn"
    assert parse_level("Critical") == "error"


def test_all_conditions_must_hold():
    query = Query(correlation_id="id-7", service="orders", since=NOW)
    assert query.matches(record(30, correlationId="id-7"))
    assert not query.matches(record(29, correlationId="id-7"))
    assert not query.matches(record(30))
    assert not query.matches(record(30, correlationId="id-7", service="other"))


def test_a_record_without_a_time_is_not_since_anything():
    assert Query().matches({"message": "x"})
    assert not Query(since=NOW).matches({"message": "x"})
    assert not Query(since=NOW).matches(record(59, timestamp="later"))
    assert Query(since=NOW).matches(record(timestamp="2026-01-31T12:00:30.000001+00:00"))
