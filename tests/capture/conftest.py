"""Tests of capture run without the handlers that pytest puts on the root logger, as an app does."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Take them away for the time of the test: where they are, logging's own record is needed for every call."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
