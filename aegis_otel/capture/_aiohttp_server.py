"""aiohttp's server: the request's context holds in the task that handles it, until the access line is written."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from aegis_otel.capture._hooks import Method, fault, wrap
from aegis_otel.capture._served import HttpRequest
from aegis_otel.capture._serving import SERVING
from aegis_otel.capture.lean import current

_OWN: Final = ("opentelemetry.instrumentation.aiohttp_server", "AioHttpServerInstrumentor")
_CONTEXT: Final = "_aegis_otel_context"


def hook_protocol(module: Any) -> None:
    """`aiohttp.web_protocol`."""
    wrap(module.RequestHandler, "_handle_request", _handle_request)
    wrap(module.RequestHandler, "handle_error", _handle_error)
    wrap(module.RequestHandler, "log_exception", _log_exception)


def hook_response(module: Any) -> None:
    """`aiohttp.web_response`."""
    wrap(module.StreamResponse, "_write_headers", _write_headers)


def _handle_request(original: Method) -> Method:
    async def handle(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        served = _begin(request)
        if served is None:
            return await original(self, request, *args, **kwargs)
        # A task for each request is aiohttp's own way; where a version has none, the context goes back at the end.
        token = otel_context.attach(served.context)
        reset = current.set(served)
        try:
            return await original(self, request, *args, **kwargs)
        except ConnectionError:
            # The client went away, or aiohttp gives up a response that the app broke off (`_handle_error` was told).
            raise
        except Exception as error:
            served.failed(error)
            _remember(error, served.context)
            raise
        finally:
            served.end()
            current.reset(reset)
            otel_context.detach(token)

    return handle


def _begin(request: Any) -> HttpRequest | None:
    try:
        return SERVING.http(request.method, request.raw_path, request.headers, scheme=request.scheme, own=_OWN)
    except Exception as error:
        fault("aiohttp's server", error)
        return None


def _handle_error(original: Method) -> Method:
    def handle_error(self: Any, request: Any, status: int = 500, exc: Any = None, *args: Any, **kwargs: Any) -> Any:
        served = current.get()
        if served is not None and isinstance(exc, BaseException):
            if isinstance(served, HttpRequest) and served.has_answer:
                served.failed(exc)  # the response breaks off
            else:
                served.handled = exc
        return original(self, request, status, exc, *args, **kwargs)

    return handle_error


def _write_headers(original: Method) -> Method:
    async def write_headers(self: Any, *args: Any, **kwargs: Any) -> Any:
        served = current.get()
        if isinstance(served, HttpRequest) and not served.ended:
            try:
                served.answered(self.status)
                served.note_sent()
                if self.status >= 500 and isinstance(self, Exception):
                    served.handled = self
                missing = served.missing_header(self.headers.get(served.header_name))
                if missing is not None:
                    self.headers[missing[0]] = missing[1]
            except Exception as error:
                fault("aiohttp's response", error)
        return await original(self, *args, **kwargs)

    return write_headers


def _remember(error: BaseException, context: Context) -> None:
    try:
        setattr(error, _CONTEXT, context)
    except Exception:
        return


def _log_exception(original: Method) -> Method:
    def log_exception(self: Any, *args: Any, **kwargs: Any) -> Any:
        context = getattr(kwargs.get("exc_info"), _CONTEXT, None)
        if context is None:
            return original(self, *args, **kwargs)
        token = otel_context.attach(context)
        try:
            return original(self, *args, **kwargs)
        finally:
            otel_context.detach(token)

    return log_exception
