"""What the page's and the dashboard's queries are asked of: our LogQL over the embedded store, or a user's own Loki.

The embedded store is asked twice: by the engine, and by the query API that a real process serves over HTTP.

AEGIS_TEST_LOKI_URL names a Loki of the user's own. Where it is set, the same tests run against it as well.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from aegis_otel.stores import logql
from aegis_otel.stores.logql.embedded import EmbeddedSource
from tests.support.collector import Collector
from tests.support.query_api import QueryApi

LOKI_URL = "AEGIS_TEST_LOKI_URL"


def backends() -> Sequence[str]:
    """The names of what is asked: "embedded" by the engine, "api" by the query API, and "loki" where one is named."""
    return ("embedded", "api", "loki") if os.environ.get(LOKI_URL) else ("embedded", "api")


class Answers(Protocol):
    """What can be asked."""

    def named(self, name: str) -> str:
        """The name of a service or an environment as it must be sent."""
        ...

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of a metric query, now, in the shape of Loki's HTTP API; AssertionError where it is refused."""
        ...

    def lines(self, query: str, *, hours: float = 1) -> list[str]:
        """The lines that a log query finds in the last hours, the oldest first."""
        ...


@contextmanager
def stored(backend: str, folder: Path, *own: str) -> Iterator[tuple[Collector, Answers]]:
    """A Collector, and what answers for the records that are sent to it.

    `own` are names of services and environments; in a Loki that holds other records too, they are made unique.
    """
    if backend == "embedded":
        with Collector(folder, "file") as collector:
            yield collector, Embedded(collector.data / "store")
    elif backend == "api":
        with Collector(folder, "file") as collector, QueryApi(collector.data) as api:
            yield collector, Served(api)
    else:
        url = os.environ[LOKI_URL]
        with Collector(folder, "loki", env={"AEGIS_LOKI_URL": url}) as collector:
            yield collector, OwnLoki(url, own)


class OwnLoki:
    """A Loki of the user's: names that the tests use stand for unique ones there."""

    def __init__(self, url: str, own: Sequence[str]) -> None:
        from tests.support.loki import Loki

        self._loki = Loki(url)
        self._names = {name: f"{name}-{time.time_ns()}" for name in own}

    def named(self, name: str) -> str:
        return self._names.get(name, name)

    def query(self, expression: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self._shown(json.dumps(self._loki.query(self._asked(expression)))))
        return found

    def lines(self, query: str, *, hours: float = 1) -> list[str]:
        return [self._shown(line) for line in self._loki.lines(self._asked(query), hours=hours)]

    def _asked(self, query: str) -> str:
        for name, unique in self._names.items():
            query = query.replace(f'"{name}"', f'"{unique}"')
        return query

    def _shown(self, text: str) -> str:
        for name, unique in self._names.items():
            text = text.replace(unique, name)
        return text


class Embedded:
    """The store that a Collector writes; answers as Loki's HTTP API does, in the same shapes."""

    def __init__(self, folder: Path) -> None:
        self.source = EmbeddedSource(folder)

    def named(self, name: str) -> str:
        return name

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


class Served:
    """The same store, by the query API."""

    def __init__(self, api: QueryApi) -> None:
        self._api = api

    def named(self, name: str) -> str:
        return name

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = self._api.ask("/loki/api/v1/query", query=expression)
        assert answer.status == 200, answer.text
        assert answer.json["data"]["resultType"] == "vector"
        found: list[dict[str, Any]] = answer.json["data"]["result"]
        return found

    def lines(self, query: str, *, hours: float = 1) -> list[str]:
        now = time.time_ns()
        span = {"start": now - int(hours * 3600e9), "end": now + 60 * 10**9, "limit": 5000, "direction": "forward"}
        answer = self._api.ask("/loki/api/v1/query_range", query=query, **span)
        assert answer.status == 200, answer.text
        found = [(int(at), line) for one in answer.json["data"]["result"] for at, line in one["values"]]
        return [line for _, line in sorted(found, key=lambda entry: entry[0])]
