"""The files of the embedded store: which there are, in which order, and whether they are still the same.

The Collector writes `logs.jsonl` and `audit.jsonl`, and gives each a name with the time when it is full.
"""

from __future__ import annotations

import errno
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from aegis_otel.stores.errors import StoreError

LIVE: Final = ("logs.jsonl", "audit.jsonl")
"""The files that are being written."""

MOST_OPEN: Final = 200
"""How many files are held open at once; a process may often have 1,024."""

UNREADABLE: Final = (OSError, EOFError, zlib.error)
"""What a file raises that cannot be read to its end; the last two are a packed one that is cut short or damaged."""


@dataclass(frozen=True)
class Segment:
    """One file of the store at the moment it was looked at."""

    path: Path
    inode: int
    size: int
    modified: float
    file: BinaryIO | None = None
    """The file itself, opened, whatever its name has become; None where it is opened by its path."""

    @property
    def compressed(self) -> bool:
        """Whether it is a gzip file; such a one does not grow."""
        return self.path.suffix == ".gz"


def segments(folder: Path) -> list[Segment]:
    """The store's files (`logs*` and `audit*`, `.jsonl` or `.jsonl.gz`), the oldest first; the live ones last.

    A file that has several names (links) comes once.

    Raises:
        StoreError: the folder cannot be read.
    """
    found: dict[tuple[int, int], Segment] = {}
    try:
        for path in folder.iterdir():
            if not path.name.startswith(("logs", "audit")) or not path.name.endswith((".jsonl", ".jsonl.gz")):
                continue
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # rotated away since the folder was listed
            except OSError as error:
                if error.errno == errno.ELOOP:
                    continue  # a link to itself
                raise
            known = found.get((status.st_dev, status.st_ino))
            if path.is_file() and (known is None or known.path.name not in LIVE):
                found[status.st_dev, status.st_ino] = Segment(path, status.st_ino, status.st_size, status.st_mtime)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _closed(folder, error) from error
    return sorted(found.values(), key=lambda segment: (segment.path.name in LIVE, segment.modified))


def chains(files: Iterable[Segment]) -> list[list[Segment]]:
    """The files of all audit records, and those of all others: within each the records are in the order of arrival.

    A store of an older version has audit records in both.
    """
    audit: list[Segment] = []
    others: list[Segment] = []
    for file in files:
        (audit if file.path.name.startswith("audit") else others).append(file)
    return [chain for chain in (audit, others) if chain]


def same_files(before: Iterable[Segment], now: Iterable[Segment]) -> bool:
    """Whether there was no rotation in between: a name can have led to the next file, or a list can lack a file."""
    return {segment.inode for segment in before} == {segment.inode for segment in now}


def unreadable(path: str, error: Exception) -> StoreError:
    """The error for a file that raised one of `UNREADABLE`."""
    return StoreError(f"{path} cannot be read: {error}; move it out of the store to read the other files")


def require(folder: Path) -> None:
    """Look whether there is a store.

    Raises:
        StoreError: there is none, or it may not be looked at.
    """
    try:
        there = folder.is_dir()
    except OSError as error:
        raise _closed(folder, error) from error
    if not there:
        raise StoreError(
            f"there is no store at {folder}; start one with `aegis-otel up`, or name another with AEGIS_DATA_DIR or"
            " --store"
        )


def _closed(folder: Path, error: OSError) -> StoreError:
    advice = "; read it as the user who started `aegis-otel up`" if isinstance(error, PermissionError) else ""
    return StoreError(f"the store in {folder} cannot be read: {error.strerror}{advice}")
