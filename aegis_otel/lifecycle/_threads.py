"""Threads and locks of the operating system for our own threads, also where gevent has replaced those of `threading`.

As a greenlet, a thread of ours would stop the app wherever it waits: for gRPC, for a lock, for the disk.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import threading
from _thread import get_ident  # that of the system, also when gevent has replaced it
from collections.abc import Callable
from typing import Any, Final

_module: Any = threading

OWN_THREADS: Final[set[int]] = set()
"""Idents (of `_thread.get_ident`) of the threads made here that run. What they log is about delivery."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=OWN_THREADS.clear)


def keep_native() -> None:
    """Go on with a copy of `threading` that nobody knows; to be called before gevent replaces anything."""
    global _module
    spec = importlib.util.find_spec("threading")
    if _module is not threading or spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _module = module


def thread(*, target: Callable[[], None], **arguments: Any) -> threading.Thread:
    """A new `threading.Thread`, one of `OWN_THREADS` while it runs."""

    def run() -> None:
        ident = get_ident()
        OWN_THREADS.add(ident)
        try:
            target()
        finally:
            OWN_THREADS.discard(ident)

    found: threading.Thread = _module.Thread(target=run, **arguments)
    return found


class Wake:
    """An event for one thread that waits. Also a signal's handler that interrupts `set` may set it: it is one lock.

    `threading.Event` holds a lock of its own while it is set, for which such a handler would wait for ever.
    """

    def __init__(self) -> None:
        self._lock = lock()
        self._lock.acquire()

    def set(self) -> None:
        """Let the one that waits, or the next that does, go on."""
        with contextlib.suppress(RuntimeError):
            self._lock.release()

    def wait(self, timeout: float = -1) -> None:
        """Until it is set, for `timeout` seconds at most; it is clear then."""
        self._lock.acquire(timeout=timeout)

    def clear(self) -> None:
        """Forget that it was set."""
        self._lock.acquire(blocking=False)


def lock() -> threading.Lock:
    """A new `threading.Lock`."""
    found: threading.Lock = _module.Lock()
    return found


def condition() -> threading.Condition:
    """A new `threading.Condition`; a signal's handler may use it that interrupts whoever holds it."""
    found: threading.Condition = _module.Condition()
    return found
