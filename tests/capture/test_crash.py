"""An exception that nobody caught is one record, and the app's own hook still runs."""

from __future__ import annotations

import pickle
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from aegis_otel import schema
from aegis_otel.capture.crash import CrashCapture
from tests.support.apps import Ran, run_app


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
    for owner, name in ((threading, "_make_invoke_excepthook"), (sys, "exit"), (sys, "unraisablehook")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
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


def test_a_thread_is_recorded_also_where_its_hook_was_taken_after_us(hooks: Hooks, monkeypatch: pytest.MonkeyPatch):
    records: list[schema.Record] = []
    CrashCapture(records.append).install()
    later = Hooks()
    monkeypatch.setattr(threading, "excepthook", later.on_thread)
    crash_in_thread(ValueError("x"))
    assert [record.message for record in records] == ["Unhandled exception in thread worker-7"]
    assert (hooks.threads, later.threads) == ([], ["worker-7"])


def test_what_cannot_be_raised_is_an_error_record(hooks: Hooks, monkeypatch: pytest.MonkeyPatch):
    records: list[schema.Record] = []
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: seen.append(args.exc_type))
    CrashCapture(records.append).install()

    class Broken:
        def __del__(self) -> None:
            raise OSError("left open")

    Broken()
    (record,) = records
    assert record.severity == schema.ERROR
    assert record.message.startswith("Exception ignored in: <function")
    assert record.error is not None
    assert record.error.name == "OSError"
    assert seen == [OSError]


def test_a_text_for_sys_exit_that_somebody_catches_is_no_record_and_stays_a_text(hooks: Hooks):
    records: list[schema.Record] = []
    CrashCapture(records.append).install()
    with pytest.raises(SystemExit) as caught:
        sys.exit("no such file")
    assert caught.value.code == str(caught.value) == "no such file"
    assert type(pickle.loads(pickle.dumps(caught.value.code))) is str
    with pytest.raises(SystemExit) as number:
        sys.exit(3)
    assert number.value.code == 3
    assert records == []


def compared(folder: Path, script: str) -> Ran:
    """Run a script with us and without: what it prints and how it ends must be the same."""
    quiet = {"AEGIS_REPORTED": "distribution", "PYTHONWARNINGS": "ignore"}
    plain = run_app(folder, script, "plain", **quiet)
    ran = run_app(folder, script, **quiet)
    assert (ran.status, ran.out, ran.err) == (plain.status, plain.out, plain.err)
    return ran


TAKEN = """
import sys
def mine(kind, error, trace): print("mine", kind.__name__)
sys.excepthook = mine
def f(): raise KeyError("stock")
f()
"""

CHILD = """
import multiprocessing, sys
def work():
    {ending}
if __name__ == "__main__":
    child = multiprocessing.get_context("{method}").Process(target=work, name="child")
    child.start()
    child.join()
    sys.exit(child.exitcode)
"""

CRASH = 'raise KeyError("stock")'
LEAVE = 'sys.exit("no such file")'


def test_a_crash_is_recorded_where_the_app_took_the_hook_after_us(tmp_path: Path):
    (record,) = compared(tmp_path, TAKEN).records()
    assert (record["message"], record["errorName"]) == ("Unhandled exception", "KeyError")
    assert "in f" in record["error"]["stack"]


def test_a_crash_of_a_typer_command_is_recorded_once(tmp_path: Path):
    pytest.importorskip("typer")
    script = "import typer\ndef main(): raise KeyError('stock')\ntyper.run(main)\n"
    records = compared(tmp_path, script).records()
    assert [record["errorName"] for record in records] == ["KeyError"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_crash_of_a_child_process_is_recorded_once(tmp_path: Path, method: str):
    ran = compared(tmp_path, CHILD.replace("{method}", method).replace("{ending}", CRASH))
    (record,) = ran.records()
    assert (ran.status, record["message"], record["errorName"]) == (1, "Unhandled exception", "KeyError")
    assert "in work" in record["error"]["stack"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_that_leaves_with_a_text_is_an_error_record(tmp_path: Path, method: str):
    ran = compared(tmp_path, CHILD.replace("{method}", method).replace("{ending}", LEAVE))
    (record,) = ran.records()
    assert (record["level"], record["message"]) == ("error", "no such file")


@pytest.mark.parametrize("where", ["{}", "def f():\n    {}\nf()", "import threading\n{}"])
def test_an_app_that_leaves_with_a_text_is_an_error_record(tmp_path: Path, where: str):
    ran = compared(tmp_path, "import sys\n" + where.format(LEAVE))
    (record,) = ran.records()
    assert (ran.status, record["level"], record["message"]) == (1, "error", "no such file")


def test_a_task_whose_exception_nobody_retrieved_is_recorded_once(tmp_path: Path):
    script = """
import asyncio, gc, logging
logging.getLogger("asyncio").addHandler(logging.NullHandler())
async def fail(): raise KeyError("stock")
async def main():
    asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()
asyncio.run(main())
"""
    records = [record for record in compared(tmp_path, script).records() if record["level"] == "error"]
    assert [record["errorName"] for record in records] == ["KeyError"]
