"""Sidecars of the embedded store's rotated files: at which lines an id stands.

The Collector writes them (`internal/linefile/sidecar.go`); the format is in docs/formats.md. One that is missing,
damaged or does not fit its file is not used, and the file is looked through instead.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

SUFFIX: Final = ".idx"
_MAGIC: Final = b"AEGISIDX"
_VERSION: Final = 1
_PAGE: Final = 4096
_ENTRIES: Final = 255
_HEADER: Final = struct.Struct("<8sI4xQqQQQ")
_FOOT: Final = struct.Struct("<II4xI")
_ENTRY: Final = struct.Struct("<QQ")


class _DamagedError(Exception):
    """A page that is not as it was written."""


def offsets(path: Path, file: os.stat_result, text: str) -> list[int] | None:
    """Where the lines begin that hold an id, ascending; some of them may be lines of another id.

    Args:
        path: the rotated file.
        file: its status.
        text: the id.

    Returns:
        The positions in bytes; None where the sidecar cannot tell.
    """
    try:
        wanted = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
        with path.with_name(path.name + SUFFIX).open("rb", buffering=0) as opened:
            found = _Sidecar.open(opened, file).find(wanted)
    except (OSError, UnicodeEncodeError, _DamagedError):
        return None
    return found if all(offset < file.st_size for offset in found) else None


@dataclass(frozen=True)
class _Sidecar:
    """A sidecar that fits its file."""

    file: BinaryIO
    pages: int
    entries: int

    @classmethod
    def open(cls, file: BinaryIO, of: os.stat_result) -> _Sidecar:
        page = _checked(_read(file, 0))
        magic, version, size, modified, inode, entries, pages = _HEADER.unpack_from(page)
        fits = (size, modified) == (of.st_size, of.st_mtime_ns) and inode in (0, of.st_ino)
        whole = os.fstat(file.fileno()).st_size == _PAGE * (1 + pages) and pages == -(-entries // _ENTRIES)
        if magic != _MAGIC or version != _VERSION or not fits or not whole:
            raise _DamagedError
        return cls(file, pages, entries)

    def find(self, wanted: int) -> list[int]:
        """The offsets of all entries with this hash."""
        first, end = 0, self.pages
        while first < end:  # the first page whose last hash is not smaller
            middle = (first + end) // 2
            if self._page(middle)[-1][0] < wanted:
                first = middle + 1
            else:
                end = middle
        found: list[int] = []
        for number in range(first, self.pages):
            page = self._page(number)
            found += [offset for hashed, offset in page if hashed == wanted]
            if page[-1][0] > wanted:
                break
        return list(dict.fromkeys(found))  # a line can hold the id twice

    def _page(self, number: int) -> list[tuple[int, int]]:
        page = _checked(_read(self.file, number + 1))
        own_number, count, _ = _FOOT.unpack_from(page, _PAGE - _FOOT.size)
        expected = _ENTRIES if number < self.pages - 1 else self.entries - number * _ENTRIES
        if own_number != number or count != expected:
            raise _DamagedError
        return list(_ENTRY.iter_unpack(page[: count * _ENTRY.size]))


def _read(file: BinaryIO, page: int) -> bytes:
    file.seek(page * _PAGE)
    return file.read(_PAGE)


def _checked(page: bytes) -> bytes:
    if len(page) != _PAGE or zlib.crc32(page[:-4]) != int.from_bytes(page[-4:], "little"):
        raise _DamagedError
    return page
