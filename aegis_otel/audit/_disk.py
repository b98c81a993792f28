"""The calls of the operating system that the trail's files need, in one place, so that tests can put faults between.

Each raises OSError, and none repeats a call that failed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_LOCK_SECONDS: Final = 30.0


class Status(NamedTuple):
    """Which file it is, and its size in bytes."""

    device: int
    inode: int
    size: int


class Disk:
    """The real disk."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder (0700) where there is none, durably, with all above it."""
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            with contextlib.suppress(FileExistsError):
                each.mkdir(mode=0o700)
            self.sync_folder(each.parent)

    def create(self, path: Path) -> int:
        """A new file (0600), open for appending."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(path, flags, 0o600)

    def open(self, path: Path) -> int:
        """A file that is there, open for reading and writing; no link."""
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)

    def write(self, file: int, data: bytes) -> None:
        """Write all of it at the end of the file."""
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]

    def sync(self, file: int) -> None:
        """Bring what was written to the disk itself."""
        os.fsync(file)

    def sync_folder(self, folder: Path) -> None:
        """Bring new names in a folder to the disk itself."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def status(self, file: int | Path) -> Status:
        """Of an open file, or of what a path names; a link counts as itself."""
        found = os.fstat(file) if isinstance(file, int) else os.lstat(file)
        return Status(found.st_dev, found.st_ino, found.st_size)

    def truncate(self, file: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(file, size)

    def rename(self, path: Path, new: Path) -> None:
        """Give a file another name in its folder."""
        path.rename(new)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def read(self, file: int) -> bytes:
        """All that an open file holds."""
        size = os.fstat(file).st_size
        parts = []
        offset = 0
        while offset < size and (part := os.pread(file, min(size - offset, 1 << 24), offset)):
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def close(self, file: int) -> None:
        """Close a file, which gives its lock up."""
        os.close(file)

    def try_lock(self, file: int) -> bool:
        """Take the lock of an open file, unless somebody has it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextlib.contextmanager
    def locked(self, path: Path) -> Iterator[None]:
        """Run the block with the lock of a file, made where there is none. Waits for 30 s at most.

        Raises:
            TimeoutError: another process has the lock for so long.
        """
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            deadline = time.monotonic() + _LOCK_SECONDS
            while not self.try_lock(file):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"another process has held {path} for {_LOCK_SECONDS:.0f} s")
                time.sleep(0.005)
            yield
        finally:
            os.close(file)


class Unsynced(Disk):
    """The disk without waiting for it: for tests of apps."""

    def sync(self, file: int) -> None:
        """Nothing."""

    def sync_folder(self, folder: Path) -> None:
        """Nothing."""
