"""Dead letters: requests that a Collector has refused for good, kept below the spool's folder until people act.

One file for each service and kind, below ``<spool>/dead-letter/``, in the form of the spool's segments (0600,
checksums), so that sending again is handing a file back to the spool: the service sends it with its own credentials.
Any number of processes append to a file, one at a time by `flock`. When a file is full the older half of it goes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from aegis_otel.deliver.spool._segment import (
    AUDIT,
    REST,
    SEGMENT_START,
    NewerVersionError,
    encode_entry,
    open_segment,
    read_head,
    segment_head,
)

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: there is no spool either.
    fcntl = None  # type: ignore[assignment]

DEAD_LETTER_FOLDER: Final = "dead-letter"
LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one service's dead letters of one kind."""

PARTIAL: Final = "partial"
"""The kind of requests of which the receiver took some records and does not say which."""

_NAME: Final = re.compile(r"(?P<service>[A-Za-z0-9_-]{1,64})\.(?P<kind>rest|audit|partial)(?P<old>\.old)?")


class FoundLetters(NamedTuple):
    """Dead letters of one service and kind."""

    service: str
    kind: str
    requests: list[bytes]
    records: int
    """In `requests`; of partial ones, those that the receiver took are among them."""


class DeadLetters:
    """Where one service's refused requests go.

    Args:
        root: the spool's folder.
        service: the service's name as the spool writes it.
        limit: bytes of one kind.
    """

    def __init__(self, root: Path, service: str, *, limit: int = LIMIT) -> None:
        self.folder = root / DEAD_LETTER_FOLDER
        self._service = service
        self._limit = limit

    def keep(self, payload: bytes, records: int, *, kind: str = REST) -> bool:
        """Append a request; false where the disk does not take it. Never raises.

        Args:
            kind: `REST`, `AUDIT` or `PARTIAL`.
        """
        if fcntl is None:
            return False
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.folder / f"{self._service}.{kind}"
            data = encode_entry(payload, records, time.time_ns())
            with _locked(path, create=True) as fd:
                size = os.fstat(fd).st_size
                if size < SEGMENT_START:
                    size = os.pwrite(fd, segment_head(), 0)
                try:
                    read_head(os.pread(fd, SEGMENT_START, 0))
                except NewerVersionError:
                    # Not to be mixed with ours: it makes place, and whoever wrote it can read it there.
                    path.rename(path.with_name(f"{path.name}.newer"))
                    return self.keep(payload, records, kind=kind)
                if os.pwrite(fd, data, size) < len(data):
                    os.ftruncate(fd, size)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                if size + len(data) > self._limit // 2:
                    path.replace(path.with_name(f"{path.name}.old"))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def _locked(path: Path, *, create: bool) -> Iterator[int]:
    """The file at `path`, open and ours alone; OSError where there is none."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
    while True:
        fd = os.open(path, flags, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            # Another process may have moved it between our `open` and our `flock`.
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_ino == os.fstat(fd).st_ino:
                    yield fd
                    return
        finally:
            os.close(fd)


def _files(root: Path) -> Iterator[tuple[Path, str, str]]:
    """Path, service and kind of each file, the older one of a kind first."""
    paths = sorted(
        (root / DEAD_LETTER_FOLDER).glob("*"), key=lambda path: (path.name.removesuffix(".old"), path.suffix != ".old")
    )
    for path in paths:
        match = _NAME.fullmatch(path.name)
        if match is not None:
            yield path, match["service"], match["kind"]


def find_dead_letters(root: Path) -> list[FoundLetters]:
    """All dead letters below a spool's folder; changes nothing."""
    found: dict[tuple[str, str], FoundLetters] = {}
    for path, service, kind in _files(root):
        with contextlib.suppress(OSError):
            opened = open_segment(path, kind)
            if opened is None:
                continue
            segment, _ = opened
            try:
                requests = list(segment.requests())
            finally:
                segment.close()
            before = found.get((service, kind), FoundLetters(service, kind, [], 0))
            found[service, kind] = FoundLetters(
                service,
                kind,
                before.requests + [payload for payload, _ in requests],
                before.records + sum(records for _, records in requests),
            )
    return list(found.values())


def hand_back_dead_letters(root: Path) -> dict[str, int]:
    """Give dead letters back to the spool, for their service to send again; how many records, by service.

    A running process of the service takes them within half a minute if it logs, else the next one does. Partial ones
    stay, since a part of them has been delivered.

    Raises:
        OSError: the folder cannot be written; what was not handed back is where it was.
    """
    given: dict[str, int] = {}
    if fcntl is None:
        return given
    records = {(found.service, found.kind): found.records for found in find_dead_letters(root)}
    for service in sorted({service for service, kind in records if kind != PARTIAL}):
        name = f"{service}.{secrets.token_hex(8)}"
        making = root / f".{name}"
        making.mkdir(mode=0o700)
        lock_fd = os.open(making / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Nobody takes the folder over before it is full; if we die in between, somebody does then.
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            target = root / name
            making.rename(target)
            number = 1
            for path, owner, kind in list(_files(root)):
                if owner == service and kind in (REST, AUDIT):
                    with contextlib.suppress(FileNotFoundError), _locked(path, create=False):
                        path.rename(target / f"{number:016d}.{kind}")
                        number += 1
        finally:
            os.close(lock_fd)
        given[service] = sum(count for (owner, kind), count in records.items() if owner == service and kind != PARTIAL)
    return given
