"""Who acts: the actor of audit records that do not name one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from opentelemetry import baggage, trace

ENDUSER: Final = "enduser.id"
"""OpenTelemetry's attribute for the user of a request, on spans; also read from baggage."""

_actor: ContextVar[str | None] = ContextVar("aegis_otel.audit.actor", default=None)


def set_actor(actor: str | None) -> None:
    """Have this actor in audit records of the current context: the rest of the request, in a middleware or dependency.

    Args:
        actor: an id, not a name; None: none.
    """
    _actor.set(actor)


@contextlib.contextmanager
def actor_scope(actor: str) -> Iterator[None]:
    """Have this actor in audit records of the block."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def current_actor() -> str | None:
    """The actor in force: that of `set_actor` or `actor_scope`, else ``enduser.id`` of the span, else of baggage."""
    actor: object = _actor.get()
    if actor is None:
        attributes = getattr(trace.get_current_span(), "attributes", None) or {}
        actor = attributes.get(ENDUSER) or baggage.get_baggage(ENDUSER)
    return None if actor is None else str(actor)
