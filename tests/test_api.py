"""The public API in real processes: configure, flush, shutdown."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

import aegis_otel
from aegis_otel import _process, settings
from tests.support.apps import run_app
from tests.support.processes import free_port

CONFIGURED = """
import logging
import aegis_otel
aegis_otel.configure(service="by-code", level="debug", file_path="mine/app.log", file_enabled=True)
logging.getLogger("app").debug("first", extra={"password": "hunter2Zq9"})
"""


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_public_name_is_there_and_no_other() -> None:
    for name in aegis_otel.__all__:
        assert getattr(aegis_otel, name)
    with pytest.raises(AttributeError, match="no attribute 'setup'"):
        _ = aegis_otel.setup  # type: ignore[attr-defined]


def test_configure_switches_on_with_the_given_settings_over_the_variables(tmp_path: Path) -> None:
    ran = run_app(
        tmp_path, CONFIGURED, "plain", SERVICE_NAME="by-variable", OTEL_SERVICE_NAME="other", LOG_LEVEL="error"
    )
    assert ran.status == 0, ran.err
    [record] = lines(tmp_path / "mine" / "app.log")
    assert (record["service"], record["level"], record["message"]) == ("by-code", "debug", "first")
    assert "hunter2Zq9" not in str(record)
    assert "nothing" not in ran.err


def test_configure_twice_changes_nothing_and_says_so(tmp_path: Path) -> None:
    script = CONFIGURED + 'aegis_otel.configure(service="again")\nlogging.getLogger("app").info("second")\n'
    ran = run_app(tmp_path, script, "plain")
    found = lines(tmp_path / "mine" / "app.log")
    assert [(each["service"], each["message"]) for each in found] == [("by-code", "first"), ("by-code", "second")]
    assert ran.err.count("configure() changes nothing") == 1


@pytest.mark.parametrize("way", ["instrument", "auto"])
def test_configure_in_an_instrumented_process_changes_nothing_and_says_so(tmp_path: Path, way: str) -> None:
    ran = run_app(tmp_path, CONFIGURED, way, SERVICE_NAME="by-variable", LOG_LEVEL="debug")
    assert ran.status == 0, ran.err
    assert [(each["service"], each["message"]) for each in ran.records()] == [("by-variable", "first")]
    assert not (tmp_path / "mine").exists()
    assert "configure() changes nothing" in ran.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"servcie": "x"}, "configure() does not know servcie; it knows "),
        ({"loki_url": "http://x"}, "does not know loki_url"),
        ({"level": "loud"}, "level: 'loud' is not valid, expected error, warn, info or debug"),
        ({"queue_size": 0}, "queue_size: '0' is not valid"),
        ({"file_enabled": "perhaps"}, "file_enabled: 'perhaps' is not valid, expected true or false"),
        ({"correlation_header": "a b"}, "correlation_header: 'a b' is not valid"),
    ],
)
def test_a_wrong_option_is_an_error_that_switches_nothing_on(options: dict[str, object], says: str) -> None:
    with pytest.raises(settings.SettingsError) as raised:
        aegis_otel.configure(**options)  # type: ignore[arg-type]
    assert says in str(raised.value)
    assert "service" in str(raised.value) or "not valid" in str(raised.value)


def test_an_option_that_is_none_is_left_to_the_variables() -> None:
    read = settings.read({"LOG_LEVEL": "error"}, {"level": None, "batch_size": None})
    assert read.level == settings.read({"LOG_LEVEL": "error"}).level
    assert read.batch_size is None


def test_options_are_fields_of_the_settings() -> None:
    fields = {field.name for field in dataclasses.fields(settings.Settings)}
    elsewhere = {
        "preset",
        "problems",
        "metrics_exported",
        "traces_exported",
        "data_dir",
        "loki_url",
        "victorialogs_url",
    }
    elsewhere |= {"no_colour", "seq_enabled", "seq_url", "seq_api_key"}
    assert set(_process.Options.__annotations__) == fields - elsewhere


@pytest.mark.parametrize("option", sorted(_process.Options.__annotations__))
def test_every_setting_can_be_given_as_it_is_read(option: str) -> None:
    value = getattr(settings.read({}), option)
    assert getattr(settings.read({}, {option: value}), option) == value


FLUSHED = """
import logging, sys, time
import aegis_otel
aegis_otel.configure(service="app", file_enabled=False, exporters="otlp", spool_enabled={spool}, spool_dir="spool")
for number in range(100):
    logging.getLogger("app").warning("line %d", number)
print(aegis_otel.flush(timeout=60))
sys.stdout.flush()
import os; os._exit(0)
"""


@pytest.mark.parametrize("spool", [True, False])
def test_flush_is_true_where_all_is_in_the_spool_and_false_where_memory_alone_holds_it(
    tmp_path: Path, spool: bool
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    ran = run_app(tmp_path, FLUSHED.format(spool=spool), "plain", OTEL_EXPORTER_OTLP_ENDPOINT=nobody)
    assert ran.out == f"{spool}\n", ran.err
    if spool:
        [segment] = (tmp_path / "spool").glob("*/*.rest")
        assert segment.read_bytes().count(b"line ") == 100


def test_flush_and_shutdown_have_nothing_to_do_where_nothing_is_switched_on(tmp_path: Path) -> None:
    ran = run_app(tmp_path, "import aegis_otel\nprint(aegis_otel.flush(), aegis_otel.shutdown(0))", "plain")
    assert ran.out == "True True\n"


def test_after_shutdown_all_that_was_logged_before_is_written_and_a_second_one_is_harmless(tmp_path: Path) -> None:
    script = CONFIGURED + "print(aegis_otel.shutdown(60), aegis_otel.shutdown(60))\nimport os; os._exit(0)\n"
    ran = run_app(tmp_path, script, "plain")
    assert ran.out == "True True\n", ran.err
    assert len(lines(tmp_path / "mine" / "app.log")) == 1
