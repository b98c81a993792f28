"""Forks, and the exporters of this process: their threads end before a fork and start again after it.

A lock that a thread holds at a fork stays locked in the child. So at a fork there is no exporter's thread, and no
import that one has begun.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Iterator
from typing import Final, Protocol

from aegis_otel.lifecycle import _threads

_IMPORT_SECONDS: Final = 10.0


class Forkable(Protocol):
    """An exporter with a thread."""

    def pause(self) -> None:
        """Begin nothing new until the fork is over."""

    def before_fork(self) -> None:
        """End the thread."""

    def after_fork_in_parent(self) -> None:
        """Start the thread again."""

    def keep_native(self) -> None:
        """While the thread is ended: use locks of the operating system, not those of gevent."""


_exporters: Final[weakref.WeakSet[Forkable]] = weakref.WeakSet()
_inherited: Final[list[object]] = []
_importing = _threads.lock()
_hooked = False


def register(exporter: Forkable) -> None:
    """Take care of an exporter for as long as it exists."""
    global _hooked
    _exporters.add(exporter)
    if not _hooked and hasattr(os, "register_at_fork"):
        _hooked = True
        # Hooks run last registered first. Upstream's exporters start a thread pool while they are imported, and the
        # pool's module has a hook of its own that holds the pools' lock: it has to be registered before ours, which
        # waits for that import.
        import concurrent.futures.thread  # noqa: F401

        os.register_at_fork(before=before, after_in_parent=after_in_parent, after_in_child=_after_in_child)


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Hold this while a transport's modules are imported; an exporter that is paused does not begin to."""
    with _importing:
        yield


def leave_to_parent(connection: object) -> None:
    """In a child: keep a connection of the parent's unused. To close or collect it would speak on that connection."""
    _inherited.append(connection)


def before() -> None:
    """End the threads of all exporters."""
    exporters = list(_exporters)
    for exporter in exporters:
        exporter.pause()
    # Released at once: a thread that is about to import would wait for this one, which waits for that thread's end.
    if _importing.acquire(timeout=_IMPORT_SECONDS):
        _importing.release()
    for exporter in exporters:
        exporter.before_fork()


def keep_native() -> None:
    """Between `before` and `after_in_parent`: keep all exporters from using what gevent replaces."""
    for exporter in list(_exporters):
        exporter.keep_native()


def after_in_parent() -> None:
    """Start the threads of all exporters again."""
    for exporter in list(_exporters):
        exporter.after_fork_in_parent()


def _after_in_child() -> None:
    global _importing
    _importing = _threads.lock()
