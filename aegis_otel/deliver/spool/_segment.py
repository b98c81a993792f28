"""A segment: one file of the spool, a header and then entries with checksums, append only.

The header holds the offset up to which the entries are acknowledged, so that a process that takes the file over starts
there. An entry is a header with a checksum and the bytes of one request. Entries are numbered through both kinds of
segments of a process and are read in that order. Byte by byte: docs/formats.md. Nothing here locks: the spool does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from aegis_otel.deliver.spool._disk import DISK, Disk

_MAGIC: Final = b"AEGSPL1\n"
_NEWER: Final = re.compile(rb"AEGSPL[2-9]\n")
_SEGMENT_HEADER: Final = struct.Struct("<8sII")  # magic, acknowledged offset, its checksum
_OFFSET: Final = struct.Struct("<II")
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
    return _MAGIC + _offset_field(SEGMENT_START)


def _offset_field(offset: int) -> bytes:
    return _OFFSET.pack(offset, _offset_checksum(offset))


def _offset_checksum(offset: int) -> int:
    # 0 stands for none: earlier versions wrote none.
    return zlib.crc32(offset.to_bytes(4, "little")) or 1


class NewerVersionError(OSError):
    """A segment that a newer version of this package has written: it is not to be read, changed or removed."""


class Head(NamedTuple):
    """What a segment's first bytes say."""

    offset: int
    """Up to here the entries are acknowledged."""
    sound: bool
    """False: the header is damaged, and `offset` is the first entry's."""


def read_head(data: bytes) -> Head | None:
    """What the first bytes of a segment say; None where they are too few (its header never got written).

    Raises:
        NewerVersionError: the version is not known.
    """
    if len(data) < SEGMENT_START:
        return None
    magic, offset, checksum = _SEGMENT_HEADER.unpack_from(data)
    if _NEWER.fullmatch(magic):
        raise NewerVersionError(errno.EPROTO, "written by a newer version")
    if magic != _MAGIC or offset < SEGMENT_START or checksum not in (0, _offset_checksum(offset)):
        return Head(SEGMENT_START, sound=False)
    return Head(offset, sound=True)


class Segment:
    """One file. `size` is where its owner's next entry goes, `offset` where the unacknowledged ones begin.

    Args:
        is_own: this process writes it, so `records` is known.
    """

    __slots__ = (
        "_disk",
        "closed",
        "fd",
        "is_own",
        "is_synced",
        "kind",
        "offset",
        "path",
        "records",
        "resets",
        "size",
        "unsyncable",
    )

    def __init__(self, path: Path, kind: str, fd: int, size: int, offset: int, disk: Disk, *, is_own: bool) -> None:
        self.path = path
        self.kind = kind
        self.fd = fd
        self.size = size
        self.offset = offset
        self.is_own = is_own
        self.records = 0
        """Of its own process: not acknowledged, and not found damaged."""
        self.closed = False
        self.resets = 0
        """How often its entries were forgotten."""
        self.is_synced = False
        """Whether its name is on the disk itself."""
        self.unsyncable = False
        """Whether a sync has failed. The kernel may take the next one for a success though the data is lost."""
        self._disk = disk

    @property
    def pending(self) -> int:
        """Bytes that are not acknowledged."""
        return self.size - self.offset

    def requests(self) -> Iterator[tuple[bytes, int]]:
        """Bytes and records of each sound entry that is not acknowledged; changes nothing."""
        data = self._disk.read(self.fd, self.pending, self.offset)
        while data:
            found = parse(data, final=True)
            for entry in found.entries:
                yield data[entry.start : entry.end], entry.records
            data = data[found.used :]

    def write(self, data: bytes) -> None:
        """Write at `size`, which stays as it is.

        Raises:
            OSError: it was not written as a whole.
        """
        if self._disk.write(self.fd, data, self.size) < len(data):
            raise _full()

    def cut(self) -> None:
        """Remove what lies behind `size`."""
        self._disk.truncate(self.fd, self.size)

    def remove(self) -> None:
        """Delete the file, unless another one has taken its name."""
        try:
            if self._disk.is_at(self.path, self.fd):
                with contextlib.suppress(FileNotFoundError):
                    self._disk.unlink(self.path)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the file; the segment is of no use then."""
        self.closed = True
        if self.fd >= 0:
            self._disk.close(self.fd)
            self.fd = -1

    def acknowledge(self, offset: int) -> None:
        """Note that what lies before `offset` need not be read again.

        Raises:
            OSError: this process keeps to it; a later one reads again what the disk has not noted.
        """
        self.offset = offset
        self._note(offset)

    def _note(self, offset: int) -> None:
        if self._disk.write(self.fd, _offset_field(offset), len(_MAGIC)) < _OFFSET.size:
            raise _full()

    def reset(self) -> None:
        """Forget all entries (they are acknowledged), so that their pages need never reach the disk.

        Raises:
            OSError: the segment can no longer be written to.
        """
        # The header first: one that points behind what is written later would hide that.
        self._note(SEGMENT_START)
        self._disk.truncate(self.fd, SEGMENT_START)
        self.size = self.offset = SEGMENT_START
        self.records = 0
        self.resets += 1


def _full() -> OSError:
    """A write took fewer bytes than there were: the disk is full."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def create_segment(folder: Path, number: int, kind: str, disk: Disk = DISK) -> Segment:
    """A new, empty segment; raises OSError where the disk does not take it."""
    path = folder / f"{number:016d}.{kind}"
    fd = disk.create(path)
    try:
        if disk.write(fd, segment_head(), 0) < SEGMENT_START:
            raise _full()
    except OSError:
        disk.close(fd)
        with contextlib.suppress(OSError):
            disk.unlink(path)
        raise
    return Segment(path, kind, fd, SEGMENT_START, SEGMENT_START, disk, is_own=True)


def open_segment(path: Path, kind: str, disk: Disk = DISK) -> tuple[Segment, bool] | None:
    """A dead process's segment, and whether its header is sound; None where that never got written.

    Raises:
        NewerVersionError: it is to be left alone.
    """
    fd = disk.open(path)
    try:
        head = read_head(disk.read(fd, SEGMENT_START, 0))
        size = disk.size(fd)
    except OSError:
        disk.close(fd)
        raise
    if head is None:
        disk.close(fd)
        return None
    offset, sound = head
    if offset > size:
        # The file was cut; it may be read twice rather than not at all.
        offset = SEGMENT_START
    return Segment(path, kind, fd, size, offset, disk, is_own=False), sound


class Parsed(NamedTuple):
    """What a stretch of a segment begins with: sound entries, or, where there is none, what cannot be read."""

    entries: list[Entry]
    used: int
    """Bytes that these, or what cannot be read, take up."""
    lost: int
    """Log records in what cannot be read, at least; 0 where there are entries."""
    need: int
    """So many bytes are needed to say more; 0: this is all."""


def parse(data: bytes, *, final: bool) -> Parsed:
    """Sound entries up to the first one that is not; or, where that one is at the start, how far the next sound one is.

    Args:
        data: bytes that begin where an entry should.
        final: no more bytes follow, so an incomplete entry is a torn one.
    """
    entries: list[Entry] = []
    position = 0
    total = len(data)
    view = memoryview(data)
    while position < total:
        entry = _entry_at(view, position)
        if entry is None:
            break
        entries.append(entry)
        position = entry.end
    if entries or not total:
        return Parsed(entries, position, 0, 0)
    if not final:
        return Parsed([], 0, 0, _needed(data))
    return _unreadable(data)


def _entry_at(data: memoryview, position: int) -> Entry | None:
    """The entry at `position`; None where it is not a sound one or not all here."""
    start = position + HEADER_SIZE
    if start > len(data):
        return None
    magic, length, records, number, checksum = _ENTRY_HEADER.unpack_from(data, position)
    end = start + length
    if magic != _ENTRY_MAGIC or end > len(data):
        return None
    prefix = zlib.crc32(_CRC_PREFIX.pack(length, records, number))
    return Entry(number, records, start, end) if zlib.crc32(data[start:end], prefix) == checksum else None


def _needed(data: bytes) -> int:
    """How many bytes it takes to read the first entry; all there are (`MANY`) to find the end of what is not one."""
    if len(data) < HEADER_SIZE:
        return HEADER_SIZE
    magic, length, _, _, _ = _ENTRY_HEADER.unpack_from(data)
    end = HEADER_SIZE + int(length)
    return end if magic == _ENTRY_MAGIC and len(data) < end <= _LARGEST_ENTRY else MANY


def _unreadable(data: bytes) -> Parsed:
    """How far what cannot be read reaches: to the next sound entry, or to the end."""
    view = memoryview(data)
    end = data.find(_ENTRY_MAGIC, 1)
    while end >= 0 and _entry_at(view, end) is None:
        end = data.find(_ENTRY_MAGIC, end + 1)
    if end < 0:
        end = len(data)
    return Parsed([], end, _records_in(data[:end]), 0)


def _records_in(data: bytes) -> int:
    """Log records in entries that are not sound: what their headers say, where these lead to one another; else one."""
    found = position = 0
    while position < len(data):
        after = data.find(_ENTRY_MAGIC, position + 1)
        after = len(data) if after < 0 else after
        count = 1
        if position + HEADER_SIZE <= len(data):
            magic, length, records, _, _ = _ENTRY_HEADER.unpack_from(data, position)
            end = position + HEADER_SIZE + int(length)
            if magic == _ENTRY_MAGIC and (end == len(data) or data.startswith(_ENTRY_MAGIC, end)):
                after, count = end, max(min(int(records), int(length)), 1)
        found += count
        position = after
    return found


def fitting(entries: list[Entry], used: int, limit: int, most: int) -> tuple[list[Entry], int]:
    """The first of `entries`, at least one, with at most `limit` bytes and `most` records together; where they end."""
    size = records = 0
    for index, entry in enumerate(entries):
        size += entry.end - entry.start
        records += entry.records
        if (size > limit or records > most) and index:
            return entries[:index], entry.start - HEADER_SIZE
    return entries, used
