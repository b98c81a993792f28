"""What the page's and the dashboard's queries are asked of: our LogQL over the embedded store, or a user's own Loki.

AEGIS_TEST_LOKI_URL names a Loki of the user's own. Where it is set, the same tests run against it as well.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aegis_otel.stores import logql
from aegis_otel.stores.logql.embedded import EmbeddedSource
from tests.support.collector import Collector

LOKI_URL = "AEGIS_TEST_LOKI_URL"


def backends() -> Sequence[str]:
    """The names of what is asked: "embedded", and "loki" where one is named."""
    return ("embedded", "loki") if os.environ.get(LOKI_URL) else ("embedded",)


class Embedded:
    """The store that a Collector writes; answers as Loki's HTTP API does, in the same shapes."""

    def __init__(self, folder: Path) -> None:
        self.source = EmbeddedSource(folder)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of a metric query, now.

        Raises:
            AssertionError: the query was refused, as the HTTP client says it.
        """
        now = time.time_ns()
        try:
            answer = logql.instant(self.source, expression, time_ns=now)
        except logql.LogQLError as error:
            raise AssertionError(f"parse error or refused: {error}") from None
        assert isinstance(answer, logql.Vector)
        return [{"metric": one.labels, "value": [one.time_ns / 1e9, repr(one.value)]} for one in answer.samples]

    def streams(self, query: str, *, limit: int = 5000, hours: float = 1) -> list[tuple[dict[str, str], str]]:
        """The lines that a log query finds in the last hours, each with its labels; the oldest first."""
        now = time.time_ns()
        answer = logql.range_(
            self.source,
            query,
            start_ns=now - int(hours * 3600e9),
            end_ns=now + 60 * 10**9,
            step_ns=10**9,
            limit=limit,
            direction="forward",
        )
        assert isinstance(answer, logql.Streams)
        found = [(at, one.labels, line) for one in answer.streams for at, line in one.entries]
        return [(labels, line) for _, labels, line in sorted(found, key=lambda entry: entry[0])]

    def lines(self, query: str, *, hours: float = 1) -> list[str]:
        """The same without labels."""
        return [line for _, line in self.streams(query, hours=hours)]


def embedded(collector: Collector) -> Embedded:
    """The store of a Collector that was started with "file"."""
    return Embedded(collector.data / "store")
