"""A refused request is bisected until the record to blame stands alone."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from aegis_otel import schema
from aegis_otel.deliver.otlp._bisect import CollectorAwayError, Part, bisect, halve
from aegis_otel.deliver.otlp._transport import Answer, Outcome
from tests.deliver.receivers import logs_of

REFUSED = Answer(Outcome.REFUSED, "bad")


def request(count: int) -> bytes:
    made = ExportLogsServiceRequest()
    scope = made.resource_logs.add().scope_logs.add()
    for number in range(count):
        scope.log_records.add().body.string_value = str(number)
    return made.SerializeToString()


def bodies(payload: bytes) -> list[str]:
    return [log.body.string_value for log in logs_of(ExportLogsServiceRequest.FromString(payload))]


def test_only_the_records_to_blame_end_as_refused_in_order_and_with_few_requests() -> None:
    sent: list[int] = []

    def send(payload: bytes) -> Answer:
        sent.append(len(bodies(payload)))
        return REFUSED if {"13", "700"} & set(bodies(payload)) else Answer(Outcome.DELIVERED)

    parts = list(bisect(Part(request(1000), 1000, REFUSED), send))
    assert [body for part in parts for body in bodies(part.payload)] == [str(number) for number in range(1000)]
    assert [bodies(part.payload) for part in parts if part.answer is REFUSED] == [["13"], ["700"]]
    assert sum(part.records for part in parts) == 1000
    assert len(sent) <= 40


def test_a_receiver_that_goes_away_meanwhile_is_told_to_the_caller() -> None:
    answers = iter([Answer(Outcome.DELIVERED), Answer(Outcome.AWAY, "gone")])
    parts = bisect(Part(request(4), 4, REFUSED), lambda payload: next(answers))
    assert next(parts).records == 2
    with pytest.raises(CollectorAwayError) as raised:
        next(parts)
    assert raised.value.answer.detail == "gone"


@pytest.mark.parametrize("count", [2, 3, 7, 100])
def test_a_request_is_cut_without_losing_or_moving_a_record(count: int) -> None:
    whole = ExportLogsServiceRequest()
    for number in range(count):
        if number % 5 == 0:
            resource = whole.resource_logs.add()
            resource.resource.attributes.add(key="service.name").value.string_value = str(number)
        if number % 2 == 0 or number % 5 == 0:
            scope = resource.scope_logs.add()
            scope.scope.name = f"logger {number}"
        scope.log_records.add(severity_number=schema.INFO).body.string_value = str(number)
    cut = [(ExportLogsServiceRequest.FromString(half), size) for half, size in halve(whole.SerializeToString())]
    assert [len(logs_of(half)) for half, _ in cut] == [size for _, size in cut] == [count // 2, count - count // 2]
    assert [log.body.string_value for half, _ in cut for log in logs_of(half)] == [str(n) for n in range(count)]

    def scopes(*requests: ExportLogsServiceRequest) -> list[tuple[str, str]]:
        return [
            (scope.scope.name, log.body.string_value)
            for request in requests
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for log in scope.log_records
        ]

    assert scopes(*(half for half, _ in cut)) == scopes(whole)


def test_what_cannot_be_cut_is_left_whole() -> None:
    assert halve(b"\xff not protobuf") == []
    assert halve(b"") == []
