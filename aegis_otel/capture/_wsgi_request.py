"""One WSGI request on its way: its status and errors, the correlation id on its response, its span and its record."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode

from aegis_otel import correlation
from aegis_otel.capture.lean import LeanRequests
from aegis_otel.capture.requests import plain_error
from aegis_otel.capture.stdlib import error_info

Environ = dict[str, Any]
Write = Callable[[bytes], object]
StartResponse = Callable[..., Write]
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]

_ALLOW_ORIGIN: Final = "access-control-allow-origin"
_PATH: Final = "/!$&'()*+,;=:@~"
_QUERY: Final = "".join(chr(code) for code in range(0x21, 0x7F))
# The usual ones, for which `quote` would take longer than all else here.
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9_.\-/]+")
_PLAIN_QUERY: Final = re.compile(r"[!-~]+")


class WsgiRequest:
    """One request on its way: what its record will say.

    Args:
        requests: how the record is made.
        environ: the request.
        start_response: the server's.
        context: the request's.
        correlation_id: the request's.
        span: its ids; None where the app's own instrumentation makes the span, and so the record.
        full: the span, where somebody looks at spans.
    """

    __slots__ = (
        "_ended",
        "_environ",
        "_error",
        "_full",
        "_gone",
        "_requests",
        "_sent",
        "_span",
        "_start_response",
        "_started",
        "_status",
        "_time",
        "_write",
        "context",
        "correlation_id",
        "handled",
        "running",
    )

    def __init__(
        self,
        requests: LeanRequests,
        environ: Environ,
        start_response: StartResponse,
        context: Context,
        correlation_id: str,
        span: SpanContext | None,
        full: Span | None = None,
    ) -> None:
        self.context = context
        self.correlation_id = correlation_id
        self._ended = False
        self.running = False
        self.handled: BaseException | None = None
        self._requests = requests
        self._environ = environ
        self._start_response = start_response
        self._span = span
        self._full = full
        self._status: int | None = None
        self._sent = False
        self._error: BaseException | None = None
        self._gone: BaseException | None = None
        self._time: float | None = None
        self._started = time.perf_counter()

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Write:
        """The `start_response` that the app gets: the id is added to the headers (PEP 3333)."""
        with suppress(Exception):  # the server tells the app what is wrong with its arguments
            self._status = int(status[:3])
            if exc_info:
                self.handled = exc_info[1]
        headers = self.with_header(headers)
        given = (status, headers) if exc_info is None else (status, headers, exc_info)
        self._write = self._start_response(*given)
        return self.write

    def write(self, data: bytes) -> object:
        """The `write` that the app gets."""
        try:
            self._sent = True
            return self._write(data)
        except BaseException as error:
            self._gone = error
            raise

    def with_header(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Response headers with the correlation id. One that the app has set becomes the request's."""
        requests = self._requests
        wanted, aliases = requests.header_name, requests.aliases
        try:
            self._take(correlation.in_context())
            present = cors = False
            for name, value in headers:
                lower = name.lower()
                if lower == wanted:
                    present = True
                    self._take(correlation.accept(value))
                elif lower == _ALLOW_ORIGIN:
                    cors = True
                elif aliases and not present and lower in aliases:
                    self._take(correlation.accept(value))
            if present and not cors:
                return headers
            answered = list(headers) if present else [*headers, (wanted, self.correlation_id)]
            if cors:
                correlation.expose(answered, wanted)
            return type(headers)(answered)
        except Exception:  # the server tells the app what is wrong with its headers
            return headers

    def _take(self, own: str | None) -> None:
        if own is None or own == self.correlation_id:
            return
        self.correlation_id = own
        # The app's middleware has this id in the current context already, and what it replaced.
        self.context = correlation.following(own)
        otel_context.attach(self.context)
        if self._full is not None:
            self._full.set_attribute(correlation.SPAN_ATTRIBUTE, own)

    def failed(self, error: BaseException) -> None:
        """Note that an exception left the app."""
        if error is not self._gone:
            self._error = error

    def note_sent(self) -> None:
        """Note that a part of the response has been given to the server."""
        self._sent = True

    def note_time(self) -> None:
        """Note that the app is done."""
        if self._time is None:
            self._time = time.perf_counter()

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
        status, error = self._status, self._error
        if status is None or (error is not None and not self._sent):
            status = 500  # which the server answers
        failed = error is not None or status >= 500
        cause = error or (self.handled if failed else None)
        if self._full is not None:
            _end_full_span(self._full, status, cause, failed)
        elif self._span is not None and self._requests.takes(failed):
            environ = self._environ
            fields = {
                "method": environ.get("REQUEST_METHOD", ""),
                "url": url(environ),
                "statusCode": status,
                "responseTime": round(((self._time or 0) - self._started) * 1000, 3),
            }
            replaced = correlation.replaced_in(self.context)
            if replaced is not None:
                fields[correlation.REPLACED] = replaced
            found = (error_info(cause) or plain_error(status)) if failed else None
            self._requests.record(self._span, self.correlation_id, fields, found)


def url(environ: Environ) -> str:
    """The path and the query of a request, percent-encoded (PEP 3333, "URL Reconstruction")."""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "") or "/"
    if not _PLAIN_PATH.fullmatch(path):
        path = quote(_bytes(path), _PATH)
    query = environ.get("QUERY_STRING")
    if not query:
        return path
    if not _PLAIN_QUERY.fullmatch(query):
        query = quote(_bytes(query), _QUERY)
    return f"{path}?{query}"


def whole_url(environ: Environ) -> str:
    """The URL of a request without its query, as OpenTelemetry matches it against URLs to exclude."""
    host = environ.get("HTTP_HOST") or f"{environ.get('SERVER_NAME', '')}:{environ.get('SERVER_PORT', '')}"
    return f"{environ.get('wsgi.url_scheme', 'http')}://{host}{url(environ).partition('?')[0]}"


def _bytes(text: str) -> bytes:
    # PEP 3333: a native string holds the bytes as latin-1.
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def full_span(requests: LeanRequests, environ: Environ, context: Context) -> Span:
    """A server span for those who look at spans, by the semantic conventions for HTTP."""
    path, _, query = url(environ).partition("?")
    method = environ.get("REQUEST_METHOD", "")
    optional = {
        "url.query": query,
        "client.address": environ.get("REMOTE_ADDR"),
        "user_agent.original": environ.get("HTTP_USER_AGENT"),
        "server.address": environ.get("HTTP_HOST") or environ.get("SERVER_NAME"),
        "network.protocol.version": environ.get("SERVER_PROTOCOL", "").rpartition("/")[2],
    }
    attributes = {"http.request.method": method, "url.path": path, "url.scheme": environ.get("wsgi.url_scheme", "http")}
    attributes |= {name: value for name, value in optional.items() if value}
    tracer = requests.provider.get_tracer("aegis_otel.capture.wsgi")
    return tracer.start_span(method or "HTTP", context, SpanKind.SERVER, attributes)


def _end_full_span(span: Span, status: int, cause: BaseException | None, failed: bool) -> None:
    span.set_attribute("http.response.status_code", status)
    if cause is not None:
        span.record_exception(cause)
        span.set_attribute("error.type", type(cause).__qualname__)
    if failed:
        span.set_status(Status(StatusCode.ERROR))
    span.end()
