"""Stretches of segments that cannot be read: counted, and their bytes kept for people to look at.

Each stretch is a file of its own, ``<spool>/damaged/<folder>.<segment>.<offset>.damaged``, 0600, the bytes as they
were. The name says which stretch it is, so one that is met again after a crash is neither kept nor counted twice.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final, NamedTuple

DAMAGED_FOLDER: Final = "damaged"
LIMIT: Final = 16 * 1024 * 1024
"""Bytes of all files together; the oldest go first."""
_MOST_FILES: Final = 1_000


class Damage:
    """What one process has found unreadable.

    Args:
        root: the spool's folder.
        limit: bytes that are kept.
    """

    def __init__(self, root: Path, *, limit: int = LIMIT) -> None:
        self.folder = root / DAMAGED_FOLDER
        self._limit = limit
        self.stretches = 0
        self.bytes = 0
        self.records = 0
        """Log records in them, at least: what a stretch held cannot always be told."""

    def found(self, segment: Path, offset: int, data: bytes, *, size: int, records: int) -> bool:
        """Count a stretch and keep its bytes. Never raises.

        Args:
            segment: the file.
            offset: where in it the stretch begins.
            data: its bytes, as far as the disk gives them.
            size: how many there should be.
            records: log records that it held.

        Returns:
            False where it is known from an earlier start.
        """
        path = self.folder / f"{segment.parent.name}.{segment.name}.{offset}.damaged"
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(data[: self._limit])
        except FileExistsError:
            return False
        except OSError:
            # A disk that does not take them either: they are counted all the same.
            pass
        self.stretches += 1
        self.bytes += size
        self.records += records
        self._make_room()
        return True

    def _make_room(self) -> None:
        with contextlib.suppress(OSError):
            files = sorted(
                (entry.stat().st_mtime_ns, entry.stat().st_size, entry.path) for entry in _files(self.folder)
            )
            total = sum(size for _, size, _ in files)
            while files and (total > self._limit or len(files) > _MOST_FILES):
                _, size, path = files.pop(0)
                Path(path).unlink()
                total -= size


class FoundDamage(NamedTuple):
    """The kept stretches below a spool's folder."""

    folder: Path
    stretches: int
    bytes: int


def find_damage(root: Path) -> FoundDamage:
    """What is kept below a spool's folder; changes nothing."""
    sizes = []
    with contextlib.suppress(OSError):
        sizes = [entry.stat(follow_symlinks=False).st_size for entry in _files(root / DAMAGED_FOLDER)]
    return FoundDamage(root / DAMAGED_FOLDER, len(sizes), sum(sizes))


def _files(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if entry.name.endswith(".damaged")]
