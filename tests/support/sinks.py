"""Sinks for tests of the queue."""

from __future__ import annotations

import time

from aegis_otel import schema


class Collected:
    """A sink that keeps what it gets, `seconds` a batch."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.records: list[schema.Record] = []
        self.seconds = seconds
        self.closed = False

    def __str__(self) -> str:
        return "the list"

    def write(self, records):
        time.sleep(self.seconds)
        self.records += records

    def flush(self, deadline):
        return True

    def close(self, deadline):
        self.closed = True

    def after_fork(self):
        self.records.clear()
