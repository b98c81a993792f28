"""The bytes of a chain's file: header, batches, and where they end (docs/audit-format.md, section 6). Knows no seal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from aegis_otel.audit import _note

LIVE: Final = ".live"
ENDED: Final = ".ended"
NAMED: Final = ".audit"
CUT: Final = ".cut"
LOCK: Final = "lock"
SUFFIXES: Final = (LIVE, ENDED, NAMED)
"""Of files that hold a chain."""

_VERSION: Final = re.compile(rb"aegis-otel-audit (\d{1,9}) ")
_LINE: Final = re.compile(rb"# (0|[1-9]\d{0,15}) ([1-9]\d{0,6}) ([1-9]\d{0,9}) ([0-9a-f]{8})\n")


def header(chain: str) -> bytes:
    """The first line of a chain's file."""
    return f"aegis-otel-audit 1 {chain}\n".encode()


def batch(first: int, lines: Sequence[bytes]) -> bytes:
    """The bytes of a batch, from the number of its first record and the canonical bytes of each."""
    payload = b"\n".join(lines) + b"\n"
    begin = b"# %d %d %d " % (first, len(lines), len(payload))
    return b"%b%08x\n%b" % (begin, crc32(payload, crc32(begin)), payload)


class Batch(NamedTuple):
    """A whole batch in a file: its first record, how many, and where its line, its records and its end are."""

    first: int
    size: int
    start: int
    records: int
    end: int


class Layout(NamedTuple):
    """What a chain's file holds.

    Attributes:
        batches: the whole ones, in order, up to the first that is not.
        end: where the last of them ends; 0 if the header is not whole.
        problem: why the bytes behind `end` are no batch; empty if there are none.
        torn: whether these bytes are as a write leaves them that was stopped: the beginning of a batch, and no more.
        version: of the format, 1; another one if the header says so.
    """

    batches: list[Batch]
    end: int
    problem: str
    torn: bool
    version: int = 1

    @property
    def size(self) -> int:
        """How many records the batches have."""
        return self.batches[-1].first + self.batches[-1].size if self.batches else 0


def read(data: bytes, chain: str) -> Layout:
    """Find the batches in a file's content."""
    begin = header(chain)
    if not data.startswith(begin):
        other = _VERSION.match(data)
        if other is not None and other[1] != b"1":
            return Layout([], 0, f"version {int(other[1])}", False, int(other[1]))
        return Layout([], 0, "the header is not that of this chain", begin.startswith(data))
    found: list[Batch] = []
    place, number = len(begin), 0
    while place < len(data):
        each = _batch_at(data, place, number)
        if isinstance(each, str):
            return Layout(found, place, each, _is_torn(data, place))
        found.append(each)
        place, number = each.end, each.first + each.size
    return Layout(found, place, "" if found else "there is no batch", True)


def _batch_at(data: bytes, place: int, number: int) -> Batch | str:
    line = _LINE.match(data, place)
    if line is None:
        return "there is no batch line"
    first, count, length = int(line[1]), int(line[2]), int(line[3])
    end = line.end() + length
    if first != number:
        return f"the batch begins with record {first}, not {number}"
    if end > len(data):
        return "the batch is not whole"
    if crc32(data[line.end() : end], crc32(data[place : line.end() - 9])) != int(line[4], 16):
        return "the checksum of the batch is wrong"
    if data[end - 1] != 10 or data.count(b"\n", line.end(), end) != count:
        return "the batch has another number of lines"
    return Batch(first, count, place, line.end(), end)


def _is_torn(data: bytes, place: int) -> bool:
    line = _LINE.match(data, place)
    if line is not None:
        return line.end() + int(line[3]) > len(data)
    # 45 is more than the longest batch line has.
    return len(data) - place < 45 and b"\n" not in data[place:]


def is_followed(data: bytes, layout: Layout) -> bool:
    """Whether a whole batch with a larger number lies behind `layout.end`: then what is between was committed."""
    for line in _LINE.finditer(data, layout.end):
        if int(line[1]) > layout.size and isinstance(_batch_at(data, line.start(), int(line[1])), Batch):
            return True
    return False


def lines_of(data: bytes, each: Batch) -> list[bytes]:
    """The lines of a batch, without their line feeds."""
    return data[each.records : each.end - 1].split(b"\n")


def chain_of(path: Path) -> str | None:
    """The chain whose file this is, by its name; None where it is none."""
    return path.stem if path.suffix in SUFFIXES and _note.is_hash(path.stem) else None
