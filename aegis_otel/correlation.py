"""Correlation ids and trace context: how an id arrives, where it is kept, how it leaves.

The id is kept in the OpenTelemetry context, so it follows a request wherever the trace context goes:
threads, tasks, and every client and server that OpenTelemetry instruments. If no id arrived, it is the
trace id in UUID form, so each can be computed from the other.
"""

from __future__ import annotations

import re
import uuid
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
from opentelemetry.instrumentation.propagators import ResponsePropagator, default_setter
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
)
from opentelemetry.propagators.textmap import (
    default_setter as default_request_setter,
)
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from aegis_otel.schema import trace_id_as_uuid

DEFAULT_HEADER: Final = "x-correlation-id"
SPAN_ATTRIBUTE: Final = "correlationId"

_KEY: Final = otel_context.create_key("aegis-correlation-id")
# fullmatch, because `$` would accept a trailing newline: the id goes into headers.
_ACCEPTABLE: Final = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


def accept(value: object) -> str | None:
    """An incoming id if it is acceptable, otherwise None.

    Acceptable ids have 1 to 128 characters of ``[A-Za-z0-9._:/+=@-]``: the value comes from outside and goes
    into headers, logs and queries.
    """
    if isinstance(value, str) and _ACCEPTABLE.fullmatch(value):
        return value
    return None


def in_context(context: Context | None = None) -> str | None:
    """The id that arrived or was set, without the fallback to the trace id."""
    value = otel_context.get_value(_KEY, context)
    return value if isinstance(value, str) else None


def get_correlation_id(context: Context | None = None) -> str | None:
    """The current correlation id.

    Args:
        context: an OpenTelemetry context; None: the current one.

    Returns:
        The id that came with the request or that `correlation_scope` set; otherwise the current trace id in
        UUID form (8-4-4-4-12); otherwise None, outside any request or span.
    """
    value = in_context(context)
    if value is not None:
        return value
    trace_id = trace.get_current_span(context).get_span_context().trace_id
    return trace_id_as_uuid(trace_id) if trace_id else None


@contextmanager
def correlation_scope(correlation_id: str | None = None) -> Iterator[str]:
    """Give everything logged and called inside the ``with`` block one correlation id.

    For jobs, scripts and consumers, which get no id from a request. Works in async code as well.

    Args:
        correlation_id: the id; if it is None or not acceptable (see `accept`), a new UUID.

    Yields:
        The current id.
    """
    value = accept(correlation_id) or str(uuid.uuid4())
    token = otel_context.attach(otel_context.set_value(_KEY, value))
    try:
        yield value
    finally:
        otel_context.detach(token)


class CorrelationPropagator(TextMapPropagator):
    """Takes the id from a request's header and puts it into the headers of outgoing calls.

    Args:
        header: the header's name, lower case.
        harmless: tells whether an acceptable id may be kept. It should reject e-mail addresses and card numbers,
            because the id is written everywhere.
    """

    def __init__(self, header: str = DEFAULT_HEADER, harmless: Callable[[str], bool] | None = None) -> None:
        self._header = header
        self._harmless = harmless

    def extract(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> Context:
        """The context with the carrier's id; unchanged if the carrier has no acceptable id."""
        if context is None:
            context = otel_context.get_current()
        for value in getter.get(carrier, self._header) or ():
            accepted = accept(value)
            if accepted is not None and (self._harmless is None or self._harmless(accepted)):
                return otel_context.set_value(_KEY, accepted, context)
        return context

    def inject(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        setter: Setter[CarrierT] = default_request_setter,
    ) -> None:
        """Write the current id, if there is one, into the carrier."""
        value = get_correlation_id(context)
        if value is not None:
            setter.set(carrier, self._header, value)

    @property
    def fields(self) -> set[str]:
        """The header that `inject` writes."""
        return {self._header}


class CorrelationResponsePropagator(ResponsePropagator):
    """Writes the id on the response, unless the app has written that header itself.

    Args:
        header: the header's name, lower case.
    """

    def __init__(self, header: str = DEFAULT_HEADER) -> None:
        self._header = header

    def inject(self, carrier: Any, context: Context | None = None, setter: Any = default_setter) -> None:
        """Write the header into the carrier: an ASGI message, a WSGI header list or a mapping."""
        # opentelemetry-instrumentation-asgi calls this for every message, also for the body's chunks.
        if isinstance(carrier, dict) and carrier.get("type", "http.response.start") not in _RESPONSE_STARTS:
            return
        value = self._of_span(context) or get_correlation_id(context)
        if value is not None and not self._present(carrier):
            setter.set(carrier, self._header, value)

    @staticmethod
    def _of_span(context: Context | None) -> str | None:
        # A server passes a context that holds its span and nothing else; the span knows the id.
        span = trace.get_current_span(context)
        if isinstance(span, ReadableSpan) and span.attributes:
            value = span.attributes.get(SPAN_ATTRIBUTE)
            if isinstance(value, str):
                return value
        return in_context()

    def _present(self, carrier: Any) -> bool:
        headers = carrier.get("headers", ()) if isinstance(carrier, dict) else carrier
        if not isinstance(headers, (list, tuple)):
            return False
        names = (item[0] for item in headers if isinstance(item, (list, tuple)) and item)
        wanted = self._header
        return any(
            (name.decode("latin-1") if isinstance(name, bytes) else str(name)).lower() == wanted for name in names
        )


_RESPONSE_STARTS: Final = ("http.response.start", "websocket.accept", "websocket.http.response.start")


class CorrelationSpanProcessor(SpanProcessor):
    """Writes the id on every span as the attribute ``correlationId``."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Set the attribute."""
        value = in_context(parent_context)
        if value is None:
            value = trace_id_as_uuid(span.context.trace_id)
        span.set_attribute(SPAN_ATTRIBUTE, value)


class Current(NamedTuple):
    """The context of a record: ids of the current span (0 without one) and the id that arrived or was set."""

    trace_id: int
    span_id: int
    trace_flags: int
    correlation_id: str | None


def current() -> Current:
    """The context at this point of the app. It is cheap, because every record asks for it."""
    global _latest
    context = otel_context.get_current()
    latest = _latest
    # Contexts never change, and the records of one request come from the same one.
    if latest[0]() is context:
        return latest[1]
    span = trace.get_current_span(context).get_span_context()
    found = Current(span.trace_id, span.span_id, int(span.trace_flags), in_context(context))
    _latest = (weakref.ref(context), found)
    return found


def context_getter() -> Callable[[], Context]:
    """`opentelemetry.context.get_current`, or its usual implementation called directly in a third of the time."""
    implementation = otel_context._RUNTIME_CONTEXT
    variable = getattr(implementation, "_current_context", None)
    if type(implementation) is ContextVarsRuntimeContext and isinstance(variable, ContextVar):
        return variable.get
    return otel_context.get_current


_latest: tuple[Callable[[], Context | None], Current] = (lambda: None, Current(0, 0, 0, None))
