"""The one definition of a record: its fields, its levels, its limits.

Every producer (`aegis_otel.capture`) makes a `Record`, every consumer (`aegis_otel.deliver`) takes one.
This module knows neither of them. Field names are those of AegisX's "Standard Log Entry", "Error Log
Entry" and "Audit Log Entry", so AegisX's queries work in every store.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import numbers
import reprlib
from collections.abc import Mapping
from datetime import date, datetime, timezone
from datetime import time as clock_time
from enum import Enum
from typing import Any, Final, NamedTuple

# Severity numbers of the OpenTelemetry log data model ("Field: SeverityNumber").
DEBUG: Final = 5
INFO: Final = 9
WARN: Final = 13
ERROR: Final = 17
FATAL: Final = 21

SEVERITY_TEXT: Final[Mapping[int, str]] = {
    DEBUG: "DEBUG",
    INFO: "INFO",
    WARN: "WARN",
    ERROR: "ERROR",
    FATAL: "FATAL",
}

LEVELNO: Final[Mapping[int, int]] = {DEBUG: 0, INFO: 20, WARN: 30, ERROR: 40, FATAL: 50}
"""The least number of `logging`'s levels of each severity, as `severity_of_level` has it."""

REQUEST_COMPLETED: Final = "HTTP Request Completed"
REQUEST_ERROR: Final = "HTTP Request Error"
AUDIT_PREFIX: Final = "AUDIT:"

CODE_FILE: Final = "code.file.path"
CODE_LINE: Final = "code.line.number"
CODE_FUNCTION: Final = "code.function.name"

RESERVED: Final = frozenset(
    (
        "timestamp",
        "level",
        "message",
        "service",
        "environment",
        "correlationId",
        "traceId",
        "spanId",
        "logger",
        "errorName",
        "errorMessage",
        "error",
    )
)
"""Field names that the record itself owns.

An attribute of the same name is kept as ``extra.<name>``. For the error fields this happens only if
the record carries an exception, because AegisX code also sets these fields by hand.
"""

MAX_DEPTH: Final = 16
"""Maximum depth of a map or list in an attribute; deeper values are written as their text."""

MAX_ITEMS: Final = 1_000
"""Maximum members of one map or list; a last member counts the rest."""

MAX_TEXT: Final = 65_536
"""Default maximum characters of a message, a stack or a text value."""

_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1


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
    if severity >= ERROR:
        return "error"
    if severity >= WARN:
        return "warn"
    if severity >= INFO or severity <= 0:
        return "info"
    return "debug"


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
    """Whether the record belongs to the audit trail (AegisX's "Audit Log Entry")."""
    attributes = record.attributes
    if attributes and ("auditAction" in attributes or "complianceLevel" in attributes):
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
    if text in RESERVED and (has_error or text not in ("errorName", "errorMessage", "error")):
        return "extra." + text
    return text


def snapshot(value: object) -> Any:
    """A plain, independent copy of any value: None, bool, int, float, str, or lists and dicts of these.

    Never raises and always ends: cycles, deep nesting, hostile ``__str__`` and huge containers become
    text or are cut. NaN and infinities become strings, because JSON has no numbers for them. Integers
    beyond 64 bits become strings, because OTLP has no such integers. Bytes become base64. An enum of
    numbers or strings becomes its value, a dataclass a dict of the fields that its repr shows, a time
    ISO 8601. Everything else becomes text, also a `Decimal`.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if _INT64_MIN <= value <= _INT64_MAX else safe_text(value)  # type: ignore[operator]
    if kind is float:
        return value if math.isfinite(value) else _float_text(value)  # type: ignore[arg-type]
    try:
        return _copy(value, 0, set())
    except Exception:
        # RecursionError, a mapping that changes while it is read, a broken __iter__…
        return safe_text(value)


def _copy(value: Any, depth: int, seen: set[int]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    value = _unwrapped(value)
    if isinstance(value, str):
        return str.__str__(value) if type(value) is str else safe_text(value)
    if isinstance(value, int):
        whole = int(value)
        return whole if _INT64_MIN <= whole <= _INT64_MAX else safe_text(whole)
    if isinstance(value, float):
        number = float(value)
        return number if math.isfinite(number) else _float_text(number)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)[: MAX_TEXT * 3 // 4]).decode("ascii")
    if isinstance(value, BaseException):
        return {"name": type(value).__name__, "message": safe_text(value)}
    if isinstance(value, (datetime, date, clock_time)):
        return value.isoformat()
    scalar = _scalar(value)
    if scalar is not value:
        return _copy(scalar, depth + 1, seen)
    if _is_plain_dataclass(value):
        # What the class leaves out of its repr, it leaves out here.
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.repr}
    is_map = isinstance(value, Mapping)
    if not is_map and not isinstance(value, (list, tuple, set, frozenset)):
        return safe_text(value)
    if id(value) in seen:
        return "[cycle]"
    if depth >= MAX_DEPTH:
        return safe_text(value, limit=200)
    seen.add(id(value))
    try:
        more = len(value) - MAX_ITEMS
        if is_map:
            result: dict[str, Any] = {}
            for index, (key, member) in enumerate(list(value.items())):
                if index >= MAX_ITEMS:
                    result["…"] = f"[{more} more]"
                    break
                name = key if type(key) is str else safe_text(_unwrapped(key), limit=200)
                result[name] = _copy(member, depth + 1, seen)
            return result
        members = [_copy(member, depth + 1, seen) for member in list(value)[:MAX_ITEMS]]
        if more > 0:
            members.append(f"[{more} more]")
        return members
    finally:
        seen.discard(id(value))


def _unwrapped(value: Any) -> Any:
    """The value of an enum of numbers or strings, whose text is its name or its value, by Python's version."""
    return value.value if isinstance(value, Enum) and isinstance(value, (int, float, str)) else value


def _scalar(value: Any) -> Any:
    """The Python value of a number of numpy's and its like; anything else as it is."""
    # Its booleans are registered as no numbers, and its long floats are their own item.
    if isinstance(value, numbers.Number) or (type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()):
        found = value.item() if hasattr(value, "item") else value
        return float(value) if found is not value and type(found) is type(value) else found
    return value


def _is_plain_dataclass(value: Any) -> bool:
    """Whether a value is of a dataclass that has no way of its own to be written, which may hide something."""
    kind: Any = type(value)
    if not hasattr(kind, "__dataclass_fields__") or kind.__str__ is not object.__str__:
        return False
    code = getattr(kind.__repr__, "__code__", None)
    return code is not None and code.co_filename in (dataclasses.__file__, reprlib.__file__)


def _float_text(value: float) -> str:
    if value != value:
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def safe_text(value: object, *, limit: int | None = None) -> str:
    """`str(value)` that never raises; if a value cannot be written, the text names its type instead."""
    try:
        text = str(value)
        # A subclass of str may still override every method that delivery calls on it.
        text = text if type(text) is str else str.__str__(text)
    except Exception:
        text = f"<{type(value).__name__} that cannot be written as text>"
    if limit is not None and len(text) > limit:
        text = text[:limit] + "…"
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
