"""VictoriaLogs as a store: LogsQL over its HTTP API ("Querying logs" in VictoriaLogs' documentation).

It keeps the fields of a record as text. Read back, a record has AegisX's names and nesting again, and numbers where the
schema has numbers; docs/victorialogs.md says what stays text.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from aegis_otel import schema
from aegis_otel.stores._http import Server
from aegis_otel.stores.errors import StoreError
from aegis_otel.stores.query import Query, StoredRecord

_PAGE: Final = 5_000
_LATE: Final = timedelta(minutes=2)
"""Follow looks back so far for records that arrive late; what comes even later is found without follow only."""
_POLL_SECONDS: Final = 1.0

_OWN: Final = ("level", "message", "service", "environment", "correlationId", "traceId", "spanId", "logger")
"""The record's own fields, in the order of the JSON line."""
_OF_THE_STORE: Final = frozenset(("_time", "_stream", "_stream_id", "_msg"))
_NUMBERS: Final = frozenset(("statusCode", "responseTime", schema.CODE_LINE))
_ERROR: Final = ("error.name", "error.message", "error.stack")
_OTHER_FIELDS: Final = "otherFields"
"""The Collector writes fields that VictoriaLogs cannot hold into this one, as JSON (aegis_route, shape `indexed`)."""
_TAKEN: Final = {f"extra.{name}": name for name in ("", "_msg", "_time", "_stream", "_stream_id", _OTHER_FIELDS, "cut")}
"""What the Collector calls attributes whose names VictoriaLogs or that shape needs, and their names elsewhere."""
_NO_MESSAGE: Final = "missing _msg field; see https://docs.victoriametrics.com/"
"""How VictoriaLogs begins the text that it stores in the place of an empty message."""

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")
_INTEGER: Final = re.compile(r"-?\d+")

_Entry = tuple[int, bytes]
"""A time in nanoseconds, and the line of the answer."""


def logsql(query: Query) -> str:
    """The LogsQL query for `query`, without its time. Values are quoted, so they can't change its meaning."""
    parts = []
    if query.service is not None:
        parts.append(f"service:={quote(query.service)}")
    if query.level is not None:
        parts.append(f"level:in({','.join(map(quote, query.levels))})")
    if query.correlation_id is not None:
        parts.append(f"correlationId:={quote(query.correlation_id)}")
    return " ".join(parts) or "*"


def quote(value: str) -> str:
    r"""A LogsQL string literal. LogsQL reads it as Go does; JSON's escapes are a subset of Go's but for ``\/``.

    Raises:
        StoreError: the value is no Unicode text.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        raise StoreError(f"{value!r} is not valid text") from None
    return json.dumps(value, ensure_ascii=False)


@dataclass
class VictoriaLogsStore:
    """Reads the VictoriaLogs at `url`, its tenant 0:0.

    Attributes:
        url: where it listens; may hold user and password.
        timeout: seconds that it may be silent.
        skipped: always 0: all that it has are records.
    """

    url: str = field(repr=False)
    timeout: float = 30.0
    skipped: int = 0
    _server: Server = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._server = Server("VictoriaLogs", self.url, "AEGIS_VICTORIALOGS_URL", self.timeout)

    def __str__(self) -> str:
        return str(self._server)

    def newest(self, query: Query) -> list[StoredRecord]:
        """The newest records that match, the oldest of them first.

        Raises:
            StoreError: VictoriaLogs does not answer, or refuses the query.
        """
        return [self._record(entry) for entry in self._newest(query)]

    def _newest(self, query: Query) -> list[_Entry]:
        start = None if query.since is None else _milliseconds(query.since) * 1_000_000
        end: int | None = None
        found: list[_Entry] = []
        while (wanted := min(_PAGE, query.limit - len(found))) > 0:
            page = self._entries(query, start, end, wanted)
            if len(page) < wanted:
                found += page
                break
            # The page may end within a nanosecond, so all of that one are fetched together.
            end = min(page)[0]
            found += [entry for entry in page if entry[0] > end]
            found += self._entries(query, end, end + 1, query.limit - len(found))
        return sorted(found)

    def follow(self, query: Query, stopped: Callable[[], bool] = lambda: False) -> Iterator[StoredRecord]:
        """The newest records, then every further one as it arrives, until `stopped`."""
        # What is there already is not new, even where the limit cuts it off.
        seen = Counter(self._lately(query, _LATE))
        newest = self._newest(query)
        # Records that arrived between these two answers are in the second one only.
        seen |= Counter(newest)
        for entry in newest:
            yield self._record(entry)
        while not stopped():
            time.sleep(_POLL_SECONDS)
            window = Counter(self._lately(query, _LATE))
            for entry in sorted((window - seen).elements()):
                yield self._record(entry)
            horizon = _milliseconds(datetime.now(timezone.utc) - 2 * _LATE) * 1_000_000
            seen = Counter({entry: count for entry, count in seen.items() if entry[0] >= horizon}) | window

    def is_ready(self) -> bool:
        """Whether VictoriaLogs says that it is well."""
        return self._server.is_ready("/health")

    def _lately(self, query: Query, span: timedelta) -> list[_Entry]:
        return self._entries(query, _milliseconds(datetime.now(timezone.utc) - span) * 1_000_000, None, None)

    def _entries(self, query: Query, start: int | None, end: int | None, limit: int | None) -> list[_Entry]:
        """What matches from `start` (inclusive) to `end` (exclusive), in any order; with a limit the newest."""
        given = {"start": start, "end": end, "limit": limit}
        data = {name: str(value) for name, value in given.items() if value is not None}
        answer = self._server.ask("POST", "/select/logsql/query", data={"query": logsql(query), **data})
        try:
            return [(_nanoseconds(line), line) for line in answer.content.split(b"\n") if line]
        except (ValueError, KeyError, TypeError):
            raise self._server.foreign() from None

    def _record(self, entry: _Entry) -> StoredRecord:
        stored: dict[str, str] = json.loads(entry[1])
        message = stored.get("_msg", "")
        texts = {**stored, "message": "" if message.startswith(_NO_MESSAGE) else message}
        record: StoredRecord = {"timestamp": schema.iso_timestamp(entry[0])}
        record.update((name, texts[name]) for name in _OWN if name in texts)
        nested = tuple(
            prefix for prefix, on in (("error.", any(map(stored.__contains__, _ERROR))), ("metadata.", True)) if on
        )
        for name, text in stored.items():
            if name in record or name in _OF_THE_STORE or name == _OTHER_FIELDS:
                continue
            if name.startswith(nested):
                _put(record, name.split("."), text)
            else:
                record[_TAKEN.get(name, name)] = _number(text) if name in _NUMBERS else text
        record.update(_other_fields(stored.get(_OTHER_FIELDS)))
        return record


def _put(record: dict[str, Any], path: list[str], text: str) -> None:
    """Write a field of a map that VictoriaLogs has flattened back into its map."""
    for depth, name in enumerate(path[:-1]):
        below = record.setdefault(name, {})
        if not isinstance(below, dict):  # there is a field with the name of the map, too
            record[".".join(path[depth:])] = text
            return
        record = below
    record[path[-1]] = text


def _number(text: str) -> int | float | str:
    try:
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    except ValueError:
        return text


def _other_fields(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    return fields if isinstance(fields, dict) else {_OTHER_FIELDS: text}


def _nanoseconds(line: bytes) -> int:
    """The time of a line of an answer.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    match = _TIME.fullmatch(json.loads(line)["_time"])
    if match is None:
        raise ValueError("no time")
    seconds = datetime.fromisoformat(match[1]).replace(tzinfo=timezone.utc)
    return _milliseconds(seconds) * 1_000_000 + int((match[2] or "0").ljust(9, "0"))


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
