"""Correlation ids and trace context: how an id arrives, where it is kept, how it leaves.

The id is kept in the OpenTelemetry context, so it follows a request wherever the trace context goes:
threads, tasks, and every client and server that OpenTelemetry instruments. If no id arrived, it is the
trace id in UUID form, so each can be computed from the other.
"""

from __future__ import annotations

import logging
import re
import uuid
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, AnyStr, Final, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
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
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from aegis_otel.schema import safe_text, trace_id_as_uuid

DEFAULT_HEADER: Final = "x-correlation-id"
SPAN_ATTRIBUTE: Final = "correlationId"
REPLACED: Final = "replacedCorrelationId"
"""The field of a request's record, and the attribute of its span, with the incoming id that was not kept."""

_LOG: Final = logging.getLogger(__name__)
_KEY: Final = otel_context.create_key("aegis-correlation-id")
_REPLACED: Final = otel_context.create_key("aegis-replaced-correlation-id")
# fullmatch, because `$` would accept a trailing newline: the id goes into headers.
_ACCEPTABLE: Final = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-?)([0-9A-Fa-f]{4}\1){3}[0-9A-Fa-f]{12}")
_MOST_SHOWN: Final = 128


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


def with_id(correlation_id: str, context: Context | None = None) -> Context:
    """A context (the current one where None) with this id in it, which the caller has found acceptable."""
    return otel_context.set_value(_KEY, correlation_id, context)


def replaced_in(context: Context | None = None) -> str | None:
    """The incoming id that was replaced, as text that can be written anywhere; None where none was."""
    value = otel_context.get_value(_REPLACED, context)
    return value if isinstance(value, str) else None


def following(own: str, context: Context | None = None) -> Context:
    """A context with the id that the app has given to its request instead of ours, which it remembers if it came in."""
    before = in_context(context)
    context = with_id(own, context)
    return context if before in (None, own) else otel_context.set_value(_REPLACED, before, context)


def follow(value: object) -> None:
    """Take the id that a middleware of the app has given to the current request, if it is acceptable."""
    own = accept(value)
    if own is None or own == get_correlation_id():
        return
    otel_context.attach(following(own))
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attribute(SPAN_ATTRIBUTE, own)


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
        correlation_id: the id; a new UUID where it is None. One that is not acceptable (see `accept`) is replaced by
            a new UUID too, with a warning (`UserWarning`), since a job should not fail for it.

    Yields:
        The id in force, which need not be the one that was given.
    """
    value = accept(correlation_id)
    if value is None:
        value = str(uuid.uuid4())
        if correlation_id is not None:
            # Without the value: it may come from outside, and Python keeps every different text of a warning.
            warnings.warn(
                "correlation_scope: the given id is not acceptable (1 to 128 characters of [A-Za-z0-9._:/+=@-]);"
                " a new one is in force, which the with statement yields",
                stacklevel=3,
            )
    token = otel_context.attach(otel_context.set_value(_KEY, value))
    try:
        yield value
    finally:
        otel_context.detach(token)


class CorrelationPropagator(TextMapPropagator):
    """Takes the id from a request's headers and puts it into the headers of outgoing calls.

    Args:
        headers: the names of the headers that may bring an id, lower case. The first that brings an acceptable one
            counts; the first of all is the one that is sent. One may be given as a text.
        harmless: tells whether an acceptable id may be kept. It should reject e-mail addresses and card numbers,
            because the id is written everywhere.
        only_uuids: whether an incoming id must be a UUID (with or without hyphens).
    """

    def __init__(
        self,
        headers: str | Sequence[str] = DEFAULT_HEADER,
        harmless: Callable[[str], bool] | None = None,
        *,
        only_uuids: bool = False,
    ) -> None:
        self._headers = (headers,) if isinstance(headers, str) else tuple(headers)
        self._header = self._headers[0]
        self._harmless = harmless
        self._only_uuids = only_uuids

    def extract(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> Context:
        """The context with the carrier's id; without one if the carrier has no acceptable id.

        The first id that is not acceptable is remembered (`replaced_in`).
        """
        if context is None:
            context = otel_context.get_current()
        for header in self._headers:
            for value in getter.get(carrier, header) or ():
                accepted = accept(value)
                if accepted is not None and self._may_be_kept(accepted):
                    return otel_context.set_value(_KEY, accepted, context)
                if replaced_in(context) is None:
                    context = otel_context.set_value(_REPLACED, _shown(value), context)
                # At debug level only, and without the value: whoever sends it must not fill the log.
                _LOG.debug("an incoming correlation id is not acceptable and was replaced (header %s)", header)
        return context

    def _may_be_kept(self, accepted: str) -> bool:
        if self._only_uuids and not _UUID.fullmatch(accepted):
            return False
        return self._harmless is None or self._harmless(accepted)

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
        """The headers that may bring an id; `inject` writes the first."""
        return set(self._headers)


class OwnBaggage(W3CBaggagePropagator):
    """Sends the baggage that the app sets, and takes none from outside: whoever calls must not reach other services."""

    def extract(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> Context:
        """The context as it is."""
        return otel_context.get_current() if context is None else context


def _shown(value: object) -> str:
    """An incoming value, cut and without control characters."""
    return safe_text(value, limit=_MOST_SHOWN).encode("unicode_escape").decode("ascii")[: 2 * _MOST_SHOWN]


class CorrelationIdFilter(logging.Filter):
    """Gives the records of a handler the current correlation id, for the app's own formats.

    Put it on a handler, for example in `logging.config.dictConfig`::

        "filters": {"correlation": {"()": "aegis_otel.CorrelationIdFilter"}},
        "formatters": {"plain": {"format": "%(levelname)s [%(correlationId)s] %(message)s"}},

    Args:
        field: the attribute of the record that holds the id.
        default: its value where there is no id.
    """

    def __init__(self, field: str = SPAN_ATTRIBUTE, default: str = "-") -> None:
        super().__init__()
        self._field = field
        self._default = default

    def filter(self, record: logging.LogRecord) -> bool:
        """Set the attribute, unless an earlier one has; every record passes."""
        if not hasattr(record, self._field):
            setattr(record, self._field, get_correlation_id() or self._default)
        return True


class UuidTraceIds(RandomIdGenerator):
    """Trace ids that are random and valid as UUIDs of version 4 (RFC 9562, section 5.4).

    The six bits of version and variant are not among the 56 that W3C's random flag speaks of (Trace Context, level 2).
    """

    def generate_trace_id(self) -> int:
        """A trace id, 128 bits."""
        return super().generate_trace_id() & ~_FIXED_BITS | _VERSION_4


_FIXED_BITS: Final = 0xF << 76 | 0x3 << 62
_VERSION_4: Final = 0x4 << 76 | 0x2 << 62


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
        if isinstance(carrier, dict) and isinstance(carrier.get("headers"), list):
            expose(carrier["headers"], self._header.encode("ascii"))

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


def expose(headers: list[tuple[AnyStr, AnyStr]], name: AnyStr) -> None:
    """Let scripts of other origins read a header of a response that answers them (Fetch, "CORS protocol").

    Args:
        headers: of the response; changed in place where they allow an origin.
        name: of the header, lower case.
    """
    allowed, exposed, comma, every = _CORS if isinstance(name, str) else _CORS_BYTES
    names = [given.lower() for given, _ in headers]
    if allowed not in names:
        return
    for place, found in enumerate(names):
        if found == exposed:
            before = headers[place][1]
            if name not in [part.strip() for part in before.lower().split(comma)] and before.strip() != every:
                headers[place] = (headers[place][0], before + comma + name if before.strip() else name)
            return
    headers.append((exposed, name))


_CORS: Final[Any] = ("access-control-allow-origin", "access-control-expose-headers", ",", "*")
_CORS_BYTES: Final[Any] = tuple(text.encode("ascii") for text in _CORS)

_RESPONSE_STARTS: Final = ("http.response.start", "websocket.accept", "websocket.http.response.start")


class CorrelationSpanProcessor(SpanProcessor):
    """Writes the id on every span as the attribute ``correlationId``."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Set the attribute."""
        value = in_context(parent_context)
        if value is None:
            value = trace_id_as_uuid(span.context.trace_id)
        span.set_attribute(SPAN_ATTRIBUTE, value)
        replaced = replaced_in(parent_context) if span.kind is trace.SpanKind.SERVER else None
        if replaced is not None:
            span.set_attribute(REPLACED, replaced)


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
