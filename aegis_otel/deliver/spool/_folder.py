"""The folder of one process below the shared spool: its segments and its lock.

`aegis_otel.deliver.spool._shared` knows which folders there are; `aegis_otel.deliver.spool._spool` decides what is
dropped when there is no more room. Nothing here locks a thread out: the spool does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from aegis_otel import lifecycle
from aegis_otel.deliver.spool._damage import Damage
from aegis_otel.deliver.spool._disk import Disk
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
    NewerVersionError,
    Segment,
    fitting,
    open_segment,
    parse,
)


class Folder:
    """The segments of one process, in order of age by kind, under that process's lock.

    Args:
        path: the folder.
        lock_fd: its lock, held.
        damage: told what cannot be read.
        disk: the files.
        new_names: folders that got a new name when this one was made.
    """

    def __init__(
        self, path: Path, lock_fd: int, damage: Damage, disk: Disk, *, new_names: tuple[Path, ...] = ()
    ) -> None:
        self.path = path
        self.lock_fd = lock_fd
        self.segments: dict[str, deque[Segment]] = {REST: deque(), AUDIT: deque()}
        self.lost = 0
        """Records of this process that were found damaged and that its spool has not yet taken off its count."""
        self.newer = False
        """Whether a newer version has written a part of it."""
        self._new_names = new_names
        self._sync_lock = lifecycle.lock()
        self._damage = damage
        self._disk = disk

    def read(self) -> None:
        """Find the segments that a dead process has left.

        Raises:
            OSError: one cannot be opened.
        """
        for name in sorted(entry.name for entry in self.path.iterdir()):
            match = SEGMENT_NAME.fullmatch(name)
            if match is None:
                continue
            try:
                opened = open_segment(self.path / name, match["kind"], self._disk)
            except NewerVersionError:
                self.newer = True
                continue
            if opened is None:
                continue
            segment, sound = opened
            self.segments[segment.kind].append(segment)
            if not sound:
                head = self._disk.read(segment.fd, SEGMENT_START, 0)
                self._damage.found(segment.path, 0, head, size=len(head), records=0)

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
            segment, data, _, end, _ = found
            if queues[kind]:
                end = segment.offset + queues[kind][0].start - HEADER_SIZE
            if chosen[kind]:
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
                want = min(want, pending)
                data = self._disk.read(segment.fd, want, segment.offset)
                found = parse(data, final=want == pending or len(data) < want)
                if found.entries:
                    entries, used = fitting(found.entries, found.used, limit, most)
                    end = segment.offset + used
                    return segment, data, entries, end, end < segment.size or index + 1 < len(segments)
                if found.need:
                    want = max(found.need, want + 1)
                else:
                    self._skip(segment, data[: found.used], found.used or pending, found.lost)
        return None

    def _skip(self, segment: Segment, data: bytes, size: int, lost: int) -> None:
        """Leave what cannot be read behind, for good."""
        start = segment.offset
        with contextlib.suppress(OSError):
            segment.acknowledge(start + size)
        if segment.is_own:
            lost = segment.records if not segment.pending else min(lost, segment.records)
            segment.records -= lost
            self.lost += lost
        self._damage.found(segment.path, start, data, size=size, records=lost)

    def done(self, batch: Batch, current: dict[str, Segment]) -> tuple[int, OSError | None]:
        """Acknowledge `batch`.

        Returns:
            The bytes of disk that this freed, and an error where the disk has not noted all of it: then a later
            process may send it again. This one does not.
        """
        freed = 0
        failure: OSError | None = None
        for segment, offset, records in batch.marks:
            if segment.closed:
                continue
            segment.records -= records
            size = segment.size
            segment.offset = offset
            try:
                if offset < size:
                    segment.acknowledge(offset)
                    continue
                self._count_missing(segment)
                if current.get(segment.kind) is segment:
                    segment.reset()
                    freed += size - SEGMENT_START
                    continue
            except OSError as error:
                failure = error
                if offset < size:
                    continue
                current.pop(segment.kind, None)
            freed += size
            self.segments[segment.kind].remove(segment)
            try:
                segment.remove()
            except OSError as error:
                failure = error
        return freed, failure

    def _count_missing(self, segment: Segment) -> None:
        """All that could be read of a segment is acknowledged: of its own records, those that are left are lost."""
        if segment.is_own and segment.records > 0:
            self._damage.records += segment.records
            self.lost += segment.records
            segment.records = 0

    def sync(self, segment: Segment, fd: int) -> None:
        """Have a segment on the disk itself, data and name. One at a time, so that each failure is seen by all.

        Args:
            segment: one that this process writes.
            fd: its file, which stays open.

        Raises:
            OSError: it may not be there, or the file was removed or replaced. The segment is of no use for more.
        """
        with self._sync_lock:
            if segment.unsyncable:
                raise OSError(errno.EIO, "an earlier sync of the segment has failed")
            try:
                self._disk.sync(fd)
                if not segment.is_synced:
                    for path in (self.path, *self._new_names):
                        self._disk.sync_folder(path)
                    self._new_names = ()
                    segment.is_synced = True
                if not self._disk.is_at(segment.path, fd):
                    raise OSError(errno.ESTALE, "the segment was removed or replaced")
            except OSError:
                segment.unsyncable = True
                raise

    def pending(self) -> int:
        """Bytes that are not acknowledged."""
        return sum(segment.pending for segment in self.all())

    def count(self, segment: Segment) -> int:
        """Records in a segment that are not acknowledged."""
        if segment.is_own:
            return segment.records
        with contextlib.suppress(OSError):
            return sum(records for _, records in segment.requests())
        return 0

    def delete(self) -> None:
        """Remove the folder from disk. The lock is let go last, so nobody takes over what is half gone.

        What a newer version has written stays.
        """
        for segment in self.all():
            if self.newer:
                with contextlib.suppress(OSError):
                    segment.remove()
            else:
                segment.close()
        if not self.newer:
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
