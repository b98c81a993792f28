"""Write the test vectors of the audit trail (docs/audit-format.md, section 10): python -m tools.audit_vectors [FOLDER].

Keys, ids and times are fixed, so the same files come out each time. What is expected of each case is written here by
hand, after the page; nothing asks our verifier.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aegis_otel.audit._keys import MacChain, NodeKey
from aegis_otel.audit._note import node_vkey
from tests.audit import test_attacks as attacks
from tests.support import audit as trails
from tools import audit_vectors_signed as signed

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "audit" / "testvectors"
AS_OF = "2026-01-31T12:01:00.000Z"
SECRET = trails.numbered("secret")
STATES = {
    "OK": 0,
    "TAMPERED": 20,
    "FORK": 21,
    "MISSING": 22,
    "MASKED": 23,
    "NOT VERIFIED": 24,
    "UNSEALED": 25,
    "TAIL UNPROVEN": 26,
}
Chains = dict[str, list[trails.Record]]


@dataclass
class Case:
    """A case: what is changed, and what a verifier must say.

    Attributes:
        state: of a folder and of an export.
        change: changes the records; gives the first bad record where it is clear, else None.
        only: folder, export, or both where empty.
        keys: the file of trusted keys.
        evidence: a file of a witness, if one is given.
        duplicates: how many.
        as_of: when the verification takes place.
    """

    state: str
    change: Callable[[Chains], tuple[str, int] | None]
    only: str = ""
    keys: str = "keys.txt"
    evidence: str = ""
    duplicates: int = 0
    as_of: str = AS_OF


def _attack(attack: attacks.Attack) -> Callable[[Chains], tuple[str, int] | None]:
    def change(chains: Chains) -> tuple[str, int] | None:
        chain, low, high = attack(attacks.Scene(chains, random.Random(attack.__name__)))
        return (chain, low) if low == high and low >= 0 else None

    return change


def _nothing(chains: Chains) -> None: ...


def _newest_cut(chains: Chains) -> tuple[str, int]:
    chain = list(chains)[-1]
    del chains[chain][-1]
    return chain, len(chains[chain])


def _newest_cut_unseen(chains: Chains) -> None:
    """In an export nothing tells that a chain whose last record is young has ended."""
    _newest_cut(chains)


def _first_gone(chains: Chains) -> None:
    del chains[next(iter(chains))]


def _unproven(chains: Chains) -> tuple[str, int]:
    """The last checkpoints of the newest chain are gone: what is left has no proof."""
    chain = list(chains)[-1]
    records = chains[chain]
    places = [n for n, each in enumerate(records) if each.get("auditEvent") in ("checkpoint", "closed")]
    del records[places[-2] :]
    return chain, places[-3] + 1


def _of_version_2(chains: Chains) -> tuple[str, int]:
    chain = next(iter(chains))
    for record in chains[chain]:
        record["auditFormat"] = 2
    return chain, 0


def _unsealed(chains: Chains) -> None:
    chains["plain"] = [{"message": "AUDIT: CREATE", "auditAction": "CREATE", "service": "other", "level": "info"}]


def _usual(chains: Chains) -> None:
    """A usual log record, with values that no sealed one may have, is not looked at."""
    chains["plain"] = [{"message": "HTTP Request Completed", "responseTime": 1.5, "level": "info"}]


def _twice(chains: Chains) -> None:
    chain = next(iter(chains))
    chains["again"] = copy.deepcopy(chains[chain][1:3])


def _masked(chains: Chains) -> tuple[str, int]:
    chain = next(iter(chains))
    chains[chain][3]["actor"] = "[REDACTED:name]"
    return chain, 3


def _one_more_field(chains: Chains) -> tuple[str, int]:
    chain = next(iter(chains))
    chains[chain][3]["receivedAt"] = "2026-01-31T12:00:02.000Z"
    return chain, 3


def _another_root(chains: Chains) -> tuple[str, int]:
    chain = next(iter(chains))
    place = next(n for n, each in enumerate(chains[chain]) if n > 1 and each.get("auditEvent") == "checkpoint")
    chains[chain][place]["auditRoot"] = trails.numbered("another").hex()
    return chain, place


def _another_proof(chains: Chains) -> tuple[str, int]:
    chain = next(iter(chains))
    place = next(n for n, each in enumerate(chains[chain]) if each.get("auditProof"))
    chains[chain][place]["auditProof"][0] = trails.numbered("another").hex()
    return chain, place


CASES: dict[str, Case] = {
    "whole": Case("OK", _nothing),
    "whole-with-evidence": Case("OK", _nothing, evidence="evidence.txt"),
    "edit": Case("TAMPERED", _attack(attacks.edit)),
    "delete": Case("MISSING", _attack(attacks.delete), "export"),
    "swap": Case("TAMPERED", _attack(attacks.swap)),
    "insert": Case("TAMPERED", _attack(attacks.insert)),
    "double": Case("TAMPERED", _attack(attacks.double)),
    "roll-back": Case("MISSING", _attack(attacks.roll_back), evidence="evidence.txt"),
    "fork": Case("TAMPERED", _attack(attacks.fork)),
    "splice": Case("TAMPERED", _attack(attacks.splice)),
    "chain-gone": Case("MISSING", _attack(attacks.chain_gone), evidence="evidence.txt"),
    "key-swap": Case("TAMPERED", _attack(attacks.key_swap)),
    "replay": Case("TAMPERED", _attack(attacks.replay)),
    "gap": Case("TAMPERED", _attack(attacks.gap)),
    "reseal": Case("TAMPERED", _attack(attacks.reseal)),
    "rehash": Case("TAMPERED", _attack(attacks.rehash)),
    "root": Case("TAMPERED", _another_root),
    "proof": Case("TAMPERED", _another_proof),
    "field-added": Case("TAMPERED", _one_more_field),
    "end-cut": Case("MISSING", _newest_cut, "folder"),
    "end-cut-export": Case("OK", _newest_cut_unseen, "export"),
    "tail": Case("TAIL UNPROVEN", _unproven, "export"),
    "version": Case("NOT VERIFIED", _of_version_2, "export"),
    "wrong-key": Case("NOT VERIFIED", _nothing, keys="other-keys.txt"),
    "no-key": Case("NOT VERIFIED", _nothing, keys="no-keys.txt"),
    "key-not-yet": Case("NOT VERIFIED", _nothing, keys="late-keys.txt"),
    "unsealed": Case("UNSEALED", _unsealed, "export"),
    "usual-records": Case("OK", _usual, "export"),
    "duplicate": Case("OK", _twice, "export", duplicates=2),
    "masked": Case("MASKED", _masked, "export"),
    "masked-in-a-folder": Case("TAMPERED", _masked, "folder"),
    "silent": Case("TAIL UNPROVEN", _newest_cut_unseen, "export", as_of="2026-01-31T12:05:00.000Z"),
    "chain-gone-named": Case("MISSING", _first_gone),
    "evidence-of-nobody": Case("NOT VERIFIED", _nothing, keys="node-keys.txt", evidence="evidence.txt"),
    "evidence-of-another-root": Case("FORK", _nothing, evidence="other-evidence.txt"),
    "empty": Case("NOT VERIFIED", lambda chains: chains.clear()),
}


for _name, (_state, _change, _only, _file) in signed.CASES.items():
    CASES[_name] = Case(_state, _change, _only, _file or "keys.txt")


def write(folder: Path) -> None:
    """Write all of it into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "trails").mkdir(parents=True)
    (folder / "exports").mkdir()
    _keys(folder)
    _parts(folder)
    maker = trails.Maker(folder / "made")
    for records in (4, 2, 6):
        maker.chain(records, every=3)
    whole = trails.read_trail(folder / "made")
    shutil.rmtree(folder / "made")
    (folder / "evidence.txt").write_text(trails.evidence(whole), encoding="utf-8")
    chain, records = list(whole.items())[-1]
    other = trails.cosigned(chain, [trails.numbered("other").hex(), *(each["auditHash"] for each in records[1:])])
    (folder / "other-evidence.txt").write_text(other, encoding="utf-8")
    for name, case in CASES.items():
        _case(folder, name, case, whole)
    _recovered(folder)
    _hmac(folder)
    _files(folder, whole)


def _keys(folder: Path) -> None:
    node = str(node_vkey(NodeKey(trails.NODE_SEED).public))
    other = str(node_vkey(NodeKey(trails.numbered("other")).public))
    (folder / "node.key").write_text(f"aegis-otel-audit-key 1 ed25519 {trails.NODE_SEED.hex()}\n")
    (folder / "keys.txt").write_text(f"# the node key, and a witness\n{node}\n\n{trails.witness_vkey()}\n")
    (folder / "node-keys.txt").write_text(f"{node}\n")
    (folder / "other-keys.txt").write_text(f"{other}\n")
    (folder / "no-keys.txt").write_text("# nobody\n")
    (folder / "late-keys.txt").write_text(f"{node} from=2026-02-01T00:00:00.000Z\n")
    (folder / "early-keys.txt").write_text(f"{node} until=2026-01-31T12:00:00.000Z\n")
    (folder / "until-keys.txt").write_text(f"{node} until=2026-01-31T12:00:00.140Z\n")
    new = str(node_vkey(NodeKey(signed.NEW_SEED).public))
    (folder / "both-keys.txt").write_text(f"{node}\n{new}\n")
    (folder / "hmac-keys.txt").write_text(f"aegis-otel-audit-key 1 hmac-sha256 {SECRET.hex()}\n")


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=True, indent=1) + "\n")


def _expect(path: Path, state: str, first: tuple[str, int] | None, case: Case | None = None, twice: int = 0) -> None:
    case = case or Case(state, _nothing)
    named = None if first is None else {"chain": first[0], "seq": first[1]}
    expected = {"state": state, "exit": STATES[state], "first": named, "duplicates": twice}
    _json(path, {**expected, "keys": case.keys, "evidence": case.evidence or None, "as_of": case.as_of})


def _case(folder: Path, name: str, case: Case, whole: Chains) -> None:
    chains = copy.deepcopy(whole)
    first = case.change(chains)
    if case.only != "folder":
        trails.write_export(folder / "exports" / f"{name}.jsonl", chains)
        _expect(folder / "exports" / f"{name}.expect.json", case.state, first, case, case.duplicates)
    if case.only != "export":
        trail = folder / "trails" / name / "trail"
        trail.mkdir(parents=True)
        for place, (chain, records) in enumerate(chains.items()):
            suffix = "ended" if place == len(chains) - 1 else "audit"
            (trail / f"{chain}.{suffix}").write_bytes(trails.chain_bytes(chain, records, each=2))
        (trail / "lock").write_bytes(b"")
        _expect(folder / "trails" / name / "expect.json", case.state, first, case)


def _recovered(folder: Path) -> None:
    """A process died in the midst of a write; the next one has recovered its chain."""
    target = folder / "trails" / "recovered"
    maker = trails.Maker(target / "trail")
    dead = maker.trail()
    for number in range(4):
        dead.commit([maker.draft(number)])
    dead.forget()
    (path,) = (target / "trail").glob("*.live")
    with path.open("ab") as file:
        file.write(b"# 6 1 999 00000000\n{")
    maker.chain(2)
    _expect(target / "expect.json", "OK", None)
    torn = folder / "trails" / "torn"
    maker = trails.Maker(torn / "trail")
    dead = maker.trail()
    dead.commit([maker.draft(1)])
    dead.checkpoint()
    dead.forget()
    (path,) = (torn / "trail").glob("*.live")
    with path.open("ab") as file:
        file.write(b"# 4 1 999 00000000\n{")
    _expect(torn / "expect.json", "TAIL UNPROVEN", (path.stem, 4))


def _hmac(folder: Path) -> None:
    for name, keys, state in (("hmac", "hmac-keys.txt", "OK"), ("hmac-no-secret", "keys.txt", "NOT VERIFIED")):
        target = folder / "trails" / name
        maker = trails.Maker(target / "trail", new_key=lambda: MacChain(SECRET))
        chain = maker.chain(3)
        _expect(target / "expect.json", state, None if state == "OK" else (chain, 0), Case(state, _nothing, keys=keys))
    target = folder / "trails" / "hmac-forged"
    maker = trails.Maker(target / "trail", new_key=lambda: MacChain(trails.numbered("another secret")))
    chain = maker.chain(3)
    records = trails.read_trail(target / "trail")[chain]
    records[0]["auditKeyId"] = hashlib.sha256(b"aegis-otel-audit/1 hmac key\n" + SECRET).hexdigest()
    trails.rehash(records)
    trails.resign(records, signed.key_of(1))
    for record in records:
        record.pop("auditSignature1", None)
        record.pop("auditSignature2", None)
    trails.write_chain(target / "trail", chain, records)
    _expect(target / "expect.json", "TAMPERED", (chain, 1), Case("", _nothing, keys="hmac-keys.txt"))


def _files(folder: Path, whole: Chains) -> None:
    """Wrong bytes in files whose records are right."""
    chain, records = next(iter(whole.items()))
    other = list(whole)[1]
    content = trails.chain_bytes(chain, records, each=2)
    line = trails.canonical(records[3])
    unsealed = trails.canonical({name: value for name, value in records[3].items() if name != "auditHash"})
    spaced = line.replace(b",", b", ", 1)
    made: dict[str, tuple[str, bytes, int | None]] = {
        "file-header": ("TAMPERED", content.replace(chain[:8].encode(), b"00000000", 1), None),
        "file-version": ("NOT VERIFIED", content.replace(b"audit 1 ", b"audit 2 ", 1), None),
        "file-checksum": ("TAMPERED", content.replace(b"# 2 2 ", b"# 2 1 ", 1), None),
        "file-number": ("TAMPERED", trails.chain_bytes(chain, records, first=1), None),
        "file-rest": ("TAMPERED", content + b"x", None),
        "file-torn": ("TAMPERED", content + b"# 99 1 999 00000000\n{", None),
        "file-order": ("TAMPERED", trails.chain_bytes(chain, [records[0], records[2], records[1], *records[3:]]), None),
        "file-spaces": ("TAMPERED", trails.chain_bytes(chain, records, raw={line: spaced}), 3),
        "file-foreign": ("TAMPERED", trails.chain_bytes(chain, [*records[:3], whole[other][3], *records[4:]]), 3),
        "file-unsealed": ("TAMPERED", trails.chain_bytes(chain, records, raw={line: unsealed}), 3),
        "file-no-json": ("TAMPERED", trails.chain_bytes(chain, records, raw={line: b"{"}), 3),
    }
    for name, (state, data, seq) in made.items():
        trail = folder / "trails" / name / "trail"
        trail.mkdir(parents=True)
        (trail / f"{chain}.audit").write_bytes(data)
        first = None if seq is None else (chain, seq)
        _expect(folder / "trails" / name / "expect.json", state, first)
    trail = folder / "trails" / "file-twice" / "trail"
    trail.mkdir(parents=True)
    (trail / f"{chain}.audit").write_bytes(content)
    (trail / f"{chain}.ended").write_bytes(content)
    _expect(folder / "trails" / "file-twice" / "expect.json", "FORK", None, twice=len(records))


def _parts(folder: Path) -> None:
    """Canonical bytes, hashes, trees and notes by themselves."""
    values: list[Any] = [
        {},
        {"b": 1, "a": [None, True, False, -(2**53 - 1), 2**53 - 1, 0], "": "x"},
        {"text": '\b\t\n\f\r\x00\x1f"\\/\x7f\u0080\u2028\u20ac\U0001f600'},
        {"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "\r": 4, "1": 5, "\u0080": 6, "\u00f6": 7},
        {"deep": {"b": {"d": 1, "c": []}, "a": [{"z": 1, "y": {}}]}},
    ]
    texts = [
        "{}",
        '{"":"x","a":[null,true,false,-9007199254740991,9007199254740991,0],"b":1}',
        '{"text":"\\b\\t\\n\\f\\r\\u0000\\u001f\\"\\\\/\x7f\u0080\u2028\u20ac\U0001f600"}',
        '{"\\r":4,"1":5,"\u0080":6,"\u00f6":7,"\u20ac":3,"\U0001f600":2,"\ufb33":1}',
        '{"deep":{"a":[{"y":{},"z":1}],"b":{"c":[],"d":1}}}',
    ]
    _json(
        folder / "canonical.json",
        [{"value": value, "canonical": text} for value, text in zip(values, texts, strict=True)],
    )
    refused = {
        "1.0": "a float",
        "1e3": "a float",
        "-0": "minus zero",
        "9007199254740992": "an integer beyond 2^53 - 1",
        "NaN": "no JSON",
        '"\\ud800"': "a lone surrogate",
        '{"x":1,"x":1}': "a name twice",
        "[1,]": "no JSON",
    }
    _json(folder / "refused.json", [{"json": f'{{"a":{text}}}', "why": why} for text, why in refused.items()])
    record = {**trails.Maker(folder).draft(1), "auditFormat": 1, "auditChain": "ab" * 32, "auditSeq": 1}
    record |= {"auditPrevious": trails.ZERO, "name": "\u00e9\U0001f600", "map": {"a": [1, None]}}
    record["auditHash"] = trails.hash_of(record)
    _json(folder / "leaf.json", [{"record": record, "hash": record["auditHash"]}])
    leaves = [trails.numbered(f"leaf {number}") for number in range(19)]
    sizes = range(1, len(leaves) + 1)
    pairs = [(old, size) for size in sizes for old in range(1, size + 1)]
    _json(
        folder / "merkle.json",
        {
            "leaves": [leaf.hex() for leaf in leaves],
            "roots": {str(size): trails.tree_root(leaves[:size]).hex() for size in sizes},
            "inclusion": [
                {"index": index, "size": size, "proof": [each.hex() for each in _path(index, leaves[:size])]}
                for size in (1, 2, 7, 8, 19)
                for index in range(size)
            ],
            "consistency": [
                {"from": old, "to": size, "proof": [each.hex() for each in trails.consistency(old, leaves[:size])]}
                for old, size in pairs
            ],
        },
    )
    note = trails.cosigned("cd" * 32, [leaf.hex() for leaf in leaves[:5]])
    wrong = note.replace("\n5\n", "\n6\n")
    short = base64.b64encode(b"short").decode()
    _json(
        folder / "notes.json",
        [
            {"note": note, "vkey": trails.witness_vkey(), "good": True},
            {"note": wrong, "vkey": trails.witness_vkey(), "good": False},
            {"note": note + f"\N{EM DASH} someone.example {short}\n", "vkey": trails.witness_vkey(), "good": True},
        ],
    )


def _path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    middle = trails.split(len(leaves))
    if index < middle:
        return [*_path(index, leaves[:middle]), trails.tree_root(leaves[middle:])]
    return [*_path(index - middle, leaves[middle:]), trails.tree_root(leaves[:middle])]


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
