"""The operating system's threads and locks for our own threads, even if gevent has replaced those of `threading`.

If one of our threads were a greenlet, it would stop the app whenever it waits: for gRPC, for a lock, for the disk.
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
    """Continue with a private copy of `threading`; call this before gevent replaces anything."""
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
    """An event for one waiting thread. It is a single lock, so a signal handler that interrupts `set` may call `set`.

    `threading.Event` holds its own lock during `set`; such a handler would wait for it forever.
    """

    def __init__(self) -> None:
        self._lock = lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the waiting thread, or the next one that waits."""
        with contextlib.suppress(RuntimeError):
            self._lock.release()

    def wait(self, timeout: float = -1) -> None:
        """Wait until it is set, for `timeout` seconds at most; then it is clear."""
        self._lock.acquire(timeout=timeout)

    def clear(self) -> None:
        """Clear it."""
        self._lock.acquire(blocking=False)


def lock() -> threading.Lock:
    """A new `threading.Lock`."""
    found: threading.Lock = _module.Lock()
    return found


def condition() -> threading.Condition:
    """A new `threading.Condition`; a signal handler may use it, even if it interrupts the thread that holds it."""
    found: threading.Condition = _module.Condition()
    return found
