"""Records to an OpenTelemetry Collector: encode, keep, send, and forget once acknowledged.

The dispatcher's thread encodes (`aegis_otel.deliver.encoder`) and appends to the backlog
(`aegis_otel.deliver.backlog`: disk first); a thread of this module takes from there and sends
(`aegis_otel.deliver.transport`). So no network ever holds up the dispatcher, memory stays flat while the Collector is
away, and a record is on disk from the moment the dispatcher has handed it over until a Collector has it.

What arrives may arrive twice (a process killed between an acknowledgement and its note of it), never not at all,
as long as the spool has room.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from operator import not_
from pathlib import Path
from typing import Any, Final

from opentelemetry import context
from opentelemetry.sdk.resources import Resource

from aegis_otel import _threads
from aegis_otel.deliver import Warn, forks, processes
from aegis_otel.deliver.apart import GoneAwayError, Part, send_apart
from aegis_otel.deliver.backlog import Backlog
from aegis_otel.deliver.encoder import Encoder
from aegis_otel.deliver.notices import Notices
from aegis_otel.deliver.refused import PARTIAL, DeadLetters
from aegis_otel.deliver.segments import MANY, REST, Batch
from aegis_otel.deliver.spool import Spool, service_name
from aegis_otel.deliver.transport import (
    Answer,
    Outcome,
    Protocols,
    Transport,
    create_transport,
    silence,
)
from aegis_otel.schema import Record, is_audit

THREAD_NAME: Final = "aegis-otel-export"

SPOOL_BYTES: Final = 256 * 1024 * 1024
SCHEDULE_DELAY: Final = 0.2
"""Seconds that a record waits for company before it is sent, by default."""

_SEND_BYTES: Final = 1_000_000
"""A request is sent at once when this much waits, and has this much at most if it has more than one entry."""

_BACKOFF_FIRST: Final = 0.5
_BACKOFF_MOST: Final = 5.0
_RETRY_AFTER_MOST: Final = 60.0
_ADOPT_EVERY: Final = 30.0
_NOTE_EVERY: Final = 2.0
_FORK_SECONDS: Final = 2.0
"""How long a fork waits for a call that is under way, where calls have been answered so far."""
_FORK_SECONDS_AWAY: Final = 0.25
"""The same where the last one was not."""


class OtlpSink:
    """The OTLP output (`aegis_otel.deliver.Sink`).

    Args:
        resource: who writes; its `service.name` also names the part of the spool that is this service's.
        protocol: of OTLP; endpoint, TLS, headers, compression are the standard `OTEL_EXPORTER_OTLP_*` variables'.
        spool_dir: folder that this and other processes share; None keeps what waits in memory only.
        spool_bytes: how much that folder may hold.
        export_timeout: seconds of one attempt to send; None for `OTEL_EXPORTER_OTLP_TIMEOUT`'s.
        schedule_delay: seconds that a record waits for others before it is sent (`OTEL_BLRP_SCHEDULE_DELAY`).
        batch_size: how many records a request has at most (`OTEL_BLRP_MAX_EXPORT_BATCH_SIZE`); None bounds requests by
            bytes only. What an earlier process has left in the spool keeps the size it was written with.
        warn: tells people something.
        native: the extension's module for the encoder, or None.
    """

    def __init__(
        self,
        resource: Resource,
        *,
        protocol: Protocols = "grpc",
        spool_dir: Path | None = None,
        spool_bytes: int = SPOOL_BYTES,
        export_timeout: float | None = None,
        schedule_delay: float = SCHEDULE_DELAY,
        batch_size: int | None = None,
        warn: Warn,
        native: Any = None,
    ) -> None:
        self._service = str(resource.attributes.get("service.name", "unknown_service"))
        self._protocol: Protocols = protocol
        self._spool_dir = spool_dir
        self._spool_bytes = spool_bytes
        self._export_timeout = export_timeout
        self._delay = schedule_delay
        self._batch_size = batch_size or MANY
        self._warn = warn
        self._encoder = Encoder(resource, native=native)
        self._encode_lock = _threads.lock()
        self.in_front: Callable[[], tuple[int, int]] = lambda: (0, 0)
        """Records that wait before this sink and that were dropped there: for `stats`."""
        self.on_export: Callable[[float, Mapping[str, str]], None] = lambda seconds, attributes: None
        """Told how many seconds each attempt to send took, and how it ended (`outcome`)."""
        self._reset()
        silence()
        forks.register(self)
        if self._backlog.spool is not None and self._backlog.spool.has_abandoned():
            self._start()

    def _reset(self) -> None:
        spool = None
        if self._spool_dir is not None:
            spool = Spool(self._spool_dir, self._service, limit=self._spool_bytes)
        self._backlog = Backlog(spool, self._warn)
        self._letters = None if self._spool_dir is None else DeadLetters(self._spool_dir, service_name(self._service))
        self._changed = _threads.condition()
        self._paused = False
        self._thread: threading.Thread | None = None
        self._pausing: threading.Thread | None = None
        self._transport: Transport | None = None
        self._due: float | None = None
        self._hurry = False
        self._closing: float | None = None
        self._stop = False
        self._away_since: float | None = None
        self._failures = 0
        self._interrupted = False
        self._fork_patience = _FORK_SECONDS
        self._send_limit = _SEND_BYTES
        self._one_by_one = 0
        self._hopeless = False
        self._accepted = self._delivered = self._spooled = self._retried = self._refused = 0
        self._latency = 0.0
        self._notices = Notices(self._warn, self._spool_dir)
        self._next_adoption = float("-inf")
        self._noted = float("-inf")
        self._note_due: float | None = None

    # Writing: the dispatcher's thread, and for `write_durable` any.

    def write(self, records: Sequence[Record]) -> None:
        """Take a batch: when it returns the records are in the spool. Never raises."""
        audit = list(map(is_audit, records))
        if True not in audit:
            self._keep(records, audit=False)
            return
        self._keep(list(compress(records, audit)), audit=True)
        if False in audit:
            self._keep(list(compress(records, map(not_, audit))), audit=False)

    def write_durable(self, records: Sequence[Record]) -> bool:
        """Like `write`, from any thread, but return only when they are on the disk itself.

        Returns:
            False where there is no spool or it cannot be written; they are then held in memory as usual.
        """
        return self._keep(records, audit=True, durable=True)

    def _keep(self, records: Sequence[Record], *, audit: bool, durable: bool = False) -> bool:
        backlog = self._backlog
        on_disk = True
        size = 0
        most = self._batch_size
        with self._encode_lock:
            if len(records) <= most:
                requests = self._encoder.encode(records)
            else:
                requests = []
                for start in range(0, len(records), most):
                    requests += self._encoder.encode(records[start : start + most])
        for request in requests:
            on_disk &= backlog.append(request.payload, request.records, audit=audit, durable=durable or audit)
            size += len(request.payload)
        self._accepted += len(records)
        if self._away_since is not None:
            self._spooled += len(records)
        if size:
            self._wake(size)
        if backlog.dropped:
            self._notices.dropped(backlog.dropped, backlog.dropped_audit)
        return on_disk

    def _wake(self, size: int) -> None:
        if self._thread is None:
            self._start()
        with self._changed:
            if self._away_since is not None:
                return
            if self._due is None:
                self._due = time.monotonic() + self._delay
                self._unsent = size
                self._changed.notify_all()
            elif self._unsent < _SEND_BYTES:
                self._unsent += size
                if self._unsent >= _SEND_BYTES:
                    self._due = 0.0
                    self._changed.notify_all()

    _unsent = 0

    def _start(self) -> None:
        with self._changed:
            if self._thread is not None or self._stop or self._paused:
                return
            thread = _threads.thread(target=self._run, name=THREAD_NAME, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The interpreter is ending or has no more threads: the spool keeps the records.
                return
            self._thread = thread

    # Sending: this module's own thread.

    def _run(self) -> None:
        # Instrumented HTTP or gRPC clients must not make spans and metrics of our own exports.
        token = context.attach(context.set_value(context._SUPPRESS_INSTRUMENTATION_KEY, True))
        try:
            while (due := self._wait()) is not None:
                due()
                if due != self._note:
                    self._note()
        except Exception as error:
            self._notices.broken(error)
        finally:
            context.detach(token)

    def _wait(self) -> Callable[[], None] | None:
        """Sleep until there is something to do; what it is, None when it is time to end."""
        with self._changed:
            while True:
                if self._stop:
                    return None
                if self._paused:
                    # Decided while nobody can start another.
                    self._thread = None
                    return None
                if self._closing is not None or self._hurry or self._interrupted:
                    return self._drain
                if self._next_adoption == float("-inf"):
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
        """Send until nothing is left or the Collector does not take it."""
        backlog = self._backlog
        with self._changed:
            self._hurry = self._interrupted = False
            self._unsent = 0
            if self._away_since is None:
                self._due = None
        self._adopt()
        emptied = False
        while not (self._stop or self._paused):
            if self._closing is not None and not self._go_on_closing():
                break
            batch = backlog.take(0 if self._one_by_one else self._send_limit, self._batch_size)
            if batch is None:
                emptied = True
                break
            answer = self._send(batch.payload)
            if answer is None:
                break
            if not self._settle(batch, answer):
                if self._closing is not None:
                    break
                return
            self._note()
        with self._changed:
            if self._closing is not None and not self._paused:
                self._stop = True
            elif not emptied:
                self._hurry = True  # after the fork that came in between
            self._changed.notify_all()

    def _note(self, *, at_once: bool = False) -> None:
        """Write the counters down for `aegis-otel doctor`: now and then while they change, and once afterwards."""
        now = time.monotonic()
        if now - self._noted < _NOTE_EVERY and not at_once:
            if self._note_due is None:
                self._note_due = self._noted + _NOTE_EVERY
            return
        self._noted, self._note_due = now, None
        spool = self._backlog.spool
        folder = spool.folder if spool is not None else None
        if folder is not None:
            processes.write(folder, self.stats())

    def _go_on_closing(self) -> bool:
        assert self._closing is not None
        return self._backlog.pending_records > 0 and time.monotonic() < self._closing

    def _adopt(self) -> None:
        spool = self._backlog.spool
        now = time.monotonic()
        if spool is not None and now >= self._next_adoption and self._closing is None:
            spool.adopt()
        self._next_adoption = now + _ADOPT_EVERY

    def _connect(self) -> Transport | None:
        """The transport, made at its first use; None where a fork comes first."""
        if self._transport is None:
            with forks.importing:
                # A fork waits for what has begun here, once nothing more begins.
                if not self._paused:
                    self._transport = create_transport(self._protocol, timeout=self._export_timeout)
        return self._transport

    def _send(self, payload: bytes) -> Answer | None:
        """One attempt; None where there was none, as a fork or the end comes first."""
        try:
            transport = self._connect()
        except Exception as error:
            return Answer(Outcome.AWAY, f"{type(error).__name__}: {error}")
        if transport is None or self._stop:
            # An end that did not wait for the import: what is sent now would be sent again at the next start.
            return None
        timeout = transport.timeout
        if self._closing is not None:
            timeout = min(timeout, max(self._closing - time.monotonic(), 0.05))
        started = time.monotonic()
        answer = transport.send(payload, timeout)
        self._latency = time.monotonic() - started
        try:
            self.on_export(self._latency, {"outcome": answer.outcome.value})
        except Exception as error:
            self._warn(f"the duration of an export could not be counted: {type(error).__name__}")
        return answer

    def _settle(self, batch: Batch, answer: Answer) -> bool:
        """Do what an answer asks for; false when sending has to pause."""
        outcome = answer.outcome
        if outcome is Outcome.AWAY:
            self._retried += batch.records
            self._pause(answer)
            return False
        if outcome is Outcome.TOO_LARGE and batch.entries > 1:
            self._send_limit = max(min(self._send_limit, len(batch.payload)) // 2, 1)
            return True
        if outcome is Outcome.REFUSED and batch.entries > 1:
            # One record in it may be what is refused: send entry by entry and lose no other.
            self._one_by_one = batch.entries
            return True
        parts = [Part(batch.payload, batch.records, answer)]
        # A receiver that refuses everything is not asked again for each record.
        if outcome is not Outcome.DELIVERED and not self._hopeless:
            try:
                parts = list(send_apart(parts[0], self._send_part))
            except GoneAwayError as gone:
                # What was delivered of it so far is sent a second time then; that is allowed, losing is not.
                self._retried += batch.records
                if self._paused:
                    self._interrupted = True
                elif not self._is_ending():
                    self._pause(gone.answer)
                return False
        kind = next((mark.segment.kind for mark in batch.marks if mark.records), REST)
        delivered = self._delivered
        for part in parts:
            self._count(part, kind)
        self._backlog.done(batch)
        if self._one_by_one:
            self._one_by_one -= 1
        if self._delivered > delivered:
            self._hopeless = False
        elif len(parts) > 1:
            self._hopeless = True
        self._is_back()
        return True

    def _send_part(self, payload: bytes) -> Answer:
        answer = None if self._is_ending() or self._paused else self._send(payload)
        return Answer(Outcome.AWAY) if answer is None else answer

    def _is_ending(self) -> bool:
        return self._stop or (self._closing is not None and time.monotonic() >= self._closing)

    def _count(self, part: Part, kind: str) -> None:
        answer = part.answer
        rejected = part.records
        if answer.outcome is Outcome.DELIVERED:
            rejected = min(answer.rejected, part.records)
            self._delivered += part.records - rejected
        if rejected:
            self._refused += rejected
            kind = kind if rejected == part.records else PARTIAL
            letters = self._letters
            kept = letters is not None and letters.keep(part.payload, part.records, kind=kind)
            folder = letters.folder if letters is not None and kept else None
            self._notices.refused(self._where(), self._refused, answer.detail, folder)

    def _pause(self, answer: Answer) -> None:
        if self._interrupted:
            return
        failures = self._failures + 1
        self._fork_patience = _FORK_SECONDS_AWAY
        if answer.retry_after is not None:
            pause = min(max(answer.retry_after, 0.05), _RETRY_AFTER_MOST)
        else:
            pause = min(_BACKOFF_FIRST * 2 ** min(failures - 1, 8), _BACKOFF_MOST)
            pause *= random.uniform(0.8, 1.2)  # noqa: S311 - spreads clients, keeps no secret
        now = time.monotonic()
        first = self._away_since is None
        with self._changed:
            # For who waits in `flush`, a failure is one of a Collector that is away.
            self._failures = failures
            if first:
                # In this order: what is written from the moment that it counts as away, `_keep` counts.
                self._spooled += self._backlog.pending_records
                self._away_since = now
            self._due = now + pause
            # An end that waits no longer says itself what becomes of the records.
            tell = first and not self._stop and self._notices.away_is_due()
            self._changed.notify_all()
        if tell:
            kept = self._spool_bytes if self._backlog.on_disk else None
            self._notices.away(self._where(), answer.detail, kept=kept)

    def _is_back(self) -> None:
        since = self._away_since
        self._failures = 0
        self._fork_patience = _FORK_SECONDS
        if since is None:
            return
        with self._changed:
            self._away_since = None
            self._due = None
        backlog = self._backlog
        self._notices.back(self._where(), since=since, pending=backlog.pending_records, dropped=backlog.dropped)

    def _where(self) -> str:
        transport = self._transport
        return f"the Collector at {transport.endpoint}" if transport is not None else "OTLP export"

    # Flush, end, fork: any thread.

    def flush(self, deadline: float) -> bool:
        """Send what was written so far; true if a Collector had it all by `deadline` (of `time.monotonic`).

        A Collector that does not answer ends the wait early: the records stay where they are kept.
        """
        if self._backlog.pending_records == 0:
            return True
        self._start()
        with self._changed:
            until = self._accepted
            failures = self._failures
            self._hurry = True
            self._changed.notify_all()
            while self._accepted - self._backlog.pending_records < until:
                if self._stop or (self._thread is None and not self._paused) or self._failures > failures:
                    return False
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.05))
            return True

    def close(self, deadline: float) -> None:
        """Send what is left, until `deadline` at most; the rest stays in the spool for the app's next start."""
        if self._stop and self._thread is None:
            return
        if self._backlog.pending_records and self._thread is None and not self._stop:
            self._start()
        thread = self._thread
        with self._changed:
            self._closing = deadline
            known_away = self._away_since is not None and self._backlog.on_disk
            self._stop = self._stop or known_away
            self._changed.notify_all()
        if thread is not None and thread is not threading.current_thread():
            if known_away and self._transport is not None:
                self._transport.close()
            thread.join(max(deadline - time.monotonic(), 0.0))
            if thread.is_alive() and self._transport is not None:
                self._stop = True
                self._transport.close()
                thread.join(0.2)
        with self._changed:
            self._stop = True
            told = self._notices.away_told
        self._thread = None
        left = self._backlog.pending_records
        in_memory = self._backlog.memory.pending_records
        self._notices.ended(self._where(), in_memory=in_memory, left=0 if told else left)
        if self._transport is not None:
            self._transport.close()
        if left and not in_memory:
            self._note(at_once=True)
        self._backlog.close()

    def pause(self) -> None:
        """Begin with no further request until `after_fork_in_parent`."""
        with self._changed:
            if not self._paused:
                self._paused, self._pausing = True, self._thread
            self._changed.notify_all()

    def before_fork(self) -> None:
        """End the exporting thread, so that the process is copied without it: what it holds, a child would wait for.

        A Collector that does not answer must not hold up the fork. gRPC cannot be forked in a call, so that call is
        given up and made again after it; a call of HTTP goes on meanwhile, waiting for the network and nothing else.
        """
        self.pause()
        thread = self._pausing
        if thread is None or thread is threading.current_thread():
            return
        thread.join(self._fork_patience)
        if not thread.is_alive():
            return
        self._fork_patience = _FORK_SECONDS_AWAY
        transport = self._transport
        if transport is not None and self._protocol == "grpc":
            self._interrupted = True
            transport.close()
            thread.join(2.0)
            self._transport = None

    def after_fork_in_parent(self) -> None:
        """Let the export go on: at once where something waits, else with the next record."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()
        if self._pausing is not None and (self._backlog.pending_bytes or self._next_adoption == float("-inf")):
            self._start()

    def keep_native(self) -> None:
        """See `aegis_otel.deliver.forks.keep_native`."""
        self._changed = _threads.condition()

    def after_fork(self) -> None:
        """In the child: start anew. What the parent had not sent is the parent's to send."""
        forks.inherited.append(self._transport)
        self._backlog.abandon()
        self._encode_lock = _threads.lock()
        self._reset()

    def stats(self) -> dict[str, int | float]:
        """Counters since the process started, and what waits now.

        Keys: `accepted`, `delivered`, `spooled` (had to wait for a Collector), `dropped`, `retried`,
        `refused` (those of `dropped` that a Collector refused; see `aegis_otel.deliver.refused`),
        `pending` (records), `pending_bytes` (records of earlier processes included), `torn` (unreadable stretches of
        inherited spool files), `away` (0 or 1), `export_seconds` (of the last attempt).
        """
        spool = self._backlog.spool
        waiting, dropped = self.in_front()
        return {
            "accepted": self._accepted + dropped,
            "delivered": self._delivered,
            "spooled": self._spooled,
            "dropped": self._backlog.dropped + self._refused + dropped,
            "refused": self._refused,
            "retried": self._retried,
            "pending": self._backlog.pending_records + waiting,
            "pending_bytes": self._backlog.pending_bytes,
            "torn": spool.torn if spool is not None else 0,
            "away": int(self._away_since is not None),
            "export_seconds": self._latency,
        }
