"""For all tests: the process they run in looks the same however it was started."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.native import WAYS

# How long an example takes tells how busy the machine is, not whether the code is right.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_configure() -> None:
    """Let Ctrl-C work in what the tests start, also where a shell in the background switched it off for us."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=WAYS, scope="session")
def native(request: pytest.FixtureRequest) -> Any:
    """The extension's module, or None for the Python code alone: what takes it must do the same both ways."""
    return request.param
