from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aegis_otel import health, settings
from aegis_otel.health import Finding, Verdict
from aegis_otel.health._frameworks import check_frameworks
from aegis_otel.settings import OpenTelemetrySettings, ProgramSettings
from aegis_otel.stores import METRICS_ENDPOINT, UpNote
from tests.support.apps import clean_environment
from tests.support.processes import free_port


def examine(variables: dict[str, str], note: UpNote | None = None) -> list[Finding]:
    return health.examine(
        settings.read(variables),
        settings.read_group(OpenTelemetrySettings, variables),
        settings.read_group(ProgramSettings, variables),
        note,
    )


def test_nothing_is_wrong_where_all_is_well(variables: dict[str, str], tmp_path: Path):
    assert not [found for found in examine(variables) if found.verdict is Verdict.WRONG]
    assert list(tmp_path.iterdir()) == []  # it only looks


@pytest.mark.parametrize(
    ("more", "check", "said"),
    [
        ({"LOG_LEVEL": "loud"}, "settings", "LOG_LEVEL"),
        ({"OTEL_PYTHON_DISTRO": "distro"}, "distribution", "OTEL_PYTHON_DISTRO"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, "Collector", "aegis-otel up"),
        ({"AEGIS_LOKI_URL": "http://127.0.0.1:9"}, "Loki", "AEGIS_LOKI_URL"),
        ({"SEQ_URL": "http://127.0.0.1:9"}, "Seq", "SEQ_URL"),
        ({"AEGIS_SPOOL_DIR": "/dev/null/spool"}, "spool", "AEGIS_SPOOL_DIR"),
        ({"LOG_FILE_PATH": "/dev/null/app.log"}, "log file", "LOG_FILE_PATH"),
    ],
)
def test_what_is_wrong_is_found_and_nothing_else(
    variables: dict[str, str], more: dict[str, str], check: str, said: str
):
    wrong = [found for found in examine({**variables, **more}) if found.verdict is Verdict.WRONG]
    assert [found.what for found in wrong] == [check]
    assert said in str(wrong[0])


def test_everything_that_is_not_fine_comes_with_a_next_step(tmp_path: Path):
    away = f"127.0.0.1:{free_port()}"
    everything_wrong = {
        "LOG_LEVEL": "loud",
        "OTEL_PYTHON_DISTRO": "distro",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{away}",
        "AEGIS_LOKI_URL": f"http://{away}",
        "AEGIS_OTELCOL_BINARY": "/dev/null",
        "AEGIS_NATIVE": "false",
        "SEQ_ENABLED": "true",
        "SEQ_URL": f"http://{away}",
        "AEGIS_DATA_DIR": str(tmp_path / ".aegis"),
        "AEGIS_SPOOL_DIR": "/dev/null/spool",
        "LOG_FILE_PATH": "/dev/null/app.log",
    }
    installed = {each.what for each in check_frameworks(settings.read())}  # differs by what is in this Python
    found = [
        each
        for each in examine(everything_wrong, UpNote(endpoints={METRICS_ENDPOINT: away}))
        if each.what not in installed
    ]
    assert len(found) == 10
    assert not [each for each in found if each.verdict is Verdict.FINE]
    assert all(each.next_step for each in found)


def test_the_checks_leave_the_environment_as_it_is():
    script = """
import os
before = dict(os.environ)
from aegis_otel import health, settings
health.examine(
    settings.read(),
    settings.read_group(settings.OpenTelemetrySettings),
    settings.read_group(settings.ProgramSettings),
    None,
)
assert dict(os.environ) == before
"""
    subprocess.run([sys.executable, "-c", script], env=clean_environment(), timeout=120, check=True)
