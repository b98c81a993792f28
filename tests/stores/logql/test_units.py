"""Numbers, durations and sizes, as Go's strconv and time packages and go-humanize read and write them."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores.logql._units import format_go, format_number, parse_bytes, parse_duration, parse_number


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1s", 10**9), ("1h30m", 5400 * 10**9), ("1.5h", 5400 * 10**9), ("250ms", 25 * 10**7), ("10us", 10**4), ("10µs", 10**4),
        ("7ns", 7), ("-1m", -60 * 10**9), ("+1m", 60 * 10**9), ("0", 0), ("24s30ms", 24_030_000_000), (".5s", 5 * 10**8),
    ],
)  # fmt: skip
def test_durations_are_read(text, nanoseconds):
    assert parse_duration(text, days=False) == nanoseconds


@pytest.mark.parametrize(
    "text", ["", "5", "s", "5x", "5 s", "1d", "--5s", "1e3s", "300000h10000000h", "५s", "9" * 30 + "h"]
)
def test_what_is_no_duration_of_go_is_refused(text):
    with pytest.raises(ValueError):
        parse_duration(text, days=False)


def test_days_weeks_and_years_are_units_of_a_query():
    assert parse_duration("1w2d") == 9 * 86_400 * 10**9
    assert parse_duration("1y") == 365 * 86_400 * 10**9


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("5", 5),
        ("5B", 5),
        ("5kB", 5000),
        ("5 KiB", 5120),
        ("1.5MB", 1_500_000),
        ("3k", 3000),
        ("1G", 10**9),
        ("1,024b", 1024),
    ],
)
def test_sizes_are_read(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "x", "5XB", "-5B", "1.2.3B", "99999999999EB"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError):
        parse_bytes(text)


@pytest.mark.parametrize("text", ["", " 5", "5 ", "5s", "1_000", "٣", "1e", "0x", "--1"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError):
        parse_number(text)


@pytest.mark.parametrize(
    ("value", "sample", "shown"),
    [
        (5.0, "5", "5"), (0.1, "0.1", "0.1"), (1e-7, "0.0000001", "1e-07"), (1e21, "1000000000000000000000", "1e+21"),
        (1234567.0, "1234567", "1.234567e+06"), (float("nan"), "NaN", "NaN"), (float("inf"), "+Inf", "+Inf"), (-2.5, "-2.5", "-2.5"),
        (0.0, "0", "0"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_prometheus_and_go_do(value, sample, shown):
    assert (format_number(value), format_go(value)) == (sample, shown)


@given(st.floats(allow_nan=False))
def test_a_number_that_was_written_is_read_back(value):
    assert parse_number(format_number(value)) == value
    assert parse_number(format_go(value)) == value


@pytest.mark.parametrize("end", ["x", ".", "e", "hh", ".5", ".5h", "y1"])
@pytest.mark.parametrize("begin", ["", "0x", "-", "1."])
def test_a_very_long_number_is_read_or_refused_in_time(begin, end):
    for read in (parse_number, parse_bytes, parse_duration):
        with contextlib.suppress(ValueError):
            assert math.isfinite(read(begin + "9" * 200_000 + end))


@pytest.mark.parametrize("text", ["1e400", "-1e400", "0x" + "f" * 300])
def test_a_number_beyond_64_bits_of_float_is_refused_as_go_refuses_it(text):
    with pytest.raises(ValueError, match="out of range"):
        parse_number(text)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text):
    for read in (parse_number, parse_bytes, parse_duration):
        try:
            read(text)
        except ValueError:
            continue
