"""An exception that nobody caught, in the main thread or another, as one record with its stack."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any, Final

from aegis_otel.capture import Accept
from aegis_otel.capture.stdlib import error_info
from aegis_otel.correlation import current
from aegis_otel.schema import FATAL, Record

LOGGER: Final = "aegis_otel.unhandled"


class CrashCapture:
    """Hooks around `sys.excepthook` and `threading.excepthook`; the app's own hooks still run.

    Args:
        accept: takes the record.
    """

    def __init__(self, accept: Accept) -> None:
        self._accept = accept
        self._installed = False

    def install(self) -> None:
        """Put the hooks in; a second call does nothing."""
        if self._installed:
            return
        self._installed = True
        main_hook, thread_hook = sys.excepthook, threading.excepthook

        def on_crash(kind: type[BaseException], error: BaseException, trace_back: TracebackType | None) -> None:
            self._record("Unhandled exception", error)
            main_hook(kind, error, trace_back)

        def on_thread_crash(args: Any) -> None:
            if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
                name = getattr(args.thread, "name", "")
                self._record(f"Unhandled exception in thread {name}", args.exc_value)
            thread_hook(args)

        sys.excepthook = on_crash
        threading.excepthook = on_thread_crash

    def _record(self, message: str, error: BaseException) -> None:
        if isinstance(error, KeyboardInterrupt):
            return
        try:
            context = current()
            self._accept(
                Record(
                    time.time_ns(),
                    FATAL,
                    message,
                    LOGGER,
                    context.trace_id,
                    context.span_id,
                    context.trace_flags,
                    context.correlation_id,
                    error=error_info(error),
                )
            )
        except Exception:
            return
