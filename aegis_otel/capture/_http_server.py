"""`http.server`: each request that a `BaseHTTPRequestHandler` reads, until its `do_…` method returns.

Handlers that read requests in a way of their own (wsgiref's, werkzeug's) have hooks as WSGI servers.
"""

from __future__ import annotations

from typing import Any, Final

from opentelemetry import context as otel_context

from aegis_otel.capture._hooks import Method, fault, wrap
from aegis_otel.capture._served import HttpRequest
from aegis_otel.capture._serving import SERVING

_SERVED: Final = "_aegis_otel_served"
_READS: Final = "_aegis_otel_reads"


def hook_handler(module: Any) -> None:
    """`http.server`."""
    handler = module.BaseHTTPRequestHandler
    wrap(handler, "handle_one_request", _handle_one_request)
    wrap(handler, "parse_request", _parse_request)
    wrap(handler, "send_response_only", _send_response_only)
    wrap(handler, "end_headers", _end_headers)


def hook_socketserver(module: Any) -> None:
    """`socketserver`: what it says about a handler that failed has the request's id; the next request has not."""
    wrap(module.BaseServer, "_handle_request_noblock", _handle_request)
    wrap(module.ThreadingMixIn, "process_request_thread", _handle_request)


def _handle_request(original: Method) -> Method:
    def handle_request(self: Any, *args: Any, **kwargs: Any) -> Any:
        token = otel_context.attach(otel_context.get_current())
        try:
            return original(self, *args, **kwargs)
        finally:
            otel_context.detach(token)

    return handle_request


def _handle_one_request(original: Method) -> Method:
    def handle_one_request(self: Any) -> Any:
        if SERVING.requests is None or hasattr(type(self), "run_wsgi"):
            return original(self)
        before = otel_context.get_current()
        setattr(self, _READS, True)
        try:
            done = original(self)
        except BaseException as error:
            served = _take(self)
            if served is not None:
                served.failed(error)
                served.end()
            raise  # the context stays for what the server says about it
        served = _take(self)
        if served is not None:
            served.end()
            otel_context.attach(before)
        return done

    return handle_one_request


def _take(handler: Any) -> HttpRequest | None:
    setattr(handler, _READS, False)
    served: HttpRequest | None = handler.__dict__.pop(_SERVED, None)
    return served


def _parse_request(original: Method) -> Method:
    def parse_request(self: Any) -> Any:
        parsed = original(self)
        if parsed and getattr(self, _READS, False):
            try:
                served = SERVING.http(self.command, self.path, self.headers)
                if served is not None:
                    setattr(self, _SERVED, served)
                    otel_context.attach(served.context)
            except Exception as error:
                fault("http.server", error)
        return parsed

    return parse_request


def _send_response_only(original: Method) -> Method:
    def send_response_only(self: Any, code: Any, *args: Any, **kwargs: Any) -> Any:
        served = getattr(self, _SERVED, None)
        if served is not None and isinstance(code, int) and code >= 200:
            served.answered(int(code))
        return original(self, code, *args, **kwargs)

    return send_response_only


def _end_headers(original: Method) -> Method:
    def end_headers(self: Any) -> Any:
        served = getattr(self, _SERVED, None)
        if served is not None and served.has_answer:
            try:
                start = f"{served.header_name}:"
                lines = (line.decode("latin-1") for line in getattr(self, "_headers_buffer", ()))
                own = next((line.partition(":")[2].strip() for line in lines if line.lower().startswith(start)), None)
                missing = served.missing_header(own)
                if missing is not None:
                    self.send_header(*missing)
                served.note_sent()
            except Exception as error:
                fault("http.server's response", error)
        return original(self)

    return end_headers
