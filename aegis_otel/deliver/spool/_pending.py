"""What is pending: on disk where there is a spool, in memory where there is none or it fails.

Knows nothing of transport: `aegis_otel.deliver.otlp` takes batches from here and says when they are done.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from aegis_otel import lifecycle
from aegis_otel.deliver.spool._segment import MANY, Batch
from aegis_otel.deliver.spool._spool import NotDurableError, Spool

MEMORY_BYTES: Final = 32 * 1024 * 1024

_WARN_EVERY: Final = 60.0
_TEXTS: Final = 64


class _Held(NamedTuple):
    payload: bytes
    records: int
    audit: bool


class MemorySpool:
    """The spool's interface without a disk: bounded in bytes, and gone with the process."""

    def __init__(self, limit: int = MEMORY_BYTES) -> None:
        self._limit = limit
        self._lock = lifecycle.lock()
        self._entries: deque[_Held] = deque()
        self._reading = 0
        self.pending_bytes = 0
        self.pending_records = 0
        self.dropped = 0
        self.dropped_audit = 0

    def append(self, payload: bytes, records: int, *, audit: bool) -> None:
        """Keep a request; where that exceeds the limit, the oldest that are not audit ones go first."""
        with self._lock:
            self._entries.append(_Held(payload, records, audit))
            self.pending_bytes += len(payload)
            self.pending_records += records
            if self.pending_bytes > self._limit:
                self._make_room()

    def _make_room(self) -> None:
        for kind in (False, True):
            kept: deque[_Held] = deque()
            # What is being sent, and the newest, stay.
            head = [self._entries.popleft() for _ in range(min(self._reading, len(self._entries)))]
            while self._entries:
                held = self._entries.popleft()
                if self.pending_bytes > self._limit and held.audit == kind and self._entries:
                    self.pending_bytes -= len(held.payload)
                    self.pending_records -= held.records
                    self.dropped += held.records
                    self.dropped_audit += held.records if kind else 0
                else:
                    kept.append(held)
                if self.pending_bytes <= self._limit:
                    kept.extend(self._entries)
                    break
            self._entries = deque(head)
            self._entries.extend(kept)
            if self.pending_bytes <= self._limit:
                return

    def take(self, limit: int, most: int = MANY) -> Batch | None:
        """The oldest requests, at most `limit` bytes and `most` records of them but at least one."""
        with self._lock:
            payloads: list[bytes] = []
            size = records = 0
            for held in self._entries:
                if payloads and (size + len(held.payload) > limit or records + held.records > most):
                    break
                payloads.append(held.payload)
                size += len(held.payload)
                records += held.records
            self._reading = len(payloads)
            if not payloads:
                return None
            return Batch(b"".join(payloads), records, len(payloads), ())

    def done(self, batch: Batch) -> None:
        """Drop a batch that was dealt with."""
        with self._lock:
            for _ in range(batch.entries):
                held = self._entries.popleft()
                self.pending_bytes -= len(held.payload)
                self.pending_records -= held.records
            self._reading = 0


class Pending:
    """The spool first; memory for what it cannot take.

    Args:
        spool: None to do without a disk.
        warn: told when the disk stops taking entries, and when it takes them again; once a minute each at most, since
            a disk that is nearly full changes its mind with every entry.
        memory_bytes: limit of what is held in memory.
    """

    def __init__(
        self,
        spool: Spool | None,
        warn: Callable[[str], None],
        *,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.spool = spool
        self.memory = MemorySpool(memory_bytes)
        self._warn = warn
        self._disk_failed = False
        self._told_failed = False
        self._told_at: dict[str, float] = {}
        self._told_damage = (0, 0)
        self._told_newer = 0

    @property
    def on_disk(self) -> bool:
        """Whether what is appended outlives the process."""
        return self.spool is not None and not self._disk_failed

    def append(self, payload: bytes, records: int, *, audit: bool, durable: bool = False) -> bool:
        """Keep one request. Returns whether it is on disk. Never raises."""
        spool = self.spool
        if spool is not None:
            try:
                spool.append(payload, records, audit=audit, durable=durable)
                self._disk_failed = False
                if self._told_failed:
                    self._told_failed = False
                    self._warn(f"the spool in {spool.root} can be written again")
                return True
            except OSError as error:
                if isinstance(error, NotDurableError):
                    self._tell(f"the spool in {spool.root} cannot be synced ({error.strerror or error})")
                    return False
                self._disk_failed = True
                if not self._told_failed:
                    self._told_failed = self._tell(
                        f"the spool in {spool.root} cannot be written ({error.strerror or error}): "
                        "log records are held in memory only until it can be "
                        "(AEGIS_SPOOL_DIR names another folder)"
                    )
        self.memory.append(payload, records, audit=audit)
        return False

    def take(self, limit: int, most: int = MANY) -> Batch | None:
        """The next batch to send, see `Spool.take`; the same again until `done`."""
        if self.spool is not None:
            try:
                batch = self.spool.take(limit, most)
            except OSError as error:
                self._tell(f"the spool in {self.spool.root} cannot be read: {error}")
                batch = None
            self._tell_damage(self.spool)
            if batch is not None:
                return batch
        return self.memory.take(limit, most)

    def done(self, batch: Batch) -> bool:
        """Drop a batch that was dealt with. Returns whether it came from an earlier process."""
        if not batch.marks:
            self.memory.done(batch)
            return False
        assert self.spool is not None
        try:
            return self.spool.done(batch)
        except OSError as error:
            self._tell(f"the spool in {self.spool.root} cannot be written: {error}")
            return False

    def _tell_damage(self, spool: Spool, *, last: bool = False) -> None:
        """Say what has become unreadable since it was said last: at once, then once a minute and at the end."""
        damage = spool.damage
        if (damage.stretches, damage.records) != self._told_damage:
            now = time.monotonic()
            if last or now - self._told_at.get("damage", float("-inf")) >= _WARN_EVERY:
                self._told_at["damage"] = now
                self._told_damage = damage.stretches, damage.records
                self._warn(
                    f"the spool in {spool.root} is damaged: {damage.stretches} stretches ({damage.bytes} bytes) could "
                    f"not be read so far, at least {damage.records} log records are lost; "
                    f"what is left of them is kept in {damage.folder}"
                )
        if len(spool.newer) > self._told_newer:
            self._told_newer = len(spool.newer)
            self._warn(
                f"a newer version of aegis-otel has written files in {spool.root} ({', '.join(sorted(spool.newer))}): "
                "they are left alone until that version runs again"
            )

    def _tell(self, text: str) -> bool:
        """Warn, unless the same was said within the last minute; whether it was said now."""
        now = time.monotonic()
        if now - self._told_at.get(text, float("-inf")) < _WARN_EVERY:
            return False
        if len(self._told_at) >= _TEXTS:
            self._told_at.clear()
        self._told_at[text] = now
        self._warn(text)
        return True

    @property
    def pending_records(self) -> int:
        """Records of this process that nobody has acknowledged."""
        pending = self.memory.pending_records
        return pending + self.spool.pending_records if self.spool is not None else pending

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait, those of earlier processes included."""
        pending = self.memory.pending_bytes
        return pending + self.spool.pending_bytes if self.spool is not None else pending

    @property
    def dropped(self) -> int:
        """Records given up for want of room."""
        dropped = self.memory.dropped
        return dropped + self.spool.dropped if self.spool is not None else dropped

    @property
    def dropped_audit(self) -> int:
        """Those of them that were audit records."""
        dropped = self.memory.dropped_audit
        return dropped + self.spool.dropped_audit if self.spool is not None else dropped

    def close(self) -> None:
        """Release the disk; what waits there is left for a later process."""
        if self.spool is not None:
            self._tell_damage(self.spool, last=True)
            self.spool.close()

    def abandon(self) -> None:
        """In a forked child: release what belongs to the parent."""
        if self.spool is not None:
            self.spool.abandon()
