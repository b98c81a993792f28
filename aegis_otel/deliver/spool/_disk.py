"""The calls to the operating system that the spool makes for its segments, in one place.

A test gives the spool a disk of its own that fails where the test wants it to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_OPEN: Final = os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)


class Disk:
    """Files by descriptor; every call raises OSError as the operating system does."""

    def create(self, path: Path) -> int:
        """A new file, 0600; FileExistsError where there is one."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _OPEN, 0o600)

    def open(self, path: Path) -> int:
        """A file that is there; a symbolic link is refused."""
        return os.open(path, os.O_RDWR | _OPEN)

    def close(self, fd: int) -> None:
        """Let go of a file."""
        os.close(fd)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        """At most `size` bytes from `offset` on; fewer at the end of the file."""
        return os.pread(fd, size, offset)

    def write(self, fd: int, data: bytes, offset: int) -> int:
        """Write at `offset`; how many bytes were taken, which may be fewer than there are."""
        return os.pwrite(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(fd, size)

    def size(self, fd: int) -> int:
        """Bytes of a file."""
        return os.fstat(fd).st_size

    def sync(self, fd: int) -> None:
        """Return once the file's data is on the disk itself."""
        getattr(os, "fdatasync", os.fsync)(fd)

    def sync_folder(self, path: Path) -> None:
        """Return once the names in a folder are on the disk itself."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        path.unlink()

    def is_at(self, path: Path, fd: int) -> bool:
        """Whether `path` still names this open file: nobody has removed or replaced it."""
        try:
            there = path.lstat()
        except FileNotFoundError:
            return False
        here = os.fstat(fd)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


DISK: Final = Disk()
"""The operating system's own."""
