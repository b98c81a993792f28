"""The exceptions that frameworks answer themselves, so that a request's error record names them.

A framework that makes a 500 page of an exception gives the server only the page. Each hook stands where the framework
has the exception in hand. It matters only for answers with 5xx: what an app makes a 404 of is no error.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, Final

from aegis_otel.capture.lean import current
from aegis_otel.capture.lean_wsgi import current_request


def note(error: object) -> None:
    """Remember an exception with the request that is handled at this point."""
    request = current_request() or current.get()
    if request is not None and isinstance(error, BaseException):
        request.handled = error


def _hook(owner: str | None, name: str, find: Callable[..., object]) -> Callable[[Any], None]:
    """Note what `find` takes from the arguments of a method (or function, where `owner` is None)."""

    def hook(module: Any) -> None:
        holder = module if owner is None else getattr(module, owner, None)
        original = getattr(holder, name, None)
        if original is None:
            return

        @wraps(original)
        def seen(*args: Any, **kwargs: Any) -> Any:
            with suppress(Exception):  # another version's arguments: the record does without
                note(find(*args, **kwargs))
            return original(*args, **kwargs)

        setattr(holder, name, seen)

    return hook


HOOKS: Final[dict[str, Callable[[Any], None]]] = {
    "flask.app": _hook("Flask", "handle_exception", lambda self, e: e),
    "django.core.handlers.exception": _hook(
        None, "handle_uncaught_exception", lambda request, resolver, exc_info: exc_info[1]
    ),
    "litestar.middleware._internal.exceptions.middleware": _hook(
        None, "get_exception_handler", lambda exception_handlers, exc: exc
    ),
    "quart.app": _hook("Quart", "handle_exception", lambda self, error: error),
    "falcon.asgi.app": _hook("App", "_handle_exception", lambda self, req, resp, ex, *rest, **named: ex),
    "falcon.app": _hook("App", "_handle_exception", lambda self, req, resp, ex, *rest, **named: ex),
    "bottle": _hook(
        "HTTPError", "__init__", lambda self, status=None, body=None, exception=None, *rest, **named: exception
    ),
}
"""By the framework's module; Pyramid gives what it does not handle to the server."""
