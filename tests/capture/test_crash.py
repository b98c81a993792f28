"""An exception that nobody caught is one record, and the app's own hook still runs."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from aegis_otel import schema
from aegis_otel.capture.crash import CrashCapture


class Hooks:
    """The app's own hooks: what reached them."""

    def __init__(self) -> None:
        self.main: list[type[BaseException]] = []
        self.threads: list[str] = []

    def on_main(self, kind: type[BaseException], error: BaseException, trace: object) -> None:
        self.main.append(kind)

    def on_thread(self, args: Any) -> None:
        self.threads.append(args.thread.name)


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Hooks:
    own = Hooks()
    monkeypatch.setattr(sys, "excepthook", own.on_main)
    monkeypatch.setattr(threading, "excepthook", own.on_thread)
    return own


def crash(error: BaseException) -> None:
    """As the interpreter does it at the end of the main thread."""
    try:
        raise error
    except BaseException as caught:
        sys.excepthook(type(caught), caught, caught.__traceback__)


def crash_in_thread(error: BaseException, name: str = "worker-7") -> None:
    def work() -> None:
        raise error

    thread = threading.Thread(target=work, name=name)
    thread.start()
    thread.join()


def test_a_crash_of_the_main_thread_is_a_fatal_record_with_its_stack(hooks: Hooks):
    records: list[schema.Record] = []
    CrashCapture(records.append).install()
    crash(KeyError("stock"))
    (record,) = records
    assert (record.message, record.severity, record.logger) == (
        "Unhandled exception",
        schema.FATAL,
        "aegis_otel.unhandled",
    )
    assert record.error is not None
    assert record.error.name == "KeyError"
    assert "in crash" in record.error.stack
    assert hooks.main == [KeyError]


def test_a_crash_of_a_thread_names_the_thread(hooks: Hooks):
    records: list[schema.Record] = []
    CrashCapture(records.append).install()
    crash_in_thread(ValueError("x"))
    assert [record.message for record in records] == ["Unhandled exception in thread worker-7"]
    assert hooks.threads == ["worker-7"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_an_end_that_was_asked_for_is_no_crash(hooks: Hooks, error: BaseException):
    records: list[schema.Record] = []
    CrashCapture(records.append).install()
    if isinstance(error, KeyboardInterrupt):
        crash(error)
        assert hooks.main == [KeyboardInterrupt]
    else:
        crash_in_thread(error)
    assert records == []


def test_installed_twice_it_records_once(hooks: Hooks):
    records: list[schema.Record] = []
    capture = CrashCapture(records.append)
    capture.install()
    capture.install()
    crash(KeyError("stock"))
    assert len(records) == 1


def test_an_output_that_fails_does_not_hide_the_crash(hooks: Hooks):
    def refuse(record: schema.Record) -> None:
        raise OSError("disk")

    CrashCapture(refuse).install()
    crash(KeyError("stock"))
    assert hooks.main == [KeyError]
