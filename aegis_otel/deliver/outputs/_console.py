"""Records on the console: JSON lines, or readable text on a terminal."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, TextIO

from aegis_otel.deliver.outputs._json_lines import json_line
from aegis_otel.schema import (
    CODE_FILE,
    CODE_FUNCTION,
    CODE_LINE,
    Identity,
    Record,
    to_mapping,
)

_COLOURS: Final = {"error": "\x1b[31m", "warn": "\x1b[33m", "info": "\x1b[32m", "debug": "\x1b[2m"}
_DIM: Final = "\x1b[2m"
_RESET: Final = "\x1b[0m"
# Shown elsewhere in the line, or not needed by a person at a terminal.
_LEFT_OUT: Final = frozenset(
    (
        *("timestamp", "level", "message", "service", "environment", "logger", "traceId", "spanId", "error"),
        CODE_FILE,
        CODE_LINE,
        CODE_FUNCTION,
    )
)
_PATIENCE: Final = 1.0


class ConsoleSink:
    """Writes to stderr or stdout.

    If a console takes nothing (a full pipe that nobody reads), records are lost and counted, but the other
    sinks do not stop.

    Args:
        stream: where to write.
        identity: the `service` and `environment` of this process.
        readable: text for people instead of JSON.
        colour: with ANSI colours.
    """

    def __init__(self, stream: TextIO, identity: Identity, *, readable: bool, colour: bool) -> None:
        self._stream = stream
        self._identity = identity
        self._readable = readable
        self._colour = colour
        self.dropped = 0

    def __str__(self) -> str:
        return "the console"

    def write(self, records: Sequence[Record]) -> None:
        """Write a line for each."""
        if self._readable:
            lines = [readable_line(record, self._identity, colour=self._colour) for record in records]
        else:
            lines = [json_line(record, self._identity) for record in records]
        if not self._write("\n".join(lines) + "\n"):
            self.dropped += len(records)

    def _write(self, text: str) -> bool:
        stream = self._stream
        with contextlib.suppress(OSError, ValueError):
            # Output of the app's print() comes first.
            stream.flush()
        try:
            number = stream.fileno()
        except (OSError, ValueError, AttributeError):
            # Replaced by an object without a descriptor (a notebook, a test's capture).
            with contextlib.suppress(Exception):
                stream.write(text)
                stream.flush()
                return True
            return False
        return _write_within(number, text.encode("utf-8", "replace"), time.monotonic() + _PATIENCE)

    def flush(self, deadline: float) -> bool:
        """Nothing to do: the sink holds no records."""
        return True

    def close(self, deadline: float) -> None:
        """Nothing to do: the sink holds no records, and the stream belongs to the app."""

    def after_fork(self) -> None:
        """Nothing to do: the sink holds nothing of the parent."""


def _write_within(number: int, data: bytes, deadline: float) -> bool:
    """Write all of `data` to a descriptor, which may be a pipe that nobody empties."""
    view = memoryview(data)
    while view:
        try:
            _, ready, _ = select.select([], [number], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return False
            # If a pipe has room, it takes this many bytes without blocking.
            view = view[os.write(number, view[: select.PIPE_BUF]) :]
        except BlockingIOError:
            continue
        except (OSError, ValueError):
            return False
    return True


def readable_line(record: Record, identity: Identity, *, colour: bool) -> str:
    """A record for people: time, level, logger, message, then the fields as ``name=value``."""
    fields = to_mapping(record, identity)
    level = fields["level"]
    clock = fields["timestamp"][11:23]
    rest = " ".join(f"{_printable(name)}={_field(value)}" for name, value in fields.items() if name not in _LEFT_OUT)
    message = _printable(fields["message"])
    head = f"{clock} {level.upper():5} {_printable(fields['logger'])}: {message}"
    if colour:
        head = (
            f"{_DIM}{clock}{_RESET} {_COLOURS[level]}{level.upper():5}{_RESET} "
            f"{_DIM}{_printable(fields['logger'])}:{_RESET} {message}"
        )
        rest = f"{_DIM}{rest}{_RESET}" if rest else ""
    line = f"{head} {rest}" if rest else head
    stack = record.error.stack if record.error is not None else ""
    if stack:
        line += "\n" + "\n".join(f"    {_printable(part)}" for part in stack.rstrip().splitlines())
    return line


def _field(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + " ".join(f"{_printable(str(name))}={_field(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + " ".join(_field(member) for member in value) + "]"
    return _printable(str(value))


def _printable(text: str) -> str:
    """Text in which every character that could control a terminal is written as an escape."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )


def console_sink(
    identity: Identity, *, stream: str, structured: bool | None, development: bool, colour: bool = True
) -> ConsoleSink:
    """The console that the settings ask for.

    Args:
        identity: the `service` and `environment` of this process.
        stream: ``stderr`` or ``stdout``.
        structured: JSON (true), text (false), or text on a terminal in development (None).
        development: whether the development preset is active.
        colour: whether a terminal gets colours.
    """
    target = sys.stdout if stream == "stdout" else sys.stderr
    try:
        terminal = target.isatty()
    except (AttributeError, ValueError):
        terminal = False
    readable = (development and terminal) if structured is None else not structured
    return ConsoleSink(target, identity, readable=readable, colour=terminal and colour)
