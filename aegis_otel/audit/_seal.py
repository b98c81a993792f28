"""The seal of a record: number, hash of the record before, own hash; and the chain's state that makes seals.

docs/audit-format.md, sections 2, 3 and 5. Knows no file.
"""

from __future__ import annotations

from collections import deque
from hashlib import sha256
from typing import Any, Final, NamedTuple

from aegis_otel.audit import _note
from aegis_otel.audit._canonical import MOST_BYTES, DomainError, canonical
from aegis_otel.audit._keys import ChainKey
from aegis_otel.audit._merkle import Frontier, consistency_from

FORMAT: Final = 1
ZERO: Final = "0" * 64
"""The hash text that stands for no record."""
OUTER: Final = frozenset(("auditHash", "auditRoot", "auditProof", "auditSignature1", "auditSignature2", "auditMac"))
"""The members that the hash does not cover."""
MOST_RECENT: Final = 640
"""The most records of one commit, with those of the trail itself."""

Members = dict[str, Any]


class Receipt(NamedTuple):
    """Where an audit record stands, for a column of the app's own row.

    Attributes:
        chain: hash text of the chain.
        seq: number of the record in the chain.
        hash: hash text of the record. All three are empty or -1 where nothing was sealed.
    """

    chain: str
    seq: int
    hash: str

    @property
    def sealed(self) -> bool:
        """Whether the record is in the trail."""
        return bool(self.hash)


UNSEALED: Final = Receipt("", -1, "")


def belongs_to_format(name: str) -> bool:
    """Whether an app may not use this name at the top of a record."""
    return name.startswith("audit") and name[5:6].isupper() and name not in ("auditAction", "auditTimestamp")


def hash_of(members: Members) -> bytes:
    """The hash of a record whose `auditChain` is a hash text, from its members."""
    inner = {name: value for name, value in members.items() if name not in OUTER}
    return leaf_of(str(members["auditChain"]), canonical(inner))


def leaf_of(chain: str, inner: bytes) -> bytes:
    """The hash of a record, from the canonical bytes of its inner members."""
    return sha256(b"\x00aegis-otel-audit/%d\n%b\n%b" % (FORMAT, chain.encode(), inner)).digest()


class Chain:
    """The end of a chain that this process writes.

    Attributes:
        id: hash text.
        size: how many records.
        head: hash text of the last one; ZERO where there is none.
        tree: the tree over all of them.
    """

    def __init__(self, chain: str, key: ChainKey) -> None:
        self.id = chain
        self.head = ZERO
        self.tree = Frontier()
        self._key = key
        self._signed = Frontier()
        self._since: list[bytes] = []
        self._recent: deque[bytes] = deque(maxlen=MOST_RECENT)

    @property
    def size(self) -> int:
        """How many records it has."""
        return self.tree.size

    @property
    def unsigned(self) -> int:
        """How many records are after the last checkpoint."""
        return len(self._since)

    def leaves_from(self, size: int) -> list[bytes]:
        """The leaf hashes from this number on, as far as the last commit reaches back."""
        return list(self._recent)[size - self.size :] if size < self.size else []

    def seal(self, members: Members) -> bytes:
        """Add a record: completes `members` by its seal, and gives its canonical bytes.

        Raises:
            DomainError: it is too large. Nothing has changed then, and `members` must not be used.
        """
        self._number(members)
        inner = canonical(members)
        if len(inner) + 80 > MOST_BYTES:
            raise DomainError(f"the record has {len(inner)} bytes, and an audit record holds {MOST_BYTES} at most")
        previous = self.head
        leaf = leaf_of(self.id, inner)
        self._append(members, leaf)
        # Between these two names no other can stand; an app's map further inside may look the same.
        begin, end = b'"auditFormat":1,', b'"auditPrevious":"%b"' % previous.encode()
        if inner.count(begin + end) == 1:
            return inner.replace(begin + end, b'%b"auditHash":"%b",%b' % (begin, self.head.encode(), end))
        return canonical(members)

    def opened(self, members: Members) -> bytes:
        """Add the first record."""
        members.update(self._key.opened(self.id, members["timestamp"]))
        return self.seal(members)

    def rotation(self) -> Members:
        """See `aegis_otel.audit._keys.ChainKey`."""
        return self._key.rotation()

    def checkpoint(self, members: Members) -> bytes:
        """Add a record that signs the chain up to and with itself."""
        self._number(members)
        members["auditSize"] = self.size + 1
        members["auditProofSize"] = self._signed.size
        leaf = leaf_of(self.id, canonical(members))
        after = self.tree.copy()
        after.append(leaf)
        root = after.root()
        proof = consistency_from(self._signed, [*self._since, leaf])
        members["auditRoot"] = root.hex()
        members["auditProof"] = [each.hex() for each in proof]
        members.update(self._key.sealed(_note.checkpoint_text(self.id, self.size + 1, root)))
        self._append(members, leaf)
        line = canonical(members)
        self._signed = self.tree.copy()
        self._since.clear()
        return line

    def _number(self, members: Members) -> None:
        members["auditFormat"] = FORMAT
        members["auditChain"] = self.id
        members["auditSeq"] = self.size
        members["auditPrevious"] = self.head

    def _append(self, members: Members, leaf: bytes) -> None:
        members["auditHash"] = self.head = leaf.hex()
        self.tree.append(leaf)
        self._since.append(leaf)
        self._recent.append(leaf)
