"""Forks, and the exports of this process: their threads end before one, and go on after it.

What a thread holds at a fork, a child would wait for without end. So no export's thread is there then, nor half of an
import that one was in the middle of.
"""

from __future__ import annotations

# Hooks run last registered first. Upstream's exporters start a thread pool while they are imported, and that module's
# own hook holds the pools' lock: it has to be registered before ours, which waits for that import.
import concurrent.futures.thread  # noqa: F401
import os
import weakref
from typing import Final, Protocol

from aegis_otel import _threads

_IMPORT_SECONDS: Final = 10.0

importing = _threads.lock()
"""Held while a transport's modules are imported, which an export that is paused does not begin with. Look it up at each
use: a child has one of its own."""

inherited: Final[list[object]] = []
"""Transports of the parent: kept, since closing or collecting one would speak on the parent's connection."""


class Forkable(Protocol):
    """An export with a thread."""

    def pause(self) -> None:
        """Begin with nothing new until the fork is over."""

    def before_fork(self) -> None:
        """End the thread."""

    def after_fork_in_parent(self) -> None:
        """Let it go on."""

    def keep_native(self) -> None:
        """While it is ended: wait with what the operating system has, not with what gevent makes of it."""


_exports: Final[weakref.WeakSet[Forkable]] = weakref.WeakSet()


def register(export: Forkable) -> None:
    """Take care of an export for as long as it is there."""
    _exports.add(export)


def before() -> None:
    """End the threads of all exports."""
    exports = list(_exports)
    for export in exports:
        export.pause()
    # Not held any longer: a thread that is about to import would wait for this one, which waits for that thread's end.
    if importing.acquire(timeout=_IMPORT_SECONDS):
        importing.release()
    for export in exports:
        export.before_fork()


def keep_native() -> None:
    """Between `before` and `after_in_parent`: keep all exports from what gevent replaces."""
    for export in list(_exports):
        export.keep_native()


def after_in_parent() -> None:
    """Let all exports go on."""
    for export in list(_exports):
        export.after_fork_in_parent()


def _after_in_child() -> None:
    global importing
    importing = _threads.lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=before, after_in_parent=after_in_parent, after_in_child=_after_in_child)
