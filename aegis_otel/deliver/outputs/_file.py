"""Records in a file of JSON lines, rotated by size and by day, shared safely by several processes.

Each batch is one append, which the kernel does not mix with another process's append. Rotation renames the file
under a lock. A process that still has the renamed file open writes at most one more batch into it and then
switches to the new file. So no record is lost or written twice.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from aegis_otel.deliver._sink import Warn
from aegis_otel.deliver.outputs._json_lines import json_line
from aegis_otel.schema import Identity, Record

_MODE: Final = 0o600
_RETRY: Final = 5.0
"""Seconds between two attempts to open a file that cannot be opened."""


class FileSink:
    """Appends JSON lines to a file with mode 0600.

    Args:
        path: the file; its folder is made (0700) if it is missing.
        identity: the `service` and `environment` of this process.
        max_bytes: the file is rotated before it grows over this size.
        keep: number of rotated files to keep; 0 keeps none.
        daily: also rotate records written before the current UTC day.
        warn: tells people, once, that the file cannot be written.
    """

    def __init__(self, path: Path, identity: Identity, *, max_bytes: int, keep: int, daily: bool, warn: Warn) -> None:
        self._path = path.absolute()
        self._identity = identity
        self._max_bytes = max_bytes
        self._keep = keep
        self._daily = daily
        self._warn = warn
        self._file = -1
        self._torn = False
        self._told = False
        self._next_try = 0.0
        self.dropped = 0

    def __str__(self) -> str:
        return f"the log file {self._path}"

    def write(self, records: Sequence[Record]) -> None:
        """Append a line for each record; `dropped` counts records that cannot be written."""
        data = "".join([json_line(record, self._identity) + "\n" for record in records]).encode("utf-8", "replace")
        try:
            if time.monotonic() < self._next_try:
                raise BlockingIOError
            self._follow(len(data))
            self._append(data)
            self._told = False
        except OSError as error:
            self.dropped += len(records)
            if not isinstance(error, BlockingIOError):
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._close_file()
        self._next_try = time.monotonic() + _RETRY
        if not self._told:
            self._told = True
            self._warn(f"the log file {self._path} cannot be written: {error.strerror or error}; trying again")

    def _append(self, data: bytes) -> None:
        if self._torn:
            # The disk was full in the middle of a line; the next line must not continue it.
            data = b"\n" + data
        view = memoryview(data)
        while view:
            written = os.write(self._file, view)
            self._torn = written < len(view) and bytes(view[written - 1 : written]) != b"\n"
            view = view[written:]

    def _follow(self, coming: int) -> None:
        """Open the file at `path`, rotated if it is due."""
        status = self._open_if_moved()
        if not stat.S_ISREG(status.st_mode) or not self._due(status, coming):
            return
        with self._locked():
            # Another process may have rotated it while this one waited for the lock.
            status = self._open_if_moved()
            if self._due(status, coming):
                self._rotate(status)
                self._open_if_moved()

    def _open_if_moved(self) -> os.stat_result:
        if self._file >= 0:
            status = os.fstat(self._file)
            with contextlib.suppress(FileNotFoundError):
                there = self._path.stat()
                if (there.st_dev, there.st_ino) == (status.st_dev, status.st_ino):
                    return status
            self._close_file()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        status = os.fstat(self._file)
        if stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) != _MODE:
            with contextlib.suppress(PermissionError):
                os.fchmod(self._file, _MODE)
        return status

    def _due(self, status: os.stat_result, coming: int) -> bool:
        if status.st_size == 0:
            return False
        if status.st_size + coming > self._max_bytes:
            return True
        return self._daily and _day(status.st_mtime) < _day(time.time())

    def _rotate(self, status: os.stat_result) -> None:
        stamp = datetime.fromtimestamp(status.st_mtime, timezone.utc).strftime("%Y-%m-%dT%H-%M-%S")
        for number in range(10_000):
            rotated = self._path.with_name(f"{self._path.name}.{stamp}.{number:04d}")
            if not rotated.exists():
                self._path.rename(rotated)
                break
        for old in self.rotated()[self._keep :]:
            with contextlib.suppress(FileNotFoundError):
                old.unlink()

    def rotated(self) -> list[Path]:
        """The rotated files, the newest first."""
        prefix = self._path.name + ".2"
        names = [item.name for item in self._path.parent.iterdir() if item.name.startswith(prefix)]
        return [self._path.with_name(name) for name in sorted(names, reverse=True)]

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(self._path.with_name(f".{self._path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def flush(self, deadline: float) -> bool:
        """Nothing to do: the kernel has all written records."""
        return True

    def close(self, deadline: float) -> None:
        """Close the file."""
        self._close_file()

    def _close_file(self) -> None:
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = -1

    def after_fork(self) -> None:
        """Nothing to do: appends of parent and child do not mix."""


def _day(seconds: float) -> int:
    return int(seconds // 86_400)
