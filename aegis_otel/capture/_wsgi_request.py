"""One WSGI request on its way: what the server and the app tell of it, and the correlation id on its response."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

from opentelemetry.context import Context
from opentelemetry.trace import Span

from aegis_otel import correlation
from aegis_otel.capture._served import HttpRequest, Opened, full_http_span
from aegis_otel.capture.lean import LeanRequests

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


class WsgiRequest(HttpRequest):
    """One WSGI request on its way: what its record will say.

    Args:
        requests: how the record is made.
        opened: how it began.
        environ: the request.
        start_response: the server's.
    """

    __slots__ = ("_environ", "_start_response", "_write", "running")

    def __init__(self, requests: LeanRequests, opened: Opened, environ: Environ, start_response: StartResponse) -> None:
        super().__init__(requests, opened, environ.get("REQUEST_METHOD", ""))
        self.running = False
        self._environ = environ
        self._start_response = start_response

    def url(self) -> str:
        """The path and the query of the request."""
        return url(self._environ)

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Write:
        """The `start_response` that the app gets: the id is added to the headers (PEP 3333)."""
        with suppress(Exception):  # the server tells the app what is wrong with its arguments
            self.answered(int(status[:3]))
            if exc_info:
                self.handled = exc_info[1]
        headers = self.with_header(headers)
        given = (status, headers) if exc_info is None else (status, headers, exc_info)
        self._write = self._start_response(*given)
        return self.write

    def write(self, data: bytes) -> object:
        """The `write` that the app gets."""
        try:
            self.note_sent()
            return self._write(data)
        except BaseException as error:
            self.client_gone(error)
            raise

    def with_header(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Response headers with the correlation id. One that the app has set becomes the request's."""
        wanted, aliases = self.header_name, self.aliases
        try:
            self.follow(correlation.in_context())
            present = cors = False
            for name, value in headers:
                lower = name.lower()
                if lower == wanted:
                    present = True
                    self.follow(correlation.accept(value))
                elif lower == _ALLOW_ORIGIN:
                    cors = True
                elif aliases and not present and lower in aliases:
                    self.follow(correlation.accept(value))
            if present and not cors:
                return headers
            answered = list(headers) if present else [*headers, (wanted, self.correlation_id)]
            if cors:
                correlation.expose(answered, wanted)
            return type(headers)(answered)
        except Exception:  # the server tells the app what is wrong with its headers
            return headers


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
    optional = {
        "client.address": environ.get("REMOTE_ADDR"),
        "user_agent.original": environ.get("HTTP_USER_AGENT"),
        "server.address": environ.get("HTTP_HOST") or environ.get("SERVER_NAME"),
        "network.protocol.version": environ.get("SERVER_PROTOCOL", "").rpartition("/")[2],
    }
    attributes = {"url.scheme": environ.get("wsgi.url_scheme", "http")}
    attributes |= {name: value for name, value in optional.items() if value}
    return full_http_span(requests, context, environ.get("REQUEST_METHOD", ""), url(environ), attributes)
