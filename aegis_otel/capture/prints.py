"""What the app prints to stdout, as records: one for each line, where a setting asks for it.

`sys.stdout` stays the object that it is, and what is written reaches it first, as before. What logging libraries write
there is recorded where it was logged; what our own threads write is not recorded at all, so nothing goes in circles.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from aegis_otel.capture.intake import Intake
from aegis_otel.correlation import current
from aegis_otel.schema import INFO, MAX_TEXT, CodeLocation, Record

LOGGER: Final = "stdout"

# Modules that write what was logged; records of it are made where it was logged.
_WRITERS: Final = frozenset(("logging", "loguru._handler", "loguru._simple_sinks", "structlog._output"))
_DEEPEST: Final = 40


def install(intake: Intake) -> None:
    """Look at each `write` of the stream that is `sys.stdout` now."""
    stream = sys.stdout
    if stream is None:
        return
    lines = _Lines(intake)
    write: Callable[[str], int] = stream.write

    def write_and_record(text: str, /) -> int:
        written = write(text)
        lines.take(text)
        return written

    with suppress(AttributeError, TypeError):  # a stream of another kind, which takes no attribute
        stream.write = write_and_record  # type: ignore[method-assign]


class _Part(threading.local):
    """What this thread has printed of a line that has not ended."""

    text = ""
    busy = False


class _Lines:
    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._part = _Part()
        self._ends = False

    def take(self, text: str) -> None:
        """Take a part of what is printed. Never raises."""
        part = self._part
        if part.busy:
            return
        part.busy = True
        try:
            if not self._intake.takes(logging.INFO, LOGGER):
                return
            frame = _printing_frame()
            if frame is None:
                return
            *lines, rest = (part.text + text).split("\n")
            part.text = rest[-MAX_TEXT:]
            if rest and not self._ends:
                # Not earlier: what is registered later runs earlier, and delivery must end after this.
                self._ends = True
                atexit.register(self.end)
            for line in lines:
                self._record(line, frame)
        except Exception:
            return
        finally:
            part.busy = False

    def end(self) -> None:
        """Take what the main thread printed last, without an end of line."""
        with suppress(Exception):
            text, self._part.text = self._part.text, ""
            self._record(text, None)

    def _record(self, line: str, frame: Any) -> None:
        # What is printed over shows its last state only.
        text = line.rstrip("\r").rpartition("\r")[2]
        if not text.strip():
            return
        context = current()
        code = None
        if frame is not None and self._intake.code_location:
            code = CodeLocation(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        self._intake.accept(
            Record(
                time.time_ns(),
                INFO,
                text,
                LOGGER,
                context.trace_id,
                context.span_id,
                context.trace_flags,
                context.correlation_id,
                None,
                code,
            )
        )


def _printing_frame() -> Any:
    """The frame that prints; None where a logging library does."""
    first = sys._getframe(3)
    frame: Any = first
    for _ in range(_DEEPEST):
        if frame is None:
            break
        if frame.f_globals.get("__name__") in _WRITERS:
            return None
        frame = frame.f_back
    return first
