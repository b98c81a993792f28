"""The hand-written encoder writes what upstream's encoder writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import TraceFlags

from aegis_otel import schema
from aegis_otel.deliver.otlp import Encoder
from aegis_otel.schema import CodeLocation, ErrorInfo, Record
from tests.support.examples import examples
from tests.support.native import NATIVE, needs_native

RESOURCE = Resource(
    {
        "service.name": "orders",
        "deployment.environment.name": "test",
        "host.cpu": 4,
        "load": 0.5,
        "on": True,
        "process.command_args": ("python", "app.py"),
    },
    schema_url="https://opentelemetry.io/schemas/1.40.0",
)

# Around 2,048 bytes the encoder goes from looked-up to computed lengths; around 128 and 16,384 a length takes a byte more.
texts = st.text(max_size=60) | st.one_of(
    st.integers(100, 140), st.integers(2_000, 2_100), st.integers(16_300, 16_400)
).map("é".__mul__)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**63 - 1)
    | st.floats(allow_nan=False)
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=20,
)
names = st.text(max_size=40) | st.sampled_from(["errorName", "error", "code.line.number", "x" * 300])
records = st.builds(
    Record,
    time_ns=st.integers(0, 2**64 - 1),
    severity=st.integers(0, 24),
    message=texts,
    logger=st.sampled_from(["", "orders", "orders.api", "журнал"]),
    trace_id=st.just(0) | st.integers(1, 2**128 - 1),
    span_id=st.just(0) | st.integers(1, 5) | st.integers(1, 2**64 - 1),
    trace_flags=st.integers(0, 255),
    correlation_id=st.none() | st.text(max_size=150),
    attributes=st.none() | st.dictionaries(names, values, max_size=8),
    code=st.none() | st.builds(CodeLocation, st.text(max_size=50), st.integers(0, 10**6), st.text(max_size=30)),
    error=st.none() | st.builds(ErrorInfo, st.text(max_size=20), texts, texts),
    event_name=st.none() | st.text(max_size=20),
)


def attributes_of(record: Record) -> dict[str, Any]:
    """The attributes in the contract's order: correlation, the app's, the error, the code location."""
    found: dict[str, Any] = {}
    correlation_id = schema.correlation_id_of(record)
    if correlation_id is not None:
        found["correlationId"] = correlation_id
    last: dict[str, Any] = {}
    if record.error is not None:
        last.update(schema.error_fields(record.error))
    if record.code is not None:
        last.update(zip((schema.CODE_FILE, schema.CODE_LINE, schema.CODE_FUNCTION), record.code, strict=True))
    for name, value in (record.attributes or {}).items():
        if name not in last:
            found.setdefault(name, value)
    return found | last


def upstream(batch: Sequence[Record]) -> ExportLogsServiceRequest:
    """What upstream's encoder makes of the same records."""
    readable = []
    for record in batch:
        log = LogRecord(
            timestamp=record.time_ns,
            observed_timestamp=record.time_ns,
            severity_text=schema.SEVERITY_TEXT.get(record.severity),
            severity_number=SeverityNumber(record.severity),
            body=record.message,
            event_name=record.event_name or None,
        )
        log.trace_id, log.span_id = record.trace_id, record.span_id
        log.trace_flags = TraceFlags(record.trace_flags)
        log.attributes = attributes_of(record)
        readable.append(ReadableLogRecord(log, RESOURCE, InstrumentationScope(record.logger)))
    return encode_logs(readable)


ENCODERS = [None] if NATIVE is None else [None, NATIVE]
"""Without the extension and with it. Examples cost more than what is done with them: each serves both."""


def decoded(batch: Sequence[Record], native: Any, **options: int) -> list[ExportLogsServiceRequest]:
    return [
        ExportLogsServiceRequest.FromString(request.payload)
        for request in Encoder(RESOURCE, native=native, **options).encode(batch)
    ]


@settings(max_examples=examples(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(records, min_size=1, max_size=6))
def test_bytes_decode_to_the_message_that_upstream_makes(batch: list[Record]) -> None:
    expected = [upstream(batch)]
    for native in ENCODERS:
        assert decoded(batch, native, limit=10**8, record_limit=10**8) == expected


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(records, min_size=1, max_size=3), min_size=2, max_size=4))
def test_an_encoder_that_has_seen_other_records_writes_the_same(batches: list[list[Record]]) -> None:
    expected = [upstream(batch) for batch in batches]
    for native in ENCODERS:
        encoder = Encoder(RESOURCE, native=native, limit=10**8, record_limit=10**8)
        for batch, message in zip(batches, expected, strict=True):
            (request,) = encoder.encode(batch)
            assert ExportLogsServiceRequest.FromString(request.payload) == message
            assert request.records == len(batch)


def record(**fields: Any) -> Record:
    return Record(**{"time_ns": 1, "severity": schema.INFO, "message": "hello", "logger": "app"} | fields)


def only(message: ExportLogsServiceRequest) -> Any:
    return message.resource_logs[0].scope_logs[0].log_records[0]


def test_requests_stay_under_the_limit_and_keep_all_records(native: Any) -> None:
    batch = [record(message=f"{number} " + "x" * 3_000, logger=f"l{number % 3}") for number in range(200)]
    requests = Encoder(RESOURCE, native=native, limit=50_000).encode(batch)
    assert all(len(request.payload) <= 50_000 for request in requests)
    bodies = [
        log.body.string_value
        for request in requests
        for resource in ExportLogsServiceRequest.FromString(request.payload).resource_logs
        for scope in resource.scope_logs
        for log in scope.log_records
    ]
    assert sorted(bodies) == sorted(one.message for one in batch)
    assert sum(request.records for request in requests) == 200


def test_two_requests_joined_are_one_with_all_records(native: Any) -> None:
    encoder = Encoder(RESOURCE, native=native)
    (first,), (second,) = encoder.encode([record()]), encoder.encode([record(logger="b")])
    both = ExportLogsServiceRequest.FromString(first.payload + second.payload)
    assert [one.scope_logs[0].scope.name for one in both.resource_logs] == ["app", "b"]


def test_a_record_too_large_for_any_request_is_cut_and_says_so(native: Any) -> None:
    huge = record(message="m" * 10**6, attributes={f"k{n}": "v" * 60_000 for n in range(100)} | {"auditAction": "READ"})
    (message,) = decoded([huge], native)
    log = only(message)
    assert message.ByteSize() < 3_500_000
    assert log.body.string_value.startswith("mmmm")
    assert log.dropped_attributes_count == 100
    assert [one.key for one in log.attributes] == ["auditAction"]


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("fields", "key", "text"),
    [
        ({"attributes": {"a": "\ud800"}}, "a", "\\ud800"),
        ({"attributes": {"a": {"b": "\ud800"}}}, "a", None),
        ({"attributes": {"a": 2**70}}, "a", str(2**70)),
        ({"attributes": {"a": Hostile()}}, "a", "<Hostile that cannot be written as text>"),
        ({"attributes": {"\ud800": "x"}}, "\\ud800", "x"),
        ({"correlation_id": "\ud800"}, "correlationId", "\\ud800"),
    ],
)
def test_what_protobuf_cannot_hold_is_written_as_text(
    fields: dict[str, Any], key: str, text: str | None, native: Any
) -> None:
    (message,) = decoded([record(**fields)], native)
    (attribute,) = only(message).attributes
    assert attribute.key == key
    if text is not None:
        assert attribute.value.string_value == text


@pytest.mark.parametrize(
    "fields",
    [
        {"message": "a\ud800b"},
        {"time_ns": -5},
        {"time_ns": 2**80},
        {"severity": 99},
        {"severity": -1},
        {"trace_id": 2**130},
        {"span_id": 2**70},
        {"trace_flags": 999},
        {"logger": "\ud800"},
        {"error": ErrorInfo("\ud800", "\ud800", "\ud800")},
        {"code": CodeLocation("\ud800", 1, "\ud800")},
        {"event_name": "\ud800"},
    ],
)
def test_a_record_with_a_field_out_of_range_still_arrives(fields: dict[str, Any], native: Any) -> None:
    (message,) = decoded([record(**fields)], native)
    assert only(message).body.string_value


def test_tables_stay_bounded_whatever_names_come(native: Any) -> None:
    encoder = Encoder(RESOURCE, native=native)
    for start in range(0, 20_000, 1_000):
        encoder.encode(
            [
                record(
                    logger=f"l{number}",
                    span_id=number + 1,
                    attributes={f"k{number}": 1},
                    code=CodeLocation(f"f{number}", number, "f"),
                )
                for number in range(start, start + 1_000)
            ]
        )
    assert max(len(t) for t in (encoder._keys, encoder._sites, encoder._scopes, encoder._contexts)) <= 4_096


@needs_native
@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(records, min_size=1, max_size=6))
def test_the_extension_writes_the_same_bytes(batch: list[Record]) -> None:
    ours, theirs = Encoder(RESOURCE), Encoder(RESOURCE, native=NATIVE)
    assert theirs.encode(batch) == ours.encode(batch)
    assert theirs._native is not None


@needs_native
@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(records, min_size=1, max_size=6))
def test_the_extension_leaves_no_record_that_can_be_written_to_python(batch: list[Record]) -> None:
    left: list[Record] = []
    extension = NATIVE.Encoder(
        resource=b"",
        resource_url=b"",
        limit=10**8,
        record_limit=10**8,
        one=left.append,
        cut=left.append,
        scope=left.append,
    )
    assert sum(count for _, count in extension.encode(batch)) == len(batch)
    assert not left


class Broken:
    class Encoder:
        def __init__(self, **_: object) -> None:
            pass

        def encode(self, records: Sequence[Record]) -> None:
            raise RuntimeError("a fault")


def test_a_fault_of_the_extension_costs_no_record(native: Any) -> None:
    encoder = Encoder(RESOURCE, native=Broken)
    assert encoder.encode([record()]) == Encoder(RESOURCE, native=native).encode([record()])
