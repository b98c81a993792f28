"""granian's RSGI: apps that get a scope and a protocol object, on which they call one of its `response_…` methods."""

from __future__ import annotations

from functools import wraps
from typing import Any

from opentelemetry import context as otel_context

from aegis_otel.capture._hooks import Method, fault, wrap
from aegis_otel.capture._served import HttpRequest, header_of
from aegis_otel.capture._serving import SERVING


def hook_granian(module: Any) -> None:
    """`granian.rsgi`."""
    wrap(module, "_callback_wrapper", _callback_wrapper)


def _callback_wrapper(original: Method) -> Method:
    def callback_wrapper(callback: Any, *args: Any, **kwargs: Any) -> Any:
        return original(_serving(callback), *args, **kwargs)

    return callback_wrapper


def _serving(callback: Any) -> Any:
    @wraps(callback)
    async def serve(scope: Any, protocol: Any) -> Any:
        served = _begin(scope)
        if served is None:
            return await callback(scope, protocol)
        if scope.proto == "http":
            protocol = _Protocol(protocol, served)
        else:
            served.answered(101)
        token = otel_context.attach(served.context)
        try:
            return await callback(scope, protocol)
        except Exception as error:
            served.failed(error)
            raise
        finally:
            served.end()
            otel_context.detach(token)

    return serve


def _begin(scope: Any) -> HttpRequest | None:
    try:
        target = f"{scope.path}?{scope.query_string}" if scope.query_string else scope.path
        method = getattr(scope, "method", "GET")
        return SERVING.http(method, target, scope.headers, scheme=scope.scheme)
    except Exception as error:
        fault("granian's RSGI", error)
        return None


class _Protocol:
    """The protocol object that the app gets."""

    def __init__(self, inner: Any, served: HttpRequest) -> None:
        self._inner = inner
        self._served = served

    def __call__(self) -> Any:
        return self._inner()

    def __aiter__(self) -> Any:
        return self._inner.__aiter__()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not name.startswith("response_"):
            return found
        served = self._served

        def respond(status: int, headers: Any, *rest: Any, **named: Any) -> Any:
            try:
                served.answered(status)
                served.note_sent()
                missing = served.missing_header(header_of(headers, served.header_name))
                if missing is not None:
                    headers = [*headers, missing]
            except Exception as error:
                fault("granian's RSGI", error)
            return found(status, headers, *rest, **named)

        return respond
