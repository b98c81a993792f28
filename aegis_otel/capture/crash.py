"""Whatever ends a process, a thread or a child without being caught, as one record with its stack.

The app's own hooks still run, and what they print stays as it is. They may come after ours and take our place
(`sys.excepthook` is taken by Typer, by rich and by many apps), so the hooks are not all that is relied on.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time
import traceback
from contextlib import suppress
from functools import wraps
from types import CodeType, TracebackType
from typing import Any, Final, NoReturn

import wrapt

from aegis_otel.capture import Accept
from aegis_otel.capture.stdlib import error_info
from aegis_otel.correlation import current
from aegis_otel.schema import ERROR, FATAL, Record

LOGGER: Final = "aegis_otel.unhandled"

_RECORDED: Final = "_aegis_otel_recorded"
_UNHANDLED: Final = "Unhandled exception"


class CrashCapture:
    """Sees what nobody caught.

    Args:
        accept: takes the record.
    """

    def __init__(self, accept: Accept) -> None:
        self._accept = accept
        self._hook: Any = None
        self._child_mains: set[CodeType] = set()
        """The code that prints the end of a child of multiprocessing, if it does so before the finalizers run."""

    def install(self) -> None:
        """Put the hooks in; a second call does nothing. To be called after delivery is tied to the process's end."""
        if self._hook is not None:
            return
        main_hook, unraisable_hook = sys.excepthook, sys.unraisablehook

        def on_crash(kind: type[BaseException], error: BaseException, trace_back: TracebackType | None) -> None:
            self._record(_UNHANDLED, error)
            main_hook(kind, error, trace_back)

        def on_unraisable(args: Any) -> None:
            self._record_unraisable(args)
            unraisable_hook(args)

        self._hook = on_crash
        sys.excepthook, sys.unraisablehook = on_crash, on_unraisable
        self._hook_threads()
        self._hook_exit()
        atexit.register(self._at_exit)
        wrapt.register_post_import_hook(self._hook_children, "multiprocessing.util")

    def _hook_threads(self) -> None:
        thread_hook = threading.excepthook

        def on_thread_crash(args: Any) -> None:
            self._record_thread(args.thread, args.exc_value)
            thread_hook(args)

        threading.excepthook = on_thread_crash
        # Each thread asks for this when it is made, and calls in turn the hook that is in force when it ends.
        make = getattr(threading, "_make_invoke_excepthook", None)
        if make is None:
            return

        @wraps(make)
        def make_invoke_excepthook() -> Any:
            invoke = make()

            def invoke_excepthook(thread: threading.Thread) -> None:
                self._record_thread(thread, sys.exc_info()[1])
                invoke(thread)

            return invoke_excepthook

        threading._make_invoke_excepthook = make_invoke_excepthook  # type: ignore[attr-defined]

    def _hook_exit(self) -> None:
        leave, record_text, writers = sys.exit, self._record_text, self._child_mains

        class ExitText(str):
            """The text of `sys.exit`: told when the interpreter itself, below all frames, or a child's main function
            writes it to stderr.
            """

            __slots__ = ()

            def __str__(self) -> str:
                text = str.__str__(self)
                try:
                    writes = sys._getframe(1).f_code in writers
                except ValueError:
                    writes = True
                if writes:
                    record_text(text)
                return text

            def __reduce__(self) -> Any:
                return str, (str.__str__(self),)

        @wraps(leave)
        def exit(status: Any = None, /) -> NoReturn:
            leave(ExitText(status) if type(status) is str else status)

        sys.exit = exit

    def _hook_children(self, util: Any) -> None:
        # A child of multiprocessing catches and prints its end itself.
        main = util.process.BaseProcess._bootstrap.__code__
        if "_exit_function" not in main.co_names:  # from Python 3.13 on
            self._child_mains.add(main)
            self._hook_print()
            return

        # Its finalizers run while the error is handled, and nothing is delivered after them.
        def register(_: object) -> None:
            util.Finalize(self, self._at_child_exit, exitpriority=-900)

        register(self)  # for a spawned child; at the end of any other process there is nothing that it would record
        util.register_after_fork(self, register)

    def _hook_print(self) -> None:
        print_exc, record, mains = traceback.print_exc, self._record, self._child_mains

        @wraps(print_exc)
        def print_and_record(*arguments: Any, **options: Any) -> None:
            error = sys.exc_info()[1]
            if error is not None and sys._getframe(1).f_code in mains:
                record(_UNHANDLED, error)
            print_exc(*arguments, **options)

        traceback.print_exc = print_and_record

    def _at_child_exit(self) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, SystemExit):
            if isinstance(error.code, str):
                self._record_text(str.__str__(error.code))
        elif error is not None:
            self._record(_UNHANDLED, error)

    def _at_exit(self) -> None:
        """Record the crash that another's hook was told of: the interpreter keeps it."""
        error = getattr(sys, "last_value", None)
        if sys.excepthook is not self._hook and isinstance(error, BaseException):
            self._record(_UNHANDLED, error)

    def _record_thread(self, thread: threading.Thread | None, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, SystemExit):
            self._record(f"{_UNHANDLED} in thread {getattr(thread, 'name', '')}", error)

    def _record_unraisable(self, args: Any) -> None:
        try:
            text = f"{args.err_msg or 'Exception ignored in'}: {args.object!r}"
        except Exception:
            text = "Exception ignored"
        if args.exc_value is None:
            self._put(text, None, ERROR)
        else:
            self._record(text, args.exc_value, ERROR)

    def _record_text(self, text: str) -> None:
        self._put(text, None, ERROR)

    def _record(self, message: str, error: BaseException, severity: int = FATAL) -> None:
        if isinstance(error, KeyboardInterrupt) or getattr(error, _RECORDED, False):
            return
        with suppress(Exception):  # one that takes no attribute may be recorded twice
            setattr(error, _RECORDED, True)
        self._put(message, error, severity)

    def _put(self, message: str, error: BaseException | None, severity: int) -> None:
        try:
            context = current()
            self._accept(
                Record(
                    time.time_ns(),
                    severity,
                    message,
                    LOGGER,
                    context.trace_id,
                    context.span_id,
                    context.trace_flags,
                    context.correlation_id,
                    error=None if error is None else error_info(error),
                )
            )
        except Exception:
            return
