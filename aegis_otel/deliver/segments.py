"""The spool's files: segments of entries with checksums, and the folder of one process.

A segment's header holds the offset up to which its entries are acknowledged, so that a process that takes the
folder over starts there. An entry is a header with a checksum and the bytes of one request. Entries
are numbered through both kinds of segments and are read in that order.

`aegis_otel.deliver.spool` decides which folders there are, who owns them and what goes when room runs out. Nothing here
locks: the spool does.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_MAGIC: Final = b"AEGSPL1\n"
_SEGMENT_HEADER: Final = struct.Struct("<8sQ")  # magic, acknowledged offset
ENTRY_MAGIC: Final = b"\xa3ENT"
ENTRY_HEADER: Final = struct.Struct("<4sIIQI")  # magic, payload bytes, records, number, CRC-32
CRC_PREFIX: Final = struct.Struct("<IIQ")
SEGMENT_START: Final = _SEGMENT_HEADER.size
HEADER_SIZE: Final = ENTRY_HEADER.size

_SEARCH: Final = 64 * 1024
_LARGEST_ENTRY: Final = 64 * 1024 * 1024
SEGMENT_NAME: Final = re.compile(r"(?P<number>[0-9]{16})\.(?P<kind>rest|audit)")

MANY: Final = 2**62
"""More records than there can be: no limit."""

REST: Final = "rest"
AUDIT: Final = "audit"


class Batch(NamedTuple):
    """What `take` read: the joined bytes of some entries, and where they end."""

    payload: bytes
    records: int
    entries: int
    marks: tuple[Mark, ...]


class Mark(NamedTuple):
    """How far a batch reaches into one segment."""

    segment: Segment
    offset: int
    records: int


class _Entry(NamedTuple):
    number: int
    records: int
    start: int
    end: int


def entry(payload: bytes, records: int, number: int) -> bytes:
    """One entry's bytes."""
    prefix = zlib.crc32(CRC_PREFIX.pack(len(payload), records, number))
    return ENTRY_HEADER.pack(ENTRY_MAGIC, len(payload), records, number, zlib.crc32(payload, prefix)) + payload


def segment_head() -> bytes:
    """The first bytes of a segment of which nothing is acknowledged."""
    return _SEGMENT_HEADER.pack(_MAGIC, SEGMENT_START)


class Segment:
    """One file. `size` is where its owner's next entry goes, `offset` where the unacknowledged ones begin."""

    __slots__ = ("fd", "gone", "kind", "offset", "path", "records", "size", "trusted")

    def __init__(self, path: Path, kind: str, fd: int, size: int, offset: int, trusted: bool) -> None:
        self.path = path
        self.kind = kind
        self.fd = fd
        self.size = size
        self.offset = offset
        self.trusted = trusted
        self.records = 0
        self.gone = False

    @property
    def pending(self) -> int:
        """Bytes that are not acknowledged."""
        return self.size - self.offset

    def requests(self) -> Iterator[tuple[bytes, int]]:
        """Bytes and records of each sound entry that is not acknowledged."""
        data = os.pread(self.fd, self.pending, self.offset)
        for found in _parse(data, verify=True, final=True)[0]:
            yield data[found.start : found.end], found.records

    def remove(self) -> None:
        """Delete the file."""
        self.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def close(self) -> None:
        """Let go of the file; the segment is of no use then."""
        self.gone = True
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def acknowledge(self, offset: int) -> None:
        """Note that what lies before `offset` need not be read again."""
        self.offset = offset
        os.pwrite(self.fd, offset.to_bytes(8, "little"), len(_MAGIC))

    def reset(self) -> None:
        """Forget all entries (they are acknowledged), so that their pages need never reach the disk."""
        os.ftruncate(self.fd, SEGMENT_START)
        os.pwrite(self.fd, SEGMENT_START.to_bytes(8, "little"), len(_MAGIC))
        self.size = self.offset = SEGMENT_START
        self.records = 0


def create_segment(folder: Path, number: int, kind: str) -> Segment:
    """A new, empty segment; raises OSError where the disk does not take it."""
    path = folder / f"{number:016d}.{kind}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    fd = os.open(path, flags, 0o600)
    try:
        os.write(fd, segment_head())
    except OSError:
        os.close(fd)
        path.unlink()
        raise
    return Segment(path, kind, fd, SEGMENT_START, SEGMENT_START, trusted=True)


def acknowledged(head: bytes) -> int | None:
    """The offset that a segment's first bytes give; None where they are not a segment's."""
    if len(head) < SEGMENT_START or not head.startswith(_MAGIC):
        return None
    return max(int(_SEGMENT_HEADER.unpack(head[:SEGMENT_START])[1]), SEGMENT_START)


def open_segment(path: Path, kind: str) -> Segment | None:
    """A dead process's segment; None for what is not one (its header never got written)."""
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
    offset = acknowledged(os.pread(fd, SEGMENT_START, 0))
    if offset is None:
        os.close(fd)
        return None
    size = os.fstat(fd).st_size
    if offset > size:
        offset = SEGMENT_START
    return Segment(path, kind, fd, size, offset, trusted=False)


def _parse(data: bytes, verify: bool, final: bool) -> tuple[list[_Entry], int, int, int]:
    """Entries of a stretch of a segment.

    Args:
        data: bytes that begin where an entry should.
        verify: check the sums and skip what does not fit.
        final: no more bytes follow, so an incomplete entry is a torn one.

    Returns:
        The entries (offsets within `data`); how many bytes they and the skipped stretches take up; how
        many stretches were skipped; how many bytes are needed to read one more entry, else 0.
    """
    entries: list[_Entry] = []
    position = torn = 0
    total = len(data)
    while position < total:
        if total - position < HEADER_SIZE:
            if final:
                return entries, total, torn + 1, 0
            return entries, position, torn, position + HEADER_SIZE
        magic, length, records, number, checksum = ENTRY_HEADER.unpack_from(data, position)
        start = position + HEADER_SIZE
        end = start + length
        sound = magic == ENTRY_MAGIC and length <= _LARGEST_ENTRY
        if sound and end > total:
            if not final:
                return entries, position, torn, end
            sound = False
        if sound and verify:
            prefix = zlib.crc32(CRC_PREFIX.pack(length, records, number))
            sound = zlib.crc32(memoryview(data)[start:end], prefix) == checksum
        if sound:
            entries.append(_Entry(number, records, start, end))
            position = end
            continue
        torn += 1
        found = data.find(ENTRY_MAGIC, position + 1)
        if found < 0:
            # The next entry's first bytes may be the last ones here.
            return entries, total if final else max(total - len(ENTRY_MAGIC) + 1, position + 1), torn, 0
        position = found
    return entries, position, torn, 0


def _fitting(entries: list[_Entry], used: int, limit: int, most: int) -> tuple[list[_Entry], int]:
    """The first of `entries`, at least one, with at most `limit` bytes and `most` records together; where they end."""
    size = records = 0
    for index, entry in enumerate(entries):
        size += entry.end - entry.start
        records += entry.records
        if (size > limit or records > most) and index:
            return entries[:index], entry.start - HEADER_SIZE
    return entries, used


class Folder:
    """The segments of one process, in order of age by kind, under that process's lock."""

    def __init__(self, path: Path, lock_fd: int) -> None:
        self.path = path
        self.lock_fd = lock_fd
        self.segments: dict[str, deque[Segment]] = {REST: deque(), AUDIT: deque()}
        self.torn = 0

    def all(self) -> Iterator[Segment]:
        """The segments of both kinds."""
        yield from self.segments[REST]
        yield from self.segments[AUDIT]

    def take(self, limit: int, most: int = MANY) -> Batch | None:
        """The oldest entries not acknowledged yet, up to `limit` bytes and `most` records but at least one."""
        rest = self._read(REST, limit, most)
        audit = self._read(AUDIT, limit, most)
        if audit is None:
            if rest is None:
                return None
            segment, data, entries, end, _ = rest
            return self._batch([(segment, data, entries, end)])
        if rest is None:
            segment, data, entries, end, _ = audit
            return self._batch([(segment, data, entries, end)])
        chosen: dict[str, list[_Entry]] = {REST: [], AUDIT: []}
        queues = {REST: deque(rest[2]), AUDIT: deque(audit[2])}
        more = {REST: rest[4], AUDIT: audit[4]}
        size = records = 0
        while queues[REST] or queues[AUDIT]:
            if (not queues[REST] and more[REST]) or (not queues[AUDIT] and more[AUDIT]):
                # What follows in the file of this kind may be older than what is left of the other.
                break
            kind = min(
                (kind for kind, queue in queues.items() if queue),
                key=lambda kind: queues[kind][0].number,
            )
            entry = queues[kind][0]
            size += entry.end - entry.start
            records += entry.records
            if (size > limit or records > most) and (chosen[REST] or chosen[AUDIT]):
                break
            chosen[kind].append(queues[kind].popleft())
        parts = []
        for kind, found in ((REST, rest), (AUDIT, audit)):
            segment, data, entries, end, _ = found
            if queues[kind]:
                end = segment.offset + queues[kind][0].start - HEADER_SIZE
            if chosen[kind] or not entries:
                parts.append((segment, data, chosen[kind], end))
        return self._batch(parts)

    def _batch(self, parts: list[tuple[Segment, bytes, list[_Entry], int]]) -> Batch:
        found = (
            sorted(
                (entry.number, memoryview(data)[entry.start : entry.end])
                for _, data, entries, _ in parts
                for entry in entries
            )
            if len(parts) > 1
            else [(entry.number, memoryview(parts[0][1])[entry.start : entry.end]) for entry in parts[0][2]]
        )
        marks = tuple(Mark(segment, end, sum(entry.records for entry in entries)) for segment, _, entries, end in parts)
        return Batch(
            b"".join([payload for _, payload in found]),
            sum(mark.records for mark in marks),
            len(found),
            marks,
        )

    def _read(self, kind: str, limit: int, most: int) -> tuple[Segment, bytes, list[_Entry], int, bool] | None:
        """Segment, bytes, entries in them, offset where these end, whether more of this kind follow."""
        segments = self.segments[kind]
        for index, segment in enumerate(segments):
            want = limit + HEADER_SIZE
            while pending := segment.pending:
                # A stretch that must be searched for the next sound entry is read in larger pieces.
                want = min(pending, max(want, HEADER_SIZE if segment.trusted else _SEARCH))
                data = os.pread(segment.fd, want, segment.offset)
                final = want >= pending or len(data) < want
                entries, used, torn, need = _parse(data, not segment.trusted, final)
                if entries:
                    self.torn += torn
                    entries, used = _fitting(entries, used, limit, most)
                    end = segment.offset + used
                    return segment, data, entries, end, end < segment.size or index + 1 < len(segments)
                if need and not final:
                    want = max(need, want + 1)
                    continue
                # Nothing readable in this stretch: leave it behind, once.
                self.torn += torn
                segment.offset += used
        return None

    def done(self, batch: Batch, current: dict[str, Segment]) -> int:
        """Acknowledge `batch`; returns the bytes of disk that this freed."""
        freed = 0
        for segment, offset, records in batch.marks:
            if segment.gone:
                continue
            segment.records -= records
            if offset < segment.size:
                segment.acknowledge(offset)
            elif current.get(segment.kind) is segment:
                freed += segment.size - SEGMENT_START
                segment.reset()
            else:
                freed += segment.size
                self.segments[segment.kind].remove(segment)
                segment.remove()
        return freed

    def pending(self) -> int:
        """Bytes that are not acknowledged."""
        return sum(segment.pending for segment in self.all())

    def count(self, segment: Segment) -> int:
        """Records in a segment that are not acknowledged."""
        if segment.trusted:
            return segment.records
        return sum(records for _, records in segment.requests())

    def delete(self) -> None:
        """Remove the folder from disk. The lock is let go last, so nobody takes over what is half gone."""
        for segment in self.all():
            segment.close()
        shutil.rmtree(self.path, ignore_errors=True)
        self._close_lock()

    def close(self) -> None:
        """Let go of the folder and leave its segments to whoever takes it over."""
        for segment in self.all():
            segment.close()
        self._close_lock()

    def _close_lock(self) -> None:
        if self.lock_fd >= 0:
            os.close(self.lock_fd)
            self.lock_fd = -1
