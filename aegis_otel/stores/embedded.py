"""The embedded store: the rotated JSON lines that the Collector writes under `.aegis/store`.

Only reads. A line that is torn (the Collector or the machine died while it was written) or is no JSON
object is skipped and counted in `EmbeddedStore.skipped`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_otel.stores import _sidecar
from aegis_otel.stores._search import (
    lines_at,
    lines_backwards,
    lines_with,
    packed_lines_backwards,
    packed_lines_with,
)
from aegis_otel.stores._segments import UNREADABLE, Segment, chains, require, same_files, segments, unreadable
from aegis_otel.stores._tails import Tails
from aegis_otel.stores.query import Query, StoredRecord

if TYPE_CHECKING:
    from aegis_otel.stores.logql import Answer

_POLL_SECONDS = 0.2
# Ids of this form stand in a line as they are, so lines without it need not be parsed.
_PLAIN_ID = re.compile(r"[A-Za-z0-9._:/+=@-]+")


@dataclass
class EmbeddedStore:
    """Reads the store in `folder`.

    Attributes:
        folder: holds `logs.jsonl` and `audit.jsonl`, which are being written, and their rotated siblings
            (`logs*`, `audit*`; `.jsonl` or `.jsonl.gz`).
        skipped: how many lines could not be read so far.
    """

    folder: Path
    skipped: int = 0

    def __str__(self) -> str:
        return f"the embedded store in {self.folder}"

    def newest(self, query: Query) -> list[StoredRecord]:
        """The newest records that match, the oldest of them first.

        Raises:
            StoreError: there is no store, or it may not be read.
        """
        require(self.folder)
        skipped, files = self.skipped, self._segments()
        while True:
            found = self._newest(query, files)
            looked_at, files = files, self._segments()
            if same_files(looked_at, files):
                return found
            self.skipped = skipped

    def follow(self, query: Query, stopped: Callable[[], bool] = lambda: False) -> Iterator[StoredRecord]:
        """The newest records, then every further one as it is written, through rotations, until `stopped`."""
        with Tails(self._segments) as tails:
            yield from self._newest(query, tails.begin())
            while not stopped():
                yield from self._wanted(tails.appended(), query)
                time.sleep(_POLL_SECONDS)

    def count(self, query: Query) -> int:
        """How many records match, whatever the limit.

        Raises:
            StoreError: there is no store, or it may not be read.
        """
        require(self.folder)
        skipped, files = self.skipped, self._segments()
        while True:
            found = sum(1 for segment in files for _ in self._of(segment, query))
            looked_at, files = files, self._segments()
            if same_files(looked_at, files):
                return found
            self.skipped = skipped

    def logql(
        self, text: str, *, end_ns: int, start_ns: int | None = None, step_ns: int = 10**9, limit: int = 100
    ) -> Answer:
        """See `aegis_otel.stores.LogQLStore`."""
        # Slow to import, and a look-up does not need it.
        from aegis_otel.stores.logql import instant, range_
        from aegis_otel.stores.logql.embedded import EmbeddedSource

        source = EmbeddedSource(self.folder)
        try:
            if start_ns is None:
                return instant(source, text, time_ns=end_ns, limit=limit)
            return range_(source, text, start_ns=start_ns, end_ns=end_ns, step_ns=step_ns, limit=limit)
        finally:
            self.skipped += source.skipped

    def _segments(self) -> list[Segment]:
        return segments(self.folder)

    def _newest(self, query: Query, files: list[Segment]) -> list[StoredRecord]:
        # Audit records have files of their own: the newest of all are among the newest of each.
        found = [record for chain in chains(files) for record in self._newest_of(query, chain)]
        # Files hold records as they arrived; those of an app that was cut off for a while come late.
        found.sort(key=lambda record: str(record.get("timestamp", "")))
        return found[-query.limit :]

    def _newest_of(self, query: Query, files: list[Segment]) -> list[StoredRecord]:
        found: list[StoredRecord] = []
        for segment in reversed(files):
            found += itertools.islice(self._of(segment, query), query.limit - len(found))
        found.reverse()
        return found

    def _of(self, segment: Segment, query: Query) -> Iterator[StoredRecord]:
        """The records of a file that match, the last first; none where it is gone."""
        if query.since is not None and segment.modified < query.since.timestamp():
            return
        try:
            yield from self._wanted(_candidates(segment, query), query)
        except FileNotFoundError:
            return
        except UNREADABLE as error:
            raise unreadable(str(segment.path), error) from error

    def _wanted(self, lines: Iterable[bytes], query: Query) -> Iterator[StoredRecord]:
        for line in lines:
            record = self._record(line, query)
            if record is not None:
                yield record

    def _record(self, line: bytes, query: Query) -> StoredRecord | None:
        if not line.strip():
            return None
        wanted = _bytes_of(query.correlation_id)
        if wanted is not None and wanted not in line:
            return None
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            self.skipped += 1
            return None
        if not isinstance(record, dict):
            self.skipped += 1
            return None
        return record if query.matches(record) else None


def _bytes_of(correlation_id: str | None) -> bytes | None:
    """What each line with this id holds for sure; None where JSON has several forms for it."""
    if correlation_id is None or not _PLAIN_ID.fullmatch(correlation_id):
        return None
    return b'"%b"' % correlation_id.encode()


def _candidates(segment: Segment, query: Query) -> Iterator[bytes]:
    """The lines that may be wanted, of a file as it was when it was looked at, the last first."""
    wanted = _bytes_of(query.correlation_id)
    if segment.compressed:
        yield from packed_lines_backwards(segment.path) if wanted is None else packed_lines_with(segment.path, wanted)
        return
    with contextlib.nullcontext(segment.file) if segment.file is not None else segment.path.open("rb", 0) as file:
        known = None
        if query.correlation_id is not None:
            known = _sidecar.offsets(segment.path, os.fstat(file.fileno()), query.correlation_id)
        if known is not None:
            yield from lines_at(file, segment.size, reversed(known))
        elif wanted is not None:
            yield from lines_with(file, segment.size, wanted)
        else:
            yield from lines_backwards(file, segment.size)
