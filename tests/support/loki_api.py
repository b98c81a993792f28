"""Loki's HTTP API for reading, as its documentation has it, over records that a test knows; no Loki.

From "Loki HTTP API", "Query logs within a range of time": `start` is inclusive, `end` is not; `limit` entries at most, the
newest for `direction=backward`; a range of over `max_query_length` and a limit of over `max_entries_limit_per_query` are refused;
the answer has a stream for each set of labels, structured metadata among them. Understood are the queries that
`aegis_otel.stores.loki` asks, and no others. What comes at the OTLP path is stored.
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from types import TracebackType
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from tests.support.scripted_store import Answer, Request, ScriptedStore

_STRING = r'"(?:[^"\\]|\\.)*"'
_QUERY = re.compile(rf"\{{(\w+=~?{_STRING}(?:, \w+=~?{_STRING})*)\}}(?: \| correlationId=({_STRING}))?", re.DOTALL)
_MATCHER = re.compile(rf"(\w+)(=~?)({_STRING})", re.DOTALL)
HOUR = 3600 * 10**9
SECOND = 10**9
NOW = time.time_ns() // SECOND * SECOND


class Filled(Protocol):
    """What can be filled with records and asked for them."""

    url: str

    def push(self, service: str, level: str, *entries: tuple[int, str, str]) -> None:
        """Entries (ns, line, correlation id) as the Collector has them in Loki."""
        ...


def line(service: str, level: str, message: str, correlation_id: str) -> str:
    return json.dumps({"level": level, "message": message, "service": service, "correlationId": correlation_id})


def fill(
    store: Filled, service: str, level: str, count: int, correlation_id: str = "x", *, step_ns: int = 1000
) -> None:
    """Put so many records there, one every `step_ns` from a second ago on; the messages are "<level> <number>"."""
    entries = [
        (NOW - SECOND + number * step_ns, line(service, level, f"{level} {number}", correlation_id), correlation_id)
        for number in range(count)
    ]
    store.push(service, level, *entries)


class LokiApi:
    """Use it as a context manager.

    Args:
        max_entries: Loki's `max_entries_limit_per_query`, whose default this is.
        max_hours: Loki's `max_query_length`, whose default this is.
    """

    def __init__(self, *, max_entries: int = 5000, max_hours: int = 721) -> None:
        self.max_entries = max_entries
        self.max_hours = max_hours
        self.entries: list[tuple[dict[str, str], int, str]] = []
        self._server = ScriptedStore(self._answer)
        self.url = self._server.url

    def push(self, service: str, level: str, *entries: tuple[int, str, str]) -> None:
        """Entries (ns, line, correlation id) as the Collector has them in Loki."""
        self.entries += [
            ({"service": service, "level": level, "correlationId": correlation_id}, moment, line)
            for moment, line, correlation_id in entries
        ]

    def asked(self) -> list[dict[str, str]]:
        """The parameters of each query so far."""
        urls = [urlsplit(request.path) for request in self._server.requests()]
        return [
            {name: values[0] for name, values in parse_qs(url.query).items()}
            for url in urls
            if url.path == "/loki/api/v1/query_range"
        ]

    def _answer(self, request: Request) -> Answer:
        url = urlsplit(request.path)
        if url.path == "/otlp/v1/logs":
            self.entries += [({**line.labels, **line.attributes}, line.time_ns, line.body) for line in request.lines]
            return Answer(204)
        if url.path == "/ready":
            return Answer(200, b"ready\n")
        if url.path != "/loki/api/v1/query_range":
            return Answer(404, b"404 page not found\n")
        return self._query({name: values[0] for name, values in parse_qs(url.query).items()})

    def _query(self, asked: dict[str, str]) -> Answer:
        start, end, limit = int(asked["start"]), int(asked["end"]), int(asked["limit"])
        query = _QUERY.fullmatch(asked["query"])
        if query is None:
            return Answer(400, b"parse error : syntax error")
        if end - start > self.max_hours * HOUR:
            hours = (end - start) // HOUR
            return Answer(
                400,
                f"the query time range exceeds the limit (query length: {hours}h, limit: {self.max_hours}h)".encode(),
            )
        if limit > self.max_entries:
            said = f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {self.max_entries})"
            return Answer(400, said.encode())
        wanted = [(name, how, json.loads(value)) for name, how, value in _MATCHER.findall(query[1])]
        if query[2] is not None:
            wanted.append(("correlationId", "=", json.loads(query[2])))

        def matches(labels: dict[str, str]) -> bool:
            return all(
                re.fullmatch(value, labels.get(name, "")) if how == "=~" else labels.get(name, "") == value
                for name, how, value in wanted
            )

        found = [each for each in self.entries if start <= each[1] < end and matches(each[0])]
        backward = asked["direction"] == "backward"
        streams: dict[str, list[list[str]]] = defaultdict(list)
        for labels, moment, line in sorted(found, key=lambda each: each[1], reverse=backward)[:limit]:
            streams[json.dumps(labels)].append([str(moment), line])
        result = [{"stream": json.loads(labels), "values": values} for labels, values in streams.items()]
        body = {"status": "success", "data": {"resultType": "streams", "result": result, "stats": {}}}
        return Answer(200, json.dumps(body).encode(), {"content-type": "application/json; charset=UTF-8"})

    def __enter__(self) -> LokiApi:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)
