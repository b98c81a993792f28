"""Loki as a store: queries over its HTTP API (Loki's "Query logs within a range of time").

Lines are the JSON objects that the Collector writes; labels `service` and `level` and the structured
metadata `correlationId` are used to find them, so Loki need not parse lines.

An answer of Loki holds a number of entries at most, and a query spans a number of days at most, so what is
asked here goes in pages and in windows. None of them overlap, so equal entries are neither lost nor doubled.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from aegis_otel.stores._http import RefusedError, Server
from aegis_otel.stores._literal import quote
from aegis_otel.stores.errors import StoreError
from aegis_otel.stores.logql import Answer, Vector
from aegis_otel.stores.logql.shapes import from_loki
from aegis_otel.stores.query import Query, StoredRecord

_PAGE: Final = 5_000
"""Loki's default for the most entries of one answer (`max_entries_limit_per_query`)."""
_LONGEST: Final = timedelta(days=30)
"""Loki refuses a query over more than 721 h with its default limits (`max_query_length`)."""
_AHEAD: Final = timedelta(minutes=10)
"""How far in the future a record may be because of clocks that differ."""
_LATE: Final = timedelta(minutes=2)
"""Follow looks back so far for records that arrive late; what comes even later is found without follow only."""
_POLL_SECONDS: Final = 1.0

_Entry = tuple[int, str]


def selector(query: Query) -> str:
    """The LogQL log query for `query`. Values are quoted, so they can't change its meaning."""
    matchers = ["service=" + quote(query.service) if query.service is not None else 'service=~".+"']
    if query.level is not None:
        matchers.append("level=~" + quote("|".join(query.levels)))
    text = "{" + ", ".join(matchers) + "}"
    if query.correlation_id is not None:
        text += " | correlationId=" + quote(query.correlation_id)
    return text


@dataclass
class LokiStore:
    """Reads the Loki at `url`.

    Attributes:
        url: where it listens; may hold user and password.
        skipped: how many lines were no JSON objects so far.
    """

    url: str = field(repr=False)
    timeout: float = 30.0
    skipped: int = 0
    _server: Server = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._server = Server("Loki", self.url, "AEGIS_LOKI_URL", self.timeout)

    def __str__(self) -> str:
        return str(self._server)

    def newest(self, query: Query) -> list[StoredRecord]:
        """The newest records that match, the oldest of them first; of the last 30 days where `since` is not set.

        Raises:
            StoreError: Loki does not answer, refuses the query, or has more records of one nanosecond than an
                answer of it holds.
        """
        return [record for record in map(self._record, self._newest(query)) if record is not None]

    def _newest(self, query: Query) -> list[_Entry]:
        found: list[_Entry] = []
        for start, end in _windows(query):
            if len(found) >= query.limit:
                break
            found += self._entries(query, start, end, query.limit - len(found))
        return sorted(found)[-query.limit :] if query.limit else []

    def follow(self, query: Query, stopped: Callable[[], bool] = lambda: False) -> Iterator[StoredRecord]:
        """The newest records, then every further one as it arrives, until `stopped`."""
        # What is there already is not new, even where the limit cuts it off.
        seen = self._recent(query)
        newest = self._newest(query)
        seen |= Counter(newest)
        yield from (record for record in map(self._record, newest) if record is not None)
        while not stopped():
            time.sleep(_POLL_SECONDS)
            horizon = _nanoseconds(datetime.now(timezone.utc) - 2 * _LATE)
            recent = self._recent(query)
            for entry in sorted((recent - seen).elements()):
                record = self._record(entry)
                if record is not None:
                    yield record
            seen = Counter({entry: count for entry, count in seen.items() if entry[0] >= horizon}) | recent

    def _recent(self, query: Query) -> Counter[_Entry]:
        """The entries of the last minutes, each with how many are equal to it."""
        now = datetime.now(timezone.utc)
        return Counter(self._entries(query, _nanoseconds(now - _LATE), _nanoseconds(now + _AHEAD)))

    def count(self, query: Query) -> int:
        """How many records match; of the last 30 days where `since` is not set.

        Raises:
            StoreError: Loki does not answer, or refuses the query.
        """
        return sum(self._count(query, start, end) for start, end in _windows(query))

    def logql(
        self, text: str, *, end_ns: int, start_ns: int | None = None, step_ns: int = 10**9, limit: int = 100
    ) -> Answer:
        """See `aegis_otel.stores.LogQLStore`."""
        asked = {"query": text, "limit": str(limit)}
        if start_ns is None:
            path, span = "query", {"time": str(end_ns)}
        else:
            path, span = "query_range", {"start": str(start_ns), "end": str(end_ns), "step": _seconds(step_ns)}
        answer = self._server.ask("POST", f"/loki/api/v1/{path}", data={**asked, **span})
        try:
            return from_loki(answer.json()["data"])
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            raise self._server.foreign() from None

    def is_ready(self) -> bool:
        """Whether Loki says that it takes and answers requests."""
        return self._server.is_ready("/ready")

    def _count(self, query: Query, start: int, end: int) -> int:
        # A range is open at its start: (end - 1 - range, end - 1] is [start, end) in whole nanoseconds.
        text = f"sum(count_over_time({selector(query)} [{end - start}ns]))"
        answer = self.logql(text, end_ns=end - 1)
        if not isinstance(answer, Vector):
            raise self._server.foreign()
        return int(sum(sample.value for sample in answer.samples))

    def _entries(self, query: Query, start: int, end: int, wanted: int | None = None) -> list[_Entry]:
        """The newest `wanted` entries, or all, from `start` on and before `end` (ns); the newest first."""
        found: list[_Entry] = []
        while start < end and (wanted is None or len(found) < wanted):
            size = _PAGE if wanted is None else min(_PAGE, wanted - len(found))
            page = self._page(query, start, end, size)
            if len(page) < size or len(found) + len(page) == wanted:
                return found + page
            # Of the oldest nanosecond there may be more than the page had room for.
            oldest = page[-1][0]
            whole = [entry for entry in page if entry[0] > oldest]
            found += whole or self._moment(query, oldest)
            end = oldest + 1 if whole else oldest
        return found

    def _moment(self, query: Query, at: int) -> list[_Entry]:
        """All entries of a nanosecond that fills a page: nothing in Loki's API leads on from one to the next."""
        size = _PAGE
        while True:
            try:
                page = self._page(query, at, at + 1, 2 * size)
            except RefusedError as error:
                moment = datetime.fromtimestamp(at / 10**9, timezone.utc).isoformat()
                raise StoreError(
                    f"{self} has {size} records or more at one nanosecond ({at}, {moment}), and its answers hold "
                    "no more: ask for fewer (service, level, correlation id, a smaller limit), or raise "
                    f"max_entries_limit_per_query in its configuration. {error}"
                ) from None
            size *= 2
            if len(page) < size:
                return page

    def _page(self, query: Query, start: int, end: int, limit: int) -> list[_Entry]:
        parameters = {
            "query": selector(query),
            "start": str(start),
            "end": str(end),
            "limit": str(limit),
            "direction": "backward",
        }
        answer = self._server.ask("GET", "/loki/api/v1/query_range", params=parameters)
        try:
            streams = answer.json()["data"]["result"]
            entries = [(int(value[0]), str(value[1])) for stream in streams for value in stream["values"]]
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            raise self._server.foreign() from None
        entries.sort(reverse=True)
        return entries

    def _record(self, entry: _Entry) -> StoredRecord | None:
        try:
            record: Any = json.loads(entry[1])
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            self.skipped += 1
            return None
        return record


def _windows(query: Query) -> Iterator[tuple[int, int]]:
    """The spans of time (ns, [start, end)) that are asked for one after the other, the last first."""
    now = datetime.now(timezone.utc)
    first = _nanoseconds(now - _LONGEST if query.since is None else query.since)
    longest = int(_LONGEST.total_seconds()) * 10**9
    end = _nanoseconds(now + _AHEAD)
    while first < end:
        start = max(first, end - longest)
        yield start, end
        end = start


def _seconds(span_ns: int) -> str:
    return f"{span_ns // 10**9}.{span_ns % 10**9:09d}"


def _nanoseconds(moment: datetime) -> int:
    return max(0, int(moment.timestamp() * 1_000_000) * 1_000)
