"""Stored records on a terminal: as JSON lines, or for people to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from rich.text import Text

from aegis_otel.cli import terminal
from aegis_otel.stores import StoredRecord

_STYLES: Final = {"debug": "dim", "info": "green", "warn": "yellow", "error": "bold red"}
_SHOWN_APART: Final = frozenset(
    ("timestamp", "level", "message", "service", "environment", "correlationId", "traceId", "spanId", "logger", "error")
)


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
