"""A server span that costs little, for requests whose traces go nowhere.

Where no processor but our own looks at spans, a request needs of its span only what the log needs: ids in the
context, the correlation id on the response, and a request record at the end. This does that and no more.
What OpenTelemetry's middleware would add (attributes, events, metrics, spans of messages) nobody would see.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.instrumentation.asgi import get_host_port_url_tuple
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.util.http import ExcludeList

from aegis_otel import correlation
from aegis_otel.capture import Accept
from aegis_otel.capture.requests import CALL_COMPLETED, CALL_ERROR, LOGGER, plain_error
from aegis_otel.capture.stdlib import error_info
from aegis_otel.schema import ERROR, INFO, REQUEST_COMPLETED, REQUEST_ERROR, ErrorInfo, Record, trace_id_as_uuid

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

current: ContextVar[Any] = ContextVar("aegis_otel_served", default=None)
"""The request that is handled at this point, where the server has no turn as WSGI servers have."""

_ALLOW_ORIGIN: Final = b"access-control-allow-origin"
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


class LeanRequests:
    """Makes the lean span and the record of every request to an app.

    Args:
        accept: takes each record; None: no request records.
        level: least OpenTelemetry severity that is taken.
        header: the correlation id's header, lower case.
        aliases: further headers in which the app may answer with an id of its own, lower case.
        provider: the tracer provider in force; asked for ids, and whether anybody looks at spans.
        own_processors: how many span processors of the provider are ours.
    """

    def __init__(
        self,
        *,
        accept: Accept | None,
        level: int,
        header: str,
        provider: TracerProvider,
        own_processors: int,
        aliases: Iterable[str] = (),
    ) -> None:
        self.accept = accept
        self.level = level
        self.header_name = header
        self.header = header.encode("ascii")
        self.aliases = frozenset(aliases)
        self.provider = provider
        self._own_processors = own_processors
        fields = {field.lower() for field in propagate.get_global_textmap().fields}
        self._carried = {field.encode("latin-1", "replace"): field for field in fields}
        # As a WSGI environ has them.
        self.variables = [(f"HTTP_{field.upper().replace('-', '_')}", field) for field in fields]

    def usable(self) -> bool:
        """Whether still nobody but us looks at spans."""
        processors = getattr(self.provider._active_span_processor, "_span_processors", None)
        return processors is not None and len(processors) == self._own_processors

    def context(self, headers: Iterable[tuple[bytes, bytes]]) -> tuple[otel_context.Context, SpanContext]:
        """The context of a request with these headers, and its span's."""
        carried = self._carried
        carrier: dict[str, str] = {}
        for name, value in headers:
            field = carried.get(name)
            if field is not None and field not in carrier:
                carrier[field] = value.decode("latin-1")
        return self.span(extracted(carrier))

    def span(self, context: otel_context.Context) -> tuple[otel_context.Context, SpanContext]:
        """The context with a lean span in it, which goes on with the trace that the request brings; and the span's."""
        parent = trace.get_current_span(context).get_span_context()
        ids = self.provider.id_generator
        if parent.trace_id:
            span = SpanContext(parent.trace_id, ids.generate_span_id(), False, parent.trace_flags, parent.trace_state)
        else:
            span = SpanContext(ids.generate_trace_id(), ids.generate_span_id(), False, _SAMPLED)
        return trace.set_span_in_context(NonRecordingSpan(span), context), span

    def takes(self, failed: bool) -> bool:
        """Whether a record of a request is wanted, by whether that failed."""
        return self.accept is not None and (ERROR if failed else INFO) >= self.level

    def record(self, span: SpanContext, correlation_id: str, fields: dict[str, Any], error: ErrorInfo | None) -> None:
        """Make the record of an HTTP request; ask `takes` before.

        Args:
            span: the request's.
            correlation_id: the request's.
            fields: `method`, `url`, `statusCode` and `responseTime` (ms).
            error: why it failed; None where it did not.
        """
        self._record(REQUEST_COMPLETED if error is None else REQUEST_ERROR, span, correlation_id, fields, error)

    def record_call(
        self, span: SpanContext, correlation_id: str, fields: dict[str, Any], error: ErrorInfo | None
    ) -> None:
        """Make the record of a request that is not HTTP, such as a call of gRPC; ask `takes` before.

        Args:
            span: the request's.
            correlation_id: the request's.
            fields: `operation`, `grpcStatus` and `responseTime` (ms).
            error: why it failed; None where it did not.
        """
        self._record(CALL_COMPLETED if error is None else CALL_ERROR, span, correlation_id, fields, error)

    def _record(
        self, message: str, span: SpanContext, correlation_id: str, fields: dict[str, Any], error: ErrorInfo | None
    ) -> None:
        if self.accept is None:
            return
        self.accept(
            Record(
                time.time_ns(),
                INFO if error is None else ERROR,
                message,
                LOGGER,
                span.trace_id,
                span.span_id,
                int(span.trace_flags),
                correlation_id,
                fields,
                None,
                error,
            )
        )


def extracted(carrier: dict[str, str]) -> otel_context.Context:
    """The context that a request's headers bring, by the names of the fields that propagators read."""
    return propagate.extract(carrier, otel_context.Context()) if carrier else otel_context.Context()


class LeanServer:
    """An ASGI app inside lean spans.

    Args:
        app: the app.
        requests: how spans and records are made.
        full: the app inside OpenTelemetry's middleware, for when somebody looks at spans after all.
        excluded: URLs that get no span (``OTEL_PYTHON_ASGI_EXCLUDED_URLS``).
    """

    def __init__(self, app: AsgiApp, requests: LeanRequests, full: AsgiApp, excluded: ExcludeList) -> None:
        self._app = app
        self._requests = requests
        self._full = full
        self._excluded = excluded if excluded._excluded_urls else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        requests = self._requests
        if scope["type"] != "http" or not requests.usable():
            await self._full(scope, receive, send)
            return
        if self._excluded is not None:
            _, _, url = get_host_port_url_tuple(scope)  # type: ignore[no-untyped-call]
            if self._excluded.url_disabled(url):
                await self._app(scope, receive, send)
                return
        context, span = requests.context(scope["headers"])
        correlation_id, replaced = correlation.in_context(context), correlation.replaced_in(context)
        request = _Request(requests, scope, send, span, correlation_id, replaced)
        token = otel_context.attach(context)
        current.set(request)  # for `aegis_otel.capture.handled`; a server has a task for each request
        try:
            await self._app(scope, receive, request.send)
        except BaseException as error:
            # The context stays: see `aegis_otel.capture.asgi`.
            request.end(error)
            raise
        request.end(None)
        otel_context.detach(token)


class _Request:
    """One request on its way: what its record will say."""

    __slots__ = (
        "_came_in",
        "_correlation_id",
        "_gone",
        "_requests",
        "_scope",
        "_send",
        "_span",
        "_started",
        "_status",
        "_trailers",
        "broke",
        "handled",
        "replaced",
    )

    def __init__(
        self,
        requests: LeanRequests,
        scope: Scope,
        send: Send,
        span: SpanContext,
        correlation_id: str | None,
        replaced: str | None,
    ) -> None:
        self._requests: LeanRequests | None = requests
        self._scope = scope
        self._send = send
        self._span = span
        self._correlation_id = correlation_id or trace_id_as_uuid(span.trace_id)
        self._came_in = correlation_id is not None
        self.replaced = replaced
        self._started = time.perf_counter()
        self._status: int | None = None
        self._trailers = False
        self._gone = False
        self.handled: BaseException | None = None
        self.broke: BaseException | None = None
        """An exception that the framework keeps to itself after a part of the response has gone out."""

    async def send(self, message: Message) -> None:
        """Pass a message on, with the id in the response's headers."""
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
            self._trailers = message.get("trailers", False)
            requests = self._requests
            if requests is not None:
                message["headers"] = self._with_id(requests, list(message.get("headers") or ()))
        try:
            await self._send(message)
        except OSError:
            self._gone = True
            raise
        if (kind == "http.response.body" and not self._trailers and not message.get("more_body", False)) or (
            kind == "http.response.trailers" and not message.get("more_trailers", False)
        ):
            self.end(None)

    def _with_id(self, requests: LeanRequests, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The response's headers with the id. An id that the app or its middleware has given becomes the request's."""
        header, aliases = requests.header, requests.aliases
        self._take(correlation.in_context())
        present = cors = False
        for name, value in headers:
            lower = name.lower()
            if lower == header:
                present = True
                self._follow(value)
            elif lower == _ALLOW_ORIGIN:
                cors = True
            elif aliases and not present and lower.decode("latin-1") in aliases:
                self._follow(value)
        if not present:
            headers.append((header, self._correlation_id.encode("ascii")))
        if cors:
            correlation.expose(headers, header)
        return headers

    def _take(self, own: str | None) -> bool:
        if own is None or own == self._correlation_id:
            return False
        if self.replaced is None and self._came_in:
            self.replaced = self._correlation_id
        self._correlation_id = own
        return True

    def _follow(self, header: bytes) -> None:
        # The customer quotes the id that the app has put on the response; what comes after it carries that one.
        own = correlation.accept(header.decode("latin-1"))
        if self._take(own) and own is not None:
            otel_context.attach(correlation.following(own))

    def end(self, error: BaseException | None) -> None:
        """Make the record; a second call does nothing. Never raises."""
        requests, self._requests = self._requests, None
        if requests is None:
            return
        try:
            status = self._status
            error = error or self.broke
            # An exception of the client, who went away, or of the loop, which ends tasks, is no failure of the app.
            broken = isinstance(error, Exception) and not self._gone
            failed = broken or (status >= 500 if status is not None else error is not None)
            if not requests.takes(failed):
                return
            scope = self._scope
            query = scope.get("query_string")
            path = scope.get("path", "")
            fields = {
                "method": scope.get("method", ""),
                "url": f"{path}?{query.decode('latin-1')}" if query else path,
                # A server answers with 500 for an app that ends without an answer.
                "statusCode": status if status is not None else 500,
                "responseTime": round((time.perf_counter() - self._started) * 1000, 3),
            }
            if status is None:
                self._take(correlation.in_context())
            if self.replaced is not None:
                fields[correlation.REPLACED] = self.replaced
            requests.record(
                self._span, self._correlation_id, fields, _error(error, status, self.handled) if failed else None
            )
        except Exception:
            return
        finally:
            self.handled = self.broke = None  # they hold the frames that hold us


def _error(error: BaseException | None, status: int | None, handled: BaseException | None) -> ErrorInfo:
    # A framework that answers an exception with its own 500 page tells a hook of it, or ends the response while it
    # handles it.
    info = error_info(error or handled or sys.exc_info())
    return info or plain_error(status)
