"""Bisects refused requests until the refused records are alone, so that the other records are delivered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from aegis_otel.deliver.otlp._transport import Answer, Outcome

SEND_BYTES: Final = 1_000_000
"""Pending bytes at which a request is sent at once; also its maximum size if it has more than one entry."""


class Part(NamedTuple):
    """Some records of a request, and their result."""

    payload: bytes
    records: int
    answer: Answer


class CollectorAwayError(Exception):
    """The Collector went away while a request was bisected."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def bisect(part: Part, send: Callable[[bytes], Answer]) -> Iterator[Part]:
    """Bisect a refused request to find the refused records.

    Args:
        part: the request, and the answer that refused it.
        send: sends a request.

    Returns:
        Parts of it. Each is delivered or, if it cannot be halved any more, refused.

    Raises:
        CollectorAwayError: a part can't be sent now; the earlier parts have been sent.
    """
    halves = halve(part.payload) if part.records > 1 else []
    if not halves:
        yield part
    for payload, records in halves:
        half = Part(payload, records, send(payload))
        if half.answer.outcome is Outcome.AWAY:
            raise CollectorAwayError(half.answer)
        if half.answer.outcome is Outcome.DELIVERED:
            yield half
        else:
            yield from bisect(half, send)


def halve(payload: bytes) -> list[tuple[bytes, int]]:
    """A request as two halves with about as many records each, and their counts; empty if it cannot be halved."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    try:
        whole = ExportLogsServiceRequest.FromString(payload)
    except Exception:
        return []
    count = sum(len(scope.log_records) for resource in whole.resource_logs for scope in resource.scope_logs)
    if count < 2:
        return []
    halves = []
    for first, last in ((0, count // 2), (count // 2, count)):
        half = ExportLogsServiceRequest()
        half.CopyFrom(whole)
        position = 0
        for resource in half.resource_logs:
            for scope in resource.scope_logs:
                size = len(scope.log_records)
                del scope.log_records[max(last - position, 0) :]
                del scope.log_records[: max(min(first - position, size), 0)]
                position += size
        halves.append((half.SerializeToString(), last - first))
    return halves


class RequestSize:
    """Size limit of the next request, learned from refused requests."""

    def __init__(self) -> None:
        self._most = SEND_BYTES
        self._singly = 0
        self.worth_bisecting = True
        """False after a bisection that delivered nothing: if a Collector refuses all, records are not sent singly."""

    @property
    def limit(self) -> int:
        """Bytes of a request with more than one entry; 0: one entry only."""
        return 0 if self._singly else self._most

    def too_large(self, size: int) -> None:
        """A request with several entries was too large for the Collector.

        Args:
            size: its bytes.
        """
        self._most = max(min(self._most, size) // 2, 1)

    def send_singly(self, entries: int) -> None:
        """Send the next entries one at a time: a request with all of them was refused, maybe because of one record."""
        self._singly = entries

    def settled(self, *, parts: int, delivered: bool) -> None:
        """A request is finished.

        Args:
            parts: number of parts in which it was sent.
            delivered: whether the Collector took any of its records.
        """
        if self._singly:
            self._singly -= 1
        if delivered:
            self.worth_bisecting = True
        elif parts > 1:
            self.worth_bisecting = False
