"""For all tests: the process they run in looks the same however it was started, and each run tries the same examples."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import loki, seq
from tests.support.native import WAYS

# No example and no drawing of one has a time limit, which a busy machine would exceed. `--hypothesis-profile=explore`
# looks at other examples in each run.
settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("tests"), derandomize=False, max_examples=5_000)
settings.load_profile("tests")


def pytest_configure() -> None:
    """Let Ctrl-C work in what the tests start, also where a shell in the background switched it off for us."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say on what the tests of stores ran that are not run here."""
    terminalreporter.section("stores that are not run here")
    for line in (loki.summary(), seq.summary()):
        terminalreporter.write_line(line)


@pytest.fixture(params=WAYS, scope="session")
def native(request: pytest.FixtureRequest) -> Any:
    """The extension's module, or None for the Python code alone: what takes it must do the same both ways."""
    return request.param


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder of an embedded store, empty."""
    folder = tmp_path / ".aegis" / "store"
    folder.mkdir(parents=True)
    return folder
