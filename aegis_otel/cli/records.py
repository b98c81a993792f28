"""Stored records as the command line handles them: which are wanted, and how they look on a terminal.

A stored record is AegisX's JSON object (see `aegis_otel.schema.to_mapping`), whichever store it is in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from rich.text import Text

from aegis_otel.cli import terminal

StoredRecord = dict[str, Any]

LEVELS: Final = ("debug", "info", "warn", "error")
"""From the least severe to the most."""

_ALIASES: Final = {"warning": "warn", "critical": "error", "fatal": "error", "trace": "debug"}
_STYLES: Final = {"debug": "dim", "info": "green", "warn": "yellow", "error": "bold red"}
_SHOWN_APART: Final = frozenset(
    ("timestamp", "level", "message", "service", "environment", "correlationId", "traceId", "spanId", "logger", "error")
)
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
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
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


def as_json(record: StoredRecord) -> str:
    """One line of JSON, as stored, with control characters only as escapes."""
    return terminal.safe_json(json.dumps(record, ensure_ascii=False, separators=(",", ":")))


def as_text(record: StoredRecord, *, show_correlation: bool = True) -> Text:
    """A record for people: time, level, service, message, further fields; the stack below."""
    level = str(record.get("level", ""))
    line = Text(no_wrap=True)
    line.append(terminal.safe(str(record.get("timestamp", "-"))) + " ", "dim")
    line.append(f"{terminal.safe(level)[:8].upper():<5} ", _STYLES.get(level, ""))
    line.append(terminal.safe(str(record.get("service", "-"))), "cyan")
    correlation_id = record.get("correlationId")
    if show_correlation and correlation_id is not None:
        line.append(f" {terminal.safe(str(correlation_id))}", "magenta")
    # A line break in a message must not look like the start of another record.
    message = terminal.safe(str(record.get("message", "")), keep_newlines=True).replace("\n", "\n    | ")
    line.append("  " + message, "bold" if level == "error" else "")
    for name, value in record.items():
        if name in _SHOWN_APART or name.startswith("code."):
            continue
        line.append(f" {terminal.safe(name)}=", "dim")
        line.append(_value(value))
    error = record.get("error")
    if error is not None:
        stack = error.get("stack") if isinstance(error, Mapping) else None
        text = stack if isinstance(stack, str) and stack else _value(error)
        for row in terminal.safe(text, keep_newlines=True).rstrip("\n").split("\n"):
            line.append(f"\n    | {row}", "dim")
    return line


def _value(value: object) -> str:
    if isinstance(value, str):
        return (
            terminal.safe(value) if value and " " not in value else json.dumps(terminal.safe(value), ensure_ascii=False)
        )
    return terminal.safe(json.dumps(value, ensure_ascii=False))
