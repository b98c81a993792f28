"""One served request, whatever the protocol and the server: its context, its correlation id, its outcome, its record.

The hooks at the servers make one when a request begins, tell it what they see, and end it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode

from aegis_otel import correlation
from aegis_otel.capture.lean import LeanRequests
from aegis_otel.capture.requests import plain_error
from aegis_otel.capture.stdlib import error_info
from aegis_otel.schema import ErrorInfo, trace_id_as_uuid


class Opened(NamedTuple):
    """How a request begins.

    Attributes:
        context: the request's; what the app does in it carries the ids.
        correlation_id: the request's.
        span: its ids; None where the app's own instrumentation makes the span, and so the record.
        full: the span, where somebody looks at spans and nobody else makes one.
    """

    context: Context
    correlation_id: str
    span: SpanContext | None
    full: Span | None


def open_request(
    requests: LeanRequests, brought: Context, *, own_span: Callable[[], bool], full_span: Callable[[], Span]
) -> Opened:
    """Begin a request.

    Args:
        requests: how spans and records are made.
        brought: the context that the request's headers bring.
        own_span: tells whether an instrumentation makes the server span itself; asked only where spans are looked at.
        full_span: makes the server span otherwise.
    """
    if requests.usable():
        context, lean = requests.span(brought)
        own = correlation.in_context(context) or trace_id_as_uuid(lean.trace_id)
        return Opened(context, own, lean, None)
    if own_span():
        # A server span is one without a span around it. It finds the id here, and so do the lines after it.
        trace_id = trace.get_current_span(brought).get_span_context().trace_id
        made = trace_id_as_uuid(trace_id or requests.provider.id_generator.generate_trace_id())
        own = correlation.in_context(brought) or made
        return Opened(correlation.with_id(own, Context()), own, None, None)
    span = full_span()
    ids = span.get_span_context()
    own = correlation.in_context(brought) or trace_id_as_uuid(ids.trace_id)
    return Opened(trace.set_span_in_context(span, brought), own, ids, span)


class ServedRequest:
    """One request on its way: what its record will say. A subclass knows the protocol.

    Args:
        requests: how the record is made.
        opened: how it began.
    """

    __slots__ = (
        "_ended",
        "_error",
        "_full",
        "_gone",
        "_requests",
        "_sent",
        "_span",
        "_started",
        "_time",
        "context",
        "correlation_id",
        "handled",
    )

    def __init__(self, requests: LeanRequests, opened: Opened) -> None:
        self._requests = requests
        self.context, self.correlation_id, self._span, self._full = opened
        self.handled: BaseException | None = None
        self._ended = False
        self._sent = False
        self._error: BaseException | None = None
        self._gone: BaseException | None = None
        self._time: float | None = None
        self._started = time.perf_counter()

    @property
    def header_name(self) -> str:
        """The correlation id's header, lower case."""
        return self._requests.header_name

    @property
    def aliases(self) -> frozenset[str]:
        """Further headers in which the app may answer with an id of its own, lower case."""
        return self._requests.aliases

    def follow(self, own: str | None) -> None:
        """Take the id that the app or its middleware gives: it becomes the request's, also in the current context."""
        if own is None or own == self.correlation_id:
            return
        self.correlation_id = own
        # The app's middleware has this id in the current context already, and what it replaced.
        self.context = correlation.following(own)
        otel_context.attach(self.context)
        if self._full is not None:
            self._full.set_attribute(correlation.SPAN_ATTRIBUTE, own)

    def missing_header(self, own: object) -> tuple[str, str] | None:
        """The header that the response still needs, by what the app has set (None: nothing)."""
        here = trace.get_current_span().get_span_context()
        if self._span is not None and here.trace_id == self._span.trace_id:
            self.follow(correlation.in_context())
        if own is None:
            return self._requests.header_name, self.correlation_id
        self.follow(correlation.accept(own))
        return None

    def failed(self, error: BaseException) -> None:
        """Note that an exception left the app."""
        if error is not self._gone:
            self._error = error

    def client_gone(self, error: BaseException) -> None:
        """Note an exception that says the client went away: no failure of the app."""
        self._gone = error

    def note_sent(self) -> None:
        """Note that a part of the response has been given to the server."""
        self._sent = True

    def note_time(self) -> None:
        """Note that the app is done."""
        if self._time is None:
            self._time = time.perf_counter()

    @property
    def ended(self) -> bool:
        """Whether its record has been made."""
        return self._ended

    def end(self) -> None:
        """Make the record; a second call does nothing. Never raises."""
        if self._ended:
            return
        self._ended = True
        try:
            self.note_time()
            self._end()
        except Exception:
            return
        finally:
            # An exception holds the frames that hold us.
            self._error = self._gone = self.handled = None

    def _end(self) -> None:
        raise NotImplementedError

    def _tell_replaced(self, fields: dict[str, Any]) -> None:
        replaced = correlation.replaced_in(self.context)
        if replaced is not None:
            fields[correlation.REPLACED] = replaced

    def _milliseconds(self) -> float:
        return round(((self._time or 0) - self._started) * 1000, 3)


class HttpRequest(ServedRequest):
    """One HTTP request.

    Args:
        requests: how the record is made.
        opened: how it began.
        method: as the request line has it.
        url: the path and the query, percent-encoded; may be found later by overriding `url`.
    """

    __slots__ = ("_status", "method", "target")

    def __init__(self, requests: LeanRequests, opened: Opened, method: str = "", target: str = "") -> None:
        super().__init__(requests, opened)
        self.method = method
        self.target = target
        self._status: int | None = None

    def answered(self, status: int) -> None:
        """Note the status that is sent."""
        self._status = status

    @property
    def has_answer(self) -> bool:
        """Whether a status has been noted."""
        return self._status is not None

    def url(self) -> str:
        """The path and the query of the request."""
        return self.target

    def _end(self) -> None:
        status, error = self._status, self._error
        if status is None or (error is not None and not self._sent):
            status = 500  # which the server answers
        failed = error is not None or status >= 500
        cause = error or (self.handled if failed else None)
        if self._full is not None:
            end_full_span(self._full, {"http.response.status_code": status}, cause, failed)
        elif self._span is not None and self._requests.takes(failed):
            fields = {
                "method": self.method,
                "url": self.url(),
                "statusCode": status,
                "responseTime": self._milliseconds(),
            }
            self._tell_replaced(fields)
            found = (error_info(cause) or plain_error(status)) if failed else None
            self._requests.record(self._span, self.correlation_id, fields, found)


# What OpenTelemetry's semantic conventions for gRPC call a server's error.
GRPC_FAILURES: Final = frozenset(
    ("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")
)


class RpcRequest(ServedRequest):
    """One call of gRPC.

    Args:
        requests: how the record is made.
        opened: how it began.
        operation: the full name of the method, ``/package.Service/Method``.
    """

    __slots__ = ("details", "operation", "status")

    def __init__(self, requests: LeanRequests, opened: Opened, operation: str) -> None:
        super().__init__(requests, opened)
        self.operation = operation
        self.status: str | None = None
        self.details = ""

    def _end(self) -> None:
        cause = self._error
        status = self.status or ("OK" if cause is None else "UNKNOWN")
        failed = status in GRPC_FAILURES
        if self._full is not None:
            end_full_span(self._full, {"rpc.response.status_code": status}, cause, failed)
        elif self._span is not None and self._requests.takes(failed):
            fields = {"operation": self.operation, "grpcStatus": status, "responseTime": self._milliseconds()}
            self._tell_replaced(fields)
            found = None
            if failed:
                found = error_info(cause) or ErrorInfo("RpcError", self.details or status, "")
                if not found.message or found.name == "AbortError":  # how `context.abort` leaves the servicer
                    found = found._replace(name="RpcError", message=self.details or status)
            self._requests.record_call(self._span, self.correlation_id, fields, found)


def header_of(headers: Iterable[tuple[Any, Any]], wanted: str) -> str | None:
    """The first value of a header (lower case) in pairs of texts or bytes; None where it is not there."""
    for name, value in headers:
        text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
        if text.lower() == wanted:
            return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return None


def carrier_of(requests: LeanRequests, headers: Mapping[str, str]) -> dict[str, str]:
    """What propagators read, from headers that are looked up in any case."""
    found = {}
    for _, field in requests.variables:
        value = headers.get(field)
        if value is not None:
            found[field] = value
    return found


def full_http_span(requests: LeanRequests, context: Context, method: str, target: str, attributes: Any = None) -> Span:
    """A server span for those who look at spans, by the semantic conventions for HTTP."""
    path, _, query = target.partition("?")
    found = {"http.request.method": method, "url.path": path, **(attributes or {})}
    if query:
        found["url.query"] = query
    tracer = requests.provider.get_tracer("aegis_otel.capture")
    return tracer.start_span(method or "HTTP", context, SpanKind.SERVER, found)


def full_rpc_span(requests: LeanRequests, context: Context, operation: str) -> Span:
    """A server span for those who look at spans, by the semantic conventions for gRPC."""
    tracer = requests.provider.get_tracer("aegis_otel.capture")
    name = operation.lstrip("/")
    return tracer.start_span(name, context, SpanKind.SERVER, {"rpc.system.name": "grpc", "rpc.method": name})


def end_full_span(span: Span, attributes: Mapping[str, Any], cause: BaseException | None, failed: bool) -> None:
    """End a span of ours with its outcome."""
    for name, value in attributes.items():
        span.set_attribute(name, value)
    if cause is not None:
        span.record_exception(cause)
        span.set_attribute("error.type", type(cause).__qualname__)
    if failed:
        span.set_status(Status(StatusCode.ERROR))
    span.end()
