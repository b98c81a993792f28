"""Records of the OpenTelemetry Logs API become ours, and the processors of others see ours."""

from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import TracerProvider

from aegis_otel import schema
from aegis_otel.capture.otel_logs import ForeignProcessors, LogsApiCapture


class Seen(LogRecordProcessor):
    """A processor that somebody else added."""

    def __init__(self, error: Exception | None = None) -> None:
        self.entries: list[ReadWriteLogRecord] = []
        self.error = error

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        if self.error is not None:
            raise self.error
        self.entries.append(log_record)

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


def captured(entry: LogRecord, *, level: int = schema.DEBUG, scope: str = "lib") -> list[schema.Record]:
    records: list[schema.Record] = []
    provider = LoggerProvider()
    provider.add_log_record_processor(LogsApiCapture(records.append, level=level))
    provider.get_logger(scope).emit(entry)
    return records


def test_a_text_is_the_message_and_attributes_are_fields():
    (record,) = captured(
        LogRecord(
            timestamp=7, severity_number=SeverityNumber.WARN, body="low stock", attributes={"orderId": 3, "level": "x"}
        )
    )
    assert (record.time_ns, record.severity, record.message, record.logger) == (7, schema.WARN, "low stock", "lib")
    assert record.attributes == {"orderId": 3, "extra.level": "x"}


def test_an_event_has_its_name_as_message_and_its_body_as_field():
    (record,) = captured(LogRecord(event_name="user.login", body={"user": "u-7"}))
    assert (record.message, record.event_name, record.attributes) == (
        "user.login",
        "user.login",
        {"body": {"user": "u-7"}},
    )


def test_exception_attributes_are_the_error():
    (record,) = captured(
        LogRecord(
            body="failed",
            attributes={
                "exception.type": "app.errors.OutOfStock",
                "exception.message": "none left",
                "exception.stacktrace": "Traceback …",
                "orderId": 3,
            },
        )
    )
    assert record.error == schema.ErrorInfo("OutOfStock", "none left", "Traceback …")
    assert record.attributes == {"orderId": 3}


def test_less_severe_records_than_asked_for_are_left_out_and_those_without_severity_stay():
    assert captured(LogRecord(severity_number=SeverityNumber.DEBUG, body="x"), level=schema.INFO) == []
    assert len(captured(LogRecord(body="x"), level=schema.INFO)) == 1


def test_a_record_belongs_to_the_span_it_was_made_in():
    with TracerProvider().get_tracer("t").start_as_current_span("work") as span:
        (record,) = captured(LogRecord(body="x"))
    context = span.get_span_context()
    assert (record.trace_id, record.span_id) == (context.trace_id, context.span_id)


def test_an_output_that_fails_costs_the_record_only():
    provider = LoggerProvider()

    def refuse(record: schema.Record) -> None:
        raise OSError("disk")

    provider.add_log_record_processor(LogsApiCapture(refuse, level=schema.DEBUG))
    provider.get_logger("lib").emit(LogRecord(body="x"))


@pytest.fixture
def record() -> schema.Record:
    error = schema.ErrorInfo("KeyError", "stock", "Traceback …")
    return schema.Record(7, schema.ERROR, "failed", "shop", 1, 2, 1, "c-1", {"orderId": 3}, None, error)


def foreign(*others: LogRecordProcessor) -> ForeignProcessors:
    own = LogsApiCapture(lambda record: None, level=schema.DEBUG)
    provider = LoggerProvider()
    for processor in (own, *others):
        provider.add_log_record_processor(processor)
    return ForeignProcessors(provider, own)


def test_others_see_a_record_of_ours_in_opentelemetrys_form(record: schema.Record):
    seen = Seen()
    processors = foreign(seen)
    assert processors.present()
    processors.emit(record)
    (entry,) = seen.entries
    made = entry.log_record
    assert (made.timestamp, made.body, made.severity_number) == (7, "failed", SeverityNumber.ERROR)
    assert (made.trace_id, made.span_id) == (1, 2)
    assert made.attributes is not None
    assert made.attributes["orderId"] == 3
    assert made.attributes["correlationId"] == "c-1"
    assert made.attributes["errorName"] == "KeyError"
    assert entry.instrumentation_scope is not None
    assert entry.instrumentation_scope.name == "shop"


def test_alone_there_is_nobody_to_show_it_to(record: schema.Record):
    assert not foreign().present()


def test_what_others_raise_reaches_neither_the_app_nor_the_next_one(record: schema.Record):
    seen = Seen()
    foreign(Seen(RuntimeError("theirs")), seen).emit(record)
    assert len(seen.entries) == 1


def test_where_the_provider_is_not_the_sdks_there_are_no_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("aegis_otel.capture.otel_logs.get_logger_provider", lambda: object())
    assert ForeignProcessors.of_global_provider(Seen()) is None
    assert trace.get_current_span() is trace.INVALID_SPAN
