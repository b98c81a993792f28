"""Outgoing calls carry the current ids, whatever the client: `http.client` and all that stands on it (urllib, urllib3,
requests, botocore), httpx, aiohttp, Tornado's client, gRPC with threads and on asyncio.

A header that the app, or an instrumentation of OpenTelemetry, has set stays. Outside of a request, a job or a
`correlation_scope` there is no id, and nothing is added. No client is imported here.
"""

from __future__ import annotations

from typing import Any, Final

from opentelemetry import propagate

from aegis_otel.capture._hooks import Hook, Method, fault, install, wrap
from aegis_otel.correlation import get_correlation_id


def instrument() -> None:
    """Put the hooks in, once for a process; imports nothing of what they stand in."""
    install(_HOOKS)


def carried() -> dict[str, str]:
    """The headers (lower case) that a call from here carries; empty where no id is in force. Never raises."""
    try:
        if get_correlation_id() is None:
            return {}
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        return {name.lower(): value for name, value in carrier.items()}
    except Exception as error:
        fault("outgoing calls", error)
        return {}


def _before_headers_end(original: Method) -> Method:
    def endheaders(self: Any, *args: Any, **kwargs: Any) -> Any:
        headers = carried()
        if headers:
            try:
                for line in self._buffer[1:]:
                    headers.pop(bytes(line).partition(b":")[0].decode("latin-1").lower(), None)
                for name, value in headers.items():
                    self.putheader(name, value)
            except Exception as error:
                fault("http.client", error)
        return original(self, *args, **kwargs)

    return endheaders


def _hook_http_client(module: Any) -> None:
    wrap(module.HTTPConnection, "endheaders", _before_headers_end)


def _add(headers: Any) -> None:
    """Put what is missing into headers that are looked up in any case."""
    for name, value in carried().items():
        if name not in headers:
            headers[name] = value


def _hook_httpx(module: Any) -> None:
    def send(original: Method) -> Method:
        # Not a coroutine: for the asynchronous client it hands on the one that `original` makes.
        def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                _add(request.headers)
            except Exception as error:
                fault("httpx", error)
            return original(self, request, *args, **kwargs)

        return send

    wrap(module.Client, "send", send)
    wrap(module.AsyncClient, "send", send)


def _hook_aiohttp(module: Any) -> None:
    def send(original: Method) -> Method:
        def send(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                _add(self.headers)
            except Exception as error:
                fault("aiohttp's client", error)
            return original(self, *args, **kwargs)

        return send

    wrap(module.ClientRequest, "send", send)


def _hook_tornado(module: Any) -> None:
    def write_headers(original: Method) -> Method:
        def write_headers(self: Any, start_line: Any, headers: Any, *args: Any, **kwargs: Any) -> Any:
            if self.is_client:
                try:
                    _add(headers)
                except Exception as error:
                    fault("Tornado's client", error)
            return original(self, start_line, headers, *args, **kwargs)

        return write_headers

    wrap(module.HTTP1Connection, "write_headers", write_headers)


def _missing(metadata: Any) -> tuple[tuple[str, str], ...]:
    headers = carried()
    if headers:
        for key, _ in metadata or ():
            headers.pop(str(key).lower(), None)
    return tuple(headers.items())


def _hook_grpc(module: Any) -> None:
    def augment(original: Method) -> Method:
        def augment_metadata(metadata: Any, compression: Any) -> Any:
            try:
                missing = _missing(metadata)
                if missing:
                    metadata = (*(metadata or ()), *missing)
            except Exception as error:
                fault("gRPC's client", error)
            return original(metadata, compression)

        return augment_metadata

    wrap(module, "augment_metadata", augment)


def _hook_grpc_aio(module: Any) -> None:
    for kind in list(vars(module).values()):
        if not isinstance(kind, type) or not isinstance(vars(kind).get("_init_metadata"), staticmethod):
            continue
        original = kind.__dict__["_init_metadata"].__func__

        def init_metadata(metadata: Any = None, compression: Any = None, _original: Any = original) -> Any:
            found = _original(metadata, compression)
            try:
                for name, value in _missing(found):
                    found.add(name, value)
            except Exception as error:
                fault("gRPC's asyncio client", error)
            return found

        setattr(kind, "_init_metadata", staticmethod(init_metadata))  # noqa: B010 (mypy knows none)


_HOOKS: Final[dict[str, Hook]] = {
    "http.client": _hook_http_client,
    "httpx": _hook_httpx,
    "aiohttp.client_reqrep": _hook_aiohttp,
    "tornado.http1connection": _hook_tornado,
    "grpc._compression": _hook_grpc,
    "grpc.aio._channel": _hook_grpc_aio,
}
