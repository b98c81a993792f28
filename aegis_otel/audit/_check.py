"""Verify one chain by itself: numbers, hashes, links, tree, checkpoints, the key and its endorsement.

docs/audit-format.md, sections 2 to 5. What chains say of each other is for `aegis_otel.audit.verify`.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from aegis_otel.audit import _events, _keys, _merkle, _note
from aegis_otel.audit._keys import ED25519, HMAC
from aegis_otel.audit._seal import FORMAT, ZERO, Members
from aegis_otel.audit.states import Report, State
from aegis_otel.audit.trust import Trust


@dataclass
class Sealed:
    """A record whose hash is right, and where it was found."""

    record: Members
    place: str

    @property
    def seq(self) -> int:
        """Its number."""
        return int(self.record["auditSeq"])


@dataclass
class Statement:
    """What a chain says of another: that it has this size, this hash of its last record, this root.

    Attributes:
        by, seq: the record that says so.
        event: heads (also those of `opened`), recovered, left.
        chain, size, hash, root: what it says; no root: empty.
        uncertain: hashes of records that may follow.
    """

    by: str
    seq: int
    event: str
    chain: str
    size: int
    hash: str
    root: str = ""
    uncertain: tuple[str, ...] = ()


@dataclass
class ChainCheck:
    """A chain, verified by itself.

    Attributes:
        chain: hash text.
        leaves: hash texts of records 0, 1, 2, … up to the first that is missing.
        count: how many different records there are.
        proven: up to which size it is proven.
        trusted: whether its key is endorsed by a key that is trusted.
        closed: whether it has its end.
        last: the time of its last record.
        statements: what it says of others.
        roots: by size, where a checkpoint is.
        first_bad: number of the first record that something is wrong with.
    """

    chain: str
    leaves: list[str] = field(default_factory=list)
    count: int = 0
    proven: int = 0
    trusted: bool = False
    closed: bool = False
    last: str = ""
    statements: list[Statement] = field(default_factory=list)
    roots: dict[int, str] = field(default_factory=dict)
    first_bad: int | None = None
    key: str = ""
    algorithm: str = ""
    tree: _merkle.Frontier = field(default_factory=_merkle.Frontier)
    _secret: bytes = b""
    _signed: _merkle.Frontier = field(default_factory=_merkle.Frontier)
    _since: list[bytes] = field(default_factory=list)
    _previous: str = ZERO


class ChainVerifier:
    """Verifies chains against trusted keys, and notes what is wrong in a report."""

    def __init__(self, trust: Trust, report: Report) -> None:
        self._trust = trust
        self._report = report

    def check(self, chain: str, records: Iterable[Sealed], wrong: Collection[int] = ()) -> ChainCheck:
        """Verify the records of a chain, each different, in the order of their numbers.

        Args:
            chain: hash text.
            records: those whose hashes are right.
            wrong: numbers of records that are there and were found wrong before; nothing behind one is verified.
        """
        found = ChainCheck(chain)
        expected = 0
        for sealed in records:
            found.count += 1
            found.last = max(found.last, sealed.record["timestamp"])
            if found.first_bad is not None:
                continue
            if sealed.seq != expected and expected in wrong:
                found.first_bad = expected
                continue
            if sealed.seq != expected:
                self._bad(found, State.MISSING, f"record {expected} is missing", expected, sealed.place)
                continue
            problem = self._record(found, sealed.record)
            if problem is not None:
                self._bad(found, *problem, sealed.seq, sealed.place)
                continue
            expected += 1
        if found.first_bad is None and expected in wrong:
            found.first_bad = expected
        return found

    def _bad(self, found: ChainCheck, state: State, text: str, seq: int, place: str) -> None:
        found.first_bad = seq
        self._report.add(state, text, found.chain, seq, place)

    def _record(self, found: ChainCheck, record: Members) -> tuple[State, str] | None:
        seq = len(found.leaves)
        if found.closed:
            return State.TAMPERED, "a record follows the end of the chain"
        if record["auditPrevious"] != found._previous:
            return State.TAMPERED, "the record does not follow the one before"
        event = record.get("auditEvent")
        if (event == "opened") != (seq == 0):
            return State.TAMPERED, "the chain does not begin with its opening, or has a second one"
        if event == "opened" and record.get("auditAlgorithm") not in (ED25519, HMAC):
            return State.NOT_VERIFIED, "the chain uses an algorithm that version 1 does not have"
        if event == "opened":
            found.algorithm = str(record["auditAlgorithm"])
        text = _events.wrong_event(record, found.algorithm) if "auditEvent" in record else _events.wrong_names(record)
        if text:
            return State.TAMPERED, f"the record {text}"
        leaf = bytes.fromhex(record["auditHash"])
        found.tree.append(leaf)
        found._since.append(leaf)
        found.leaves.append(record["auditHash"])
        found._previous = record["auditHash"]
        wrong = self._event(found, event, record)
        if wrong is not None:
            found.leaves.pop()
        return wrong

    def _event(self, found: ChainCheck, event: str | None, record: Members) -> tuple[State, str] | None:
        if event == "opened":
            self._heads(found, record)
            return self._opened(found, record)
        if event == "heads":
            self._heads(found, record)
        elif event in ("recovered", "left"):
            found.statements.append(
                Statement(
                    found.chain,
                    record["auditSeq"],
                    event,
                    record["auditOfChain"],
                    record["auditOfSize"],
                    record["auditOfHash"],
                    record["auditOfRoot"],
                    tuple(record.get("auditUncertain", ())),
                )
            )
        elif event in ("checkpoint", "closed"):
            found.closed = event == "closed"
            text = self._checkpoint(found, record)
            return (State.TAMPERED, text) if text else None
        elif event == "rotated":
            return self.rotated(record)
        return None

    def _heads(self, found: ChainCheck, record: Members) -> None:
        for chain, size, head in zip(
            record["auditHeadChains"], record["auditHeadSizes"], record["auditHeadHashes"], strict=True
        ):
            found.statements.append(Statement(found.chain, record["auditSeq"], "heads", chain, size, head))

    def _opened(self, found: ChainCheck, record: Members) -> tuple[State, str] | None:
        if found.algorithm == HMAC:
            secret = self._trust.secrets.get(record["auditKeyId"])
            if secret is None:
                return State.NOT_VERIFIED, "the HMAC secret of the chain is not among the trusted keys"
            found._secret = _keys.mac_key(secret, found.chain)
            found.trusted = True
            return None
        found.key = record["auditKey"]
        node = bytes.fromhex(record["auditNodeKey"])
        text = _note.endorsement_text(found.chain, found.key, record["timestamp"])
        if not _keys.is_signed(node, _joined(record, "auditEndorsement"), text.encode()):
            return State.TAMPERED, "the endorsement of the chain's key is wrong"
        keys = self._trust.nodes.get(record["auditNodeKey"])
        if keys is None:
            return State.NOT_VERIFIED, f"the node key {_note.node_vkey(node).name} is not among the trusted keys"
        if not any(each.covers(record["timestamp"]) for each in keys):
            return State.NOT_VERIFIED, f"the node key {_note.node_vkey(node).name} is not trusted at the chain's time"
        found.trusted = True
        return None

    def _checkpoint(self, found: ChainCheck, record: Members) -> str:
        """What is wrong with it; empty if nothing."""
        size = found.tree.size
        if record["auditSize"] != size:
            return "the checkpoint names another size"
        root = found.tree.root()
        if record["auditRoot"] != root.hex():
            return "the root of the checkpoint is wrong"
        if record["auditProofSize"] != found._signed.size:
            return "the checkpoint does not name the size of the one before"
        proof = [each.hex() for each in _merkle.consistency_from(found._signed, found._since)]
        if record["auditProof"] != proof:
            return "the consistency proof of the checkpoint is wrong"
        text = _note.checkpoint_text(found.chain, size, root).encode()
        if found.algorithm == HMAC:
            if not hmac.compare_digest(hmac.digest(found._secret, text, "sha256").hex(), record["auditMac"]):
                return "the MAC of the checkpoint is wrong"
        elif not _keys.is_signed(bytes.fromhex(found.key), _joined(record, "auditSignature"), text):
            return "the signature of the checkpoint is wrong"
        found._signed = found.tree.copy()
        found._since.clear()
        found.proven = size
        found.roots[size] = root.hex()
        return ""

    def rotated(self, record: Members) -> tuple[State, str] | None:
        """What is wrong with the record of a rotation, whose form is right; None if nothing."""
        old, new = (_note.node_vkey(bytes.fromhex(record[name])) for name in ("auditOldKey", "auditNodeKey"))
        text = _note.rotation_text(old, new, record["auditRotatedAt"]).encode()
        if not (
            _keys.is_signed(old.key, _joined(record, "auditOldSignature"), text)
            and _keys.is_signed(new.key, _joined(record, "auditNewSignature"), text)
        ):
            return State.TAMPERED, "a signature of the key's rotation is wrong"
        return None


def _joined(record: Members, name: str) -> bytes:
    return bytes.fromhex(record[f"{name}1"] + record[f"{name}2"])


def is_unknown_version(record: Members) -> bool:
    """Whether a record says that it is of another version of the format."""
    version = record.get("auditFormat")
    return type(version) is int and version != FORMAT
