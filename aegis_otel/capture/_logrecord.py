"""What one of `logging`'s records says besides its attributes: message, level, origin; whether it was seen before."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from aegis_otel.correlation import Current, accept
from aegis_otel.schema import level_name, safe_text, snapshot

USUAL_LEVELS: Final = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR"}
"""Level names that say no more than AegisX's level does."""

LEVEL_NAME: Final = "levelName"

FOREIGN: Final = frozenset(
    (
        "message",
        "asctime",
        "color_message",
        "otelSpanID",
        "otelTraceID",
        "otelTraceSampled",
        "otelServiceName",
    )
)
"""What other tools write on every record of theirs; not part of what the app said."""

_SAME: Final = {"DEBUG": "debug", "INFO": "info", "WARN": "warn", "WARNING": "warn", "ERROR": "error"}
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_MESSAGE_KEYS: Final = ("message", "msg", "event")


def message_of(record: logging.LogRecord) -> tuple[str, Mapping[Any, Any] | None]:
    """The rendered message, and the fields that came with it where the app logged a mapping instead of a text."""
    message = record.msg
    args = getattr(record, "args", None)
    if type(message) is str:
        if not args:
            return message, None
    elif not args and isinstance(message, Mapping):
        with suppress(Exception):
            return message_of_mapping(message)
    try:
        return record.getMessage(), None
    except Exception:
        # A wrong format or an argument that cannot be written: keep what can be.
        text = safe_text(message)
        if isinstance(args, Mapping):
            args = tuple(args.values())
        return text + " " + ", ".join(safe_text(value) for value in args) if args else text, None


def message_of_mapping(said: Mapping[Any, Any]) -> tuple[str, Mapping[Any, Any] | None]:
    """The text in a mapping that was logged as the message, and its other fields; or all of it as JSON."""
    for key in _MESSAGE_KEYS:
        if isinstance(said.get(key), str):
            return safe_text(said[key]), {name: value for name, value in said.items() if name != key}
    copied = snapshot(said)
    if type(copied) is not dict:
        return safe_text(copied), None
    return json.dumps(copied, ensure_ascii=False, separators=(",", ":")), None


def own_level_name(name: object, levelno: int, severity: int) -> str | None:
    """The level's name where it says more than AegisX's level does (``CRITICAL``, ``NOTICE``); else None."""
    if type(name) is not str or USUAL_LEVELS.get(levelno) == name:
        return None
    # Some colour the names for their console.
    text = _COLOURS.sub("", name[:200]).strip()
    return text if text and _SAME.get(text.upper()) != level_name(severity) else None


def usual(
    record: logging.LogRecord, own_fields: int, last_own: str, unusual: frozenset[str]
) -> tuple[str, dict[str, Any]] | None:
    """Message and fields of a record that has nothing unusual; None for another, which is to be looked at closely.

    Args:
        record: one of `logging`'s.
        own_fields: how many fields `logging` gives it.
        last_own: the name of the last of these.
        unusual: names of fields that mean something.
    """
    fields = record.__dict__
    try:
        if (
            fields["exc_info"]
            or fields["stack_info"]
            or fields["process"] != PROCESS.ident
            or USUAL_LEVELS[fields["levelno"]] != fields["levelname"]
            or type(record) is not logging.LogRecord
        ):
            return None
        extras = islice(fields.items(), own_fields - 1, None)
        if next(extras)[0] != last_own:
            return None
        found = {}
        for name, value in extras:
            if name in unusual or type(name) is not str:
                return None
            kind = type(value)
            found[name] = value if kind is str or kind is bool or value is None else snapshot(value)
        message, args = fields["msg"], fields["args"]
        if type(message) is not str:
            return None
        return record.getMessage() if args else message, found
    except Exception:
        return None


class _Process:
    """This process; a record of another one has come here over a queue or a socket."""

    def __init__(self) -> None:
        self.ident = os.getpid()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def _forked(self) -> None:
        self.ident = os.getpid()


PROCESS: Final = _Process()


def origin(record: logging.LogRecord) -> tuple[Current, dict[str, Any]]:
    """The context of a record of another process, as far as it carries one; and who made it, as attributes."""
    fields = record.__dict__
    trace_id, span_id = _hexadecimal(fields.get("otelTraceID"), 128), _hexadecimal(fields.get("otelSpanID"), 64)
    context = Current(
        trace_id, span_id, int(fields.get("otelTraceSampled") is True), accept(fields.get("correlationId"))
    )
    names = {"process": "processId", "processName": "processName", "thread": "threadId", "threadName": "threadName"}
    return context, {ours: snapshot(fields[name]) for name, ours in names.items() if fields.get(name) is not None}


def _hexadecimal(value: object, bits: int) -> int:
    try:
        number = int(value, 16) if isinstance(value, str) else 0
    except ValueError:
        return 0
    return number if 0 < number < 1 << bits else 0


# A record may come by again: as itself, as a copy (`QueueHandler`), pickled or as JSON from a queue or a socket, in
# this process or in another. The mark has to travel with it, and must not show in what handlers of the app print. So it
# lies below the millisecond in `relativeCreated`, in 20 bits that follow from `created`; the last one is always set,
# and never in the difference of two times before Python 3.13.


def mark_of(fields: dict[str, Any]) -> float | None:
    """What `relativeCreated` is for a record that was recorded; equal to it if this one was. None if it cannot be."""
    # As in native/src/taken.rs.
    try:
        bits = (int(fields["created"] * 4194304.0) * 0x9E3779B1 >> 11 & 0xFFFFF) | 1
        return fields["relativeCreated"] // 1.0 + bits / 1048576.0  # type: ignore[no-any-return]
    except Exception:
        return None


def split_extra(extra: Any, refused: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What logging can take of an `extra`, and the rest under names that do not overwrite its fields."""
    if not isinstance(extra, Mapping):
        return {"extra": extra}, {}
    allowed: dict[str, Any] = {}
    taken: dict[str, Any] = {}
    for key, value in extra.items():
        name = key if isinstance(key, str) else safe_text(key)
        if name in refused:
            taken["extra." + name] = value
        else:
            allowed[name] = value
    return allowed, taken
