"""The embedded store: the rotated JSON lines that the Collector writes under `.aegis/store`.

Only reads. A line that is torn (the Collector or the machine died while it was written) or is no JSON
object is skipped and counted in `EmbeddedStore.skipped`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from aegis_otel.stores import _sidecar
from aegis_otel.stores._search import (
    end_of_last_line,
    lines_at,
    lines_backwards,
    lines_with,
    packed_lines_backwards,
    packed_lines_with,
)
from aegis_otel.stores._segments import (
    LIVE,
    MOST_OPEN,
    UNREADABLE,
    Segment,
    chains,
    missing,
    same_files,
    segments,
    unreadable,
)
from aegis_otel.stores.query import Query, StoredRecord

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
    _tails: dict[int, _Tail] = field(default_factory=dict, repr=False)
    _done: set[tuple[int, Path]] = field(default_factory=set, repr=False)
    """Rotated files that `follow` does not hold open, by inode and path: an inode alone can become another file's."""

    def __str__(self) -> str:
        return f"the embedded store in {self.folder}"

    def newest(self, query: Query) -> list[StoredRecord]:
        """The newest records that match, the oldest of them first.

        Raises:
            StoreError: there is no store, or it may not be read.
        """
        if not self.folder.is_dir():
            raise missing(self.folder)
        skipped, files = self.skipped, self._segments()
        while True:
            found = self._newest(query, files)
            looked_at, files = files, self._segments()
            if same_files(looked_at, files):
                return found
            self.skipped = skipped

    def follow(self, query: Query, stopped: Callable[[], bool] = lambda: False) -> Iterator[StoredRecord]:
        """The newest records, then every further one as it is written, through rotations, until `stopped`."""
        try:
            yield from self._newest(query, self._open_all())
            while not stopped():
                yield from self._appended(query)
                time.sleep(_POLL_SECONDS)
        finally:
            self._close_all()

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
        since = query.since.timestamp() if query.since is not None else None
        for segment in reversed(files):
            if len(found) >= query.limit:
                break
            if since is not None and segment.modified < since:
                continue
            try:
                for line in _candidates(segment, query):
                    record = self._record(line, query)
                    if record is not None:
                        found.append(record)
                        if len(found) >= query.limit:
                            break
            except FileNotFoundError:
                continue
            except UNREADABLE as error:
                raise unreadable(str(segment.path), error) from error
        found.reverse()
        return found

    def _open_all(self) -> list[Segment]:
        """The files, of which those that may still grow are opened and in `_tails`, up to their last whole line."""
        while True:
            looked_at = self._segments()
            old = [segment for segment in looked_at[:-MOST_OPEN] if segment.path.name not in LIVE]
            self._done = {(segment.inode, segment.path) for segment in old}
            opened = [
                segment if segment.compressed or segment in old else self._opened(segment) for segment in looked_at
            ]
            if same_files(opened, self._segments()):
                return opened
            self._close_all()

    def _opened(self, segment: Segment) -> Segment:
        tail = self._open(segment.path)
        if tail is None:
            return replace(segment, inode=0, size=0)
        tail.offset = end_of_last_line(tail.file)
        return replace(segment, inode=os.fstat(tail.file.fileno()).st_ino, size=tail.offset, file=tail.file)

    def _open(self, path: Path) -> _Tail | None:
        """Begin to read the file at `path`; None where there is none by now, or one that is read already."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return None
        inode = os.fstat(file.fileno()).st_ino
        if inode in self._tails:
            file.close()
            return None
        self._tails[inode] = _Tail(file)
        return self._tails[inode]

    def _close_all(self) -> None:
        for tail in self._tails.values():
            tail.file.close()
        self._tails.clear()

    def _appended(self, query: Query) -> Iterator[StoredRecord]:
        files = [segment for segment in self._segments() if not segment.compressed]
        for segment in files:
            if segment.inode not in self._tails and (segment.inode, segment.path) not in self._done:
                self._open(segment.path)
        order = {segment.inode: index for index, segment in enumerate(files)}
        # A file that was just removed is read to its end first: its records came before all others'.
        for inode in sorted(self._tails, key=lambda inode: order.get(inode, -1)):
            tail = self._tails[inode]
            removed = tail.is_removed()
            for line in tail.read():
                record = self._record(line, query)
                if record is not None:
                    yield record
            if removed:
                self._tails.pop(inode).file.close()

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


@dataclass
class _Tail:
    """A file that is still being written, and how far it was read (to the end of a line)."""

    file: BinaryIO
    offset: int = 0

    def is_removed(self) -> bool:
        """Whether it has no name any more. A list of the folder does not tell: it can miss what is just renamed."""
        return os.fstat(self.file.fileno()).st_nlink == 0

    def read(self) -> list[bytes]:
        self.file.seek(0, 2)
        if self.file.tell() < self.offset:
            self.offset = 0  # cut and begun anew
        self.file.seek(self.offset)
        content = self.file.read()
        end = content.rfind(b"\n") + 1
        self.offset += end
        return content[:end].split(b"\n")


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
