"""The queue between the app's threads and the outputs, and the writer thread that empties it.

The app's thread runs only `put`, which is an append. Redaction, cleaning and writing happen on the writer thread, in
batches. That thread wakes on a tick and not for each record, because waking a thread costs more than a record. While
the app logs nothing, it sleeps without a tick.

Threads that log in a tight loop keep the interpreter from the writer: eight such threads leave it a ninth of the time.
So if more than half of the queue is full, `put` sleeps briefly. The writer then catches up, no record is lost and the
queue stays bounded. Only the writer touches the outputs, or, where there are several, a thread for each of them
(`_outlet`). So a console or a disk that hangs delays other threads for `PATIENCE` in all at most, and no other output.
After that, records that do not fit are dropped and counted.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from _thread import get_ident  # the system's, even if gevent has replaced it
from collections import deque
from collections.abc import Sequence
from typing import Final

from aegis_otel import lifecycle
from aegis_otel.deliver._sink import Sink, Warn
from aegis_otel.deliver.queue._outlet import PATIENCE, Outlet
from aegis_otel.deliver.queue._prepare import Prefilter, Preparation, Prepare
from aegis_otel.deliver.queue._times import rising
from aegis_otel.deliver.queue._weight import weight
from aegis_otel.schema import Record, is_audit

TICK: Final = 0.02
"""Seconds between two rounds of the writer while records come in."""

BATCH: Final = 2_000
"""Maximum records that a sink gets at once."""

HOLD: Final = 0.05
"""Maximum seconds that one `put` waits while the queue is long."""

MEMORY: Final = 64 * 1024 * 1024
"""Approximate maximum bytes of a full queue: of large records fewer fit."""

_NAP: Final = 0.001
_SAMPLE: Final = 8
_RECORD_BYTES: Final = 700
"""Bytes of a record in addition to its texts."""

_WARN_EVERY: Final = 60.0

_FORK_SECONDS: Final = 1.0
"""Maximum seconds that a fork waits for a sink that does not finish its write."""


class RecordQueue:
    """Takes records from any thread and gives them to every sink, in order.

    Args:
        sinks: the outputs.
        prepare: called with every record, on the writer thread.
        queue_size: maximum records in the queue (see `MEMORY` too). From half of it on, threads that log are slowed
            down. Beyond it the oldest are dropped, audit records last.
        max_text: maximum characters of a text.
        warn: tells people of losses.
        prefilter: names the records of a batch that `prepare` or cleaning might change; the others are passed on
            unchanged. None: all are prepared.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        prepare: Prepare | None,
        queue_size: int,
        max_text: int,
        warn: Warn,
        prefilter: Prefilter | None = None,
    ) -> None:
        self._outlets = (
            [Outlet(sink, warn, self._room, self._note_progress) for sink in sinks] if len(sinks) > 1 else []
        )
        self._sinks: Sequence[Sink] = self._outlets or tuple(sinks)
        self._preparation = Preparation(prepare, max_text, prefilter)
        self._queue_size = queue_size
        self._warn = warn
        self._closed = False
        self._reset()

    def _reset(self) -> None:
        self._queue: deque[Record] = deque()
        self._wake = lifecycle.Wake()
        self._start_lock = lifecycle.lock()
        self._work_lock = lifecycle.lock()
        self._thread: threading.Thread | None = None
        self._paused = False
        self._forking: int | None = None
        self._closing: int | None = None
        self._idle = False
        self._progress = time.monotonic()
        self._size = 0.0
        self._latest = 0
        self._taken = self._handed = 0
        self._fit(self._queue_size)
        self.dropped = 0
        self._dropped_told = 0
        self._told_at = float("-inf")

    def _fit(self, most: int) -> None:
        self._most = most
        self._long = most // 2

    @property
    def waiting(self) -> int:
        """Records in the queue."""
        return len(self._queue)

    # On the app's threads.

    def put(self, record: Record) -> None:
        """Take a record. Never raises. Waits, `HOLD` at most, only if more than half of the queue is full."""
        queue = self._queue
        queue.append(record)
        if self._idle:
            self._idle = False
            self._progress = time.monotonic()
            self._wake.set()
        elif self._thread is None:
            self._start()
        if len(queue) > self._long:
            self._hold_back()

    def owns_thread(self, ident: int | None) -> bool:
        """Whether a thread is the writer."""
        thread = self._thread
        return thread is not None and thread.ident == ident

    def _start(self) -> None:
        if not self._start_lock.acquire(blocking=False):
            # Another call starts it, maybe the call that this signal handler has interrupted.
            return
        try:
            if self._thread is not None or self._closed or self._paused:
                return
            self._progress = time.monotonic()
            thread = lifecycle.thread(target=self._run, name="aegis-otel", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # No more threads (or the interpreter is ending): `close` writes the queued records.
                return
            self._thread = thread
        finally:
            self._start_lock.release()

    def _hold_back(self) -> None:
        """Let the writer catch up; drop only if it makes no progress."""
        queue = self._queue
        # An event loop continues while there is room: alone it cannot outrun the writer, and other threads wait.
        enough = self._most if _in_event_loop() else self._long
        if len(queue) > enough and self._can_catch_up():
            # The writer may be waiting for its tick.
            self._wake.set()
            deadline = time.monotonic() + HOLD
            while len(queue) > enough and time.monotonic() < deadline:
                time.sleep(_NAP)
        # While the writer makes progress, a thread that has waited may add one record too many; none is dropped.
        if len(queue) > self._most and not self._can_catch_up():
            self._make_room()

    def _can_catch_up(self) -> bool:
        thread = self._thread
        if threading.get_ident() in (self._closing, thread and thread.ident):
            return False
        if thread is None and not (self._paused or self._start_lock.locked()):
            # The writer could not be started. (If its start is in progress, it will write this record.)
            return False
        return time.monotonic() - self._progress < PATIENCE

    def _make_room(self) -> None:
        try:
            oldest = self._queue.popleft()
        except IndexError:
            return
        if is_audit(oldest):
            # Move it to the end, do not drop it. Its own time stamp keeps its place in every store.
            self._queue.append(oldest)
        else:
            self.dropped += 1

    # On the writer thread.

    def _room(self) -> int:
        """How many records may wait for one output; at the end no limit: its time is limited."""
        return sys.maxsize if self._closed else self._long

    def _note_progress(self) -> None:
        self._progress = time.monotonic()

    def _run(self) -> None:
        while not self._ends():
            if not self._queue:
                self._idle = True
                # Checked again after the flag is set: a record put in between must not wait for the next one.
                if not (self._queue or self._closed or self._paused):
                    self._wake.wait()
                self._wake.clear()
                self._idle = False
                self._progress = time.monotonic()
            self._drain(self._queue, len(self._queue))
            if len(self._queue) < BATCH and not (self._closed or self._paused):
                self._wake.wait(TICK)
                self._wake.clear()

    def _ends(self) -> bool:
        if self._closed or not self._paused:
            return self._closed
        with self._start_lock:
            # Decided under the lock, so no other thread can start a second writer.
            if not self._paused:
                return False
            self._thread = None
            return True

    def _drain(self, queue: deque[Record], count: int) -> None:
        """Write the oldest `count` records; more if a batch is not full, fewer if other threads took them."""
        while count > 0:
            # Released after each batch, so a fork or a flush waits for one batch at most.
            with self._work_lock:
                self._progress = time.monotonic()
                batch = self._take(queue)
                if not batch:
                    break
                for sink in self._sinks:
                    try:
                        sink.write(batch)
                    except Exception as error:
                        self._warn(f"{type(sink).__name__} lost {len(batch)} records: {type(error).__name__}")
                    self._progress = time.monotonic()
                self._handed += len(batch)
            count -= len(batch)
            if self._paused:
                if self.owns_thread(threading.get_ident()):
                    break
                time.sleep(TICK)
        if self.dropped > self._dropped_told and time.monotonic() - self._told_at >= _WARN_EVERY:
            self._told_at = time.monotonic()
            self._dropped_told = self.dropped
            self._warn(f"{self.dropped} records were dropped so far: an output hangs, and the queue is full")

    def _take(self, queue: deque[Record]) -> list[Record]:
        batch: list[Record] = []
        try:
            for _ in range(min(len(queue), BATCH, max(self._long // 4, 1))):
                batch.append(queue.popleft())
        except IndexError:
            pass
        if batch:
            self._taken += len(batch)
            self._weigh(batch)
            self._latest = rising(batch, self._latest)
        return self._preparation.batch(batch)

    def _weigh(self, batch: list[Record]) -> None:
        """Limit the queue by memory too, estimated from a sample of a batch."""
        sample = batch[:: len(batch) // _SAMPLE + 1]
        size = sum(map(weight, sample)) / len(sample)
        self._size = size if not self._size else (self._size + size) / 2
        self._fit(max(min(self._queue_size, int(MEMORY / (self._size + _RECORD_BYTES))), 1))

    # At the end, and around forks.

    def flush(self, timeout: float) -> bool:
        """Write all records put so far and flush the sinks; true if that was done within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        if not self._hand_out(deadline):
            return False
        flushed = [sink.flush(deadline) for sink in self._sinks]
        return all(flushed)

    def drain(self, timeout: float) -> bool:
        """Have all records put so far written to the sinks; true if that was done within `timeout` seconds.

        The threads of delivery do the work: an output that hangs blocks one of these, not this one.
        """
        deadline = time.monotonic() + timeout
        if not self._hand_out(deadline):
            return False
        settled = [outlet.settle(deadline) for outlet in self._outlets]
        return all(settled)

    def _hand_out(self, deadline: float) -> bool:
        """Whether the writer is through with all records put so far by `deadline`."""
        # In this order: a batch that is taken in between counts twice, not never.
        upto = len(self._queue)
        upto += self._taken + self.dropped

        def through() -> bool:
            return self._handed + self.dropped >= upto or (not self._queue and self._handed == self._taken)

        if through():
            return True
        if self._thread is None:
            self._start()
        thread = self._thread
        if thread is None or not thread.is_alive():
            # The interpreter is ending, or has no more threads.
            if not self._work_lock_free(deadline):
                return False
            self._drain(self._queue, len(self._queue))
            return True
        while thread.ident != get_ident() and time.monotonic() < deadline and not through():
            self._wake.set()
            time.sleep(_NAP)
        return through()

    def close(self, timeout: float) -> None:
        """Write all records and end the thread. Records put during this call may be lost; later ones are always lost.

        Args:
            timeout: seconds; records not delivered by then stay where the sinks keep them.
        """
        if self._closed:
            return
        deadline = time.monotonic() + timeout
        if self._forking == get_ident():
            # A signal handler that interrupts a fork would wait for itself.
            self._forking = None
            self._work_lock.release()
        self._closing = threading.get_ident()
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
        if self._work_lock_free(deadline):
            # Threads that continue to log would keep this loop busy, or push out earlier records.
            last, self._queue = self._queue, deque(maxlen=0)
            self._drain(last, len(last) + BATCH)
        if left := len(self._queue) + self._taken - self._handed:
            self._warn(f"{left} records were not written at the end: {self._sinks[0]} takes nothing")
        for sink in self._sinks:
            try:
                sink.close(deadline)
            except Exception as error:
                self._warn(f"{type(sink).__name__} did not close: {type(error).__name__}")

    def _work_lock_free(self, deadline: float) -> bool:
        if not self._work_lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return False
        self._work_lock.release()
        return True

    def before_fork(self) -> None:
        """In the parent: during the fork, none of our threads runs and no sink is in a write."""
        thread = self._thread
        self._paused = True
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_FORK_SECONDS)
        if self._work_lock.acquire(timeout=_FORK_SECONDS):
            self._forking = get_ident()
        deadline = time.monotonic() + _FORK_SECONDS
        for outlet in self._outlets:
            outlet.before_fork(deadline)

    def after_fork_in_parent(self) -> None:
        """In the parent: continue; the thread starts again for the next record."""
        for outlet in self._outlets:
            outlet.after_fork_in_parent()
        if self._forking == get_ident():
            self._forking = None
            self._work_lock.release()
        self._paused = False
        if self._queue and self._thread is None:
            self._start()

    def keep_native(self) -> None:
        """While its thread is ended: wait with the operating system's locks, not with gevent's."""
        self._wake = lifecycle.Wake()
        for outlet in self._outlets:
            outlet.keep_native()

    def after_fork_in_child(self) -> None:
        """In the child: start empty; the queued records belong to the parent, which writes them."""
        self._reset()
        for sink in self._sinks:
            try:
                sink.after_fork()
            except Exception as error:
                self._warn(f"{type(sink).__name__} is off in process {os.getpid()}: {type(error).__name__}")


def _in_event_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio is not None and asyncio._get_running_loop() is not None
    except Exception:
        return False
