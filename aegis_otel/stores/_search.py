"""Lines of a file, the last first: all of them, or only those that hold some bytes."""

from __future__ import annotations

import gzip
import os
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

# Small enough for a processor's cache: a larger block takes twice as long.
BLOCK: Final = 1 << 16
SEARCHED: Final = 1 << 18


def lines_backwards(file: BinaryIO, size: int, block: int = BLOCK) -> Iterator[bytes]:
    """The lines of the first `size` bytes, the last first, without their line feeds."""
    position = size
    rest = b""
    while position > 0:
        length = min(block, position)
        position -= length
        file.seek(position)
        lines = (file.read(length) + rest).split(b"\n")
        rest = lines[0]
        yield from reversed(lines[1:])
    yield rest


def lines_with(file: BinaryIO, size: int, wanted: bytes, block: int = SEARCHED) -> Iterator[bytes]:
    """Those of the lines that hold `wanted` (no line feed in it), the last first.

    Finds the bytes first, and cuts out only the lines around them.
    """
    begins = size + 1
    for hit in reversed(_hits(file, size, wanted, block)):
        if hit < begins:
            begins, line = _line_around(file, size, hit)
            yield line


def lines_at(file: BinaryIO, size: int, offsets: Iterable[int]) -> Iterator[bytes]:
    """The lines that begin at `offsets`, in their order."""
    for offset in offsets:
        yield _to_line_end(file, size, offset)


def packed_lines_backwards(path: Path) -> Iterator[bytes]:
    """The lines of a gzip file, the last first."""
    with gzip.open(path, "rb") as unpacked:
        lines = deque(unpacked)
    while lines:
        yield lines.pop().rstrip(b"\n")


def packed_lines_with(path: Path, wanted: bytes) -> Iterator[bytes]:
    """Those of the lines of a gzip file that hold `wanted`, the last first."""
    with gzip.open(path, "rb") as unpacked:
        found = [line for line in unpacked if wanted in line]
    while found:
        yield found.pop().rstrip(b"\n")


def end_of_last_line(file: BinaryIO) -> int:
    """Where the last whole line ends: what follows is still being written and is read when it is whole."""
    position = file.seek(0, os.SEEK_END)
    while position > 0:
        length = min(BLOCK, position)
        position -= length
        file.seek(position)
        end = file.read(length).rfind(b"\n")
        if end >= 0:
            return position + end + 1
    return 0


def _hits(file: BinaryIO, size: int, wanted: bytes, block: int) -> array[int]:
    """Where `wanted` stands in the first `size` bytes, ascending.

    Reads forwards: the system reads ahead of that by itself, and a file that is read backwards takes twice as long.
    """
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, size, os.POSIX_FADV_SEQUENTIAL)
    hits = array("Q")
    kept = 0  # the last bytes of a block, with which the wanted ones may begin
    buffer = bytearray(len(wanted) - 1 + block)
    view = memoryview(buffer)
    position = file.seek(0)
    while position < size and (length := file.readinto(view[kept : kept + min(block, size - position)])):  # type: ignore[attr-defined]
        end = kept + length
        at = buffer.find(wanted, 0, end)
        while at >= 0:
            hits.append(position - kept + at)
            at = buffer.find(wanted, at + 1, end)
        position += length
        kept = min(len(wanted) - 1, end)
        buffer[:kept] = buffer[end - kept : end]
    return hits


def _line_around(file: BinaryIO, size: int, position: int) -> tuple[int, bytes]:
    """Where the line begins that holds this position, and the line."""
    start, length = position, 4096
    while start > 0:
        length = min(length, start)
        start -= length
        file.seek(start)
        end = file.read(length).rfind(b"\n")
        if end >= 0:
            start += end + 1
            break
        length *= 2
    return start, _to_line_end(file, size, start)


def _to_line_end(file: BinaryIO, size: int, start: int) -> bytes:
    parts, position, length = [], start, 4096
    while position < size:
        file.seek(position)
        part = file.read(min(length, size - position))
        if not part:
            break
        head, feed, _ = part.partition(b"\n")
        parts.append(head)
        if feed:
            break
        position += len(part)
        length *= 2
    return b"".join(parts)
