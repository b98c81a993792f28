"""Verify records from anywhere: each one's hash, each chain, and what chains and witnesses say of other chains.

docs/audit-format.md, section 9. `verify` takes records as `aegis_otel.audit.sources` gives them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from aegis_otel import schema
from aegis_otel.audit import _check, _events, _keys, _note
from aegis_otel.audit._canonical import in_domain
from aegis_otel.audit._check import ChainCheck, ChainVerifier, Sealed, Statement
from aegis_otel.audit._merkle import root_of
from aegis_otel.audit._seal import Members, hash_of
from aegis_otel.audit.states import Report, State
from aegis_otel.audit.trust import NodeTrust, Trust

SILENCE: timedelta = timedelta(seconds=150)
"""A chain without an end is silent for so long at most: a process that idles makes a checkpoint each 60 s."""


@dataclass(frozen=True)
class Found:
    """A record as it was found.

    Attributes:
        record: its members; values may be outside of the domain.
        place: file and line, or the like.
        hashed: True if its hash is known to be right.
    """

    record: Members
    place: str = ""
    hashed: bool = False


@dataclass
class Trace:
    """What else is known of a chain, from its file.

    Attributes:
        problem: why bytes behind the last whole batch are none; empty if there are none.
        torn: whether they are as an interrupted write leaves them.
        live: whether the file's name says that a process is writing it.
        place: the file.
    """

    problem: str = ""
    torn: bool = False
    live: bool = False
    place: str = ""


@dataclass
class Input:
    """All that is to be verified.

    Attributes:
        found: the records, in any order.
        filtered: whether they came through the pipe, where redaction may have masked something.
        traces: by chain, of a folder.
        report: what was wrong with reading them; the result is added.
    """

    found: Iterable[Found]
    filtered: bool
    traces: dict[str, Trace] = field(default_factory=dict)
    report: Report = field(default_factory=Report)


@dataclass(frozen=True)
class Rules:
    """How strict a verification is.

    Attributes:
        now: the time of the verification.
        tail: seconds; unproven records at a chain's end that are younger are accepted.
        unsealed_allowed: whether audit records without a seal are only counted.
        rotations: whether a rotation that a trusted key has signed makes the new key trusted.
    """

    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    tail: float = 0.0
    unsealed_allowed: bool = False
    rotations: bool = True


def verify(given: Input, trust: Trust, evidence: Iterable[_note.Note] = (), rules: Rules | None = None) -> Report:
    """Verify records.

    Args:
        given: the records.
        trust: the verifier's own keys.
        evidence: checkpoints with cosignatures of witnesses, from elsewhere.
        rules: how strict; the default where None.
    """
    return _Verification(given, trust, rules or Rules()).run(list(evidence))


class _Verification:
    def __init__(self, given: Input, trust: Trust, rules: Rules) -> None:
        self._given = given
        self._trust = trust
        self._rules = rules
        self._report = given.report
        self._chains: dict[str, dict[int, list[Sealed]]] = {}
        self._checks: dict[str, ChainCheck] = {}
        self._ends: dict[str, Statement] = {}
        self._seen: set[str] = set()

    def run(self, evidence: list[_note.Note]) -> Report:
        report = self._report
        if self._trust.is_empty:
            report.add(State.NOT_VERIFIED, "no trusted key was given")
        for found in self._given.found:
            self._take(found)
        if self._rules.rotations:
            self._follow_rotations()
        verifier = ChainVerifier(self._trust, report)
        wrong: dict[str, set[int]] = {}
        for each in report.problems:
            wrong.setdefault(each.chain, set()).update(() if each.seq is None else (each.seq,))
        self._seen = wrong.keys() | self._chains.keys()
        for chain in sorted(self._chains):
            self._checks[chain] = verifier.check(chain, self._ordered(chain), wrong.get(chain, ()))
        self._believe_statements()
        for note in evidence:
            self._witnessed(note)
        for chain in sorted(self._checks.keys() | self._given.traces.keys()):
            self._end(chain)
        report.chains = len(self._checks)
        report.records = sum(check.count for check in self._checks.values())
        report.proven = sum(min(check.proven, len(check.leaves)) for check in self._checks.values() if check.trusted)
        if not report.proven and not report.problems:
            report.add(State.NOT_VERIFIED, "no record is proven" if report.records else "there is no audit record")
        if any(check.algorithm == _keys.HMAC and check.trusted for check in self._checks.values()):
            report.notes.append("HMAC: whoever can verify these records can also forge them")
        report.sort()
        return report

    def _take(self, found: Found) -> None:
        """Sort a record in by chain and number, if its hash is right."""
        record, report = found.record, self._report
        if "auditHash" not in record:
            if is_audit(record):
                report.unsealed += 1
                if not self._rules.unsealed_allowed:
                    report.add(State.UNSEALED, "an audit record has no seal", place=found.place)
            return
        named, number = record.get("auditChain"), record.get("auditSeq")
        chain = str(named) if _note.is_hash(named) else ""
        seq = number if type(number) is int else None
        if _check.is_unknown_version(record):
            report.add(State.NOT_VERIFIED, "the record is of an unknown version", chain, seq, found.place)
            return
        wrong = _events.wrong_seal(record)
        if not wrong and not found.hashed and _hash(record) != record["auditHash"]:
            wrong = "has a hash that is not its own"
        if wrong:
            masked = self._given.filtered and _is_masked(record)
            state = State.MASKED if masked else State.TAMPERED
            report.add(state, f"the record {'was masked' if masked else wrong}", chain, seq, found.place)
            return
        self._chains.setdefault(chain, {}).setdefault(record["auditSeq"], []).append(Sealed(record, found.place))

    def _ordered(self, chain: str) -> Iterable[Sealed]:
        numbers = self._chains[chain]
        for seq in sorted(numbers):
            first, *others = numbers[seq]
            for other in others:
                if other.record == first.record:
                    self._report.duplicates += 1
                elif other.record["auditHash"] == first.record["auditHash"]:
                    text = "two copies of the record differ in what the hash does not cover"
                    self._report.add(State.TAMPERED, text, chain, seq, other.place)
                else:
                    self._report.add(State.FORK, "two records have this number", chain, seq, other.place)
            yield first

    def _follow_rotations(self) -> None:
        """Trust new node keys that trusted ones have signed."""
        records = [
            sealed.record
            for numbers in self._chains.values()
            for group in numbers.values()
            for sealed in group
            if sealed.record.get("auditEvent") == "rotated" and not _events.wrong_event(sealed.record, _keys.ED25519)
        ]
        verifier = ChainVerifier(self._trust, Report())
        records = [record for record in records if verifier.rotated(record) is None]
        while True:
            before = len(self._trust.nodes)
            for record in records:
                old, new = record["auditOldKey"], record["auditNodeKey"]
                at = record["auditRotatedAt"]
                keys = self._trust.nodes.get(old, ())
                if new not in self._trust.nodes and any(not each.until or at <= each.until for each in keys):
                    self._trust.add_node(NodeTrust(new, since=at))
                    name = _note.node_vkey(bytes.fromhex(new)).name
                    self._report.notes.append(f"{name} is trusted because a trusted key was rotated to it at {at}")
            if len(self._trust.nodes) == before:
                return

    def _believe_statements(self) -> None:
        """Compare what chains say of each other; what is proven there is proven here."""
        waiting = [each for check in self._checks.values() if check.trusted for each in check.statements]
        while True:
            believed = [each for each in waiting if each.seq < self._checks[each.by].proven]
            if not believed:
                return
            waiting = [each for each in waiting if each.seq >= self._checks[each.by].proven]
            for each in believed:
                self._believe(each)

    def _believe(self, said: Statement) -> None:
        source = f"chain {said.by[:16]}, record {said.seq}"
        check = self._checks.get(said.chain)
        if said.event != "heads":
            self._ends.setdefault(said.chain, said)
        if check is None and said.chain in self._seen:
            return  # what is wrong with it is told
        if check is None:
            if said.size:
                self._report.add(State.MISSING, f"the chain is not there; {source} names it", said.chain)
            return
        if said.size > len(check.leaves):
            if check.first_bad is None:
                text = f"the chain ends before record {said.size - 1}, which {source} names"
                self._bad(check, State.MISSING, text, len(check.leaves))
            return
        if said.size and check.leaves[said.size - 1] != said.hash:
            self._bad(check, State.FORK, f"the record is another one than {source} names", said.size - 1)
            return
        if said.root and said.size and said.root != _root(check, said.size):
            self._bad(check, State.FORK, f"the chain has another root than {source} names", said.size - 1)
            return
        check.proven = max(check.proven, said.size)
        if said.event == "heads":
            return
        allowed = (*check.leaves[: said.size], *said.uncertain)
        for seq in range(said.size, len(check.leaves)):
            if seq >= len(allowed) or check.leaves[seq] != allowed[seq]:
                self._bad(check, State.TAMPERED, f"the record is behind the end that {source} names", seq)
                return
        check.proven = max(check.proven, len(check.leaves))

    def _bad(self, check: ChainCheck, state: State, text: str, seq: int) -> None:
        check.first_bad = seq if check.first_bad is None else min(check.first_bad, seq)
        self._report.add(state, text, check.chain, seq)

    def _witnessed(self, note: _note.Note) -> None:
        try:
            stated = _note.parse_checkpoint(note.text)
        except _note.NoteError as error:
            self._report.add(State.NOT_VERIFIED, f"a piece of evidence {error}")
            return
        check = self._checks.get(stated.chain)
        if not self._is_witnessed(note, check):
            text = "a piece of evidence is signed by no trusted witness, and not by the chain"
            self._report.add(State.NOT_VERIFIED, text, stated.chain)
        elif check is None and stated.chain in self._seen:
            return
        elif check is None:
            self._report.add(State.MISSING, "the chain is not there; a witness has seen it", stated.chain)
        elif stated.size > len(check.leaves):
            if check.first_bad is None:
                text = f"the chain ends before record {stated.size - 1}, which a witness has seen"
                self._bad(check, State.MISSING, text, len(check.leaves))
        elif stated.size and stated.root.hex() != _root(check, stated.size):
            self._bad(check, State.FORK, "the chain has another root than a witness has seen", stated.size - 1)
        else:
            check.proven = max(check.proven, stated.size)

    def _is_witnessed(self, note: _note.Note, check: ChainCheck | None) -> bool:
        for witness in self._trust.witnesses:
            signature = note.signature_by(witness)
            if signature is not None and len(signature) == 72:
                text = _note.cosigned_text(note.text, int.from_bytes(signature[:8], "big"))
                if _keys.is_signed(witness.key, signature[8:], text.encode()):
                    return True
        if check is None or not check.trusted or not check.key:
            return False
        vkey = _note.chain_vkey(check.chain, bytes.fromhex(check.key))
        signature = note.signature_by(vkey)
        return signature is not None and _keys.is_signed(vkey.key, signature, note.text.encode())

    def _end(self, chain: str) -> None:
        """Look at the end of a chain: bytes behind it, records that nothing proves, silence."""
        check = self._checks.get(chain, ChainCheck(chain))
        end = self._ends.get(chain)
        trace = self._given.traces.get(chain)
        size = len(check.leaves)
        ended = check.closed or end is not None
        if trace is not None and trace.problem and not self._may_be_torn(trace, end, size):
            if trace.live and trace.torn:
                self._report.add(State.TAIL_UNPROVEN, trace.problem, chain, size, trace.place)
            else:
                self._report.add(State.TAMPERED, trace.problem, chain, size, trace.place)
        if check.first_bad is not None:
            return
        if trace is not None and not trace.live and not ended:
            self._report.add(State.MISSING, "the end of the chain is missing", chain, size, trace.place)
        if size > check.proven and not self._is_young(check):
            self._report.add(State.TAIL_UNPROVEN, "nothing proves the records from here on", chain, check.proven)
        elif size and not ended and not self._is_younger(check.last, SILENCE.total_seconds()):
            text = "the chain has no end, and its process is silent: records may be missing behind the last one"
            self._report.add(State.TAIL_UNPROVEN, text, chain, size - 1)

    def _may_be_torn(self, trace: Trace, end: Statement | None, size: int) -> bool:
        if end is None:
            return False
        return end.event == "left" or (end.size == 0 and size == 0 and trace.problem == "the file is empty")

    def _is_young(self, check: ChainCheck) -> bool:
        return self._rules.tail > 0 and self._is_younger(check.last, self._rules.tail)

    def _is_younger(self, timestamp: str, seconds: float) -> bool:
        try:
            moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
        except ValueError:
            return False
        return self._rules.now - moment < timedelta(seconds=seconds)


def is_audit(record: Members) -> bool:
    """Whether a stored record claims to be an audit record."""
    message = record.get("message")
    if any(name in record for name in schema.AUDIT_FIELDS):
        return True
    return type(message) is str and message.startswith(schema.AUDIT_PREFIX)


def _hash(record: Members) -> str:
    try:
        return hash_of(record).hex() if in_domain(record) else ""
    except (ValueError, RecursionError):
        return ""


def _is_masked(record: Members) -> bool:
    return "[REDACTED" in repr(record) or "[REDACTION FAILED]" in repr(record)


def _root(check: ChainCheck, size: int) -> str:
    known = check.roots.get(size)
    if known is None:
        known = root_of(list(map(bytes.fromhex, check.leaves[:size]))).hex()
    return known
