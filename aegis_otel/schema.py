"""The one definition of a record: its fields, its levels, its limits.

Every producer (`aegis_otel.capture`) makes a `Record`, every consumer (`aegis_otel.deliver`) takes one.
This module knows neither of them. Field names are those of AegisX's "Standard Log Entry", "Error Log
Entry" and "Audit Log Entry", so AegisX's queries work in every store.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Final, NamedTuple

from aegis_otel import _fields
from aegis_otel._plain import MAX_DEPTH as MAX_DEPTH
from aegis_otel._plain import MAX_ITEMS as MAX_ITEMS
from aegis_otel._plain import MAX_TEXT as MAX_TEXT
from aegis_otel._plain import safe_text as safe_text
from aegis_otel._plain import snapshot as snapshot

# Severity numbers of the OpenTelemetry log data model ("Field: SeverityNumber").
DEBUG: Final = _fields.SEVERITIES["DEBUG"]
INFO: Final = _fields.SEVERITIES["INFO"]
WARN: Final = _fields.SEVERITIES["WARN"]
ERROR: Final = _fields.SEVERITIES["ERROR"]
FATAL: Final = _fields.SEVERITIES["FATAL"]

SEVERITY_TEXT: Final[Mapping[int, str]] = {number: text for text, number in _fields.SEVERITIES.items()}

LEVELNO: Final[Mapping[int, int]] = {DEBUG: 0, INFO: 20, WARN: 30, ERROR: 40, FATAL: 50}
"""The least number of `logging`'s levels of each severity, as `severity_of_level` has it."""

REQUEST_COMPLETED: Final = "HTTP Request Completed"
REQUEST_ERROR: Final = "HTTP Request Error"
AUDIT_PREFIX: Final = _fields.AUDIT_PREFIX
AUDIT_FIELDS: Final = _fields.AUDIT_FIELDS
AUDIT_KEPT: Final = frozenset(_fields.AUDIT_KEPT)
"""Attributes that stay when a record is cut because it is too large: they make it an audit record."""

CODE_FILE: Final = _fields.CODE_FILE
CODE_LINE: Final = _fields.CODE_LINE
CODE_FUNCTION: Final = _fields.CODE_FUNCTION
_AUDIT_ACTION, _AUDIT_LEVEL = AUDIT_FIELDS

RESERVED: Final = frozenset((*_fields.RESERVED, *_fields.RESERVED_WITH_ERROR))
"""Field names that the record itself owns.

An attribute of the same name is kept as ``extra.<name>``. For the error fields this happens only if
the record carries an exception, because AegisX code also sets these fields by hand.
"""


class ErrorInfo(NamedTuple):
    """An exception as text: its class name, its message, its stack (with causes)."""

    name: str
    message: str
    stack: str


class CodeLocation(NamedTuple):
    """The place in the app that logged: file path, line number, function name."""

    path: str
    line: int
    function: str


class Record:
    """One log record on its way from capture to delivery.

    Cheap to make (the app's thread makes it) and self-contained: nothing in it refers to the app's
    mutable objects. `attributes` holds plain values only (None, bool, int, float, str, list, dict with
    str keys); `snapshot` ensures this.

    Attributes:
        time_ns: nanoseconds since the epoch, when the event happened.
        severity: an OpenTelemetry severity number.
        message: the rendered message.
        logger: the logger's name.
        trace_id, span_id, trace_flags: of the current span; 0 if there was none.
        correlation_id: the current id, or None: then it is derived from `trace_id`.
        attributes: all further fields, by name.
        code: the place that logged, or None.
        error: the exception it carries, or None.
        event_name: OpenTelemetry's event name, or None.
    """

    __slots__ = (
        "attributes",
        "code",
        "correlation_id",
        "error",
        "event_name",
        "logger",
        "message",
        "severity",
        "span_id",
        "time_ns",
        "trace_flags",
        "trace_id",
    )

    def __init__(
        self,
        time_ns: int,
        severity: int,
        message: str,
        logger: str,
        trace_id: int = 0,
        span_id: int = 0,
        trace_flags: int = 0,
        correlation_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        code: CodeLocation | None = None,
        error: ErrorInfo | None = None,
        event_name: str | None = None,
    ) -> None:
        self.time_ns = time_ns
        self.severity = severity
        self.message = message
        self.logger = logger
        self.trace_id = trace_id
        self.span_id = span_id
        self.trace_flags = trace_flags
        self.correlation_id = correlation_id
        self.attributes = attributes
        self.code = code
        self.error = error
        self.event_name = event_name

    def __repr__(self) -> str:
        return f"Record({level_name(self.severity)}, {self.logger!r})"


class Identity(NamedTuple):
    """The source of this process's records: the `service` and `environment` fields."""

    service: str
    environment: str


def level_name(severity: int) -> str:
    """AegisX's level (``error``, ``warn``, ``info``, ``debug``) of an OpenTelemetry severity number."""
    if severity > 0:
        for name, least in _fields.LEVELS:
            if severity >= least:
                return name
    return _fields.DEFAULT_LEVEL


def severity_of_level(levelno: int) -> int:
    """The OpenTelemetry severity number of a stdlib `logging` level number (10, 20, …)."""
    for severity in (FATAL, ERROR, WARN, INFO):
        if levelno >= LEVELNO[severity]:
            return severity
    return DEBUG


def trace_id_as_uuid(trace_id: int) -> str:
    """A trace id (128 bits) in the UUID form 8-4-4-4-12, lower case; the digits are the same."""
    text = f"{trace_id:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def correlation_id_of(record: Record) -> str | None:
    """The record's `correlationId`: the current one, otherwise its trace id as a UUID, otherwise None."""
    if record.correlation_id is not None:
        return record.correlation_id
    if record.trace_id:
        return trace_id_as_uuid(record.trace_id)
    return None


def is_audit(record: Record) -> bool:
    """Whether the record belongs to the audit trail (AegisX's "Audit Log Entry"): by a field, whatever its value is, or
    by the beginning of its message.
    """
    attributes = record.attributes
    if attributes and (_AUDIT_ACTION in attributes or _AUDIT_LEVEL in attributes):
        return True
    return record.message.startswith(AUDIT_PREFIX)


def iso_timestamp(time_ns: int) -> str:
    """Nanoseconds since the epoch as ISO 8601 in UTC with milliseconds and ``Z``."""
    milliseconds = time_ns // 1_000_000
    try:
        moment = datetime.fromtimestamp(milliseconds // 1000, timezone.utc)
    except (OverflowError, OSError, ValueError):
        moment = datetime.fromtimestamp(0, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def to_mapping(record: Record, identity: Identity) -> dict[str, Any]:
    """The record as AegisX's JSON object: fixed fields first, in the page's order, then the attributes.

    Fields that a record does not have are left out. The values are those of the record, not copies.
    """
    fields: dict[str, Any] = {
        "timestamp": iso_timestamp(record.time_ns),
        "level": level_name(record.severity),
        "message": record.message,
        "service": identity.service,
        "environment": identity.environment,
    }
    correlation_id = correlation_id_of(record)
    if correlation_id is not None:
        fields["correlationId"] = correlation_id
    if record.trace_id:
        fields["traceId"] = f"{record.trace_id:032x}"
        fields["spanId"] = f"{record.span_id:016x}"
    fields["logger"] = record.logger
    if record.attributes:
        fields.update(record.attributes)
    if record.error is not None:
        fields.update(error_fields(record.error))
    if record.code is not None:
        fields[CODE_FILE], fields[CODE_LINE], fields[CODE_FUNCTION] = record.code
    return fields


def error_fields(error: ErrorInfo) -> dict[str, Any]:
    """AegisX's error fields: ``errorName``, ``errorMessage`` and ``error`` {name, message, stack}."""
    return {
        "errorName": error.name,
        "errorMessage": error.message,
        "error": {"name": error.name, "message": error.message, "stack": error.stack},
    }


def attribute_name(name: object, *, has_error: bool = False) -> str:
    """The field name for an attribute called `name`: the same, or ``extra.<name>`` if it is taken."""
    text = name if type(name) is str else safe_text(name)
    if text in RESERVED and (has_error or text not in _fields.RESERVED_WITH_ERROR):
        return _fields.EXTRA_PREFIX + text
    return text


def clean_text(text: str, limit: int = MAX_TEXT) -> str:
    r"""`text` cut to `limit` characters (with a note) and free of lone surrogates, so it encodes as UTF-8.

    A lone surrogate becomes its escape (``\ud800``), so no information is lost.
    """
    if len(text) > limit:
        text = f"{text[:limit]}… [{len(text) - limit} more characters]"
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text
