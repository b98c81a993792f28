"""A segment: one file of the spool, a header and then entries with checksums, append only.

The header holds the offset up to which the entries are acknowledged, so that a process that takes the file over starts
there. An entry is a header with a checksum and the bytes of one request. Entries are numbered through both kinds of
segments of a process and are read in that order. Nothing here locks: the spool does.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_MAGIC: Final = b"AEGSPL1\n"
_SEGMENT_HEADER: Final = struct.Struct("<8sQ")  # magic, acknowledged offset
_ENTRY_MAGIC: Final = b"\xa3ENT"
_ENTRY_HEADER: Final = struct.Struct("<4sIIQI")  # magic, payload bytes, records, number, CRC-32
_CRC_PREFIX: Final = struct.Struct("<IIQ")
SEGMENT_START: Final = _SEGMENT_HEADER.size
HEADER_SIZE: Final = _ENTRY_HEADER.size
"""Bytes of an entry before its request."""


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


class Entry(NamedTuple):
    """Where one entry's request lies in a stretch of a segment."""

    number: int
    records: int
    start: int
    end: int


def encode_entry(payload: bytes, records: int, number: int) -> bytes:
    """The bytes of one entry."""
    prefix = zlib.crc32(_CRC_PREFIX.pack(len(payload), records, number))
    return _ENTRY_HEADER.pack(_ENTRY_MAGIC, len(payload), records, number, zlib.crc32(payload, prefix)) + payload


def segment_head() -> bytes:
    """The first bytes of a segment of which nothing is acknowledged."""
    return _SEGMENT_HEADER.pack(_MAGIC, SEGMENT_START)


class Segment:
    """One file. `size` is where its owner's next entry goes, `offset` where the unacknowledged ones begin."""

    __slots__ = ("closed", "fd", "kind", "offset", "path", "records", "size", "trusted")

    def __init__(self, path: Path, kind: str, fd: int, size: int, offset: int, trusted: bool) -> None:
        self.path = path
        self.kind = kind
        self.fd = fd
        self.size = size
        self.offset = offset
        self.trusted = trusted
        self.records = 0
        self.closed = False

    @property
    def pending(self) -> int:
        """Bytes that are not acknowledged."""
        return self.size - self.offset

    def requests(self) -> Iterator[tuple[bytes, int]]:
        """Bytes and records of each sound entry that is not acknowledged."""
        data = os.pread(self.fd, self.pending, self.offset)
        for found in parse(data, verify=True, final=True)[0]:
            yield data[found.start : found.end], found.records

    def remove(self) -> None:
        """Delete the file."""
        self.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def close(self) -> None:
        """Let go of the file; the segment is of no use then."""
        self.closed = True
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


def parse(data: bytes, verify: bool, final: bool) -> tuple[list[Entry], int, int, int]:
    """Entries of a stretch of a segment.

    Args:
        data: bytes that begin where an entry should.
        verify: check the sums and skip what does not fit.
        final: no more bytes follow, so an incomplete entry is a torn one.

    Returns:
        The entries (offsets within `data`); how many bytes they and the skipped stretches take up; how
        many stretches were skipped; how many bytes are needed to read one more entry, else 0.
    """
    entries: list[Entry] = []
    position = torn = 0
    total = len(data)
    while position < total:
        if total - position < HEADER_SIZE:
            if final:
                return entries, total, torn + 1, 0
            return entries, position, torn, position + HEADER_SIZE
        magic, length, records, number, checksum = _ENTRY_HEADER.unpack_from(data, position)
        start = position + HEADER_SIZE
        end = start + length
        sound = magic == _ENTRY_MAGIC and length <= _LARGEST_ENTRY
        if sound and end > total:
            if not final:
                return entries, position, torn, end
            sound = False
        if sound and verify:
            prefix = zlib.crc32(_CRC_PREFIX.pack(length, records, number))
            sound = zlib.crc32(memoryview(data)[start:end], prefix) == checksum
        if sound:
            entries.append(Entry(number, records, start, end))
            position = end
            continue
        torn += 1
        found = data.find(_ENTRY_MAGIC, position + 1)
        if found < 0:
            # The next entry's first bytes may be the last ones here.
            return entries, total if final else max(total - len(_ENTRY_MAGIC) + 1, position + 1), torn, 0
        position = found
    return entries, position, torn, 0


def fitting(entries: list[Entry], used: int, limit: int, most: int) -> tuple[list[Entry], int]:
    """The first of `entries`, at least one, with at most `limit` bytes and `most` records together; where they end."""
    size = records = 0
    for index, entry in enumerate(entries):
        size += entry.end - entry.start
        records += entry.records
        if (size > limit or records > most) and index:
            return entries[:index], entry.start - HEADER_SIZE
    return entries, used
