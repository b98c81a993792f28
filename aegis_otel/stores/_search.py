"""Lines of a file, the last first: all of them, or only those that hold some bytes."""

from __future__ import annotations

import gzip
import os
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

# Small enough for a processor's cache: a larger block takes twice as long.
BLOCK: Final = 1 << 16
# A file that is read backwards is not read ahead by the system, so it is asked to.
_AHEAD: Final = 4 << 20


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


def lines_with(file: BinaryIO, size: int, wanted: bytes, block: int = BLOCK) -> Iterator[bytes]:
    """Those of the lines that hold `wanted` (no line feed in it), the last first.

    Finds the bytes first, and cuts out only the lines around them.
    """
    position = ahead = size
    begins = size + 1
    while position > 0:
        if position <= ahead:
            ahead = _read_ahead(file, position)
        length = min(block, position)
        position -= length
        file.seek(position)
        content = file.read(min(length + len(wanted) - 1, size - position))
        for hit in reversed(_hits(content, wanted)):
            if position + hit < begins:
                begins, line = _line_around(file, size, position + hit)
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


def _read_ahead(file: BinaryIO, end: int) -> int:
    """Let the system fetch what lies before `end` and will be read next; where to ask for more."""
    start = max(0, end - 2 * _AHEAD)
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), start, end - start, os.POSIX_FADV_WILLNEED)
    return end - _AHEAD


def _hits(content: bytes, wanted: bytes) -> list[int]:
    hits = []
    at = content.find(wanted)
    while at >= 0:
        hits.append(at)
        at = content.find(wanted, at + 1)
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
