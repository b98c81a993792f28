"""Ways to turn a record into OTLP bytes, side by side: `python -m benchmarks.encoders`.

Each encodes the same 4,000 records; the figure is the best of several rounds, in µs of CPU a record.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk.resources import Resource

from aegis_otel import _native, schema
from aegis_otel.deliver.otlp import Encoder
from aegis_otel.schema import CodeLocation, Record

RESOURCE = Resource({"service.name": "benchmark", "deployment.environment.name": "test"})
SITE = CodeLocation("/srv/app/orders/api.py", 42, "create_order")


def records(count: int = 4_000, per_trace: int = 10) -> list[Record]:
    """Records as the benchmark's app makes them: message, trace context, code location, two attributes."""
    found = []
    trace_id = span_id = 0
    for number in range(count):
        if number % per_trace == 0:
            trace_id, span_id = random.getrandbits(128), random.getrandbits(64)
        attributes = {"orderId": f"o-{number}", "amount": number % 500}
        message = f"order {number} was created"
        found.append(
            Record(time.time_ns(), schema.INFO, message, "orders.api", trace_id, span_id, 1, None, attributes, SITE)
        )
    return found


def with_encoder(native: Any) -> Callable[[Sequence[Record]], bytes]:
    encoder = Encoder(RESOURCE, native=native)
    return lambda batch: b"".join(request.payload for request in encoder.encode(batch))


def attributes_of(record: Record) -> dict[str, object]:
    fields: dict[str, object] = {"correlationId": schema.correlation_id_of(record), **(record.attributes or {})}
    fields[schema.CODE_FILE], fields[schema.CODE_LINE], fields[schema.CODE_FUNCTION] = record.code or ("", 0, "")
    return fields


def messages(batch: Sequence[Record]) -> bytes:
    """Messages of protobuf itself (upb, in C), filled field by field, the batch in one message."""
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    scope.scope.name = "orders.api"
    add = scope.log_records.add
    for record in batch:
        log = add()
        log.time_unix_nano = log.observed_time_unix_nano = record.time_ns
        log.severity_number = record.severity
        log.severity_text = schema.SEVERITY_TEXT[record.severity]
        log.body.string_value = record.message
        log.flags = record.trace_flags
        log.trace_id = record.trace_id.to_bytes(16, "big")
        log.span_id = record.span_id.to_bytes(8, "big")
        for key, value in attributes_of(record).items():
            attribute = log.attributes.add()
            attribute.key = key
            if type(value) is int:
                attribute.value.int_value = value
            else:
                attribute.value.string_value = str(value)
    return request.SerializeToString()


def upstream(batch: Sequence[Record]) -> bytes:
    """The encoder of opentelemetry-exporter-otlp-proto-common, with the SDK's records it takes."""
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    scope = InstrumentationScope("orders.api")
    readable = []
    for record in batch:
        log = LogRecord(
            timestamp=record.time_ns,
            observed_timestamp=record.time_ns,
            severity_text="INFO",
            severity_number=SeverityNumber(record.severity),
            body=record.message,
            attributes=attributes_of(record),  # type: ignore[arg-type]
        )
        log.trace_id, log.span_id = record.trace_id, record.span_id
        readable.append(ReadableLogRecord(log, RESOURCE, scope))
    return encode_logs(readable).SerializeToString()


WAYS: dict[str, Callable[[Sequence[Record]], bytes]] = {
    "hand-written bytes, Python (ours)": with_encoder(None),
    "protobuf messages (upb), filled field by field": messages,
    "upstream's encoder": upstream,
}


_extension, _why = _native.load()
if _extension is not None:
    WAYS = {"hand-written bytes, Rust (ours, aegis-otel-native)": with_encoder(_extension), **WAYS}


def measure(rounds: int = 7) -> dict[str, float]:
    """µs of CPU a record, by way."""
    batch = records()
    found = {}
    for name, way in WAYS.items():
        best = float("inf")
        for _ in range(rounds):
            before = time.process_time()
            way(batch)
            best = min(best, time.process_time() - before)
        found[name] = round(best / len(batch) * 1e6, 2)
    return found


if __name__ == "__main__":
    for name, cost in measure().items():
        print(f"{cost:8.2f} µs  {name}")
