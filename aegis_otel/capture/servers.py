"""Request records and correlation ids at servers that speak neither ASGI nor WSGI with their apps.

aiohttp, Tornado, Sanic's own server, `http.server`, granian's RSGI, gRPC (threads and asyncio). No server is imported
here: each hook waits for the app's import, in a module of its own that is imported then.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from aegis_otel.capture._hooks import Hook, install
from aegis_otel.capture._serving import SERVING
from aegis_otel.capture.excluded import SERVERS, excluded_urls
from aegis_otel.capture.lean import LeanRequests

_PACKAGE: Final = "aegis_otel.capture"


def instrument(lean: LeanRequests | None) -> None:
    """Put the hooks in, once for a process; imports no server itself.

    Args:
        lean: how requests are recorded; None: not at all.
    """
    SERVING.requests = lean
    SERVING.excluded = excluded_urls(SERVERS)
    install(_HOOKS)


def _later(module: str, name: str) -> Callable[[Any], None]:
    """A hook that lives in a module of its own."""

    def hook(target: Any) -> None:
        getattr(import_module(f"{_PACKAGE}.{module}"), name)(target)

    return hook


_HOOKS: Final[dict[str, Hook]] = {
    "aiohttp.web_protocol": _later("_aiohttp_server", "hook_protocol"),
    "aiohttp.web_response": _later("_aiohttp_server", "hook_response"),
    "tornado.httpserver": _later("_tornado", "hook_server"),
    "tornado.http1connection": _later("_tornado", "hook_connection"),
    "tornado.web": _later("_tornado", "hook_web"),
    "sanic.http.http1": _later("_sanic", "hook_http1"),
    "sanic.request.types": _later("_sanic", "hook_request"),
    "sanic.response.types": _later("_sanic", "hook_response"),
    "sanic.handlers.error": _later("_sanic", "hook_errors"),
    "sanic.touchup.service": _later("_sanic", "hook_touchup"),
    "sanic.server.protocols.websocket_protocol": _later("_sanic", "hook_websocket"),
    "http.server": _later("_http_server", "hook_handler"),
    "socketserver": _later("_http_server", "hook_socketserver"),
    "granian.rsgi": _later("_rsgi", "hook_granian"),
    "grpc._server": _later("_grpc_server", "hook_server"),
    "grpc.aio._server": _later("_grpc_aio", "hook_server"),
}
