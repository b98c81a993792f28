"""The parameters of requests, by the rules of Loki's documentation ("Loki HTTP API")."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Final

from aegis_otel.query_api._errors import RequestError
from aegis_otel.stores.logql import Direction, parse_duration

MOST_ENTRIES: Final = 5_000
"""Loki's default for `max_entries_limit_per_query`."""
LONGEST_QUERY: Final = 131_072
"""How many characters a query may have, as in Loki."""

HOUR: Final = 3600 * 10**9
_STEPS: Final = 250
"""How many steps a range has where none is given, as in Loki."""
_INTEGER: Final = re.compile(r"-?\d{1,19}")
_FLOAT: Final = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,2})?")
_RFC_3339: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


class Parameters:
    """The parameters of a request: names and values, in their order."""

    def __init__(self, pairs: Iterable[tuple[str, str]], now_ns: int | None = None) -> None:
        self._pairs = list(pairs)
        self.now_ns = time.time_ns() if now_ns is None else now_ns

    def all(self, *names: str) -> list[str]:
        """All values of parameters with one of these names."""
        return [value for name, value in self._pairs if name in names]

    def get(self, name: str) -> str:
        """The first value; empty where there is none."""
        return next((value for given, value in self._pairs if given == name), "")

    def query(self) -> str:
        """The query.

        Raises:
            RequestError: there is none, or it is too long.
        """
        text = self.get("query")
        if not text:
            raise RequestError(400, "parse error at line 1, col 1: the parameter query is missing")
        if len(text) > LONGEST_QUERY:
            raise RequestError(400, f"input size too long ({len(text)} > {LONGEST_QUERY})")
        return text

    def limit(self) -> int:
        """How many entries are wanted: 100 where nothing else is said.

        Raises:
            RequestError: it is no such number, or more than an answer may hold.
        """
        limit = self._whole("limit", 100)
        if limit > MOST_ENTRIES:
            raise RequestError(
                400,
                f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {MOST_ENTRIES})",
            )
        return limit

    def direction(self) -> Direction:
        """Backward where nothing else is said."""
        word = self.get("direction").lower() or "backward"
        if word not in ("backward", "forward"):
            raise RequestError(400, f"invalid direction {self.get('direction')!r}: it is backward or forward")
        return "forward" if word == "forward" else "backward"

    def moment(self, name: str, default_ns: int) -> int:
        """A time in nanoseconds."""
        text = self.get(name)
        return nanoseconds(text, name) if text else default_ns

    def span(self, default_ns: int = HOUR) -> tuple[int, int]:
        """Start and end in nanoseconds; the last hour, or `default_ns`, or `since`, where they are missing.

        Raises:
            RequestError: one is no time, or the end is before the start.
        """
        end = self.moment("end", self.now_ns)
        since = self._duration("since", default_ns)
        start = self.moment("start", min(end, self.now_ns) - since)
        if end < start:
            raise RequestError(400, "end timestamp must not be before or equal to start time")
        return start, end

    def step(self, start_ns: int, end_ns: int) -> int:
        """How far the values of a range are apart, in nanoseconds."""
        step = self._duration("step", max((end_ns - start_ns) // _STEPS // 10**9, 1) * 10**9)
        if step <= 0:
            raise RequestError(
                400, "zero or negative query resolution step widths are not accepted. Try a positive integer"
            )
        return step

    def _whole(self, name: str, default: int) -> int:
        text = self.get(name)
        if not text:
            return default
        if not _INTEGER.fullmatch(text) or not text.isascii():
            raise RequestError(400, f"{name}: {text[:50]!r} is no whole number")
        if int(text) <= 0:
            raise RequestError(400, f"{name} must be a positive value")
        return int(text)

    def _duration(self, name: str, default_ns: int) -> int:
        text = self.get(name)
        if not text:
            return default_ns
        if text.isascii() and _FLOAT.fullmatch(text):
            seconds = float(text)
            if not math.isfinite(seconds) or abs(seconds) > 1e10:
                raise RequestError(400, f"{name}: {text[:50]!r} is out of range")
            return round(seconds * 1e9)
        try:
            return parse_duration(text)
        except ValueError:
            raise RequestError(400, f"{name}: {text[:50]!r} is no duration, such as 30s or 5m, and no number") from None


def nanoseconds(text: str, name: str) -> int:
    """A time: nanoseconds since 1970 (seconds up to ten digits), seconds with a point, or RFC 3339.

    Raises:
        RequestError: it is none.
    """
    found = _RFC_3339.fullmatch(text) if text.isascii() else None
    try:
        if found is not None:
            zone = "+00:00" if found[3] == "Z" else found[3]
            whole = datetime.fromisoformat(found[1] + zone) - datetime(1970, 1, 1, tzinfo=timezone.utc)
            return (whole.days * 86_400 + whole.seconds) * 10**9 + int((found[2] or "0").ljust(9, "0"))
        if text.isascii() and _INTEGER.fullmatch(text):
            number = int(text)
            return number * 10**9 if len(text) <= 10 else number
        if text.isascii() and _FLOAT.fullmatch(text) and abs(float(text)) < 1e10:
            seconds, _, fraction = text.partition(".")
            if fraction.isdigit():
                return int(seconds) * 10**9 + int(fraction[:9].ljust(9, "0"))
            return round(float(text) * 1e9)
    except (ValueError, OverflowError):
        pass
    raise RequestError(400, f"could not parse {name!r}: {text[:50]!r} is no time in nanoseconds, seconds or RFC 3339")


def matchers(texts: Sequence[str]) -> list[str]:
    """Selectors of which none is too long.

    Raises:
        RequestError: one is, or there are too many.
    """
    if len(texts) > 100 or any(len(text) > LONGEST_QUERY for text in texts):
        raise RequestError(400, "too many selectors, or one that is too long")
    return [text for text in texts if text]
