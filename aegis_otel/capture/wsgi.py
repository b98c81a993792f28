"""Server spans for every WSGI app, at the server: wsgiref, werkzeug, gunicorn, gevent, waitress, cheroot, granian,
hypercorn.

Each hook does three things: it wraps the app that the server calls, it makes the server's handling of a request a turn
(`aegis_otel.capture.lean_wsgi`), and it puts the correlation id on the answer that the server itself gives when
the app fails. No server is imported here. Servers that cannot be hooked so (uWSGI and mod_wsgi call the app from C)
are covered at the app, for the frameworks in `_APPS`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, Final

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]
from opentelemetry.util.http import ExcludeList

from aegis_otel.capture import access, handled
from aegis_otel.capture._hooks import Method, install, wrap
from aegis_otel.capture._wsgi_request import WsgiApplication
from aegis_otel.capture.excluded import WSGI, excluded_urls
from aegis_otel.capture.lean import LeanRequests
from aegis_otel.capture.lean_wsgi import ServedWsgi, Turn, current_request, current_turn
from aegis_otel.correlation import get_correlation_id

# Instrumentations that make a server span of their own: the module, its class, and the framework's module.
_FRAMEWORKS: Final = (
    ("opentelemetry.instrumentation.flask", "FlaskInstrumentor", "flask"),
    ("opentelemetry.instrumentation.django", "DjangoInstrumentor", "django"),
    ("opentelemetry.instrumentation.pyramid", "PyramidInstrumentor", "pyramid"),
    ("opentelemetry.instrumentation.falcon", "FalconInstrumentor", "falcon"),
)


class WsgiServerInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """Puts the server span around the app that a WSGI server calls; imports no server itself."""

    _requests: LeanRequests | None = None
    _excluded: ExcludeList | None = None
    _hooked = False

    def instrumentation_dependencies(self) -> Collection[str]:
        """None: what is not installed is never imported, so its hook never runs."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        WsgiServerInstrumentor._requests = kwargs.get("lean")
        WsgiServerInstrumentor._excluded = excluded_urls(WSGI)
        if not WsgiServerInstrumentor._hooked:
            WsgiServerInstrumentor._hooked = True
            for hooks in (_HOOKS, handled.HOOKS, _APPS):
                install(hooks)

    def _uninstrument(self, **kwargs: Any) -> None:
        # The hooks stay, without effect: removing them from a server that runs would tear its requests.
        WsgiServerInstrumentor._requests = None


def instrument_app(app: WsgiApplication) -> WsgiApplication:
    """The app inside server spans; the app itself where we are off."""
    requests = WsgiServerInstrumentor._requests
    if requests is None or isinstance(app, ServedWsgi):
        return app
    return ServedWsgi(app, requests, WsgiServerInstrumentor._excluded, _has_own_span)


def _has_own_span(app: Any) -> bool:
    """Whether OpenTelemetry's instrumentation of the app's framework is active, or its middleware is around the app."""
    for name, kind, framework in _FRAMEWORKS:
        module = sys.modules.get(name)
        if module is not None and framework in sys.modules:
            instrumentor: Any = getattr(module, kind, None)
            return instrumentor is not None and bool(instrumentor().is_instrumented_by_opentelemetry)
    return type(app).__module__.startswith("opentelemetry.instrumentation.")


def _turn(owner: Any, name: str, before: Callable[[Any], None] | None = None) -> None:
    """Make a method of a server a turn; `before` is told the server's object first."""

    def make(original: Method) -> Method:
        def serve(self: Any, *args: Any, **kwargs: Any) -> Any:
            if WsgiServerInstrumentor._requests is None:
                return original(self, *args, **kwargs)
            if before is not None:
                before(self)
            with Turn():
                return original(self, *args, **kwargs)

        return serve

    wrap(owner, name, make)


def _request_of_many(owner: Any, name: str) -> None:
    """A method that handles one request of a turn's several: its record does not wait for the end of the connection."""

    def make(original: Method) -> Method:
        def serve(self: Any, *args: Any, **kwargs: Any) -> Any:
            done = original(self, *args, **kwargs)
            # After an error the server still has lines to write.
            turn = current_turn()
            if turn is not None:
                turn.end_request()
            return done

        return serve

    wrap(owner, name, make)


def _takes_app(attribute: str, *path: str) -> Callable[[Any], None]:
    """A function that wraps the app which a server's object holds, or another at the end of `path`."""

    def take(server: Any) -> None:
        for name in path:
            server = getattr(server, name)
        app = getattr(server, attribute, None)
        if app is not None:
            setattr(server, attribute, instrument_app(app))

    return take


class _Answer:
    """A socket or file to which a server writes an answer of its own: the id becomes its first header."""

    def __init__(self, target: Any, name: str, value: str) -> None:
        self._target = target
        self._line = f"{name}: {value}\r\n".encode("latin-1")

    def _with_header(self, data: bytes) -> bytes:
        status, end, rest = bytes(data).partition(b"\r\n")
        return status + end + self._line + rest if status.startswith(b"HTTP/") and end else data

    def sendall(self, data: bytes) -> Any:
        return self._target.sendall(self._with_header(data))

    def write(self, data: bytes) -> Any:
        return self._target.write(self._with_header(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)


def _header() -> tuple[str, str] | None:
    """The name and the value that the answer to the request in hand carries."""
    request, requests = current_request(), WsgiServerInstrumentor._requests
    return None if request is None or requests is None else (requests.header_name, request.correlation_id)


def _hook_wsgiref(module: Any) -> None:
    handler = module.BaseHandler

    def run(original: Method) -> Method:
        def run(self: Any, application: Any) -> Any:
            if WsgiServerInstrumentor._requests is None:
                return original(self, application)
            with Turn():
                return original(self, instrument_app(application))

        return run

    def error_output(original: Method) -> Method:
        def error_output(self: Any, environ: Any, start_response: Any) -> Any:
            request = current_request()
            if request is None:
                return original(self, environ, start_response)

            def start(status: str, headers: Any, *rest: Any) -> Any:
                return start_response(status, request.with_header(headers), *rest)

            return original(self, environ, start)

        return error_output

    wrap(handler, "run", run)
    wrap(handler, "error_output", error_output)


def _hook_werkzeug(module: Any) -> None:
    handler = module.WSGIRequestHandler

    def end_headers(original: Method) -> Method:
        def end_headers(self: Any) -> Any:
            header = _header()
            if header is not None:
                start = f"{header[0]}:".encode("latin-1")
                if not any(line.lower().startswith(start) for line in getattr(self, "_headers_buffer", ())):
                    self.send_header(*header)
            return original(self)

        return end_headers

    _turn(handler, "run_wsgi", _takes_app("app", "server"))
    wrap(handler, "end_headers", end_headers)


def _hook_gunicorn(kind: str, *of_many: str) -> Callable[[Any], None]:
    take = _takes_app("wsgi")

    def hook(module: Any) -> None:
        worker = getattr(module, kind)
        _turn(worker, "handle", take)
        for name in of_many:
            _request_of_many(worker, name)

    return hook


def _hook_gunicorns_errors(module: Any) -> None:
    def write_error(original: Method) -> Method:
        def write_error(sock: Any, *args: Any, **kwargs: Any) -> Any:
            header = _header()
            return original(sock if header is None else _Answer(sock, *header), *args, **kwargs)

        return write_error

    wrap(module, "write_error", write_error)


def _hook_gevent(module: Any) -> None:
    handler = module.WSGIHandler

    def start_response(original: Method) -> Method:
        def start_response(self: Any, status: Any, headers: Any, *rest: Any) -> Any:
            request = current_request()
            return original(self, status, headers if request is None else request.with_header(headers), *rest)

        return start_response

    _turn(handler, "handle_one_response", _takes_app("application"))
    wrap(handler, "start_response", start_response)


def _hook_waitress(module: Any) -> None:
    take = _takes_app("application", "channel", "server")

    def execute(original: Method) -> Method:
        def execute(self: Any) -> Any:
            take(self)
            return original(self)

        return execute

    def execute_error(original: Method) -> Method:
        def execute_error(self: Any) -> Any:
            header = _header()
            if header is not None:
                self.response_headers.append(header)
            return original(self)

        return execute_error

    wrap(module.WSGITask, "execute", execute)
    _request_of_many(module.WSGITask, "service")
    wrap(module.ErrorTask, "execute", execute_error)


def _hook_waitress_channel(module: Any) -> None:
    _turn(module.HTTPChannel, "service")


def _hook_cheroot(module: Any) -> None:
    take = _takes_app("wsgi_app", "req", "server")

    def respond(original: Method) -> Method:
        def respond(self: Any) -> Any:
            take(self)
            return original(self)

        return respond

    wrap(module.Gateway, "respond", respond)


def _hook_cheroot_server(module: Any) -> None:
    def simple_response(original: Method) -> Method:
        def simple_response(self: Any, *args: Any, **kwargs: Any) -> Any:
            header, file = _header(), self.conn.wfile
            if header is None:
                return original(self, *args, **kwargs)
            self.conn.wfile = _Answer(file, *header)
            try:
                return original(self, *args, **kwargs)
            finally:
                self.conn.wfile = file

        return simple_response

    _turn(module.HTTPConnection, "communicate")
    wrap(module.HTTPRequest, "simple_response", simple_response)


def _hook_granian(module: Any) -> None:
    def wrapper(original: Method) -> Method:
        def wrapper(callback: Any, *args: Any, **kwargs: Any) -> Any:
            if WsgiServerInstrumentor._requests is not None:
                access.covers("granian.access")
            run = original(instrument_app(callback), *args, **kwargs)

            @wraps(run)
            def serve(*request: Any) -> Any:
                with Turn(lazily_read=True):
                    return run(*request)

            return serve

        return wrapper

    wrap(module, "_callback_wrapper", wrapper)


def _hook_hypercorn(module: Any) -> None:
    _turn(module.WSGIWrapper, "run_app", _takes_app("app"))


def _app(name: str) -> Callable[[Any], None]:
    """A hook at a framework's app, for a server that has none; where there is one, it is in charge."""

    def hook(module: Any) -> None:
        def make(original: Method) -> Method:
            def call(self: Any, environ: Any, start_response: Any) -> Any:
                requests = WsgiServerInstrumentor._requests
                if requests is None or current_turn() is not None or get_correlation_id() is not None:
                    return original(self, environ, start_response)
                app = ServedWsgi(
                    lambda *given: original(self, *given), requests, WsgiServerInstrumentor._excluded, _has_own_span
                )
                return app(environ, start_response)

            return call

        wrap(getattr(module, name), "__call__", make)

    return hook


_APPS: Final[dict[str, Callable[[Any], None]]] = {
    "flask.app": _app("Flask"),
    "django.core.handlers.wsgi": _app("WSGIHandler"),
    "bottle": _app("Bottle"),
    "falcon.app": _app("App"),
    "pyramid.router": _app("Router"),
}

_HOOKS: Final[dict[str, Callable[[Any], None]]] = {
    "wsgiref.handlers": _hook_wsgiref,
    "werkzeug.serving": _hook_werkzeug,
    "gunicorn.util": _hook_gunicorns_errors,
    "gunicorn.workers.sync": _hook_gunicorn("SyncWorker"),
    "gunicorn.workers.gthread": _hook_gunicorn("ThreadWorker", "handle_http2_request"),
    "gunicorn.workers.base_async": _hook_gunicorn("AsyncWorker", "handle_request", "handle_http2_request"),
    "gevent.pywsgi": _hook_gevent,
    "waitress.task": _hook_waitress,
    "waitress.channel": _hook_waitress_channel,
    "cheroot.wsgi": _hook_cheroot,
    "cheroot.server": _hook_cheroot_server,
    "granian.wsgi": _hook_granian,
    "hypercorn.app_wrappers": _hook_hypercorn,
}
