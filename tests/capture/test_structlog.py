"""Beside structlog's OpenTelemetry instrumentation, a line that goes on to stdlib logging is taken once.

That package cannot stand in the tests' environment: it asks for one exact version of the others. So its processor's shape
is written down here.
"""

from __future__ import annotations

import logging
from typing import Any

import pytest

from aegis_otel.capture.structlog import only_without_logging


class StructlogProcessor:
    """As upstream's: emits, and passes the fields on."""

    def __init__(self) -> None:
        self.emitted: list[str] = []

    def __call__(self, logger: Any, method_name: str, event_dict: dict[str, Any]) -> dict[str, Any]:
        self.emitted.append(event_dict["event"])
        return event_dict


class StructlogInstrumentor:
    """Stands in the same module as the processor."""


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> StructlogProcessor:
    monkeypatch.setattr(StructlogProcessor, "__call__", StructlogProcessor.__call__)
    only_without_logging(StructlogInstrumentor)
    return StructlogProcessor()


def test_a_line_for_stdlib_logging_is_left_to_it(processor: StructlogProcessor) -> None:
    fields = {"event": "hello"}
    assert processor(logging.getLogger("shop"), "info", fields) is fields
    assert processor.emitted == []


def test_a_line_that_is_printed_is_emitted(processor: StructlogProcessor) -> None:
    fields = {"event": "hello"}
    assert processor(object(), "info", fields) is fields
    assert processor.emitted == ["hello"]


def test_an_instrumentation_without_that_processor_is_left_alone() -> None:
    only_without_logging(type("Other", (), {"__module__": "nowhere"}))
