"""Request records from server spans, whatever the framework: one for each request served.

Also holds the sampler that lets a request be recorded whose span is not sampled for tracing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, StatusCode, TraceState
from opentelemetry.util.types import Attributes

from aegis_otel.capture import Accept
from aegis_otel.capture.stdlib import error_info
from aegis_otel.correlation import REPLACED, SPAN_ATTRIBUTE
from aegis_otel.schema import ERROR, INFO, REQUEST_COMPLETED, REQUEST_ERROR, ErrorInfo, Record

LOGGER: Final = "aegis_otel.request"
CALL_COMPLETED: Final = "Request Completed"
CALL_ERROR: Final = "Request Error"
"""Of requests that are not HTTP, such as calls of gRPC."""


class RequestCapture(SpanProcessor):
    """Turns every server span that ends into a record.

    "HTTP Request Completed" (`method`, `url`, `statusCode`, `responseTime` in ms), or "HTTP Request Error"
    with the error fields as well where the status is 5xx or an exception left the app. A span whose parent
    is in the same process is not a request but a second instrumentation's view of one, and makes none.

    Args:
        accept: takes each record.
        level: least OpenTelemetry severity that is taken.
    """

    def __init__(self, accept: Accept, *, level: int) -> None:
        self._accept = accept
        self._level = level

    def on_end(self, span: ReadableSpan) -> None:
        """Make the record. Never raises."""
        try:
            if span.kind is SpanKind.SERVER and (span.parent is None or span.parent.is_remote):
                record = request_record(span)
                if record.severity >= self._level:
                    self._accept(record)
        except Exception:
            return


def request_record(span: ReadableSpan) -> Record:
    """The record of a server span that has ended."""
    attributes = span.attributes or {}
    status = _status_code(attributes)
    failed = (status is not None and status >= 500) or span.status.status_code is StatusCode.ERROR
    error = _error(span, status) if failed else None
    method = attributes.get("http.request.method") or attributes.get("http.method")
    fields: dict[str, Any] = {}
    if method:
        fields["method"] = str(method)
        fields["url"] = _url(attributes)
        # An exception that leaves the app before it answers is answered by the server with 500.
        fields["statusCode"] = status if status is not None else (500 if failed else 200)
    else:
        fields["operation"] = span.name
    if span.start_time is not None and span.end_time is not None:
        fields["responseTime"] = round((span.end_time - span.start_time) / 1e6, 3)
    kind = (REQUEST_ERROR if error else REQUEST_COMPLETED) if method else (CALL_ERROR if error else CALL_COMPLETED)
    if REPLACED in attributes:
        fields[REPLACED] = str(attributes[REPLACED])
    correlation_id = attributes.get(SPAN_ATTRIBUTE)
    context = span.context
    return Record(
        span.end_time or span.start_time or 0,
        ERROR if error else INFO,
        kind,
        LOGGER,
        context.trace_id if context else 0,
        context.span_id if context else 0,
        int(context.trace_flags) if context else 0,
        correlation_id if isinstance(correlation_id, str) else None,
        fields,
        None,
        error,
    )


def _status_code(attributes: Mapping[str, Any]) -> int | None:
    value = attributes.get("http.response.status_code", attributes.get("http.status_code"))
    return value if isinstance(value, int) else None


def _url(attributes: Mapping[str, Any]) -> str:
    path = attributes.get("url.path")
    if path is not None:
        query = attributes.get("url.query")
        return f"{path}?{query}" if query else str(path)
    full = attributes.get("http.url") or attributes.get("url.full")
    if isinstance(full, str):
        try:
            parts = urlsplit(full)
        except ValueError:
            return full
        return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return str(attributes.get("http.target") or "/")


def _error(span: ReadableSpan, status: int | None) -> ErrorInfo:
    for event in reversed(span.events or ()):
        if event.name == "exception":
            seen = event.attributes or {}
            name = str(seen.get("exception.type", "Error")).rpartition(".")[2]
            return ErrorInfo(name, str(seen.get("exception.message", "")), str(seen.get("exception.stacktrace", "")))
    # A framework that answers an exception with its own 500 page ends the span while it handles it.
    info = error_info(sys.exc_info())
    if info is not None:
        return info
    return plain_error(status, span.status.description)


def plain_error(status: int | None, description: str | None = None) -> ErrorInfo:
    """The error of a request that failed with a status and no exception."""
    try:
        phrase = HTTPStatus(status or 500).phrase
    except ValueError:
        phrase = f"status {status}"
    return ErrorInfo("HTTPError", description or phrase, "")


class RequestSampler(Sampler):
    """Keeps server spans recording where the sampler in charge would drop them.

    They are still not sampled, so no exporter of traces sees them; but they end, and make a record.

    Args:
        sampler: the sampler in charge of traces.
    """

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """The sampler's decision, with DROP raised to RECORD_ONLY for server spans."""
        result = self._sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)
        if kind is SpanKind.SERVER and result.decision is Decision.DROP:
            return SamplingResult(Decision.RECORD_ONLY, dict(attributes or {}), result.trace_state)
        return result

    def get_description(self) -> str:
        """For people."""
        return f"RequestSampler({self._sampler.get_description()})"
