"""Disks that fail where a test wants them to; below them are real files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from aegis_otel.deliver.spool._disk import Disk


def enospc(disk: FailingDisk, fd: int, data: bytes, offset: int) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def short_write(disk: FailingDisk, fd: int, data: bytes, offset: int) -> int:
    return os.pwrite(fd, data[: len(data) // 2], offset)


def eio_after_half(disk: FailingDisk, fd: int, data: bytes, offset: int) -> int:
    os.pwrite(fd, data[: len(data) // 2], offset)
    raise OSError(errno.EIO, "Input/output error")


def eio_after_all(disk: FailingDisk, fd: int, data: bytes, offset: int) -> int:
    os.pwrite(fd, data, offset)
    raise OSError(errno.EIO, "Input/output error")


def eio_and_read_only(disk: FailingDisk, fd: int, data: bytes, offset: int) -> int:
    disk.read_only = True
    os.pwrite(fd, data[: len(data) // 2], offset)
    raise OSError(errno.EIO, "Input/output error")


WriteFault = Callable[["FailingDisk", int, bytes, int], int]
WRITE_FAULTS: list[WriteFault] = [enospc, short_write, eio_after_half, eio_after_all, eio_and_read_only]


class FailingDisk(Disk):
    """Fails at one call, counted from 0.

    Args:
        write: the write that fails, and how.
        sync: the sync (of a file or of a folder) that fails.
    """

    def __init__(self, *, write: tuple[int, WriteFault] | None = None, sync: int | None = None) -> None:
        self.write_fault = write
        self.sync_fault = sync
        self.writes = 0
        self.syncs = 0
        self.failed = False
        self.read_only = False
        self.failed_inode = 0
        self.synced_after_failure = False

    def write(self, fd: int, data: bytes, offset: int) -> int:
        number, self.writes = self.writes, self.writes + 1
        if self.read_only:
            raise OSError(errno.EROFS, "Read-only file system")
        if self.write_fault is not None and number == self.write_fault[0]:
            self.failed = True
            return self.write_fault[1](self, fd, data, offset)
        return super().write(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        if self.read_only:
            raise OSError(errno.EROFS, "Read-only file system")
        super().truncate(fd, size)

    def create(self, path: Path) -> int:
        if self.read_only:
            raise OSError(errno.EROFS, "Read-only file system")
        return super().create(path)

    def unlink(self, path: Path) -> None:
        if self.read_only:
            raise OSError(errno.EROFS, "Read-only file system")
        super().unlink(path)

    def sync(self, fd: int) -> None:
        inode = os.fstat(fd).st_ino
        self.synced_after_failure |= inode == self.failed_inode
        try:
            self._sync_fault(inode)
        except OSError:
            # Held open, so that no other file gets its number.
            os.dup(fd)
            raise

    def sync_folder(self, path: Path) -> None:
        self._sync_fault(0)

    def _sync_fault(self, inode: int) -> None:
        number, self.syncs = self.syncs, self.syncs + 1
        if number == self.sync_fault:
            self.failed = True
            self.failed_inode = inode
            raise OSError(errno.EIO, "Input/output error")


class PowerCutDisk(Disk):
    """Knows of each file and folder what has been synced; `cut` leaves only that behind."""

    def __init__(self) -> None:
        self._data: dict[int, bytes] = {}
        self._names: dict[Path, set[str]] = {}

    def sync(self, fd: int) -> None:
        self._data[os.fstat(fd).st_ino] = os.pread(fd, 2**24, 0)

    def sync_folder(self, path: Path) -> None:
        self._names[path] = {item.name for item in path.iterdir()}

    def cut(self, root: Path) -> None:
        for folder in list(root.iterdir()):
            if folder.name not in self._names.get(root, ()):
                folder.rename(folder.with_name(f".gone-{folder.name}"))
                continue
            for path in list(folder.iterdir()):
                if path.name == "lock":
                    continue
                if path.name not in self._names.get(folder, ()):
                    path.unlink()
                else:
                    path.write_bytes(self._data.get(path.stat().st_ino, b""))
