"""Whoever walks the stack past `logging` comes to the app's own line, not to one of ours."""

from __future__ import annotations

import inspect
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from aegis_otel import schema
from aegis_otel.capture.stdlib import StdlibCapture

log = logging.getLogger("site.test")


@pytest.fixture(autouse=True)
def capturing(native: Any) -> Iterator[None]:
    capture = StdlibCapture(
        lambda record: None,
        level=schema.DEBUG,
        code_location=True,
        replaces_last_resort=True,
        own_thread=lambda ident: False,
        native=native,
    )
    capture.install()
    yield
    capture.uninstall()


def by_file(frame: FrameType | None) -> FrameType | None:
    """As loguru's documentation says for a handler that hands records to it."""
    depth = 0
    while frame and (depth == 0 or frame.f_code.co_filename == logging.__file__):
        frame = frame.f_back
        depth += 1
    return frame


def by_module(frame: FrameType | None) -> FrameType | None:
    """As structlog looks for the app's frame."""
    ours = __name__ + ".site"
    while frame and frame.f_globals.get("__name__", "?").startswith(("logging", ours)):
        frame = frame.f_back
    return frame


class Walker(logging.Handler):
    def __init__(self, walk: Callable[[FrameType | None], FrameType | None]) -> None:
        super().__init__()
        self.walk = walk
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        frame = self.walk(inspect.currentframe() if self.walk is by_file else sys._getframe(1))
        self.found.append(frame.f_code.co_name if frame else "nobody")


@pytest.mark.parametrize("walk", [by_file, by_module])
def test_the_apps_function_is_found_from_a_handler(walk: Any) -> None:
    handler = Walker(walk)
    log.addHandler(handler)
    try:
        log.error("hello", extra={"message": "mine"})
    finally:
        log.removeHandler(handler)
    assert handler.found == ["test_the_apps_function_is_found_from_a_handler"]


@pytest.mark.parametrize("walk", [by_file, by_module])
def test_the_apps_function_is_found_from_a_record_factory(walk: Any) -> None:
    found: list[str] = []

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        frame = walk(inspect.currentframe() if walk is by_file else sys._getframe(1))
        found.append(frame.f_code.co_name if frame else "nobody")
        return logging.LogRecord(*args, **kwargs)

    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(factory)
    try:
        log.error("hello")
    finally:
        logging.setLogRecordFactory(before)
    assert found == ["test_the_apps_function_is_found_from_a_record_factory"]


def test_the_record_of_logging_and_its_stacklevel_name_the_apps_line() -> None:
    seen: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    log.addHandler(handler)

    def called() -> None:
        log.error("one")
        log.error("two", stacklevel=2)

    try:
        called()
    finally:
        log.removeHandler(handler)
    assert [record.funcName for record in seen] == [
        "called",
        "test_the_record_of_logging_and_its_stacklevel_name_the_apps_line",
    ]


def test_a_warning_that_goes_to_logging_names_the_line_that_warned() -> None:
    seen: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    logging.getLogger("py.warnings").addHandler(handler)
    logging.captureWarnings(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)
            logging.captureWarnings(True)
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    finally:
        logging.captureWarnings(False)
        logging.getLogger("py.warnings").removeHandler(handler)
    assert __file__ in seen[0].getMessage()
