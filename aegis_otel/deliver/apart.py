"""A refused request in parts, so that a record that is refused costs no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from aegis_otel.deliver.transport import Answer, Outcome


class Part(NamedTuple):
    """Some records of a request, and what became of them."""

    payload: bytes
    records: int
    answer: Answer


class GoneAwayError(Exception):
    """The receiver has stopped answering while a request was sent in parts."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def send_apart(part: Part, send: Callable[[bytes], Answer]) -> Iterator[Part]:
    """Find by halves the records for which a request is refused.

    Args:
        part: the request, and the answer that refused it.
        send: sends a request.

    Returns:
        Parts of it, each delivered or, where it cannot be cut any more, refused.

    Raises:
        GoneAwayError: a part can't be sent now; the parts before it have been.
    """
    pieces = halves(part.payload) if part.records > 1 else []
    if not pieces:
        yield part
    for payload, records in pieces:
        piece = Part(payload, records, send(payload))
        if piece.answer.outcome is Outcome.AWAY:
            raise GoneAwayError(piece.answer)
        if piece.answer.outcome is Outcome.DELIVERED:
            yield piece
        else:
            yield from send_apart(piece, send)


def halves(payload: bytes) -> list[tuple[bytes, int]]:
    """A request cut in two with about as many records each, and how many; empty where it cannot be cut."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    try:
        whole = ExportLogsServiceRequest.FromString(payload)
    except Exception:
        return []
    count = sum(len(scope.log_records) for resource in whole.resource_logs for scope in resource.scope_logs)
    if count < 2:
        return []
    cut = []
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
        cut.append((half.SerializeToString(), last - first))
    return cut
