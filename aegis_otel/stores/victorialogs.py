"""VictoriaLogs as a store: LogsQL over its HTTP API ("Querying logs" in VictoriaLogs' documentation).

It keeps the fields of a record as text, and flattens maps. The Collector notes the types with each record, so that the
record read back is that of the embedded store; docs/victorialogs.md has the limits.
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
from aegis_otel.stores._literal import quote
from aegis_otel.stores.query import Query, StoredRecord

_PAGE: Final = 5_000
_LATE: Final = timedelta(minutes=2)
"""Follow looks back so far for records that arrive late; what comes even later is found without follow only."""
_POLL_SECONDS: Final = 1.0

_OWN: Final = ("level", "message", "service", "environment", "correlationId", "traceId", "spanId", "logger")
"""The record's own fields, in the order of the JSON line."""
_OTHER_FIELDS: Final = "otherFields"
"""The Collector writes fields that VictoriaLogs cannot hold into this one, as JSON (aegis_route, shape `indexed`)."""
_FIELD_TYPES: Final = "fieldTypes"
"""And into this one which fields are no texts."""
_OF_THE_STORE: Final = frozenset(("_time", "_stream", "_stream_id", "_msg", _OTHER_FIELDS, _FIELD_TYPES))
_LONGEST_NAME: Final = 128
"""Of a field of VictoriaLogs, in bytes."""
_NUMBERS: Final = frozenset(("statusCode", "responseTime", schema.CODE_LINE))
_ERROR: Final = ("error.name", "error.message", "error.stack")
_TAKEN: Final = {f"extra.{name}": name for name in ("", *_OF_THE_STORE, "cut")}
"""What the Collector calls attributes whose names VictoriaLogs or that shape needs, and their names elsewhere."""
_NO_MESSAGE: Final = "missing _msg field; see https://docs.victoriametrics.com/"
"""How VictoriaLogs begins the text that it stores in the place of an empty message."""

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")
_INTEGER: Final = re.compile(r"-?\d{1,19}")

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

    def count(self, query: Query) -> int:
        """How many records match.

        Raises:
            StoreError: VictoriaLogs does not answer, or refuses the query.
        """
        data = {"query": f"{logsql(query)} | stats count() as found"}
        if query.since is not None:
            data["start"] = str(_milliseconds(query.since) * 1_000_000)
        answer = self._server.ask("POST", "/select/logsql/query", data=data)
        try:
            return int(json.loads(answer.content)["found"])
        except (ValueError, KeyError, TypeError):
            raise self._server.foreign() from None

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
        types = _types(stored)
        fields = _Fields(record, types["m"])
        for name, text in stored.items():
            if name not in record and name not in _OF_THE_STORE:
                fields.put(name, _value(name, text, types))
        for name in types["m"]:
            fields.map_of(name)
        for names, value in ((types["e"], ""), (types["z"], None)):
            for name in names:
                fields.put(name, value)
        for taken in _TAKEN.keys() & record.keys():
            record[_TAKEN[taken]] = record.pop(taken)
        record.update(_json_object(stored.get(_OTHER_FIELDS)))
        return record


class _Fields:
    """Writes fields into a record, those below a map into the map."""

    def __init__(self, record: StoredRecord, maps: frozenset[str]) -> None:
        self._maps = maps
        self._made: dict[str, dict[str, Any]] = {"": record}

    def put(self, name: str, value: Any) -> None:
        """Write a field, whose name has those of its maps and dots before it."""
        above = self._above(name)
        self.map_of(above).setdefault(name[len(above) + 1 :] if above else name, value)

    def map_of(self, name: str) -> dict[str, Any]:
        """The map with this name, made where there is none yet; the record itself for the empty name."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = {}
            self.put(name, made)
        return made

    def _above(self, name: str) -> str:
        """The innermost map that a name is below."""
        dot = name.rfind(".")
        while dot > 0:
            if name[:dot] in self._maps:
                return name[:dot]
            dot = name.rfind(".", 0, dot)
        return ""


def _types(stored: dict[str, str]) -> dict[str, frozenset[str]]:
    """The names by type, as the Collector has noted them; of records that others have written, what the schema says."""
    noted = _json_object(stored.get(_FIELD_TYPES))
    if not noted:
        maps = {"metadata"} if any(name.startswith("metadata.") for name in stored) else set()
        if not stored.keys().isdisjoint(_ERROR):
            maps.add("error")
        return {**dict.fromkeys("bjez", frozenset()), "n": _NUMBERS, "m": frozenset(maps)}
    lists = {letter: noted.get(letter, ()) for letter in "nbjmez"}
    return {
        letter: frozenset(filter(_is_name, names)) if isinstance(names, list) else frozenset()
        for letter, names in lists.items()
    }


def _is_name(name: object) -> bool:
    return isinstance(name, str) and len(name) <= _LONGEST_NAME


def _value(name: str, text: str, types: dict[str, frozenset[str]]) -> Any:
    """A value of its type; the text where it is none of that type."""
    try:
        if name in types["n"]:
            return int(text) if _INTEGER.fullmatch(text) else float(text)  # a longer one was a float
        if name in types["b"]:
            return {"true": True, "false": False}[text]
        if name in types["j"]:
            return json.loads(text)
    except (ValueError, KeyError, RecursionError):
        pass
    return text


def _json_object(text: str | None) -> dict[str, Any]:
    """What a field with JSON holds; empty where there is none, or no object in it."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


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
