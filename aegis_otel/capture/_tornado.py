"""Tornado's server: the request's context holds from its headers on, in the connection's task and in the handler."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from aegis_otel.capture._hooks import Method, fault, wrap
from aegis_otel.capture._served import HttpRequest
from aegis_otel.capture._serving import SERVING

_OWN: Final = ("opentelemetry.instrumentation.tornado", "TornadoInstrumentor")
_SERVED: Final = "_aegis_otel_served"


def hook_server(module: Any) -> None:
    """`tornado.httpserver`."""
    wrap(module.HTTPServer, "start_request", _start_request)


def hook_connection(module: Any) -> None:
    """`tornado.http1connection`."""
    wrap(module.HTTP1Connection, "write_headers", _write_headers)
    wrap(module.HTTP1Connection, "finish", _finish)


def hook_web(module: Any) -> None:
    """`tornado.web`."""
    wrap(module.RequestHandler, "_handle_request_exception", _handle_request_exception)


class _Delegate:
    """What the server tells of one request, told to the app in the request's context."""

    def __init__(self, delegate: Any, connection: Any) -> None:
        self._delegate = delegate
        self._connection = connection
        self._served: HttpRequest | None = None

    def headers_received(self, start_line: Any, headers: Any) -> Any:
        # The connection's task outlives the request. What it does for the next one is in that one's context.
        otel_context.attach(Context())
        try:
            scheme = getattr(self._connection.context, "protocol", "http")
            served = SERVING.http(start_line.method, start_line.path, headers, scheme=scheme, own=_OWN)
            if served is not None:
                otel_context.attach(served.context)
                self._served = served
                setattr(self._connection, _SERVED, served)
        except Exception as error:
            fault("Tornado's server", error)
        try:
            return self._delegate.headers_received(start_line, headers)
        except BaseException as error:
            self._failed(error)
            raise

    def finish(self) -> Any:
        try:
            return self._delegate.finish()
        except BaseException as error:
            self._failed(error)
            raise

    def on_connection_close(self) -> Any:
        try:
            return self._delegate.on_connection_close()
        finally:
            if self._served is not None:
                if not self._served.has_answer:
                    self._served.answered(499)  # the client went away before there was an answer
                self._served.end()

    def _failed(self, error: BaseException) -> None:
        if self._served is not None:
            self._served.failed(error)
            self._served.end()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._delegate, name)


def _start_request(original: Method) -> Method:
    def start_request(self: Any, server_conn: Any, request_conn: Any) -> Any:
        delegate = original(self, server_conn, request_conn)
        return delegate if SERVING.requests is None else _Delegate(delegate, request_conn)

    return start_request


def _write_headers(original: Method) -> Method:
    def write_headers(self: Any, start_line: Any, headers: Any, *args: Any, **kwargs: Any) -> Any:
        served = getattr(self, _SERVED, None)
        if served is not None:
            try:
                served.answered(start_line.code)
                served.note_sent()
                missing = served.missing_header(headers.get(served.header_name))
                if missing is not None:
                    headers[missing[0]] = missing[1]
            except Exception as error:
                fault("Tornado's response", error)
        return original(self, start_line, headers, *args, **kwargs)

    return write_headers


def _finish(original: Method) -> Method:
    def finish(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        finally:
            served = getattr(self, _SERVED, None)
            if served is not None:
                served.end()

    return finish


def _handle_request_exception(original: Method) -> Method:
    def handle_request_exception(self: Any, e: BaseException, *args: Any, **kwargs: Any) -> Any:
        served = getattr(getattr(getattr(self, "request", None), "connection", None), _SERVED, None)
        if served is not None:
            if getattr(self, "_headers_written", False):
                served.failed(e)  # the response breaks off
            else:
                served.handled = e
        return original(self, e, *args, **kwargs)

    return handle_request_exception
