"""For all tests: the process they run in looks the same however it was started, and each run tries the same examples."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import loki, seq
from tests.support.examples import examples
from tests.support.native import WAYS

pytest_plugins = ["tests.support.workers", "tests.support.again"]

HERE = Path(__file__).parent

# No example and no drawing of one has a time limit, which a busy machine would exceed. `--hypothesis-profile=explore`
# looks at other examples in each run.
settings.register_profile(
    "tests", deadline=None, derandomize=True, max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", settings.get_profile("tests"), derandomize=False, max_examples=5_000)
settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C work in what the tests start, also where a shell in the background switched it off for us."""
    config.addinivalue_line("markers", "integration: starts Collectors, stores, apps or commands")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


INTEGRATION = (
    "cli/",
    "collector/",
    "demo/",
    "integration/",
    "capture/test_crash.py",
    "capture/test_handled_again.py",
    "capture/test_loguru.py",
    "capture/test_structlog.py",
    "deliver/otlp/test_exporter.py",
    "deliver/otlp/test_transport.py",
    "stores/test_victorialogs.py",
    "test_endurance.py",
)
"""Tests that start Collectors, stores, apps or commands: `make check` leaves them out. Others carry the mark themselves."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the layer of each test."""
    for item in items:
        if item.path.relative_to(HERE).as_posix().startswith(INTEGRATION):
            item.add_marker(pytest.mark.integration)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say on what the tests of stores ran that are not run here."""
    terminalreporter.section("stores that are not run here")
    for line in (loki.summary(), seq.summary()):
        terminalreporter.write_line(line)


@pytest.fixture
def few_open_files() -> Iterator[int]:
    """How many files this process may open at once: fewer than usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Files that other tests hold open do not count.
    few = len(list(Path("/proc/self/fd").iterdir())) + 350
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    yield few
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


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
