"""The spool: encoded requests on disk until the Collector has acknowledged them.

Why not a library: of the kept ones, `queuelib` and `persist-queue` (one process owns the files, no checksum,
an unbounded queue) and `diskcache` or SQLite (an index and a journal to pay for on each batch) know
neither a folder that several processes share and inherit from each other, nor a limit that gives way for
some entries and not for others. Both are what this file is about; the rest of it is small.

Layout, below one folder that any number of processes share::

    <spool>/<service>.<random>/          0700, one for each process that writes
        lock                             flock'ed by its owner for as long as it lives
        0000000000000001.rest            segments, 0600: a header, then entries, append only
        0000000000000002.audit

What survives what: data is in the kernel's hands when `append` returns, so the process may die in any way;
with ``durable=True`` it is on the disk as well (`fdatasync`, and the folders' names too).
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from pathlib import Path

from aegis_otel import lifecycle
from aegis_otel.deliver.spool._damage import Damage
from aegis_otel.deliver.spool._disk import DISK, Disk
from aegis_otel.deliver.spool._folder import Folder
from aegis_otel.deliver.spool._segment import (
    AUDIT,
    HEADER_SIZE,
    MANY,
    REST,
    SEGMENT_START,
    Batch,
    Segment,
    create_segment,
    encode_entry,
)
from aegis_otel.deliver.spool._shared import abandoned, bytes_in, bytes_of_others, make_folder, service_name, take_over

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock: there, delivery does without a spool.
    fcntl = None  # type: ignore[assignment]


class SpoolUnavailableError(OSError):
    """The folder cannot be used: says which and why."""


class NotDurableError(OSError):
    """The entry is kept and will be sent, but it is not certain to be on the disk itself."""


class Spool:
    """A bounded queue of encoded requests on disk, with one reader (`take`, `done`) and any writers.

    Args:
        root: the shared folder; made (0700) with the first entry.
        service: whose records these are. A process takes over dead processes' folders of the same service only,
            so that one service's records are never sent with another's credentials.
        limit: bytes the shared folder may hold. Beyond it the oldest entries that are not audit entries go,
            then, if that is not enough, the oldest audit entries. A process always keeps the segments it
            writes to, so a folder shared by N busy processes may exceed the limit by 2 × N segments.
        disk: the files of the segments.

    Raises:
        SpoolUnavailableError: the folder cannot be made or used (only from `open`).
    """

    def __init__(self, root: Path, service: str, *, limit: int = 256 * 1024 * 1024, disk: Disk = DISK) -> None:
        self._root = root
        self._service = service_name(service)
        self._limit = limit
        self._segment_bytes = min(max(limit // 16, 64 * 1024), 4 * 1024 * 1024)
        self._disk = disk
        self._lock = lifecycle.lock()
        self._own: Folder | None = None
        self._current: dict[str, Segment] = {}
        self._adopted: deque[Folder] = deque()
        self._next_segment = 1
        self._next_entry = 1
        self._used = 0
        self._others = 0
        self._adopted_turn = False
        self._reading: Batch | None = None
        self.dropped = 0
        """Records given up at the limit."""
        self.dropped_audit = 0
        """Those of them that were audit records."""
        self.pending_records = 0
        """Records of this process that wait for an acknowledgement."""
        self.damage = Damage(root)
        """What could not be read of the segments, this process's and inherited ones."""
        self.newer: set[str] = set()
        """Folders of which a newer version has written a part; that part is left alone."""

    @property
    def root(self) -> Path:
        """The shared folder."""
        return self._root

    @property
    def limit(self) -> int:
        """Bytes that the shared folder may hold."""
        return self._limit

    @property
    def folder(self) -> Path | None:
        """This process's own folder, where it has one yet."""
        own = self._own
        return own.path if own is not None else None

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait for an acknowledgement, inherited ones included."""
        with self._lock:
            return sum(folder.pending() for folder in (*self._adopted, *self._own_folder()))

    def _own_folder(self) -> tuple[Folder, ...]:
        return (self._own,) if self._own is not None else ()

    def open(self) -> None:
        """Make this process's folder. `append` does so too; call it to learn early that it cannot be.

        Raises:
            SpoolUnavailableError: see the class.
        """
        with self._lock:
            self._open()

    def _open(self) -> Folder:
        if self._own is not None:
            return self._own
        if fcntl is None:
            raise SpoolUnavailableError("this platform has no flock")
        try:
            self._own = make_folder(self._root, self._service, self.damage, self._disk)
        except OSError as error:
            raise SpoolUnavailableError(
                error.errno, f"{self._root} cannot be used: {error.strerror or error}"
            ) from error
        return self._own

    def append(self, payload: bytes, records: int, *, audit: bool, durable: bool = False) -> None:
        """Keep one request until it is acknowledged.

        Args:
            payload: the request's bytes.
            records: how many log records it holds.
            audit: keep it longer than others when space runs out.
            durable: return only when it is on the disk itself.

        Raises:
            NotDurableError: it could not be synced while it was being sent; it stays.
            OSError: it could not be written or synced (disk full, disk failed, folder gone); nothing of it is left.
        """
        size = HEADER_SIZE + len(payload)
        with self._lock:
            folder = self._open()
            if self._used + self._others + size > self._limit:
                self._make_room(size)
            segment = self._segment_for(folder, AUDIT if audit else REST, size)
            number = self._next_entry
            try:
                segment.write(encode_entry(payload, records, number))
            except OSError:
                try:
                    segment.cut()
                except OSError:
                    self._leave(segment)
                raise
            self._next_entry = number + 1
            start, resets = segment.size, segment.resets
            segment.size += size
            segment.records += records
            self._used += size
            self.pending_records += records
            # Another thread may close the file once the lock is let go.
            fd = os.dup(segment.fd) if durable else -1
        if durable:
            try:
                folder.sync(segment, fd)
            except OSError as error:
                self._take_back(segment, start, resets, size, records, error)
            finally:
                os.close(fd)

    def _take_back(self, segment: Segment, start: int, resets: int, size: int, records: int, error: OSError) -> None:
        """Undo an entry that could not be synced; raises what `append` does, unless a Collector has it by now."""
        with self._lock:
            if segment.closed or segment.resets > resets or segment.offset > start:
                self._leave(segment)
                return
            reading = self._reading.marks if self._reading else ()
            is_sent = any(mark.segment is segment and mark.offset > start for mark in reading)
            if is_sent or segment.size > start + size:
                self._leave(segment)
                raise NotDurableError(error.errno, error.strerror) from error
            segment.size = start
            segment.records -= records
            self._used -= size
            self.pending_records -= records
            # Where even that fails, a later process may find the entry and send it a second time.
            with contextlib.suppress(OSError):
                segment.cut()
            self._leave(segment)
        raise error

    def _leave(self, segment: Segment) -> None:
        """Write nothing more to a segment on which the disk has failed: what it calls written then may not be."""
        if self._current.get(segment.kind) is segment:
            del self._current[segment.kind]
        if not segment.closed and not segment.pending and self._own is not None:
            self._own.segments[segment.kind].remove(segment)
            self._used -= segment.size
            with contextlib.suppress(OSError):
                segment.remove()

    def _segment_for(self, folder: Folder, kind: str, size: int) -> Segment:
        segment = self._current.get(kind)
        if segment is not None and (segment.size + size <= self._segment_bytes or segment.size == SEGMENT_START):
            return segment
        if segment is not None:
            self._others = bytes_of_others(self._root, self._names())
        created = create_segment(folder.path, self._next_segment, kind, self._disk)
        self._next_segment += 1
        self._used += SEGMENT_START
        folder.segments[kind].append(created)
        self._current[kind] = created
        if segment is not None and not segment.pending:
            folder.segments[kind].remove(segment)
            self._used -= segment.size
            segment.remove()
        return created

    def _make_room(self, size: int) -> None:
        """Drop whole segments, oldest first, until `size` bytes fit; audit entries are the last to go."""
        self._others = bytes_of_others(self._root, self._names())
        reading = {mark.segment for mark in self._reading.marks} if self._reading else set()
        for kind in (REST, AUDIT):
            for folder in (*self._adopted, *self._own_folder()):
                for segment in list(folder.segments[kind]):
                    if self._used + self._others + size <= self._limit:
                        return
                    if segment in reading or not segment.pending:
                        continue
                    lost = folder.count(segment)
                    self.dropped += lost
                    if kind == AUDIT:
                        self.dropped_audit += lost
                    if folder is self._own:
                        self.pending_records -= lost
                        if self._current.get(kind) is segment:
                            del self._current[kind]
                    self._used -= segment.size
                    folder.segments[kind].remove(segment)
                    segment.remove()

    def _names(self) -> set[str]:
        """Of the folders that this process has."""
        return {folder.path.name for folder in (*self._adopted, *self._own_folder())}

    def take(self, limit: int, most: int = MANY) -> Batch | None:
        """The oldest unacknowledged entries, None when there are none.

        At most `limit` bytes and `most` records, but at least one entry.

        Call `done` with the batch when it is dealt with. Until then, `take` returns the same entries again. Entries of
        this process and inherited ones take turns.

        Raises:
            OSError: a segment could not be read.
        """
        with self._lock:
            self._reading = None
            tried: set[Path] = set()
            while (folder := self._next_folder(tried)) is not None:
                tried.add(folder.path)
                try:
                    batch = folder.take(limit, most)
                finally:
                    self.pending_records -= folder.lost
                    folder.lost = 0
                if batch is not None:
                    self._reading = batch
                    return batch
                if folder is not self._own:
                    self._forget(folder)
            return None

    def _next_folder(self, tried: set[Path]) -> Folder | None:
        """Whose turn it is to be read: this process's folder and the first inherited one take turns."""
        folders = [*self._own_folder(), *list(self._adopted)[:1]]
        if self._adopted_turn:
            folders.reverse()
        return next((folder for folder in folders if folder.path not in tried), None)

    def done(self, batch: Batch) -> bool:
        """Drop an acknowledged batch from the disk. Returns whether its records were inherited.

        Raises:
            OSError: the disk has not noted all of it; a later process may send it again.
        """
        failure: OSError | None = None
        with self._lock:
            self._reading = None
            inherited = True
            for folder in (*self._own_folder(), *self._adopted):
                if batch.marks[0].segment in folder.segments[batch.marks[0].segment.kind]:
                    is_own = folder is self._own
                    inherited = not is_own
                    if is_own:
                        self.pending_records -= sum(mark.records for mark in batch.marks if not mark.segment.closed)
                    freed, failure = folder.done(batch, self._current if is_own else {})
                    self._used -= freed
                    self.pending_records -= folder.lost
                    folder.lost = 0
                    if not is_own and not folder.pending():
                        self._forget(folder)
                    break
            self._adopted_turn = not inherited
        if failure is not None:
            raise failure
        return inherited

    def _forget(self, folder: Folder) -> None:
        """Remove an inherited folder that is drained."""
        self._adopted.remove(folder)
        self._used -= sum(segment.size for segment in folder.all())
        folder.delete()

    def adopt(self) -> int:
        """Take over the folders of this service's dead processes. Returns how many bytes that brought.

        Of other services, those are removed in which nothing waits: their next process may never come.
        """
        if fcntl is None:
            return 0
        found = 0
        with self._lock:
            for path in self._abandoned(ours=False):
                if not bytes_in(path) and (folder := self._take_over(path)) is not None:
                    if folder.pending():
                        folder.close()
                    else:
                        folder.delete()
            for path in self._abandoned():
                folder = self._take_over(path)
                if folder is None:
                    continue
                pending = folder.pending()
                if not pending:
                    folder.delete()
                    continue
                self._used += sum(segment.size for segment in folder.all())
                self._adopted.append(folder)
                found += pending
        return found

    def has_abandoned(self) -> bool:
        """Whether folders of other processes of this service lie there (their owners may well be alive)."""
        return bool(self._abandoned())

    def _abandoned(self, *, ours: bool = True) -> list[Path]:
        return abandoned(self._root, self._service, ours=ours, without=self._names() | self.newer)

    def _take_over(self, path: Path) -> Folder | None:
        folder = take_over(path, self.damage, self._disk)
        if folder is not None and folder.newer:
            self.newer.add(path.name)
        return folder

    def close(self) -> None:
        """Release everything: drained folders are removed, others are left for a later process."""
        with self._lock:
            for folder in (*self._own_folder(), *self._adopted):
                if folder.pending():
                    folder.close()
                else:
                    folder.delete()
            self._own = None
            self._current = {}
            self._adopted.clear()
            self._reading = None

    def abandon(self) -> None:
        """In a forked child: close the inherited files and leave them to the parent. The spool is unusable then."""
        # The lock may be held by a thread that does not exist here; nobody else uses it here either.
        for folder in (*self._own_folder(), *self._adopted):
            folder.close()
        self._own = None
        self._current = {}
        self._adopted.clear()
