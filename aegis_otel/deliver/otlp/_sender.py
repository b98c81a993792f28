"""Sends one batch: makes the transport and the attempts, bisects refused requests, counts the outcome of records."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from aegis_otel import lifecycle
from aegis_otel.deliver.otlp._bisect import CollectorAwayError, Part, RequestSize, bisect
from aegis_otel.deliver.otlp._messages import Messages
from aegis_otel.deliver.otlp._stats import Stats
from aegis_otel.deliver.otlp._transport import Answer, Outcome, Protocols, Transport, create_transport
from aegis_otel.deliver.spool import PARTIAL, REST, Batch, DeadLetters, Pending


class SendInterruptedError(Exception):
    """A fork or the end of the process came first.

    Attributes:
        attempted: whether records may have reached the Collector.
    """

    def __init__(self, *, attempted: bool) -> None:
        super().__init__()
        self.attempted = attempted


class Sender:
    """Sends batches of pending requests. The exporter's thread calls it, except for `give_up` and `close`.

    Args:
        pending: gets each finished batch.
        letters: keeps refused requests; None: they are lost.
        stats: `delivered`, `refused` and `export_seconds` are counted here.
        messages: tells people of refused records.
        protocol: of OTLP.
        timeout: seconds of one attempt; None: the standard variables decide.
        may_begin: whether an attempt may begin: false at a fork and at the end.
        seconds_left: seconds until the end must be over.
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
        may_begin: Callable[[], bool],
        seconds_left: Callable[[], float],
        on_export: Callable[[float, Mapping[str, str]], None],
    ) -> None:
        self._pending = pending
        self._letters = letters
        self._stats = stats
        self._messages = messages
        self._protocol: Protocols = protocol
        self._timeout = timeout
        self._may_begin = may_begin
        self._seconds_left = seconds_left
        self._on_export = on_export
        self._size = RequestSize()
        self.transport: Transport | None = None

    @property
    def where(self) -> str:
        """The Collector's address, for messages."""
        transport = self.transport
        return f"the Collector at {transport.endpoint}" if transport is not None else "OTLP export"

    @property
    def limit(self) -> int:
        """Bytes of the next batch if it has more than one entry."""
        return self._size.limit

    def send(self, batch: Batch) -> bool:
        """Send a batch; false if the same records must be sent in smaller requests.

        Raises:
            CollectorAwayError: the Collector does not take it now.
            SendInterruptedError: a fork or the end of the process came first.
        """
        answer = self._attempt(batch.payload)
        outcome = answer.outcome
        if outcome is Outcome.AWAY:
            raise CollectorAwayError(answer)
        if outcome is Outcome.TOO_LARGE and batch.entries > 1:
            self._size.too_large(len(batch.payload))
            return False
        if outcome is Outcome.REFUSED and batch.entries > 1:
            self._size.send_singly(batch.entries)
            return False
        parts = [Part(batch.payload, batch.records, answer)]
        if outcome is not Outcome.DELIVERED and self._size.worth_bisecting:
            parts = self._bisect(parts[0])
        kind = next((mark.segment.kind for mark in batch.marks if mark.records), REST)
        delivered = self._stats.delivered
        for part in parts:
            self._count(part, kind)
        self._pending.done(batch)
        self._size.settled(parts=len(parts), delivered=self._stats.delivered > delivered)
        return True

    def _bisect(self, refused: Part) -> list[Part]:
        """The parts of a refused request. After an error, delivered parts are sent again: better than loss."""
        try:
            return list(bisect(refused, self._attempt))
        except SendInterruptedError:
            raise SendInterruptedError(attempted=True) from None
        except CollectorAwayError:
            if not self._may_begin():
                raise SendInterruptedError(attempted=True) from None
            raise

    def _attempt(self, payload: bytes) -> Answer:
        """One attempt.

        Raises:
            SendInterruptedError: no attempt was made, or a fork has given it up.
        """
        try:
            transport = self._connect()
        except Exception as error:
            return Answer(Outcome.AWAY, f"{type(error).__name__}: {error}")
        if transport is None or not self._may_begin():
            # The end may not have waited for the import. Records sent now would be sent again at the next start.
            raise SendInterruptedError(attempted=False)
        timeout = min(transport.timeout, max(self._seconds_left(), 0.05))
        started = time.monotonic()
        answer = transport.send(payload, timeout)
        self._stats.export_seconds = time.monotonic() - started
        self._on_export(self._stats.export_seconds, {"outcome": answer.outcome.value})
        if answer.outcome is Outcome.AWAY and transport is not self.transport:
            # `give_up` closed it: the failure of the call says nothing about the Collector.
            raise SendInterruptedError(attempted=True)
        return answer

    def _connect(self) -> Transport | None:
        """The transport, made at first use; None if a fork or the end of the process comes first."""
        if self.transport is None:
            with lifecycle.importing():
                # A fork waits for an import that began here; after that, no other begins.
                if self._may_begin():
                    self.transport = create_transport(self._protocol, timeout=self._timeout)
        return self.transport

    def _count(self, part: Part, kind: str) -> None:
        answer = part.answer
        refused = part.records
        if answer.outcome is Outcome.DELIVERED:
            refused = min(answer.refused, part.records)
            self._stats.delivered += part.records - refused
        if refused:
            self._stats.refused += refused
            kind = kind if refused == part.records else PARTIAL
            letters = self._letters
            kept = letters is not None and letters.keep(part.payload, part.records, kind=kind)
            folder = letters.folder if letters is not None and kept else None
            self._messages.refused(self.where, self._stats.refused, answer.detail, folder)

    def give_up(self) -> bool:
        """End a call in progress if the process cannot fork during it; return whether it was ended.

        gRPC cannot be forked during a call. An HTTP call may continue: it waits for the network and holds no lock.
        """
        transport = self.transport
        if transport is None or self._protocol != "grpc":
            return False
        # First: this shows the thread that its call was given up.
        self.transport = None
        transport.close()
        return True

    def close(self) -> None:
        """End a call in progress, and free the transport."""
        if self.transport is not None:
            self.transport.close()
