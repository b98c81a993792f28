"""The folder of one process below the shared spool: its segments, its lock, and how others see it from outside.

`aegis_otel.deliver.spool._spool` decides which folders there are, who owns them and what is dropped when there is no
more room. Nothing here locks a thread out: the spool does.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aegis_otel.deliver.spool._segment import (
    AUDIT,
    HEADER_SIZE,
    MANY,
    REST,
    SEGMENT_NAME,
    SEGMENT_START,
    Batch,
    Entry,
    Mark,
    Segment,
    acknowledged,
    fitting,
    parse,
)

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock: there, delivery does without a spool.
    fcntl = None  # type: ignore[assignment]

FOLDER_NAME: Final = re.compile(r"(?P<service>[A-Za-z0-9_-]{1,64})\.[0-9a-f]{16}")

_SEARCH: Final = 64 * 1024


class Folder:
    """The segments of one process, in order of age by kind, under that process's lock."""

    def __init__(self, path: Path, lock_fd: int) -> None:
        self.path = path
        self.lock_fd = lock_fd
        self.segments: dict[str, deque[Segment]] = {REST: deque(), AUDIT: deque()}
        self.torn = 0

    def all(self) -> Iterator[Segment]:
        """The segments of both kinds."""
        yield from self.segments[REST]
        yield from self.segments[AUDIT]

    def take(self, limit: int, most: int = MANY) -> Batch | None:
        """The oldest entries not acknowledged yet, up to `limit` bytes and `most` records but at least one."""
        rest = self._read(REST, limit, most)
        audit = self._read(AUDIT, limit, most)
        if audit is None:
            if rest is None:
                return None
            segment, data, entries, end, _ = rest
            return self._batch([(segment, data, entries, end)])
        if rest is None:
            segment, data, entries, end, _ = audit
            return self._batch([(segment, data, entries, end)])
        chosen: dict[str, list[Entry]] = {REST: [], AUDIT: []}
        queues = {REST: deque(rest[2]), AUDIT: deque(audit[2])}
        more = {REST: rest[4], AUDIT: audit[4]}
        size = records = 0
        while queues[REST] or queues[AUDIT]:
            if (not queues[REST] and more[REST]) or (not queues[AUDIT] and more[AUDIT]):
                # What follows in the file of this kind may be older than what is left of the other.
                break
            kind = min(
                (kind for kind, queue in queues.items() if queue),
                key=lambda kind: queues[kind][0].number,
            )
            entry = queues[kind][0]
            size += entry.end - entry.start
            records += entry.records
            if (size > limit or records > most) and (chosen[REST] or chosen[AUDIT]):
                break
            chosen[kind].append(queues[kind].popleft())
        parts = []
        for kind, found in ((REST, rest), (AUDIT, audit)):
            segment, data, entries, end, _ = found
            if queues[kind]:
                end = segment.offset + queues[kind][0].start - HEADER_SIZE
            if chosen[kind] or not entries:
                parts.append((segment, data, chosen[kind], end))
        return self._batch(parts)

    def _batch(self, parts: list[tuple[Segment, bytes, list[Entry], int]]) -> Batch:
        found = (
            sorted(
                (entry.number, memoryview(data)[entry.start : entry.end])
                for _, data, entries, _ in parts
                for entry in entries
            )
            if len(parts) > 1
            else [(entry.number, memoryview(parts[0][1])[entry.start : entry.end]) for entry in parts[0][2]]
        )
        marks = tuple(Mark(segment, end, sum(entry.records for entry in entries)) for segment, _, entries, end in parts)
        return Batch(
            b"".join([payload for _, payload in found]),
            sum(mark.records for mark in marks),
            len(found),
            marks,
        )

    def _read(self, kind: str, limit: int, most: int) -> tuple[Segment, bytes, list[Entry], int, bool] | None:
        """Segment, bytes, entries in them, offset where these end, whether more of this kind follow."""
        segments = self.segments[kind]
        for index, segment in enumerate(segments):
            want = limit + HEADER_SIZE
            while pending := segment.pending:
                # A stretch that must be searched for the next sound entry is read in larger pieces.
                want = min(pending, max(want, HEADER_SIZE if segment.trusted else _SEARCH))
                data = os.pread(segment.fd, want, segment.offset)
                final = want >= pending or len(data) < want
                entries, used, torn, need = parse(data, not segment.trusted, final)
                if entries:
                    self.torn += torn
                    entries, used = fitting(entries, used, limit, most)
                    end = segment.offset + used
                    return segment, data, entries, end, end < segment.size or index + 1 < len(segments)
                if need and not final:
                    want = max(need, want + 1)
                    continue
                # Nothing readable in this stretch: leave it behind, once.
                self.torn += torn
                segment.offset += used
        return None

    def done(self, batch: Batch, current: dict[str, Segment]) -> int:
        """Acknowledge `batch`; returns the bytes of disk that this freed."""
        freed = 0
        for segment, offset, records in batch.marks:
            if segment.closed:
                continue
            segment.records -= records
            if offset < segment.size:
                segment.acknowledge(offset)
            elif current.get(segment.kind) is segment:
                freed += segment.size - SEGMENT_START
                segment.reset()
            else:
                freed += segment.size
                self.segments[segment.kind].remove(segment)
                segment.remove()
        return freed

    def pending(self) -> int:
        """Bytes that are not acknowledged."""
        return sum(segment.pending for segment in self.all())

    def count(self, segment: Segment) -> int:
        """Records in a segment that are not acknowledged."""
        if segment.trusted:
            return segment.records
        return sum(records for _, records in segment.requests())

    def delete(self) -> None:
        """Remove the folder from disk. The lock is let go last, so nobody takes over what is half gone."""
        for segment in self.all():
            segment.close()
        shutil.rmtree(self.path, ignore_errors=True)
        self._close_lock()

    def close(self) -> None:
        """Let go of the folder and leave its segments to whoever takes it over."""
        for segment in self.all():
            segment.close()
        self._close_lock()

    def _close_lock(self) -> None:
        if self.lock_fd >= 0:
            os.close(self.lock_fd)
            self.lock_fd = -1


def service_name(service: str) -> str:
    """A service's name as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", service)[:64] or "_"


def folders(root: Path) -> list[tuple[Path, str]]:
    """The folders of processes below a shared folder, and their services; changes nothing."""
    found = []
    for path in root.glob("*"):
        match = FOLDER_NAME.fullmatch(path.name)
        if match is not None:
            found.append((path, match["service"]))
    return found


def is_owned(folder: Path) -> bool:
    """Whether a process that lives has this folder."""
    if fcntl is None:
        return False
    try:
        fd = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared: another process that asks the same is not taken for the owner.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(fd)


def waiting(root: Path) -> dict[str, int]:
    """Bytes that wait for an acknowledgement below a shared folder, by service; changes nothing."""
    found: dict[str, int] = {}
    for folder, service in folders(root):
        if pending := bytes_in(folder):
            found[service] = found.get(service, 0) + pending
    return found


def bytes_in(folder: Path) -> int:
    """Bytes that wait in one process's folder; changes nothing."""
    pending = 0
    for path in folder.glob("*"):
        if SEGMENT_NAME.fullmatch(path.name) is None:
            continue
        with contextlib.suppress(OSError), path.open("rb") as file:
            offset = acknowledged(file.read(SEGMENT_START))
            if offset is not None:
                pending += max(os.fstat(file.fileno()).st_size - offset, 0)
    return pending
