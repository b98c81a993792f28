"""Sanic's own server: the request's context holds in the connection's task from the headers on to the next request.

Sanic compiles some of its methods anew at start, from their source; the hooks stay away from those.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from aegis_otel.capture._hooks import Method, fault, wrap
from aegis_otel.capture._served import HttpRequest
from aegis_otel.capture._serving import SERVING
from aegis_otel.capture.handled import note
from aegis_otel.capture.lean import current

_HOOKED: Final = "_aegis_otel_hooked"

_own_server: ContextVar[bool] = ContextVar("aegis_otel_sanic", default=False)
"""Whether the task at this point serves a connection of Sanic's own server; under an ASGI server that one's hook is
in charge.
"""


def hook_http1(module: Any) -> None:
    """`sanic.http.http1`."""
    wrap(module.Http, "http1", _http1)
    wrap(module.Http, "init_for_request", _init_for_request)
    wrap(module.Http, "error_response", _error_response)


def hook_request(module: Any) -> None:
    """`sanic.request.types`."""
    wrap(module.Request, "__init__", _request)


def hook_response(module: Any) -> None:
    """`sanic.response.types`."""
    headers = module.BaseHTTPResponse.processed_headers

    def processed_headers(self: Any) -> Iterator[tuple[bytes, bytes]]:
        served = _served()
        if served is not None:
            try:
                served.answered(self.status)
                served.note_sent()
                missing = served.missing_header(self.headers.get(served.header_name))
                if missing is not None:
                    self.headers[missing[0]] = missing[1]
            except Exception as error:
                fault("Sanic's response", error)
        found: Iterator[tuple[bytes, bytes]] = headers.fget(self)
        return found

    module.BaseHTTPResponse.processed_headers = property(processed_headers, doc=headers.__doc__)


def hook_errors(module: Any) -> None:
    """`sanic.handlers.error`."""
    wrap(module.ErrorHandler, "response", _response)


def hook_touchup(module: Any) -> None:
    """`sanic.touchup.service`: what it makes anew has no hook of ours."""

    def run(original: Method) -> Method:
        def run(app: Any) -> None:
            original(app)
            kind: Any = next(kind for kind in type(app).__mro__ if "handle_exception" in vars(kind))
            if not getattr(kind.handle_exception, _HOOKED, False):
                wrap(kind, "handle_exception", _handle_exception)
                setattr(kind.handle_exception, _HOOKED, True)

        return run

    touch_up = module.TouchUp
    touch_up.run = staticmethod(run(touch_up.run))


def hook_websocket(module: Any) -> None:
    """`sanic.server.protocols.websocket_protocol`: the handshake is the response."""

    class Handshake(module.ServerProtocol):  # type: ignore[misc]
        """The websocket protocol, with the id in the headers of its handshake."""

        def accept(self, request: Any) -> Any:
            answer = super().accept(request)
            served = _served()
            if served is not None:
                try:
                    served.answered(answer.status_code)
                    served.note_sent()
                    answer.headers[served.header_name] = served.correlation_id
                except Exception as error:
                    fault("Sanic's websockets", error)
            return answer

    module.ServerProtocol = Handshake


def _served() -> HttpRequest | None:
    served = current.get()
    return served if isinstance(served, HttpRequest) and not served.ended and _own_server.get() else None


def _http1(original: Method) -> Method:
    async def http1(self: Any, *args: Any, **kwargs: Any) -> Any:
        _own_server.set(SERVING.requests is not None)  # the task is the connection's
        try:
            return await original(self, *args, **kwargs)
        finally:
            _end()

    return http1


def _init_for_request(original: Method) -> Method:
    def init_for_request(self: Any) -> Any:
        _end()
        return original(self)

    return init_for_request


def _end() -> None:
    served = current.get()
    if served is not None and _own_server.get():
        served.end()
        current.set(None)
        otel_context.attach(Context())


def _request(original: Method) -> Method:
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if not _own_server.get() or current.get() is not None:
            return
        try:
            target = self.raw_url.decode("latin-1")
            scheme = "https" if self.transport.get_extra_info("sslcontext") else "http"
            served = SERVING.http(self.method, target, self.headers, scheme=scheme)
            if served is not None:
                current.set(served)
                otel_context.attach(served.context)
        except Exception as error:
            fault("Sanic's server", error)

    return init


def _error_response(original: Method) -> Method:
    async def error_response(self: Any, exception: BaseException, *args: Any, **kwargs: Any) -> Any:
        served = _served()
        if served is not None and isinstance(exception, Exception):
            if served.has_answer:
                served.failed(exception)  # the response breaks off
            else:
                served.handled = exception
        return await original(self, exception, *args, **kwargs)

    return error_response


def _handle_exception(original: Method) -> Method:
    async def handle_exception(self: Any, request: Any, exception: BaseException, *args: Any, **kwargs: Any) -> Any:
        served = _served()
        if served is not None:
            if served.has_answer:
                served.failed(exception)  # the response breaks off
        elif getattr(getattr(getattr(request, "stream", None), "stage", None), "name", "HANDLER") != "HANDLER":
            asgi = current.get()
            if hasattr(asgi, "broke"):
                asgi.broke = exception
        return await original(self, request, exception, *args, **kwargs)

    return handle_exception


def _response(original: Method) -> Method:
    def response(self: Any, request: Any, exception: BaseException, *args: Any, **kwargs: Any) -> Any:
        note(exception)
        return original(self, request, exception, *args, **kwargs)

    return response
