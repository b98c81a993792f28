"""Records of the OpenTelemetry Logs API, and the way for others' processors to see ours.

A library that logs through the Logs API reaches the same outputs as stdlib logging. A
LogRecordProcessor that somebody adds to the logger provider sees the records of stdlib logging as well.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber, get_logger_provider
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from aegis_otel.capture import Accept
from aegis_otel.capture._passed_on import was_recorded
from aegis_otel.correlation import current
from aegis_otel.schema import (
    SEVERITY_TEXT,
    ErrorInfo,
    Record,
    attribute_name,
    correlation_id_of,
    error_fields,
    safe_text,
    snapshot,
)


class LogsApiCapture(LogRecordProcessor):
    """Turns what comes in through the Logs API into our records.

    Args:
        accept: takes each record.
        level: least OpenTelemetry severity that is taken.
    """

    def __init__(self, accept: Accept, *, level: int) -> None:
        self._accept = accept
        self._level = level

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Make the record. Never raises."""
        try:
            entry = log_record.log_record
            number = entry.severity_number.value if entry.severity_number is not None else 0
            if (number and number < self._level) or was_recorded():
                return
            scope = log_record.instrumentation_scope
            self._accept(_record(entry, number, scope.name if scope is not None else ""))
        except Exception:
            return

    def shutdown(self) -> None:
        """Nothing to do: the records are somebody else's by now."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held here."""
        return True


def _record(entry: LogRecord, number: int, scope: str) -> Record:
    fields: dict[str, Any] = dict(entry.attributes or {})
    error = None
    if "exception.type" in fields or "exception.message" in fields:
        error = ErrorInfo(
            safe_text(fields.pop("exception.type", "Error")).rpartition(".")[2],
            safe_text(fields.pop("exception.message", "")),
            safe_text(fields.pop("exception.stacktrace", "")),
        )
    body = entry.body
    if isinstance(body, str):
        message = body
    else:
        message = entry.event_name or ""
        if body is not None:
            fields["body"] = body
    context = current()
    return Record(
        entry.timestamp or entry.observed_timestamp or time.time_ns(),
        number,
        message,
        scope or "opentelemetry",
        entry.trace_id or context.trace_id,
        entry.span_id or context.span_id,
        int(entry.trace_flags or context.trace_flags),
        context.correlation_id,
        {attribute_name(name, has_error=error is not None): snapshot(value) for name, value in fields.items()} or None,
        None,
        error,
        entry.event_name,
    )


class ForeignProcessors:
    """The processors that others added to the logger provider, and how our records reach them.

    Args:
        provider: the logger provider.
        own: our processor there.
    """

    def __init__(self, provider: LoggerProvider, own: LogRecordProcessor) -> None:
        self._provider = provider
        self._own = own

    @classmethod
    def of_global_provider(cls, own: LogRecordProcessor) -> ForeignProcessors | None:
        """For the provider in force; None where it is not the SDK's."""
        provider = get_logger_provider()
        return cls(provider, own) if isinstance(provider, LoggerProvider) else None

    def present(self) -> bool:
        """Whether there is one besides our own."""
        return len(self._provider._multi_log_record_processor._log_record_processors) > 1

    def emit(self, record: Record) -> None:
        """Show them a record of ours. What they raise stays here."""
        entry = ReadWriteLogRecord(
            LogRecord(
                timestamp=record.time_ns,
                observed_timestamp=time.time_ns(),
                context=_context_of(record),
                severity_number=SeverityNumber(record.severity),
                severity_text=SEVERITY_TEXT.get(record.severity),
                body=record.message,
                attributes=_attributes_of(record),
                event_name=record.event_name,
            ),
            resource=self._provider.resource,
            instrumentation_scope=InstrumentationScope(record.logger),
        )
        for processor in self._processors():
            if processor is not self._own:
                with suppress(Exception):
                    processor.on_emit(entry)

    def _processors(self) -> tuple[LogRecordProcessor, ...]:
        multi = self._provider._multi_log_record_processor
        return tuple(multi._log_record_processors)


def _context_of(record: Record) -> Any:
    span = NonRecordingSpan(SpanContext(record.trace_id, record.span_id, False, TraceFlags(record.trace_flags)))
    return trace.set_span_in_context(span)


def _attributes_of(record: Record) -> dict[str, Any]:
    attributes = dict(record.attributes or {})
    if record.error is not None:
        attributes.update(error_fields(record.error))
    correlation_id = correlation_id_of(record)
    if correlation_id is not None:
        attributes["correlationId"] = correlation_id
    return attributes
