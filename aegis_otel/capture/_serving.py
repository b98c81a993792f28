"""Begins the requests of the servers that `aegis_otel.capture.servers` hooks; holds what is in force for them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from opentelemetry.util.http import ExcludeList

from aegis_otel.capture._hooks import fault
from aegis_otel.capture._served import (
    HttpRequest,
    RpcRequest,
    carrier_of,
    full_http_span,
    full_rpc_span,
    open_request,
)
from aegis_otel.capture.lean import LeanRequests, extracted

Instrumentation = tuple[str, str]
"""An instrumentation of OpenTelemetry that makes the server span itself: its module and its class."""


class Serving:
    """What is in force; `requests` is None where we are off."""

    def __init__(self) -> None:
        self.requests: LeanRequests | None = None
        self.excluded: ExcludeList | None = None

    def http(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        *,
        scheme: str = "http",
        own: Instrumentation | None = None,
    ) -> HttpRequest | None:
        """Begin an HTTP request.

        Args:
            method: as the request line has it.
            target: path and query, percent-encoded; an absolute URL is cut to these.
            headers: looked up in any case.
            scheme: `http` or `https`.
            own: the instrumentation that may make the server span.

        Returns:
            The request; None where we are off, the URL is excluded, or a fault of ours stands in the way.
        """
        requests = self.requests
        if requests is None:
            return None
        try:
            if not target.startswith("/"):
                target = _path_of(target)
            if self.excluded is not None:
                url = f"{scheme}://{headers.get('host') or ''}{target.partition('?')[0]}"
                if self.excluded.url_disabled(url):
                    return None
            brought = extracted(carrier_of(requests, headers))
            opened = open_request(
                requests,
                brought,
                own_span=lambda: _active(own),
                full_span=lambda: full_http_span(requests, brought, method, target, {"url.scheme": scheme}),
            )
            return HttpRequest(requests, opened, method, target)
        except Exception as error:
            fault("a server's requests", error)
            return None

    def rpc(self, operation: str, metadata: Iterable[Any], *, own: Instrumentation | None = None) -> RpcRequest | None:
        """Begin a call of gRPC; None as in `http`.

        Args:
            operation: ``/package.Service/Method``.
            metadata: of the call: pairs of key (lower case) and value.
            own: the instrumentation that may make the server span.
        """
        requests = self.requests
        if requests is None:
            return None
        try:
            given: dict[str, str] = {}
            for key, value in metadata or ():
                if isinstance(value, str):
                    given.setdefault(key, value)
            brought = extracted(carrier_of(requests, given))
            opened = open_request(
                requests,
                brought,
                own_span=lambda: _active(own),
                full_span=lambda: full_rpc_span(requests, brought, operation),
            )
            return RpcRequest(requests, opened, operation)
        except Exception as error:
            fault("gRPC's calls", error)
            return None


def _path_of(target: str) -> str:
    """The path and query of an absolute URL (RFC 9112, section 3.2.2); other forms stay."""
    scheme, mark, rest = target.partition("://")
    if not mark or "/" in scheme:
        return target
    _, slash, path = rest.partition("/")
    return slash + path or "/"


def _active(own: Instrumentation | None) -> bool:
    """Whether an instrumentation is loaded and in force."""
    if own is None:
        return False
    kind = getattr(sys.modules.get(own[0]), own[1], None)
    return kind is not None and bool(kind().is_instrumented_by_opentelemetry)


SERVING: Final = Serving()
