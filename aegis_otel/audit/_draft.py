"""From what an app says to the members of an audit record, redacted and in the domain; and back to a log record."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Final, Protocol

from aegis_otel import correlation, schema
from aegis_otel.audit._canonical import MOST_BYTES, DomainError, closed
from aegis_otel.audit._seal import Members, belongs_to_format

LOGGER: Final = "aegis_otel.audit"
_OWN: Final = (
    "timestamp",
    "level",
    "message",
    "service",
    "environment",
    "logger",
    "correlationId",
    "traceId",
    "spanId",
)
_SEVERITY: Final = {"debug": schema.DEBUG, "info": schema.INFO, "warn": schema.WARN, "error": schema.ERROR}
_TAKEN: Final = schema.RESERVED - {"errorName", "errorMessage", "error"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Redacts(Protocol):
    """What is needed of `aegis_otel.redaction.Redactor`."""

    def redact_text(self, text: str) -> str:
        """A text, redacted."""
        ...

    def redact_mapping(self, mapping: Mapping[str, Any], *, audit: bool = False) -> dict[str, Any]:
        """A map, redacted."""
        ...


class Drafts:
    """Makes the members of audit records.

    Args:
        identity: of this process.
        redactor: None: nothing is redacted.
        longest: the most characters in a text; outputs cut longer ones.
    """

    def __init__(self, identity: schema.Identity, redactor: Redacts | None, longest: int) -> None:
        self.common: Members = {"service": identity.service, "environment": identity.environment or "unknown"}
        self._redactor = redactor
        self._longest = min(longest, MOST_BYTES)

    def of_call(self, action: str, given: Mapping[str, Any]) -> Members:
        """The record of a call of `audit()`.

        Args:
            action: what happens: CREATE, READ, …
            given: all further members.

        Raises:
            DomainError: a member has a name that belongs to the record or the format, or a value that is too large.
        """
        for name in given:
            if name in _TAKEN or belongs_to_format(name):
                raise DomainError(f"{name!r} is a field of the record itself; give the detail another name")
        context = correlation.current()
        record = schema.Record(
            time.time_ns(),
            schema.INFO,
            f"{schema.AUDIT_PREFIX} {action}",
            LOGGER,
            context.trace_id,
            context.span_id,
            context.trace_flags,
            context.correlation_id,
            {"auditAction": action, **given},
        )
        return self.of_record(record)

    def of_record(self, record: schema.Record) -> Members:
        """The record that a log call made. Fields of names that belong to the format get ``extra.`` before them.

        Raises:
            DomainError: a value is too large.
        """
        attributes = {
            f"extra.{name}" if belongs_to_format(name) else name: value
            for name, value in (record.attributes or {}).items()
        }
        if record.error is not None:
            attributes.update(schema.error_fields(record.error))
        attributes = closed(attributes, self._longest)
        message = closed(record.message, self._longest, "the message", 1)
        correlation_id = schema.correlation_id_of(record)
        if self._redactor is not None:
            redacted = self._redactor.redact_mapping(attributes, audit=True)
            attributes = attributes if redacted is attributes else closed(redacted, self._longest)
            message = self._redactor.redact_text(message)
            correlation_id = correlation_id and self._redactor.redact_text(correlation_id)
        timestamp = schema.iso_timestamp(record.time_ns)
        members: Members = {"complianceLevel": "HIPAA", "auditTimestamp": timestamp, **attributes}
        members.update(self.common)
        members.update(
            timestamp=timestamp,
            level=schema.level_name(record.severity),
            message=message,
            logger=record.logger or LOGGER,
        )
        if correlation_id is not None:
            members["correlationId"] = schema.clean_text(correlation_id)
        if record.trace_id:
            members["traceId"] = f"{record.trace_id:032x}"
            members["spanId"] = f"{record.span_id:016x}"
        return members


def to_record(members: Members) -> schema.Record:
    """The log record that carries an audit record through the pipe."""
    attributes = {name: value for name, value in members.items() if name not in _OWN}
    moment = datetime.fromisoformat(members["timestamp"].replace("Z", "+00:00"))
    # Below the millisecond, which no seal covers, the order of the chain: so stores that sort by time keep it.
    time_ns = (moment - _EPOCH).days * 86_400_000_000_000
    time_ns += ((moment - _EPOCH).seconds * 1_000_000 + (moment - _EPOCH).microseconds) * 1_000
    return schema.Record(
        time_ns + members.get("auditSeq", 0) % 1_000_000,
        _SEVERITY.get(members["level"], schema.INFO),
        members["message"],
        members["logger"],
        int(members.get("traceId", "0"), 16),
        int(members.get("spanId", "0"), 16),
        0,
        members.get("correlationId"),
        attributes,
    )
