"""OTLP log requests for tests: made from plain Python values, sent over HTTP, read back as JSON lines."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

SERVICE = {"service.name": "orders", "deployment.environment.name": "test"}


@dataclass
class Log:
    """One log record: body, severity number, attributes of any depth, and where it belongs."""

    body: Any
    severity: int = 9
    attributes: Mapping[str, Any] = field(default_factory=dict)
    trace_id: bytes = b""
    span_id: bytes = b""
    time_ns: int = 0
    severity_text: str = ""


def request(
    logs: Iterable[Log],
    *,
    resource: Mapping[str, Any] = SERVICE,
    scope: str = "orders.api",
    scope_attributes: Mapping[str, Any] | None = None,
) -> ExportLogsServiceRequest:
    """All `logs` under one resource and scope."""
    message = ExportLogsServiceRequest()
    of_resource = message.resource_logs.add()
    fill(of_resource.resource.attributes, resource)
    of_scope = of_resource.scope_logs.add()
    of_scope.scope.name = scope
    fill(of_scope.scope.attributes, scope_attributes or {})
    for log in logs:
        record = of_scope.log_records.add()
        record.time_unix_nano = log.time_ns or time.time_ns()
        record.observed_time_unix_nano = record.time_unix_nano
        record.severity_number = log.severity
        record.severity_text = log.severity_text
        record.trace_id, record.span_id = log.trace_id, log.span_id
        set_value(record.body, log.body)
        fill(record.attributes, log.attributes)
    return message


def fill(target: Any, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        pair: KeyValue = target.add()
        pair.key = key
        set_value(pair.value, value)


def set_value(target: AnyValue, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, int):
        target.int_value = value
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, bytes):
        target.bytes_value = value
    elif isinstance(value, Mapping):
        target.kvlist_value.SetInParent()
        fill(target.kvlist_value.values, value)
    else:
        target.array_value.SetInParent()
        for item in value:
            set_value(target.array_value.values.add(), item)


def post(
    port: int, message: ExportLogsServiceRequest, *, headers: Mapping[str, str] | None = None, seconds: float = 60.0
) -> int:
    """Send over OTLP/HTTP with protobuf; the HTTP status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(
            "POST",
            "/v1/logs",
            message.SerializeToString(),
            {"content-type": "application/x-protobuf", **(headers or {})},
        )
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@dataclass
class Received:
    """One record as a receiver wrote it in OTLP JSON."""

    resource: dict[str, Any]
    scope: str
    body: Any
    attributes: dict[str, Any]
    raw: dict[str, Any]


def read_otlp_json(path: Path) -> list[Received]:
    """The records in a file of OTLP JSON lines (a file exporter's, or a dead-letter file)."""
    return otlp_json_records(path.read_text(encoding="utf-8")) if path.exists() else []


def otlp_json_records(text: str) -> list[Received]:
    """The same of a text."""
    received = []
    for line in text.split("\n"):
        try:
            batch = json.loads(line)
        except ValueError:  # the line that is being written, or was when its writer was killed
            continue
        for of_resource in batch.get("resourceLogs", []):
            resource = plain_map(of_resource.get("resource", {}).get("attributes", []))
            for of_scope in of_resource.get("scopeLogs", []):
                scope = of_scope.get("scope", {}).get("name", "")
                for record in of_scope.get("logRecords", []):
                    received.append(
                        Received(
                            resource,
                            scope,
                            plain(record.get("body", {})),
                            plain_map(record.get("attributes", [])),
                            record,
                        )
                    )
    return received


def plain_map(pairs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: plain(pair.get("value", {})) for pair in pairs}


def plain(value: Mapping[str, Any]) -> Any:
    """An OTLP JSON AnyValue as a Python value."""
    if "stringValue" in value:
        return value["stringValue"]
    if "intValue" in value:
        return int(value["intValue"])
    if "doubleValue" in value:
        return value["doubleValue"]
    if "boolValue" in value:
        return value["boolValue"]
    if "bytesValue" in value:
        return base64.b64decode(value["bytesValue"])
    if "kvlistValue" in value:
        return plain_map(value["kvlistValue"].get("values", []))
    if "arrayValue" in value:
        return [plain(item) for item in value["arrayValue"].get("values", [])]
    return None
