"""Group commit: the records of all threads that wait go to the disk together, with one sync.

A thread that finds nobody committing commits at once, itself ("leads"); others wait, and one of them leads next. A
background thread leads for records of event loops, and makes the checkpoints that time asks for.
"""

from __future__ import annotations

import time
from _thread import get_ident  # that of the system, also when gevent has replaced it
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from aegis_otel import lifecycle
from aegis_otel.audit._errors import AuditError, AuditUncertainError
from aegis_otel.audit._seal import Members
from aegis_otel.audit._trail import Result, Trail

MOST_TOGETHER: Final = 512
"""Records in one commit."""
CHECKPOINT_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 60.0
_GATHER: Final = 0.5
"""How long a leader waits for others at most, as a part of the time that a commit takes."""

Done = Callable[[list[Result]], None]


class _Ticket:
    """The records of one call, and the thread or the event loop that waits for them."""

    __slots__ = ("_wake", "abandoned", "done", "drafts", "leads", "results")

    def __init__(self, drafts: Sequence[Members], done: Done | None) -> None:
        self.drafts = drafts
        self.done = done
        self.results: list[Result] | None = None
        self.leads = False
        self.abandoned = False
        self._wake = lifecycle.Wake() if done is None else None

    def wait(self) -> None:
        if self._wake is not None:
            self._wake.wait()

    def wake(self) -> None:
        if self._wake is not None:
            self._wake.set()
        elif self.done is not None and self.results is not None:
            self.done(self.results)


class Committer:
    """Commits to a trail for all threads of this process.

    Args:
        trail: the trail.
        warn: tells people that a checkpoint failed.
    """

    def __init__(self, trail: Trail, warn: Callable[[str], None]) -> None:
        self.trail = trail
        self._warn = warn
        self._forget()

    def _forget(self) -> None:
        self._lock = lifecycle.condition()
        self._waiting: deque[_Ticket] = deque()
        self._leader: int | None = None
        self._together = 1
        self._took = 0.0
        self._arrived = lifecycle.Wake()
        self._background = False
        self._work = lifecycle.Wake()
        self._last = self._oldest = time.monotonic()

    def append(self, drafts: Sequence[Members]) -> list[Result]:
        """Commit records and wait for it. For each: its receipt, or the error."""
        ticket = _Ticket(drafts, None)
        leads = self._enter(ticket)
        while ticket.results is None:
            if not leads:
                try:
                    ticket.wait()
                except BaseException:
                    self._abandon(ticket)
                    raise
            if ticket.results is None:
                self._lead()
            leads = False
        return ticket.results

    def submit(self, drafts: Sequence[Members], done: Done) -> None:
        """Commit records later, in the background; `done` is called on another thread with the results."""
        ticket = _Ticket(drafts, done)
        with self._lock:
            self._waiting.append(ticket)
            self._start()
        self._work.set()

    def close(self) -> None:
        """Close the chain.

        Raises:
            AuditError: its last checkpoint cannot be written.
        """
        self._alone(self.trail.close)

    def checkpoint(self) -> None:
        """Sign the chain now.

        Raises:
            AuditError: it cannot be written.
        """
        self._alone(self.trail.checkpoint)

    def after_fork_in_child(self) -> None:
        """Start anew: the chain and its thread are the parent's."""
        self._forget()
        self.trail.forget()

    def _enter(self, ticket: _Ticket) -> bool:
        """Queue a ticket; whether this thread leads."""
        with self._lock:
            if self._leader == get_ident():
                raise AuditError("audit() is called from a signal handler in the midst of another call of audit()")
            self._waiting.append(ticket)
            if self._leader is None:
                self._leader = get_ident()
                return True
        self._arrived.set()
        return False

    def _abandon(self, ticket: _Ticket) -> None:
        """The waiting thread goes away (Ctrl-C); its records are committed all the same."""
        with self._lock:
            ticket.abandoned = True
            leads = ticket.leads and ticket.results is None
        if leads:
            self._pass_on()

    def _lead(self) -> None:
        """Commit what waits, then let another one lead. This thread is `_leader`."""
        with self._lock:
            self._leader = get_ident()
        self._gather()
        batch: list[_Ticket] = []
        try:
            with self._lock:
                records = 0
                while self._waiting and (not batch or records + len(self._waiting[0].drafts) <= MOST_TOGETHER):
                    batch.append(self._waiting.popleft())
                    records += len(batch[-1].drafts)
            began = time.monotonic()
            results = self.trail.commit([draft for ticket in batch for draft in ticket.drafts])
            self._note(len(batch), records, time.monotonic() - began)
        except BaseException as error:
            self.trail.interrupted()
            uncertain = AuditUncertainError(f"the audit record may not exist: {type(error).__name__}")
            results = [uncertain for ticket in batch for _ in ticket.drafts]
            if isinstance(error, Exception):
                self._warn(f"audit: a commit failed: {type(error).__name__}: {error}")
            else:
                self._settle(batch, results)
                raise
        self._settle(batch, results)

    def _settle(self, batch: list[_Ticket], results: list[Result]) -> None:
        place = 0
        for ticket in batch:
            ticket.results = results[place : place + len(ticket.drafts)]
            place += len(ticket.drafts)
        self._pass_on()
        for ticket in batch:
            ticket.wake()

    def _gather(self) -> None:
        """Give the threads that were in the last commits the time to come back: their records share this sync."""
        wanted = self._together
        if wanted < 2:
            return
        deadline = time.monotonic() + self._took * _GATHER
        while len(self._waiting) < wanted and (left := deadline - time.monotonic()) > 0:
            self._arrived.wait(left)

    def _note(self, together: int, records: int, took: float) -> None:
        now = time.monotonic()
        # Those who waited meanwhile will most likely be in the next commit together with these.
        self._together = (
            max(together, len(self._waiting) + 1, self._together - 1) if together > 1 or self._waiting else 1
        )
        self._took = 0.7 * self._took + 0.3 * took if self._took else took
        self._last = now
        if self.trail.unsigned <= records:
            # The first records after a checkpoint.
            self._oldest = now
            self._work.set()
        with self._lock:
            self._start()

    def _pass_on(self) -> None:
        """Let the first thread that waits lead, or the one in the background if there is none; else nobody."""
        with self._lock:
            for ticket in self._waiting:
                if ticket.done is None and not ticket.abandoned:
                    ticket.leads = True
                    self._leader = -1
                    ticket.wake()
                    return
            self._leader = None
            if self._waiting:
                self._work.set()

    def _alone(self, work: Callable[[], None]) -> None:
        """Run something as the leader."""
        ticket = _Ticket((), None)
        if not self._enter(ticket):
            ticket.wait()
            if not ticket.leads:
                # A commit took the empty ticket along.
                return self._alone(work)
        with self._lock:
            self._leader = get_ident()
            self._waiting.remove(ticket)
        try:
            work()
        finally:
            self._pass_on()

    def _start(self) -> None:
        if not self._background:
            self._background = True
            lifecycle.thread(target=self._run, name="aegis-otel-audit", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._work.wait(self._until_checkpoint())
            with self._lock:
                idle = self._leader is None
                leads = idle and bool(self._waiting)
                if leads:
                    self._leader = get_ident()
            if leads:
                self._lead()
            elif idle and self._until_checkpoint() <= 0:
                try:
                    self._alone(self.trail.checkpoint)
                except AuditError as error:
                    self._warn(f"audit: no checkpoint could be written: {error}")
                self._last = self._oldest = time.monotonic()

    def _until_checkpoint(self) -> float:
        """Seconds."""
        if not self.trail.is_open:
            return IDLE_SECONDS
        due = self._oldest + CHECKPOINT_SECONDS if self.trail.unsigned else self._last + IDLE_SECONDS
        return max(due - time.monotonic(), 0.0)
