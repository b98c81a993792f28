"""Under `opentelemetry-instrument` and the other switch, the extension is in use unless it is switched off."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.apps import WAYS, run_app
from tests.support.native import needs_native

APP = """
import logging, os, threading
log = logging.getLogger("shop")
log.info("before")
if os.fork() == 0:
    log.info("in the child")
    threading.Thread(target=log.info, args=("in a thread of the child",)).start()
else:
    os.wait()
    log.info("after")
    print(type(logging.Logger._log).__name__, logging.getLogRecordFactory() is logging.LogRecord)
"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("switch", "method"),
    [pytest.param({}, "LogMethod", marks=needs_native, id="on"), ({"AEGIS_NATIVE": "false"}, "function")],
)
def test_calls_are_taken_in_parent_and_child(tmp_path, way, switch, method):
    ran = run_app(tmp_path, APP, way, **switch)
    assert ran.out == f"{method} True\n"
    assert sorted(ran.messages()) == ["after", "before", "in a thread of the child", "in the child"]


def test_trace_ids_in_the_apps_own_format_are_still_to_be_had(tmp_path):
    app = "import logging\nprint(hasattr(logging.makeLogRecord({}), 'otelTraceID'))"
    ran = run_app(tmp_path, app, "instrument", OTEL_PYTHON_LOG_CORRELATION="true")
    assert ran.out == "True\n"


@needs_native
def test_its_types_are_those_that_it_says(tmp_path):
    # The library itself, which the package `aegis_otel_native` only passes on.
    (tmp_path / "allowed").write_text("aegis_otel_native.aegis_otel_native\n")
    command = [sys.executable, "-m", "mypy.stubtest", "aegis_otel_native", "--allowlist", str(tmp_path / "allowed")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
