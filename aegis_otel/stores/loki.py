"""Loki as a store: queries over its HTTP API (Loki's "Query logs within a range of time").

Lines are the JSON objects that the Collector writes; labels `service` and `level` and the structured
metadata `correlationId` are used to find them, so Loki need not parse lines.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from aegis_otel.stores._http import Server
from aegis_otel.stores.errors import StoreError
from aegis_otel.stores.query import Query, StoredRecord

_PAGE: Final = 5_000
"""Loki's default for the most entries of one answer; more records of one nanosecond than that can't be told apart."""
_LONGEST: Final = timedelta(days=30)
"""Loki refuses a query over more than 721 h with its default limits."""
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


def quote(value: str) -> str:
    r"""A LogQL string literal. LogQL reads it as Go does; JSON's escapes are a subset of Go's but for ``\/``.

    Raises:
        StoreError: the value is no Unicode text.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        raise StoreError(f"{value!r} is not valid text") from None
    return json.dumps(value, ensure_ascii=False)


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
        """The newest records that match, the oldest of them first.

        Raises:
            StoreError: Loki does not answer, or refuses the query.
        """
        return [record for record in map(self._record, self._newest(query)) if record is not None]

    def _newest(self, query: Query) -> list[_Entry]:
        now = datetime.now(timezone.utc)
        end = _nanoseconds(now + _AHEAD)
        start = _nanoseconds(max(query.since or now - _LONGEST, now - _LONGEST))
        found: dict[_Entry, None] = {}
        while len(found) < query.limit:
            page = self._page(query, start, end, min(_PAGE, query.limit))
            fresh = [entry for entry in page if entry not in found]
            found.update(dict.fromkeys(fresh))
            if len(page) < min(_PAGE, query.limit):
                break
            oldest = min(page)[0]
            # The end of a query is exclusive; other records may have the very time of the oldest one.
            end = oldest + 1 if fresh else oldest
        return sorted(found)[-query.limit :] if query.limit else []

    def follow(self, query: Query, stopped: Callable[[], bool] = lambda: False) -> Iterator[StoredRecord]:
        """The newest records, then every further one as it arrives, until `stopped`."""
        now = datetime.now(timezone.utc)
        # What is there already is not new, even where the limit cuts it off.
        seen = set(self._window(query, now - _LATE, now + _AHEAD))
        for entry in self._newest(query):
            seen.add(entry)
            record = self._record(entry)
            if record is not None:
                yield record
        while not stopped():
            time.sleep(_POLL_SECONDS)
            now = datetime.now(timezone.utc)
            window = self._window(query, now - _LATE, now + _AHEAD)
            for entry in window:
                if entry not in seen:
                    record = self._record(entry)
                    if record is not None:
                        yield record
            horizon = _nanoseconds(now - 2 * _LATE)
            seen = {entry for entry in seen if entry[0] >= horizon} | set(window)

    def is_ready(self) -> bool:
        """Whether Loki says that it takes and answers requests."""
        return self._server.is_ready("/ready")

    def _window(self, query: Query, start: datetime, end: datetime) -> list[_Entry]:
        entries: dict[_Entry, None] = {}
        first, last = _nanoseconds(start), _nanoseconds(end)
        while True:
            page = self._page(query, first, last, _PAGE, direction="forward")
            fresh = [entry for entry in page if entry not in entries]
            entries.update(dict.fromkeys(fresh))
            if len(page) < _PAGE:
                return list(entries)
            newest = max(page)[0]
            first = newest if fresh else newest + 1

    def _page(self, query: Query, start: int, end: int, limit: int, direction: str = "backward") -> list[_Entry]:
        parameters = {
            "query": selector(query),
            "start": str(start),
            "end": str(end),
            "limit": str(limit),
            "direction": direction,
        }
        answer = self._server.ask("GET", "/loki/api/v1/query_range", params=parameters)
        try:
            streams = answer.json()["data"]["result"]
            entries = [(int(value[0]), str(value[1])) for stream in streams for value in stream["values"]]
        except (ValueError, KeyError, TypeError, IndexError):
            raise self._server.foreign() from None
        entries.sort(reverse=direction == "backward")
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


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000
