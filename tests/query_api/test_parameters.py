"""The parameters of requests, against what Loki's documentation says of them."""

from __future__ import annotations

import pytest

from aegis_otel.query_api._errors import RequestError
from aegis_otel.query_api._parameters import Parameters, nanoseconds

SECOND = 10**9
HOUR = 3600 * SECOND
NOW = 1_795_618_657_446_000_001


def asked(**parameters: str) -> Parameters:
    return Parameters(parameters.items(), NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1795618657446000001", NOW),
        ("1795618657", 1_795_618_657 * SECOND),
        ("1795618657.446", 1_795_618_657_446_000_000),
        ("1795618657.446000001", NOW),
        ("2026-11-25T14:57:37Z", 1_795_618_657 * SECOND),
        ("2026-11-25T14:57:37.446000001Z", NOW),
        ("2026-11-25T16:57:37.5+02:00", 1_795_618_657_500_000_000),
    ],
)
def test_a_time_is_nanoseconds_or_seconds_or_rfc_3339(text: str, expected: int) -> None:
    assert nanoseconds(text, "start") == expected


@pytest.mark.parametrize(
    "text", ["now", "12:00", "2026-13-01T00:00:00Z", "1e400", "nan", "inf", "٣", "--1", "1.5.2", "9" * 30, "", " 1"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="could not parse") as raised:
        nanoseconds(text, "start")
    assert raised.value.status == 400


def test_without_times_the_last_hour_is_asked_for() -> None:
    assert asked().span() == (NOW - HOUR, NOW)


def test_since_is_the_length_before_the_end_or_before_now_if_the_end_is_ahead() -> None:
    assert asked(since="5m").span() == (NOW - 300 * SECOND, NOW)
    assert asked(since="1h30m", end="1795000000").span()[0] == (1_795_000_000 - 5400) * SECOND
    assert asked(end=str(NOW + HOUR)).span() == (NOW - HOUR, NOW + HOUR)


def test_a_start_wins_over_since() -> None:
    assert asked(since="5m", start="1795000000").span() == (1_795_000_000 * SECOND, NOW)


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(RequestError, match="end timestamp must not be before or equal to start time"):
        asked(start="1795000000", end="1794000000").span()


@pytest.mark.parametrize(
    ("step", "expected"), [("15", 15 * SECOND), ("0.5", SECOND // 2), ("1m", 60 * SECOND), ("250ms", SECOND // 4)]
)
def test_a_step_is_seconds_or_a_duration(step: str, expected: int) -> None:
    assert asked(step=step).step(0, HOUR) == expected


def test_without_a_step_a_range_has_250_of_them_and_none_is_below_a_second() -> None:
    assert asked().step(0, HOUR) == 14 * SECOND
    assert asked().step(0, 60 * SECOND) == SECOND


@pytest.mark.parametrize("step", ["0", "-5", "-1m"])
def test_a_step_that_goes_nowhere_is_refused(step: str) -> None:
    with pytest.raises(RequestError, match="zero or negative query resolution"):
        asked(step=step).step(0, HOUR)


@pytest.mark.parametrize("step", ["soon", "1e99", "5 m", "5x"])
def test_a_step_that_is_none_is_refused(step: str) -> None:
    with pytest.raises(RequestError, match="step"):
        asked(step=step).step(0, HOUR)


def test_the_limit_is_100_and_5000_at_most() -> None:
    assert asked().limit() == 100
    assert asked(limit="5000").limit() == 5000
    with pytest.raises(RequestError, match=r"limit > max_entries_limit_per_query \(5001 > 5000\)"):
        asked(limit="5001").limit()


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1.5", "٣", "9" * 40])
def test_a_limit_that_is_none_is_refused(limit: str) -> None:
    with pytest.raises(RequestError, match="limit"):
        asked(limit=limit).limit()


def test_the_direction_is_backward_or_forward_in_any_case() -> None:
    assert asked().direction() == "backward"
    assert asked(direction="FORWARD").direction() == "forward"
    with pytest.raises(RequestError, match="invalid direction"):
        asked(direction="sideways").direction()


def test_a_query_is_needed_and_has_a_length() -> None:
    with pytest.raises(RequestError, match="parse error"):
        asked().query()
    with pytest.raises(RequestError, match="input size too long"):
        asked(query="x" * 131_073).query()
