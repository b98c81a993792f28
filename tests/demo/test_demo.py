"""`make demo`: it succeeds on what is right, fails on what is wrong, and leaves nothing running."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.processes import StartedProcess, wait_for

ROOT = Path(__file__).resolve().parents[2]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo_of_examples", ROOT / "examples" / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


demo = load()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder like a checkout, so that the demo's own folder is not that of the developer."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "collector").symlink_to(ROOT / "collector")
    return tmp_path


def processes_below(folder: Path) -> list[str]:
    """Command lines of the processes that work in `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve().is_relative_to(folder):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


NEVER_DONE = """
import sys, time
sys.path.insert(0, "examples")
import demo

def show(self):
    while True:
        time.sleep(0.05)

demo.Demo.show = show
sys.exit(demo.main())
"""
"""The demo that stays at its last step but one, with all its processes: a test that comes late still finds it running."""


def start(checkout: Path) -> StartedProcess:
    return StartedProcess([sys.executable, "-c", NEVER_DONE], log=checkout / "demo.log", cwd=checkout)


@pytest.mark.parametrize("store", ["file", "victorialogs"])
def test_it_ends_by_itself_with_every_record_and_no_secret(checkout: Path, store: str):
    done = subprocess.run(
        [sys.executable, "examples/demo.py", f"--store={store}"],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[REDACTED:password]" in done.stdout
    assert not [secret for secret in demo.SECRETS if secret in done.stdout + done.stderr]
    assert processes_below(checkout) == []


@pytest.mark.parametrize("moment", ["collector is up", "inventory is up", "order good", "order careless"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_everything(checkout: Path, moment: str, number: signal.Signals, status: int):
    process = start(checkout)
    try:
        process.wait_until(lambda: moment in process.output(), what=moment, seconds=120)
        os.kill(process.pid, number)
        assert process.wait(120) == status
    finally:
        process.kill()
    assert "Traceback" not in process.output()
    wait_for(lambda: processes_below(checkout) == [], what="the end of all processes")


def test_a_second_one_at_once_is_refused(checkout: Path):
    process = start(checkout)
    with process:
        process.wait_until(lambda: "collector is up" in process.output(), seconds=120)
        second = subprocess.run(
            [sys.executable, "examples/demo.py"], cwd=checkout, capture_output=True, text=True, timeout=60, check=False
        )
    assert second.returncode == 1
    assert "another demo is running" in second.stdout


@pytest.fixture
def request_() -> Any:
    """A request whose records are all there."""
    request = demo.Request("test", {}, 201, {"orders": ["a", "customer is *"], "inventory": ["b"]}, "id")
    request.records = [
        {"service": "orders", "message": "a", "traceId": "1"},
        {"service": "orders", "message": "customer is x", "traceId": "1"},
        {"service": "orders", "message": "something further", "traceId": "1"},
        {"service": "inventory", "message": "b", "traceId": "1"},
    ]
    return request


def test_complete_records_are_no_problem(request_: Any):
    assert demo.problems_of(request_) == []


@pytest.mark.parametrize("index", [0, 1, 3])
def test_a_missing_record_is_a_problem(request_: Any, index: int):
    request_.records.pop(index)
    assert any("has no record" in problem for problem in demo.problems_of(request_))


def test_a_doubled_record_is_a_problem(request_: Any):
    request_.records.append(request_.records[0])
    assert demo.problems_of(request_) == ["order test: orders has 2 records 'a'"]


def test_a_foreign_record_is_a_problem(request_: Any):
    request_.records.append({"service": "elsewhere", "message": "x", "traceId": "1"})
    assert any("took no part" in problem for problem in demo.problems_of(request_))


def test_two_traces_are_a_problem(request_: Any):
    request_.records[0]["traceId"] = "2"
    assert demo.problems_of(request_) == ["order test: 2 traces instead of one"]


def test_an_error_record_without_its_error_is_a_problem(request_: Any):
    request_.expected["orders"].append(demo.ERROR)
    request_.records.append({"service": "orders", "message": demo.ERROR, "traceId": "1"})
    assert any("lacks the error" in problem for problem in demo.problems_of(request_))


def test_a_secret_in_any_file_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "queue.bin").write_bytes(b"\xff\x00" + demo.SSN.encode() + b"\xff")
    (tmp_path / "fine.log").write_text("[REDACTED:ssn]")
    assert demo.secrets_in_files(tmp_path) == ["a secret shows in deep/queue.bin"]


def test_the_examples_import_nothing_of_ours_nor_of_opentelemetry():
    for service in ("orders", "inventory"):
        code = (ROOT / "examples" / service / "app.py").read_text()
        assert "import aegis_otel" not in code
        assert "opentelemetry" not in code.replace("OpenTelemetry", "")
