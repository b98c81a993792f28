"""Collectors for the tests of this folder: each test gets its own, and none outlives its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.collector import Collector, Sink


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start_collector(tmp_path: Path, stack: ExitStack) -> Callable[..., Collector]:
    """Start our Collector with the stores named: `start_collector("file", "loki", env={…})`."""

    def start(*stores: str, **options: Any) -> Collector:
        return stack.enter_context(Collector(tmp_path / "collector", *stores, **options))

    return start


@pytest.fixture
def loki(tmp_path: Path, stack: ExitStack) -> Sink:
    """A Collector that listens where Loki would."""
    return stack.enter_context(Sink(tmp_path / "loki", "/otlp/v1/logs"))


@pytest.fixture
def seq(tmp_path: Path, stack: ExitStack) -> Sink:
    """A Collector that listens where Seq would, and notes the API key."""
    return stack.enter_context(Sink(tmp_path / "seq", "/ingest/otlp/v1/logs", header="x-seq-apikey"))
