"""What one of `logging`'s records says besides its attributes: message, level, origin; whether it was seen before."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from aegis_otel.correlation import Current, accept
from aegis_otel.schema import level_name, safe_text, snapshot

USUAL_LEVELS: Final = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR"}
"""Level names that say no more than AegisX's level does."""

LEVEL_NAME: Final = "levelName"

_SAME: Final = {"DEBUG": "debug", "INFO": "info", "WARN": "warn", "WARNING": "warn", "ERROR": "error"}
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_MESSAGE_KEYS: Final = ("message", "msg", "event")


def message_of(record: logging.LogRecord) -> tuple[str, Mapping[Any, Any] | None]:
    """The rendered message, and the fields that came with it where the app logged a mapping instead of a text."""
    message = record.msg
    args = getattr(record, "args", None)
    if not args:
        if type(message) is str:
            return message, None
        if isinstance(message, Mapping):
            with suppress(Exception):
                return _of_mapping(message)
    try:
        return record.getMessage(), None
    except Exception:
        # A wrong format or an argument that cannot be written: keep what can be.
        text = safe_text(message)
        if isinstance(args, Mapping):
            args = tuple(args.values())
        return text + " " + ", ".join(safe_text(value) for value in args) if args else text, None


def _of_mapping(said: Mapping[Any, Any]) -> tuple[str, Mapping[Any, Any] | None]:
    for key in _MESSAGE_KEYS:
        if isinstance(said.get(key), str):
            return safe_text(said[key]), {name: value for name, value in said.items() if name != key}
    copied = snapshot(said)
    if type(copied) is not dict:
        return safe_text(copied), None
    return json.dumps(copied, ensure_ascii=False, separators=(",", ":")), None


def own_level_name(record: logging.LogRecord, severity: int) -> str | None:
    """The level's name where it says more than AegisX's level does (``CRITICAL``, ``NOTICE``); else None."""
    name = getattr(record, "levelname", None)
    if type(name) is not str or USUAL_LEVELS.get(record.levelno) == name:
        return None
    # Some colour the names for their console.
    text = _COLOURS.sub("", name[:200]).strip()
    return text if text and _SAME.get(text.upper()) != level_name(severity) else None


def of_other_process(record: logging.LogRecord) -> bool:
    """Whether a record was made by another process and has come here over a queue or a socket."""
    process = getattr(record, "process", None)
    return process is not None and process != os.getpid()


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


def _signature(created: float) -> float:
    # As in native/src/taken.rs.
    return ((int(created * 4194304.0) * 0x9E3779B1 >> 11 & 0xFFFFF) | 1) / 1048576.0


def was_recorded(record: logging.LogRecord) -> bool:
    """Whether a process with this instrumentation has recorded it already."""
    fields = record.__dict__
    try:
        return bool(fields["relativeCreated"] % 1.0 == _signature(fields["created"]))
    except Exception:
        return False


def mark_recorded(record: logging.LogRecord) -> None:
    """Let `was_recorded` know it, wherever it is handled next."""
    fields = record.__dict__
    try:
        fields["relativeCreated"] = fields["relativeCreated"] // 1.0 + _signature(fields["created"])
    except Exception:
        return


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
