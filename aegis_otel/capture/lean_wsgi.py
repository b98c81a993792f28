"""WSGI requests: the server span around an app, the correlation id on its response, and the request record.

A server handles a request in one turn: it calls the app, iterates the response, closes it, and writes its own lines
(the access line, the error of the app). `Turn` is that turn. The request's context holds until the turn ends, so the
server's late lines carry the request's ids, and the next request of the same thread never sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar, Token
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.util.http import ExcludeList

from aegis_otel.capture._served import open_request
from aegis_otel.capture._wsgi_request import (
    Environ,
    StartResponse,
    WsgiApplication,
    WsgiRequest,
    full_span,
    whole_url,
)
from aegis_otel.capture.lean import LeanRequests, extracted

_turn: ContextVar[Turn | None] = ContextVar("aegis_otel_wsgi_turn", default=None)


class Turn:
    """What a server does for one request, or for those of one connection; use it as a context manager.

    Args:
        lazily_read: whether the server iterates the response after the turn, perhaps in another thread.
    """

    __slots__ = ("_context", "_reset", "_token", "lazily_read", "request")

    def __init__(self, *, lazily_read: bool = False) -> None:
        self.lazily_read = lazily_read
        self.request: WsgiRequest | None = None

    def __enter__(self) -> Turn:
        self._reset: Token[Turn | None] = _turn.set(self)
        self._context = otel_context.get_current()
        self._token = otel_context.attach(self._context)
        return self

    def __exit__(self, *_: object) -> None:
        self.end_request()
        otel_context.detach(self._token)
        _turn.reset(self._reset)

    def end_request(self) -> None:
        """Make the record of the request, and go back to the context before it."""
        request, self.request = self.request, None
        if request is not None:
            request.end()
            otel_context.attach(self._context)


def current_request() -> WsgiRequest | None:
    """The request that the server handles at this point."""
    turn = _turn.get()
    return None if turn is None else turn.request


def current_turn() -> Turn | None:
    """The turn of the server at this point."""
    return _turn.get()


class ServedWsgi:
    """A WSGI app inside server spans, as the server sees it.

    Args:
        app: the app.
        requests: how spans and records are made.
        excluded: URLs that get neither.
        own_span: tells whether the app's own instrumentation makes the span, where somebody looks at spans.
    """

    def __init__(
        self,
        app: WsgiApplication,
        requests: LeanRequests,
        excluded: ExcludeList | None,
        own_span: Callable[[Any], bool],
    ) -> None:
        self.app = app
        self._requests = requests
        self._excluded = excluded
        self._own_span = own_span

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        turn = _turn.get()
        if turn is None:
            # A server that we know nothing of reads the response when and where it likes.
            with Turn(lazily_read=True) as turn:
                return self._serve(turn, environ, start_response)
        return self._serve(turn, environ, start_response)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    def _serve(self, turn: Turn, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if turn.request is not None:
            if turn.request.running:
                return self.app(environ, start_response)
            turn.end_request()
        if self._excluded is not None and self._excluded.url_disabled(whole_url(environ)):
            return self.app(environ, start_response)
        request = self._request(environ, start_response)
        turn.request = request
        otel_context.attach(request.context)
        request.running = True
        try:
            body = self.app(environ, request.start_response)
        except BaseException as error:
            request.failed(error)
            raise
        finally:
            request.running = False
            if otel_context.get_current() is not request.context:
                otel_context.attach(request.context)
        if type(body) is list or type(body) is tuple:
            request.note_time()
            return body
        if _is_the_servers(body, environ):
            return body
        kind = _SizedBody if hasattr(body, "__len__") else _Body
        if turn.lazily_read:
            turn.request = None
            return kind(body, request, request.context)
        return kind(body, request, None)

    def _request(self, environ: Environ, start_response: StartResponse) -> WsgiRequest:
        requests = self._requests
        brought = extracted({field: environ[key] for key, field in requests.variables if key in environ})
        opened = open_request(
            requests,
            brought,
            own_span=lambda: self._own_span(self.app),
            full_span=lambda: full_span(requests, environ, brought),
        )
        return WsgiRequest(requests, opened, environ, start_response)


def _is_the_servers(body: object, environ: Environ) -> bool:
    """Whether the server knows the response by its type: a file that it sends by itself, or a mark of its own."""
    wrapper = environ.get("wsgi.file_wrapper")
    if isinstance(wrapper, type) and isinstance(body, wrapper):
        return True
    return not hasattr(body, "__iter__")


class _Body:
    """A response that the app makes while the server iterates it.

    Args:
        body: the app's.
        request: the request that is answered.
        context: where the app's code has to run; None where the server runs it in the request's context anyway.
    """

    __slots__ = ("_body", "_context", "_iterator", "_request")

    def __init__(self, body: Any, request: WsgiRequest, context: Context | None) -> None:
        self._body = body
        self._request = request
        self._context = context
        self._iterator: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._context is None:
            return self._next()
        token = otel_context.attach(self._context)
        try:
            return self._next()
        finally:
            otel_context.detach(token)

    def _next(self) -> bytes:
        request = self._request
        try:
            if self._iterator is None:
                self._iterator = iter(self._body)
            chunk = next(self._iterator)
        except StopIteration:
            request.note_time()
            if self._context is not None:
                request.end()
            raise
        except BaseException as error:
            request.failed(error)
            if self._context is not None:
                request.end()
            raise
        request.note_sent()
        return chunk

    def close(self) -> None:
        """Close the app's response."""
        close = getattr(self._body, "close", None)
        token = None if self._context is None else otel_context.attach(self._context)
        try:
            if close is not None:
                close()
        except BaseException as error:
            self._request.failed(error)
            raise
        finally:
            if token is not None:
                self._request.end()
                otel_context.detach(token)


class _SizedBody(_Body):
    """One whose number of parts is known: servers make a Content-Length of it."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._body)
