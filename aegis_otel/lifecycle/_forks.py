"""Forks and the exporters of this process: exporter threads end before a fork and start again after it.

A lock held at fork time stays locked in the child. So at a fork no exporter thread runs, and no import that such a
thread began is unfinished.
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
        """While the thread is ended: use the operating system's locks, not gevent's."""


_exporters: Final[weakref.WeakSet[Forkable]] = weakref.WeakSet()
_inherited: Final[list[object]] = []
_importing = _threads.lock()
_hooked = False


def register(exporter: Forkable) -> None:
    """Pause an exporter at each fork, for as long as the exporter exists."""
    global _hooked
    _exporters.add(exporter)
    if not _hooked and hasattr(os, "register_at_fork"):
        _hooked = True
        # The hook that is registered last runs first. Upstream's exporters start a thread pool during their import.
        # The pool's module has its own hook, which holds the pools' lock. Our hook waits for that import, so that
        # module must register its hook before ours.
        import concurrent.futures.thread  # noqa: F401

        os.register_at_fork(before=before, after_in_parent=after_in_parent, after_in_child=_after_in_child)


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Hold this during the import of a transport's modules; a paused exporter does not begin an import."""
    with _importing:
        yield


def leave_to_parent(connection: object) -> None:
    """In a child: keep a connection of the parent unused. Closing or collecting it would send data on it."""
    _inherited.append(connection)


def before() -> None:
    """End the threads of all exporters."""
    exporters = list(_exporters)
    for exporter in exporters:
        exporter.pause()
    # Released at once: a thread that waits to import needs this lock to end, and the fork waits for that thread.
    if _importing.acquire(timeout=_IMPORT_SECONDS):
        _importing.release()
    for exporter in exporters:
        exporter.before_fork()


def keep_native() -> None:
    """Between `before` and `after_in_parent`: prevent all exporters from using what gevent replaces."""
    for exporter in list(_exporters):
        exporter.keep_native()


def after_in_parent() -> None:
    """Start the threads of all exporters again."""
    for exporter in list(_exporters):
        exporter.after_fork_in_parent()


def _after_in_child() -> None:
    global _importing
    _importing = _threads.lock()
