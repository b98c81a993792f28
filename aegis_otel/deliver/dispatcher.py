"""The queue between the app's threads and the outputs, and the one thread that empties it.

`put` is all that runs on the app's thread: an append. Redaction, cleaning and writing happen on the
dispatcher's thread, in batches. It wakes on a tick instead of at each record, since waking a thread costs
more than a record does; while nothing is logged it sleeps without a tick.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from aegis_otel.deliver import Sink, Warn
from aegis_otel.schema import ErrorInfo, Record, clean_text, is_audit, safe_text

TICK: Final = 0.02
"""Seconds between two looks at the queue while records come in."""

BATCH: Final = 2_000
"""How many records a sink gets at once, at most."""

Prepare = Callable[[Record], None]
"""Changes a record in place before any sink sees it: redaction."""

Look = Callable[[list[Record]], Sequence[int]]
"""Finds the places of the records that have to be prepared; where it is not sure, it names them."""


class Dispatcher:
    """Takes records from any thread and gives them to every sink, in order.

    Args:
        sinks: the outputs.
        prepare: called with every record, on the dispatcher's thread.
        queue_size: how many records may wait; beyond it the oldest are dropped, audit records last.
        max_text: how many characters of a text are kept.
        warn: tells people of losses.
        look: finds in a batch the records that `prepare` and cleaning would leave as they are, which are then
            passed on; gives the places of the others. None: all are prepared.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        prepare: Prepare | None,
        queue_size: int,
        max_text: int,
        warn: Warn,
        look: Look | None = None,
    ) -> None:
        self._sinks = tuple(sinks)
        self._look = look
        self._prepare = prepare
        self._queue_size = queue_size
        self._max_text = max_text
        self._warn = warn
        self._closed = False
        self._reset()

    def _reset(self) -> None:
        self._queue: deque[Record] = deque()
        self._wake = threading.Event()
        self._start_lock = threading.Lock()
        self._work_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._idle = False
        self.dropped = 0
        self._dropped_told = 0

    # On the app's threads.

    def put(self, record: Record) -> None:
        """Take a record. Never waits, never raises."""
        queue = self._queue
        queue.append(record)
        if self._idle:
            self._idle = False
            self._wake.set()
        elif self._thread is None:
            self._start()
        if len(queue) > self._queue_size:
            self._make_room()

    def owns_thread(self, ident: int | None) -> bool:
        """Whether a thread is the dispatcher's."""
        thread = self._thread
        return thread is not None and thread.ident == ident

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is not None or self._closed:
                return
            thread = threading.Thread(target=self._run, name="aegis-otel", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # No more threads (or the interpreter is ending): `close` writes what is here.
                return
            self._thread = thread

    def _make_room(self) -> None:
        try:
            oldest = self._queue.popleft()
        except IndexError:
            return
        if is_audit(oldest):
            # Put it at the end rather than lose it; its own time keeps its place in every store.
            self._queue.append(oldest)
        else:
            self.dropped += 1

    # On the dispatcher's thread.

    def _run(self) -> None:
        while not self._closed:
            if not self._queue:
                self._idle = True
                # Looked at again after the flag is up, so a record put in between is not slept over.
                if not self._queue:
                    self._wake.wait()
                self._wake.clear()
                self._idle = False
            self._drain()
            if len(self._queue) < BATCH and not self._closed:
                time.sleep(TICK)

    def _drain(self) -> None:
        with self._work_lock:
            while self._queue:
                batch = self._take()
                for sink in self._sinks:
                    try:
                        sink.write(batch)
                    except Exception as error:
                        self._warn(f"{type(sink).__name__} lost {len(batch)} records: {type(error).__name__}")
            if self.dropped > self._dropped_told:
                self._warn(f"{self.dropped} records were dropped so far: they came faster than they could be written")
                self._dropped_told = self.dropped

    def _take(self) -> list[Record]:
        queue = self._queue
        batch: list[Record] = []
        try:
            for _ in range(min(len(queue), BATCH)):
                batch.append(queue.popleft())
        except IndexError:
            pass
        if self._look is not None:
            try:
                places = self._look(batch)
            except Exception:
                places = range(len(batch))
            for place in places:
                batch[place] = self._prepared(batch[place])
            return batch
        return [self._prepared(record) for record in batch]

    def _prepared(self, record: Record) -> Record:
        try:
            if self._prepare is not None:
                self._prepare(record)
            limit = self._max_text
            message = record.message
            if len(message) > limit or not message.isascii():
                record.message = clean_text(message, limit)
            if record.attributes and not _is_clean(record.attributes, limit):
                record.attributes = {
                    clean_text(name, 256): _clean(value, limit) for name, value in record.attributes.items()
                }
            if record.error is not None:
                name, message, stack = record.error
                record.error = ErrorInfo(clean_text(name, 256), clean_text(message, limit), clean_text(stack, limit))
            if not record.logger.isascii():
                record.logger = clean_text(record.logger, 256)
        except Exception as error:
            return _stand_in(record, error)
        return record

    # At the end, and around forks.

    def flush(self, timeout: float) -> bool:
        """Write everything put so far; true if that was done within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        if not self._work_lock_free(deadline):
            return False
        self._drain()
        flushed = [sink.flush(deadline) for sink in self._sinks]
        return all(flushed)

    def close(self, timeout: float) -> None:
        """Write everything and end the thread; what is put from now on is written by nobody.

        Args:
            timeout: seconds; what is not delivered by then stays where the sinks keep it.
        """
        if self._closed:
            return
        deadline = time.monotonic() + timeout
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
        if self._work_lock_free(deadline):
            self._drain()
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
        """In the parent: no sink is in the middle of a write while the process is copied."""
        self._work_lock.acquire(timeout=1.0)

    def after_fork_in_parent(self) -> None:
        """In the parent: go on."""
        if self._work_lock.locked():
            self._work_lock.release()

    def after_fork_in_child(self) -> None:
        """In the child: start empty; what waited belongs to the parent, which writes it."""
        self._reset()
        for sink in self._sinks:
            try:
                sink.after_fork()
            except Exception as error:
                self._warn(f"{type(sink).__name__} is off in process {os.getpid()}: {type(error).__name__}")


def _is_clean(attributes: dict[str, Any], limit: int) -> bool:
    """Whether there is plainly nothing to clean, as with almost every record."""
    for name, value in attributes.items():
        if len(name) > 256 or not name.isascii():
            return False
        kind = type(value)
        if kind is str:
            if len(value) > limit or not value.isascii():
                return False
        elif kind is dict or kind is list:
            return False
    return True


def _clean(value: object, limit: int) -> object:
    if type(value) is str:
        return clean_text(value, limit)
    if type(value) is dict:
        return {clean_text(name, 256): _clean(member, limit) for name, member in value.items()}
    if type(value) is list:
        return [_clean(member, limit) for member in value]
    return value


def _stand_in(record: Record, error: Exception) -> Record:
    """A record in the place of one that cannot be prepared: that it was there, and nothing of what it said."""
    return Record(
        record.time_ns,
        record.severity,
        "[REDACTION FAILED]",
        safe_text(record.logger, limit=256) if record.logger.isascii() else "",
        record.trace_id,
        record.span_id,
        record.trace_flags,
        record.correlation_id,
        {"reason": type(error).__name__},
    )
