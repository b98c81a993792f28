"""One process's chain in the trail's folder: open it, commit batches to it, leave it when the disk fails, close it.

For one thread at a time (`aegis_otel.audit._committer` sees to that). A failed write or sync is never repeated: the
chain is left, and the next commit opens another one, which says so.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from aegis_otel import schema
from aegis_otel.audit import _layout, _recovery
from aegis_otel.audit._canonical import DomainError
from aegis_otel.audit._disk import Disk, Status
from aegis_otel.audit._errors import AuditError, AuditUncertainError
from aegis_otel.audit._keys import AuditKeyError, ChainKey
from aegis_otel.audit._merkle import Frontier
from aegis_otel.audit._seal import Chain, Members, Receipt

MOST_HEADS: Final = 128
"""In one record."""
CHECKPOINT_RECORDS: Final = 1_000
MOST_RECORDS: Final = 262_144
MOST_BYTES: Final = 64 * 2**20
LONGEST_NS: Final = 24 * 3600 * 10**9

Result: TypeAlias = Receipt | AuditError


@dataclass
class _Left:
    """A chain that was left, until the next one has said so."""

    chain: str
    size: int
    head: str
    root: str
    reason: str
    uncertain: list[str]
    path: Path


@dataclass
class _Open:
    """The chain that is being written.

    Attributes:
        file, path: its file.
        status: of the file after the last commit.
        chain: with all that is sealed.
        committed: head and tree of what is safely on disk.
        opened_ns: when it was opened.
    """

    file: int
    path: Path
    status: Status
    chain: Chain
    committed: tuple[str, Frontier]
    opened_ns: int


@dataclass
class Trail:
    """The trail of this process.

    Attributes:
        folder: of the trail.
        new_key: makes the key of a chain.
        common: `service`, `environment` and what else each record of the trail itself has.
        rules: digest of the redaction rules, hash text; None without redaction.
        delivered: called with the sealed records of each commit, in order; must not raise.
        disk: the disk.
        clock: nanoseconds since 1970.
        new_id: makes the hash text of a chain.
    """

    folder: Path
    new_key: Callable[[], ChainKey]
    common: Members
    rules: str | None
    delivered: Callable[[list[Members]], None]
    disk: Disk = field(default_factory=Disk)
    clock: Callable[[], int] = time.time_ns
    new_id: Callable[[], str] = lambda: secrets.token_hex(32)
    _open: _Open | None = None
    _left: _Left | None = None

    @property
    def unsigned(self) -> int:
        """How many records are after the last checkpoint."""
        return self._open.chain.unsigned if self._open is not None else 0

    @property
    def is_open(self) -> bool:
        """Whether there is a chain."""
        return self._open is not None

    def commit(self, drafts: Sequence[Members]) -> list[Result]:
        """Seal records, in order, and have them on disk; opens a chain where there is none.

        Args:
            drafts: the members of each record, without its seal, in the domain.

        Returns:
            For each a receipt, or why it does not exist, or may not.
        """
        if not drafts:
            return []
        try:
            current = self._ready()
        except AuditError as error:
            return [error] * len(drafts)
        results: list[Result] = []
        sealed: list[Members] = []
        lines: list[bytes] = []
        for draft in drafts:
            members = dict(draft)
            try:
                lines.append(current.chain.seal(members))
            except DomainError as error:
                results.append(AuditError(str(error)))
                continue
            sealed.append(members)
            results.append(Receipt(current.chain.id, members["auditSeq"], members["auditHash"]))
        if current.chain.unsigned >= CHECKPOINT_RECORDS:
            sealed.append(self._event("checkpoint", "CHECKPOINT"))
            lines.append(current.chain.checkpoint(sealed[-1]))
        failure = self._write(current, lines)
        if failure is not None:
            return [failure if isinstance(each, Receipt) else each for each in results]
        self.delivered(sealed)
        self._end_if_full(current)
        return results

    def checkpoint(self) -> None:
        """Sign the chain, where there is one.

        Raises:
            AuditError: it cannot be written.
        """
        self._sign("checkpoint", "CHECKPOINT")

    def close(self) -> None:
        """Close the chain, where there is one. The next commit opens another.

        Raises:
            AuditError: it cannot be written.
        """
        current = self._open
        if self._sign("closed", "CHAIN CLOSED") and current is not None:
            self._open = None
            with contextlib.suppress(OSError):
                self.disk.rename(current.path, current.path.with_suffix(_layout.ENDED))
            with contextlib.suppress(OSError):
                self.disk.close(current.file)

    def forget(self) -> None:
        """In a forked child: the chain is the parent's."""
        if self._open is not None:
            with contextlib.suppress(OSError):
                self.disk.close(self._open.file)
        self._open = self._left = None

    def interrupted(self) -> None:
        """An exception came in the midst of a commit: what is on disk is not known."""
        if self._open is not None:
            self._leave(self._open, "interrupted")

    def _sign(self, event: str, action: str) -> bool:
        current = self._open
        if current is None:
            return False
        reason = self._touched(current)
        if reason is not None:
            self._leave(current, reason)
            raise _gone(current, reason)
        members = self._event(event, action)
        error = self._write(current, [current.chain.checkpoint(members)])
        if error is not None:
            raise error
        self.delivered([members])
        return True

    def _ready(self) -> _Open:
        current = self._open
        if current is None:
            return self._opened()
        reason = self._touched(current)
        if reason is not None:
            self._leave(current, reason)
            raise _gone(current, reason)
        return current

    def _touched(self, current: _Open) -> str | None:
        """What somebody has done to the file; None if nothing can be seen."""
        try:
            found = self.disk.status(current.path)
            if found != current.status:
                return "size" if found[:2] == current.status[:2] else "replaced"
        except FileNotFoundError:
            return "removed"
        except OSError as error:
            return _name(error)
        return None

    def _write(self, current: _Open, lines: list[bytes]) -> AuditError | None:
        """Write and sync a batch of records that the chain has sealed; what went wrong, or None."""
        if not lines:
            return None
        chain = current.chain
        try:
            data = _layout.batch(chain.size - len(lines), lines)
            self.disk.write(current.file, data)
            self.disk.sync(current.file)
            current.status = current.status._replace(size=current.status.size + len(data))
            if self.disk.status(current.path) != current.status:
                raise FileNotFoundError(errno.ENOENT, "somebody has changed the file meanwhile")
        except OSError as error:
            self._leave(current, _name(error))
            return AuditUncertainError(
                f"the audit record may not be on disk: {error.strerror or error}. "
                f"The chain {chain.id[:16]} in {self.folder} is left; the next record opens another one"
            )
        current.committed = (chain.head, chain.tree.copy())
        return None

    def _leave(self, current: _Open, reason: str) -> None:
        """Never write to this chain again."""
        chain, (head, tree) = current.chain, current.committed
        uncertain = [leaf.hex() for leaf in chain.leaves_from(tree.size)]
        self._left = _Left(chain.id, tree.size, head, tree.root().hex(), reason, uncertain, current.path)
        self._open = None
        with contextlib.suppress(OSError):
            self.disk.close(current.file)

    def _opened(self) -> _Open:
        try:
            self.disk.make_folder(self.folder)
            with self.disk.locked(self.folder / _layout.LOCK):
                found = _recovery.survey(
                    self.disk, self.folder, self.common, self._left.chain if self._left is not None else None
                )
                try:
                    return self._begin(found)
                finally:
                    _recovery.release(self.disk, found)
        except (OSError, AuditKeyError) as error:
            raise AuditError(
                f"the audit record is not written: no chain can be opened in {self.folder}: "
                f"{getattr(error, 'strerror', None) or error}"
            ) from None

    def _begin(self, found: _recovery.Survey) -> _Open:
        chain = Chain(self.new_id(), self.new_key())
        sealed, lines = self._first_records(chain, found)
        path = self.folder / (chain.id + _layout.LIVE)
        file = self.disk.create(path)
        try:
            if not self.disk.try_lock(file):
                raise OSError(errno.EWOULDBLOCK, "somebody else has locked the new file")
            self.disk.write(file, _layout.header(chain.id) + _layout.batch(0, lines))
            self.disk.sync(file)
            self.disk.sync_folder(self.folder)
            status = self.disk.status(file)
        except BaseException:
            # Nobody was told of a record in it.
            with contextlib.suppress(OSError):
                self.disk.remove(path)
            with contextlib.suppress(OSError):
                self.disk.close(file)
            raise
        self._open = _Open(file, path, status, chain, (chain.head, chain.tree.copy()), self.clock())
        ended = [*found.ended, *([self._left.path] if self._left is not None else [])]
        self._left = None
        for each in ended:
            with contextlib.suppress(OSError):  # then the next chain names it once more
                self.disk.rename(each, each.with_suffix(_layout.NAMED))
        again = [record for recovered in found.recovered for record in recovered.again]
        self.delivered(again + sealed)
        return self._open

    def _first_records(self, chain: Chain, found: _recovery.Survey) -> tuple[list[Members], list[bytes]]:
        heads = sorted(head for head in found.heads if head.size)
        if self._left is not None:
            heads = sorted([*heads, _recovery.Head(self._left.chain, self._left.size, self._left.head)])
        sealed = [self._event("opened", "CHAIN OPENED", **_heads(heads[:MOST_HEADS]))]
        if self.rules is not None:
            sealed[0]["auditRules"] = self.rules
        lines = [chain.opened(sealed[0])]
        rotated = chain.rotation()
        events = [
            self._event("heads", "CHAIN HEADS", **_heads(heads[place : place + MOST_HEADS]))
            for place in range(MOST_HEADS, len(heads), MOST_HEADS)
        ]
        if rotated:
            events.append(self._event("rotated", "KEY ROTATED", **rotated))
        if self._left is not None:
            left = self._left
            stated = _statement(left.chain, left.size, left.head, left.root, "failure")
            events.append(
                self._event("left", "CHAIN LEFT", **stated, auditReason=left.reason, auditUncertain=left.uncertain)
            )
        for each in found.recovered:
            stated = _statement(*each.head[:2], each.head.hash, each.root, "success" if each.sound else "failure")
            events.append(self._event("recovered", "CHAIN RECOVERED", **stated, auditCutBytes=each.cut))
        lines += [chain.seal(event) for event in events]
        # At once, so that what this chain says of others counts from the beginning.
        signed = self._event("checkpoint", "CHECKPOINT")
        lines.append(chain.checkpoint(signed))
        return [*sealed, *events, signed], lines

    def _event(self, event: str, action: str, **members: object) -> Members:
        timestamp = schema.iso_timestamp(self.clock())
        return {
            "timestamp": timestamp,
            "level": "info",
            "message": f"{schema.AUDIT_PREFIX} {action}",
            **self.common,
            "logger": "aegis_otel.audit",
            "complianceLevel": "HIPAA",
            "auditTimestamp": timestamp,
            "auditAction": action,
            "auditEvent": event,
            **members,
        }

    def _end_if_full(self, current: _Open) -> None:
        if (
            current.chain.size >= MOST_RECORDS
            or current.status.size >= MOST_BYTES
            or self.clock() - current.opened_ns >= LONGEST_NS
        ):
            with contextlib.suppress(AuditError):  # then the next chain says that this one was left
                self.close()


def _heads(heads: Sequence[_recovery.Head]) -> Members:
    return {
        "auditHeadChains": [each.chain for each in heads],
        "auditHeadSizes": [each.size for each in heads],
        "auditHeadHashes": [each.hash for each in heads],
    }


def _statement(chain: str, size: int, head: str, root: str, outcome: str) -> Members:
    return {"auditOfChain": chain, "auditOfSize": size, "auditOfHash": head, "auditOfRoot": root, "outcome": outcome}


def _name(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "removed"
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def _gone(current: _Open, reason: str) -> AuditError:
    return AuditError(
        f"the audit record is not written: the trail's file {current.path} was changed by somebody else ({reason}). "
        "Records in it may be lost: run `aegis-otel audit verify`. The next record opens another chain"
    )
