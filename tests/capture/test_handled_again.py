"""A record that is handled a second time, here or in another process, is recorded once and looks as ever to handlers."""

from __future__ import annotations

import copy
import json
import logging
import logging.handlers
import pickle
import queue
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aegis_otel import correlation_scope, schema
from aegis_otel.capture.stdlib import StdlibCapture
from tests.support.apps import run_app

log = logging.getLogger("again.test")


class Keep(logging.Handler):
    """Keeps logging's records, as a queue would."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def kept() -> Iterator[list[logging.LogRecord]]:
    handler = Keep()
    log.addHandler(handler)
    yield handler.records
    log.removeHandler(handler)


@pytest.fixture
def records(native: Any) -> Iterator[list[schema.Record]]:
    captured: list[schema.Record] = []
    root = logging.getLogger()
    level = root.level
    capture = StdlibCapture(
        captured.append,
        level=schema.DEBUG,
        code_location=True,
        replaces_last_resort=True,
        own_thread=lambda ident: False,
        native=native,
    )
    root.setLevel(logging.DEBUG)
    capture.install()
    try:
        yield captured
    finally:
        capture.uninstall()
        root.setLevel(level)


def by_socket(record: logging.LogRecord) -> logging.LogRecord:
    sent = logging.handlers.SocketHandler("127.0.0.1", 1).makePickle(record)
    return logging.makeLogRecord(pickle.loads(sent[4:]))


WAYS: dict[str, Callable[[logging.LogRecord], logging.LogRecord]] = {
    "itself": lambda record: record,
    "copied": copy.copy,
    "prepared by QueueHandler": lambda record: logging.handlers.QueueHandler(queue.Queue()).prepare(record),
    "pickled": lambda record: pickle.loads(pickle.dumps(record)),
    "sent by SocketHandler": by_socket,
    "as JSON": lambda record: logging.makeLogRecord(json.loads(json.dumps(record.__dict__))),
}


@pytest.mark.parametrize("level", [logging.INFO, logging.CRITICAL])
@pytest.mark.parametrize("way", WAYS)
def test_a_record_that_comes_by_again_is_recorded_once(
    records: list[schema.Record], kept: list[logging.LogRecord], way: str, level: int
) -> None:
    for number in range(50):
        log.log(level, "line %d", number, extra={"n": number})
    for record in kept[:]:
        logging.getLogger(record.name).handle(WAYS[way](record))
    assert [record.message for record in records] == [f"line {number}" for number in range(50)]


@pytest.mark.parametrize("way", WAYS)
def test_a_record_of_another_process_that_recorded_it_is_not_recorded_here(
    records: list[schema.Record], kept: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    log.info("hello")
    (record,) = kept
    record.process = 1
    logging.getLogger(record.name).handle(WAYS[way](record))
    assert len(records) == 1


def test_a_handler_of_the_app_sees_no_mark(records: list[schema.Record], kept: list[logging.LogRecord]) -> None:
    log.info("hello", extra={"userId": 7})
    (record,) = kept
    plain = logging.LogRecord("again.test", logging.INFO, __file__, 1, "hello", (), None)
    assert set(record.__dict__) == set(plain.__dict__) | {"userId"}
    assert {name: type(value) for name, value in record.__dict__.items() if name != "userId"} == {
        name: type(value) for name, value in plain.__dict__.items()
    } | {"funcName": str}
    assert record.relativeCreated >= 0


def foreign(**fields: Any) -> logging.LogRecord:
    """A record of a process without this instrumentation."""
    record = logging.LogRecord("worker.jobs", logging.WARNING, "/app/jobs.py", 12, "done %d", (7,), None, "work")
    record.__dict__.update(
        {"created": 1_700_000_000.25, "process": 1, "processName": "Job-1", "thread": 99, "threadName": "T-9"} | fields
    )
    return record


def test_a_record_of_another_process_keeps_its_time_process_thread_and_place(records: list[schema.Record]) -> None:
    with correlation_scope("of the listener"):
        logging.getLogger("worker.jobs").handle(foreign(jobId=5))
    (record,) = records
    assert abs(record.time_ns - 1_700_000_000_250_000_000) < 1_000
    assert (record.message, record.correlation_id) == ("done 7", None)
    assert record.attributes == {
        "processId": 1,
        "processName": "Job-1",
        "threadId": 99,
        "threadName": "T-9",
        "jobId": 5,
    }
    assert record.code == schema.CodeLocation("/app/jobs.py", 12, "work")


def test_a_record_of_another_process_keeps_the_trace_it_carries(records: list[schema.Record]) -> None:
    carried = {"otelTraceID": "0a" * 16, "otelSpanID": "0b" * 8, "otelTraceSampled": True, "correlationId": "job-7"}
    logging.getLogger("worker.jobs").handle(foreign(**carried))
    (record,) = records
    assert (record.trace_id, record.span_id, record.trace_flags) == (int("0a" * 16, 16), int("0b" * 8, 16), 1)
    assert record.correlation_id == "job-7"
    assert "correlationId" not in (record.attributes or {})


def test_records_that_nobody_recorded_are_never_taken_for_recorded(records: list[schema.Record]) -> None:
    for number in range(2_000):
        logging.getLogger("made").handle(logging.makeLogRecord({"msg": f"line {number}", "name": "made"}))
    assert len(records) == 2_000


COOKBOOK = """
import logging, logging.handlers, multiprocessing

def listen(queue):
    while (record := queue.get()) is not None:
        logging.getLogger(record.name).handle(record)

def work(queue, name):
    root = logging.getLogger()
    root.addHandler(logging.handlers.QueueHandler(queue))
    root.setLevel(logging.DEBUG)
    for number in range(20):
        logging.getLogger("worker").info("line %s.%d", name, number)

if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    queue = context.Queue(-1)
    listener = context.Process(target=listen, args=(queue,))
    listener.start()
    workers = [context.Process(target=work, args=(queue, name)) for name in range(2)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    queue.put(None)
    listener.join()
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_the_logging_cookbooks_way_for_processes_records_each_line_once(tmp_path, method: str) -> None:
    ran = run_app(tmp_path, COOKBOOK.replace("{method}", method), PYTHONWARNINGS="ignore")
    lines = [message for message in ran.messages() if message.startswith("line ")]
    assert sorted(lines) == sorted(f"line {name}.{number}" for name in range(2) for number in range(20))
