"""A sink with a thread of its own, so that an output that hangs holds up no other one.

The writer hands it batches. An output that is slow but goes on slows the writer down once much waits for it, so that
nothing is lost. One that hangs (a FIFO that nobody reads, a network file system that is gone) is not waited for any
more: then the oldest of what waits for it is dropped, audit records last, counted and told.
"""

from __future__ import annotations

import threading
import time
from _thread import get_ident
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from aegis_otel import lifecycle
from aegis_otel.deliver._sink import Sink, Warn
from aegis_otel.schema import Record, is_audit

PATIENCE: Final = 1.0
"""Seconds without progress after which nobody waits any more: an output hangs."""

_NAP: Final = 0.001
_WARN_EVERY: Final = 60.0


class Outlet:
    """Takes batches from the writer and gives them to one sink, in order (`aegis_otel.deliver.Sink`).

    Args:
        sink: the output; `str` of it names it for people.
        warn: tells people of losses.
        most: how many records may wait.
        going_on: called while the writer waits for the sink.
    """

    def __init__(self, sink: Sink, warn: Warn, most: Callable[[], int], going_on: Callable[[], None]) -> None:
        self._sink = sink
        self._warn = warn
        self._most = most
        self._going_on = going_on
        self._closed = False
        self._paused = False
        self._reset()

    def _reset(self) -> None:
        self._batches: deque[Sequence[Record]] = deque()
        self._wake = lifecycle.Wake()
        self._thread: threading.Thread | None = None
        self._progress = time.monotonic()
        self._handed = self._written = self.dropped = 0
        self._told_at = float("-inf")

    @property
    def waiting(self) -> int:
        """Records that were handed over and are not written."""
        return self._handed - self._written - self.dropped

    # On the writer thread, and at the end on the one that ends.

    def write(self, records: Sequence[Record]) -> None:
        """Take a batch; its sink gets it on the thread of this outlet."""
        if not self.waiting:
            self._progress = time.monotonic()
        self._batches.append(records)
        self._handed += len(records)
        if self._thread is None:
            self._start()
        else:
            self._wake.set()
        while self.waiting > self._most() and self._goes_on():
            self._going_on()
            self._wake.set()
            time.sleep(_NAP)
        if self.waiting and not self._goes_on():
            self._make_room()
            self._tell()

    def _start(self) -> None:
        if not (self._closed or self._paused):
            thread = lifecycle.thread(target=self._run, name="aegis-otel-output", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                pass  # no more threads, or the interpreter is ending
            else:
                self._thread = thread
                return
        self._write_all()

    def _make_room(self) -> None:
        """Drop the oldest until not too many wait; audit records go behind the others instead, if there are others."""
        for keeps_audit in (True, False):
            for _ in range(len(self._batches)):
                if self.waiting <= self._most():
                    return
                try:
                    batch = self._batches.popleft()
                except IndexError:
                    return
                kept = [record for record in batch if is_audit(record)] if keeps_audit else []
                if kept:
                    self._batches.append(kept)
                self.dropped += len(batch) - len(kept)

    def _tell(self) -> None:
        if time.monotonic() - self._told_at >= _WARN_EVERY:
            self._told_at = time.monotonic()
            self._warn(f"{self._sink} takes nothing: {self.waiting} records wait for it, {self.dropped} were dropped")

    def _goes_on(self) -> bool:
        return time.monotonic() - self._progress < PATIENCE

    # On the thread of the sink.

    def _run(self) -> None:
        while True:
            self._write_all()
            if self._paused or self._closed:
                self._thread = None
                return
            self._wake.wait()

    def _write_all(self) -> None:
        while True:
            try:
                batch = self._batches.popleft()
            except IndexError:
                return
            self._progress = time.monotonic()
            try:
                self._sink.write(batch)
            except Exception as error:
                self._warn(f"{type(self._sink).__name__} lost {len(batch)} records: {type(error).__name__}")
            self._progress = time.monotonic()
            self._written += len(batch)
            if self._paused:
                return

    # Any thread.

    def settle(self, deadline: float) -> bool:
        """Whether all that was handed over is written by `deadline`; it is not waited for a sink that hangs."""
        handed = self._handed
        while self._written + self.dropped < handed:
            thread = self._thread
            if thread is not None and thread.ident == get_ident():
                return False
            if not self._goes_on() or time.monotonic() >= deadline:
                return False
            self._wake.set()
            time.sleep(_NAP)
        return True

    def flush(self, deadline: float) -> bool:
        """Write what was handed over, and flush the sink; true if that was done by `deadline`."""
        return self.settle(deadline) and self._sink.flush(deadline)

    def close(self, deadline: float) -> None:
        """Write what was handed over, by `deadline` at most, say what is left, and close the sink."""
        written = self.settle(deadline)
        self._closed = True
        self._wake.set()
        if written:
            self._sink.close(deadline)
        else:
            # It may be in the middle of a write, for ever.
            self._warn(f"{self._sink} took nothing at the end: {self.waiting + self.dropped} records did not reach it")

    def before_fork(self, deadline: float) -> None:
        """In the parent: during the fork the thread does not run, unless the sink hangs."""
        self._paused = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread.ident != get_ident():
            thread.join(max(0.0, deadline - time.monotonic()))
            if not thread.is_alive():
                self._thread = None

    def after_fork_in_parent(self) -> None:
        """In the parent: continue."""
        self._paused = False
        if self._batches and self._thread is None:
            self._start()

    def keep_native(self) -> None:
        """While its thread is ended: wait with the operating system's locks, not with gevent's."""
        self._wake = lifecycle.Wake()

    def after_fork(self) -> None:
        """In the child: start empty; what waits belongs to the parent."""
        self._paused = False
        self._reset()
        self._sink.after_fork()
