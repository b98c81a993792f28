"""The exporter: the thread that takes pending requests, sends them to the Collector and drops acknowledged ones.

`Phase` says what it may do. `Availability` says whether the Collector takes records.
"""

from __future__ import annotations

import enum
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from opentelemetry import context

from aegis_otel import lifecycle
from aegis_otel.deliver.otlp import _availability
from aegis_otel.deliver.otlp._availability import Availability
from aegis_otel.deliver.otlp._bisect import SEND_BYTES, CollectorAwayError
from aegis_otel.deliver.otlp._messages import Messages
from aegis_otel.deliver.otlp._sender import Sender, SendInterruptedError
from aegis_otel.deliver.otlp._stats import Stats
from aegis_otel.deliver.otlp._transport import Answer, Protocols
from aegis_otel.deliver.spool import DeadLetters, Pending, write_stats

THREAD_NAME: Final = "aegis-otel-export"

AT_ONCE: Final = 0.0
"""A due time that is always over: act at once."""

_ADOPT_EVERY: Final = 30.0
_NOTE_EVERY: Final = 2.0
_GIVE_UP_SECONDS: Final = 2.0
"""Seconds that a fork waits for the thread after it has given up the thread's call."""


class Phase(enum.Enum):
    """The permitted actions of the exporter.

    ::

        OPEN ──pause──> PAUSED ──after_fork_in_parent──> OPEN, or CLOSING if `close` came meanwhile
          └───close───> CLOSING ──all sent, the deadline, a failure──> STOPPED
    """

    OPEN = "open"
    """It sends pending requests. Its thread starts with the first record."""
    PAUSED = "paused"
    """A fork is in progress: it begins nothing, and its thread ends."""
    CLOSING = "closing"
    """The process ends: it sends the remaining requests, until the deadline."""
    STOPPED = "stopped"
    """It sends nothing any more, and its thread ends."""


_ACTIVE: Final = (Phase.OPEN, Phase.CLOSING)


class Exporter:
    """Sends pending requests.

    Args:
        pending: the source of batches.
        letters: keeps refused requests; None: they are lost.
        stats: all counters except `accepted` are counted here.
        messages: tells people of problems.
        protocol: of OTLP.
        timeout: seconds of one attempt to send; None: the standard variables decide.
        delay: seconds that a record waits for others.
        batch_size: maximum records of a request.
        snapshot: reads all counters, for `aegis-otel doctor`.
        on_export: gets the seconds of each attempt, and its result (`outcome`); never raises.
    """

    def __init__(
        self,
        pending: Pending,
        letters: DeadLetters | None,
        stats: Stats,
        messages: Messages,
        *,
        protocol: Protocols,
        timeout: float | None,
        delay: float,
        batch_size: int,
        snapshot: Callable[[], Mapping[str, int | float]],
        on_export: Callable[[float, Mapping[str, str]], None],
    ) -> None:
        self._pending = pending
        self._stats = stats
        self._messages = messages
        self._delay = delay
        self._batch_size = batch_size
        self._snapshot = snapshot
        self._sender = Sender(
            pending,
            letters,
            stats,
            messages,
            protocol=protocol,
            timeout=timeout,
            may_begin=lambda: self._phase in _ACTIVE and self._seconds_left() > 0,
            seconds_left=self._seconds_left,
            on_export=on_export,
        )
        self._changed = lifecycle.condition()
        self._phase = Phase.OPEN
        self._deadline: float | None = None
        """The time at which the end must be over, once it has begun."""
        self._thread: threading.Thread | None = None
        self._paused_thread: threading.Thread | None = None
        """The thread that was running at the last fork."""
        self.availability = Availability()
        # Look for the records of earlier processes at once.
        self._due: float | None = AT_ONCE
        self._unsent = 0
        self._next_adoption = float("-inf")
        self._noted = float("-inf")
        self._note_due: float | None = None

    @property
    def is_away(self) -> bool:
        """Whether the Collector did not take the last request."""
        return self.availability.is_away

    # The writer thread.

    def wake(self, size: int) -> None:
        """Schedule the sending of appended bytes.

        Args:
            size: number of these bytes.
        """
        if self._thread is None:
            self.start()
        with self._changed:
            if self.is_away:
                return
            if self._due is None:
                self._due = time.monotonic() + self._delay
                self._unsent = size
                self._changed.notify_all()
            elif self._unsent < SEND_BYTES:
                self._unsent += size
                if self._unsent >= SEND_BYTES:
                    self._due = min(self._due, time.monotonic())
                    self._changed.notify_all()

    def start(self) -> None:
        """Start the thread, unless it runs or must not run."""
        with self._changed:
            if self._thread is not None or self._phase not in _ACTIVE:
                return
            thread = lifecycle.thread(target=self._run, name=THREAD_NAME, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The interpreter is ending or has no more threads: the spool keeps the records.
                return
            self._thread = thread

    # The exporter's own thread.

    def _run(self) -> None:
        # Instrumented HTTP or gRPC clients must not make spans and metrics of our own exports.
        token = context.attach(context.set_value(context._SUPPRESS_INSTRUMENTATION_KEY, True))
        try:
            while (task := self._next_task()) is not None:
                task()
                if task != self._note:
                    self._note()
        except Exception as error:
            self._messages.broken(error)
        finally:
            context.detach(token)

    def _next_task(self) -> Callable[[], None] | None:
        """Sleep until there is a task, and return it; None if the thread must end."""
        with self._changed:
            while True:
                if self._phase is Phase.STOPPED:
                    return None
                if self._phase is Phase.PAUSED:
                    # Decided under the lock, so no other thread can start a second one meanwhile.
                    self._thread = None
                    return None
                if self._phase is Phase.CLOSING:
                    return self._drain
                now = time.monotonic()
                due = [moment for moment in (self._due, self._note_due) if moment is not None]
                if not due:
                    self._changed.wait()
                elif min(due) > now:
                    self._changed.wait(min(due) - now)
                else:
                    return self._drain if self._due is not None and self._due <= now else self._note

    def _drain(self) -> None:
        """Send until nothing is pending, the Collector does not take it, or a fork or the end comes first."""
        with self._changed:
            self._due = None
            self._unsent = 0
        self._adopt()
        emptied = False
        while self._may_go_on():
            batch = self._pending.take(self._sender.limit, self._batch_size)
            if batch is None:
                emptied = True
                break
            try:
                if self._sender.send(batch):
                    self._recover()
            except CollectorAwayError as away:
                self._stats.retried += batch.records
                self._back_off(away.answer)
                if self._deadline is None:
                    return
                break
            except SendInterruptedError as interrupted:
                self._stats.retried += batch.records if interrupted.attempted else 0
                break
            self._note()
        with self._changed:
            if self._phase is Phase.CLOSING:
                self._phase = Phase.STOPPED
            elif not emptied:
                # A fork came in between: continue at once after it.
                self._due = AT_ONCE
            elif self.is_away and self._due is None:
                # Nothing was pending, so it is unknown whether the Collector is back.
                self._due = time.monotonic() + _availability.BACKOFF_MOST
            self._changed.notify_all()

    def _may_go_on(self) -> bool:
        # Read once: another thread may change it at any moment.
        phase = self._phase
        if phase is Phase.CLOSING:
            return self._pending.pending_records > 0 and self._seconds_left() > 0
        return phase is Phase.OPEN

    def _seconds_left(self) -> float:
        return math.inf if self._deadline is None else self._deadline - time.monotonic()

    def _note(self, *, at_once: bool = False) -> None:
        """Write the counters to disk for `aegis-otel doctor`: at intervals while they change, and once afterwards."""
        now = time.monotonic()
        if now - self._noted < _NOTE_EVERY and not at_once:
            if self._note_due is None:
                self._note_due = self._noted + _NOTE_EVERY
            return
        self._noted, self._note_due = now, None
        spool = self._pending.spool
        folder = spool.folder if spool is not None else None
        if folder is not None:
            write_stats(folder, self._snapshot())

    def _adopt(self) -> None:
        spool = self._pending.spool
        now = time.monotonic()
        if spool is not None and now >= self._next_adoption and self._deadline is None:
            spool.adopt()
        self._next_adoption = now + _ADOPT_EVERY

    def _back_off(self, answer: Answer) -> None:
        now = time.monotonic()
        with self._changed:
            first = not self.is_away
            if first:
                # Before `failed`: from that moment on, the sink counts new records as spooled.
                self._stats.spooled += self._pending.pending_records
            pause = self.availability.failed(now, answer.retry_after)
            if self._due != AT_ONCE:
                self._due = now + pause
            # If the end no longer waits, it reports the remaining records itself.
            tell = first and self._phase is not Phase.STOPPED and self._messages.away_is_due()
            self._changed.notify_all()
        if tell:
            spool = self._pending.spool
            kept = spool.limit if spool is not None and self._pending.on_disk else None
            self._messages.away(self._sender.where, answer.detail, kept=kept)

    def _recover(self) -> None:
        with self._changed:
            since = self.availability.recovered()
        if since is not None:
            pending = self._pending
            where = self._sender.where
            self._messages.recovered(where, since=since, pending=pending.pending_records, dropped=pending.dropped)

    # Flush, end, fork: any thread.

    def flush(self, deadline: float) -> bool:
        """See `OtlpSink.flush`."""
        if self._pending.pending_records == 0:
            return True
        self.start()
        with self._changed:
            until = self._stats.accepted
            failures = self.availability.failures
            self._due = AT_ONCE
            self._changed.notify_all()
            while self._stats.accepted - self._pending.pending_records < until:
                if (
                    self._phase is Phase.STOPPED
                    or (self._thread is None and self._phase is not Phase.PAUSED)
                    or self.availability.failures > failures
                ):
                    return False
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.05))
            return True

    def close(self, deadline: float) -> None:
        """See `OtlpSink.close`."""
        if self._phase is Phase.STOPPED and self._thread is None:
            return
        if self._pending.pending_records and self._thread is None and self._phase is not Phase.STOPPED:
            self.start()
        thread = self._thread
        with self._changed:
            self._deadline = deadline
            known_away = self.is_away and self._pending.on_disk
            if known_away:
                self._phase = Phase.STOPPED
            elif self._phase is Phase.OPEN:
                self._phase = Phase.CLOSING
            self._changed.notify_all()
        if thread is not None and thread is not threading.current_thread():
            if known_away:
                self._sender.close()
            thread.join(max(deadline - time.monotonic(), 0.0))
            if thread.is_alive() and self._sender.transport is not None:
                self._phase = Phase.STOPPED
                self._sender.close()
                thread.join(0.2)
        with self._changed:
            self._phase = Phase.STOPPED
            told = self._messages.away_told
        self._thread = None
        left = self._pending.pending_records
        in_memory = self._pending.memory.pending_records
        self._messages.ended(self._sender.where, in_memory=in_memory, left=0 if told else left)
        self._sender.close()
        if left and not in_memory:
            self._note(at_once=True)
        self._pending.close()

    def pause(self) -> None:
        """Begin no further request until `after_fork_in_parent`."""
        with self._changed:
            if self._phase is not Phase.PAUSED:
                self._paused_thread = self._thread
                if self._phase is not Phase.STOPPED:
                    self._phase = Phase.PAUSED
            self._changed.notify_all()

    def before_fork(self) -> None:
        """End the thread before the process is copied: a lock that it holds would stay locked in the child.

        An unresponsive Collector must not delay the fork. The call is then given up and repeated after the fork.
        """
        self.pause()
        thread = self._paused_thread
        if thread is None or thread is threading.current_thread():
            return
        thread.join(self.availability.fork_patience)
        if not thread.is_alive():
            return
        self.availability.expect_no_answer()
        if self._sender.give_up():
            thread.join(_GIVE_UP_SECONDS)

    def after_fork_in_parent(self) -> None:
        """Continue: at once if something is pending, otherwise with the next record."""
        with self._changed:
            if self._phase is Phase.PAUSED:
                self._phase = Phase.OPEN if self._deadline is None else Phase.CLOSING
            self._changed.notify_all()
        if self._paused_thread is not None and (self._pending.pending_bytes or self._due is not None):
            self.start()

    def keep_native(self) -> None:
        """See `aegis_otel.lifecycle.Forkable`."""
        self._changed = lifecycle.condition()

    def abandon(self) -> None:
        """In a forked child: leave everything to the parent. The exporter is unusable afterwards."""
        # The lock may be held by a thread that does not exist in the child.
        self._changed = lifecycle.condition()
        self._phase = Phase.STOPPED
        self._thread = None
        lifecycle.leave_to_parent(self._sender.transport)
        self._pending.abandon()
