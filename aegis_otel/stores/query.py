"""Which stored records are wanted: the question that every store answers.

A stored record is AegisX's JSON object (see `aegis_otel.schema.to_mapping`), whichever store it is in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

StoredRecord = dict[str, Any]

LEVELS: Final = ("debug", "info", "warn", "error")
"""From the least severe to the most."""

_ALIASES: Final = {"warning": "warn", "critical": "error", "fatal": "error", "trace": "debug"}
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"(?:\d+[smhdw])+")
_STORED_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True)
class Query:
    """Which records are wanted.

    Attributes:
        correlation_id, service: exactly this value.
        level: this level and all more severe ones.
        since: not before this moment.
        limit: the newest so many.
    """

    correlation_id: str | None = None
    level: str | None = None
    service: str | None = None
    since: datetime | None = None
    limit: int = 500

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that are wanted; all of them where none is asked for."""
        return LEVELS if self.level is None else LEVELS[LEVELS.index(self.level) :]

    def matches(self, record: StoredRecord) -> bool:
        """Whether the record is wanted."""
        if self.correlation_id is not None and record.get("correlationId") != self.correlation_id:
            return False
        if self.service is not None and record.get("service") != self.service:
            return False
        if self.level is not None and record.get("level") not in self.levels:
            return False
        return self.since is None or _is_at_or_after(record.get("timestamp"), self.since)


def parse_level(text: str) -> str:
    """A level's name in any case, also stdlib's ("WARNING").

    Raises:
        ValueError: it is none.
    """
    word = text.strip().lower()
    word = _ALIASES.get(word, word)
    if word not in LEVELS:
        raise ValueError(f"{text!r} is not a level; use error, warn, info or debug")
    return word


def parse_since(text: str, now: datetime) -> datetime:
    """A moment: a span before `now` ("90s", "5m", "1h30m", "2d", "1w") or an ISO 8601 time (UTC unless it says).

    Raises:
        ValueError: it is neither.
    """
    word = text.strip()
    try:
        if _SPAN.fullmatch(word):
            seconds = sum(int(part[:-1]) * _UNITS[part[-1]] for part in re.findall(r"\d+[smhdw]", word))
            return now - timedelta(seconds=seconds)
        moment = datetime.fromisoformat(word[:-1] + "+00:00" if word.endswith(("Z", "z")) else word)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
        moment.astimezone(timezone.utc)  # year 1 of another zone may be before any year of UTC
        return moment
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a span of time; use one like 90s, 5m, 1h30m or 2d, or a time like 2026-01-31T12:00:00Z"
        ) from None


def iso_time(moment: datetime) -> str:
    """A moment as records have it: UTC, milliseconds, ``Z``."""
    moment = moment.astimezone(timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _is_at_or_after(timestamp: object, since: datetime) -> bool:
    if not isinstance(timestamp, str):
        return False
    if _STORED_TIME.fullmatch(timestamp):
        return timestamp >= iso_time(since)
    try:
        return parse_since(timestamp, since) >= since
    except ValueError:
        return False
