"""Who may ask: the Host header, the token and the length of the URL are checked before anything else runs."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

LONGEST_URL: Final = 65_536
"""Bytes of the query part of a URL; what is longer goes by POST."""
OPEN: Final = frozenset(("/ready",))
"""Paths that need no token: they tell nothing."""

_ADVICE: Final = "send the token as 'Authorization: Bearer <token>', or as the password of Basic authentication"


class Guard:
    """An ASGI application around another one.

    Args:
        inner: gets only requests with the right token that name this machine.
        token: what clients must show.
        refused: is told of each request that is not let through, and its status.
    """

    def __init__(self, inner: ASGIApp, token: str, refused: Callable[[HTTPConnection, int], None]) -> None:
        self._inner = inner
        self._refused = refused
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self._inner(scope, receive, send)
            return
        self._refused(HTTPConnection(scope), refusal.status_code)
        if scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await WebSocket(scope, receive, send).send_denial_response(refusal)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        # A page of another site, whose name was made to mean this machine, sends its own name here.
        if not is_loopback(_name(headers.get("host", ""))):
            return PlainTextResponse("the Host header names another machine than this one; use localhost", 403)
        if len(scope["query_string"]) > LONGEST_URL:
            return PlainTextResponse(f"the URL is longer than {LONGEST_URL} bytes; use POST", 414)
        if scope["path"] in OPEN or self._is_right(headers.get("authorization", "")):
            return None
        return PlainTextResponse(f"a token is needed: {_ADVICE}", 401, {"WWW-Authenticate": "Bearer"})

    def _is_right(self, authorization: str) -> bool:
        shown = credentials(authorization)[1]
        return hmac.compare_digest(shown.encode("utf-8", "replace"), self._token)


def credentials(authorization: str) -> tuple[str, str]:
    """User (empty with Bearer) and token of an Authorization header; both empty where it is something else."""
    kind, _, text = authorization.partition(" ")
    if kind.lower() == "bearer":
        return "", text.strip()
    if kind.lower() == "basic":
        try:
            user, _, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return "", ""
        return user, password
    return "", ""


def is_loopback(name: str) -> bool:
    """Whether a host's name or address surely means this machine."""
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    """The host of a Host header, without its port and without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
