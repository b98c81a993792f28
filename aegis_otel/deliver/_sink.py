"""The contract between the queue and the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from aegis_otel.schema import Record

Warn = Callable[[str], None]
"""Tells people something, on stderr; the text is one sentence without a newline."""


class Sink(Protocol):
    """One output; `str` of it names it for people. Only one thread at a time calls it."""

    def write(self, records: Sequence[Record]) -> None:
        """Take a batch, which other outputs read too. Never raises, and does not wait for a network."""

    def flush(self, deadline: float) -> bool:
        """Hand on what is held; true if all was by `deadline` (of `time.monotonic`)."""

    def close(self, deadline: float) -> None:
        """Flush, then release everything by `deadline`."""

    def after_fork(self) -> None:
        """In a forked child: drop what belongs to the parent (locks, threads, unsent records)."""
