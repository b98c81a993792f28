"""Warnings and, where that is asked for, prints are records; both are shown as ever. What was taken is not shown raw."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.apps import run_app

pytestmark = pytest.mark.integration

PRINTS = """
import logging, sys, threading
print("one", 1, flush=True)
print("two\\nthree")
sys.stdout.write("in ")
sys.stdout.writelines(["parts", "\\n"])
print()
for percent in (10, 50, 100):
    print(f"{percent} %", end="\\r" if percent < 100 else "\\n")
print("secret password=hunter2Zq9")
sys.stdout.buffer.flush()
logging.basicConfig(stream=sys.stdout, level="INFO", format="%(message)s")
logging.getLogger("shop").info("logged")
import structlog, loguru
structlog.configure(processors=[structlog.processors.KeyValueRenderer(key_order=["event"])])
structlog.get_logger().info("event")
loguru.logger.remove()
loguru.logger.add(sys.stdout, format="{message}")
loguru.logger.info("of loguru")
thread = threading.Thread(target=print, args=("of a thread",))
thread.start(); thread.join()
print("ünïcode")
print("without an end", end="")
"""


@pytest.mark.parametrize("stream", ["stderr", "stdout"])
def test_a_printed_line_is_one_record(tmp_path: Path, stream: str) -> None:
    found = run_app(tmp_path, PRINTS, AEGIS_CAPTURE_STDOUT="true", AEGIS_CONSOLE_STREAM=stream)
    records = [(record["logger"], record["message"]) for record in found.records()]
    assert records == [
        *(("stdout", text) for text in ("one 1", "two", "three", "in parts", "100 %")),
        ("stdout", "secret password=[REDACTED:password]"),
        ("shop", "logged"),
        ("__main__", "event"),
        ("__main__", "of loguru"),
        ("stdout", "of a thread"),
        ("stdout", "ünïcode"),
        ("stdout", "without an end"),
    ]


def test_what_is_printed_stays_the_same(tmp_path: Path) -> None:
    ours = run_app(tmp_path, PRINTS, AEGIS_CAPTURE_STDOUT="true")
    assert ours.out == run_app(tmp_path, PRINTS, "plain").out


def test_the_console_on_stdout_makes_no_circle(tmp_path: Path) -> None:
    options = {"AEGIS_CAPTURE_STDOUT": "true", "LOG_CONSOLE_ENABLED": "true", "AEGIS_CONSOLE_STREAM": "stdout"}
    found = run_app(tmp_path, "print('hello')\n", **options)
    assert found.messages() == ["hello"]


def test_a_print_is_no_record_unless_asked_for(tmp_path: Path) -> None:
    assert run_app(tmp_path, "print('hello')\nimport logging; logging.warning('x')\n").messages() == ["x"]


def test_a_print_has_the_id_of_its_scope(tmp_path: Path) -> None:
    script = "import aegis_otel\nwith aegis_otel.correlation_scope('job-7'):\n    print('hello')\n"
    (record,) = run_app(tmp_path, script, AEGIS_CAPTURE_STDOUT="true").records()
    assert (record["correlationId"], record["code.line.number"]) == ("job-7", 3)


WARNS = """
import logging, warnings
warnings.warn("old way", DeprecationWarning)
def used(): warnings.warn("used wrongly", stacklevel=2)
used()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("kept by the app")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    warnings.warn("ignored")
assert len(caught) == 1
logging.basicConfig(format="%(message)s")
logging.captureWarnings(True)
warnings.warn("through logging")
"""


def test_a_warning_that_is_shown_is_a_record_and_still_shown(tmp_path: Path) -> None:
    found = run_app(tmp_path, WARNS)
    first, second, third = found.records()
    assert (first["message"], first["category"], first["level"]) == ("old way", "DeprecationWarning", "warn")
    assert (second["message"], second["code.line.number"]) == ("used wrongly", 5)
    assert "through logging" in third["message"]
    assert {record["logger"] for record in found.records()} == {"py.warnings"}
    without_ours = [line for line in found.err.splitlines() if not line.startswith("aegis-otel: ")]
    assert without_ours == run_app(tmp_path, WARNS, "plain").err.splitlines()


RAW = "import logging\nlogging.getLogger('shop').error('password=hunter2Zq9')\nlogging.getLogger('opentelemetry.sdk.x').error('export failed')\n"


@pytest.mark.parametrize("native", ["true", "false"])
def test_what_was_taken_is_not_printed_raw_as_loggings_last_resort(tmp_path: Path, native: str) -> None:
    found = run_app(tmp_path, RAW, ENVIRONMENT="production", AEGIS_NATIVE=native)
    assert len(found.messages()) == 1
    assert "hunter2Zq9" not in found.err
    assert "export failed" in found.err, "what is not taken is left to logging"


def test_where_records_go_nowhere_logging_prints_as_ever(tmp_path: Path) -> None:
    found = run_app(tmp_path, RAW, ENVIRONMENT="production", LOG_FILE_ENABLED="false")
    assert "hunter2Zq9" in found.err


@pytest.mark.parametrize("flag", ["-I", "-E"])
def test_an_isolated_interpreter_is_not_switched_on(tmp_path: Path, flag: str) -> None:
    import subprocess
    import sys

    from tests.support.apps import clean_environment

    code = "import sys; print('aegis_otel.distro' in sys.modules)"
    env = clean_environment(AEGIS_AUTO_ENABLE="true", OTEL_LOGS_EXPORTER="none", LOG_FILE_ENABLED="false")
    for flags, expected in (([flag], "False"), ([], "True")):
        done = subprocess.run(
            [sys.executable, *flags, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == expected
