"""Cases of the audit trail's vectors in which all signatures are right: only the other checks can find what is wrong.

As if the process itself, or who has its key, had written a trail that breaks docs/audit-format.md.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aegis_otel.audit._keys import NodeKey
from aegis_otel.audit._note import node_vkey
from tests.support import audit as trails

Chains = dict[str, list[trails.Record]]
First = tuple[str, int] | None
Change = Callable[[Chains], First]
SIGNED = ("checkpoint", "closed")
NEW_SEED = trails.numbered("new node key")
ROTATED_AT = "2026-01-31T12:00:00.120Z"


def key_of(place: int) -> Ed25519PrivateKey:
    """The key of the chain with this place in the trail, from 1."""
    return Ed25519PrivateKey.from_private_bytes(trails.numbered(f"key {place}"))


def sealed_again(records: list[trails.Record], key: Ed25519PrivateKey, *, numbered: bool = True) -> None:
    """Make numbers, sizes, links, hashes and signatures right."""
    signed = 0
    for place, record in enumerate(records):
        if numbered:
            record["auditSeq"] = place
        if record.get("auditEvent") in SIGNED and numbered:
            record["auditSize"], record["auditProofSize"] = place + 1, signed
            signed = place + 1
    trails.rehash(records)
    trails.resign(records, key)


def newest(change: Callable[[list[trails.Record]], int | None]) -> Change:
    """Change the records of the newest chain, which no other names, and sign them again; gives the first bad number."""

    def changed(chains: Chains) -> First:
        chain, records = list(chains.items())[-1]
        seq = change(records)
        sealed_again(records, key_of(len(chains)))
        return None if seq is None else (chain, seq)

    return changed


def app_record(records: list[trails.Record]) -> int:
    """The number of the first record that an app made."""
    return next(n for n, each in enumerate(records) if "auditEvent" not in each)


def checkpoint(records: list[trails.Record]) -> int:
    """The number of the first checkpoint behind the opening."""
    return next(n for n, each in enumerate(records) if n > 1 and each.get("auditEvent") == "checkpoint")


def field(where: Callable[[list[trails.Record]], int], **members: Any) -> Change:
    """Give a record further members, or other values; None takes one away."""

    def change(records: list[trails.Record]) -> int:
        place = where(records)
        for name, value in members.items():
            records[place][name] = value
            if value is None:
                del records[place][name]
        return place

    return newest(change)


def late(**members: Any) -> Change:
    """The same for a checkpoint, whose members are not made right again."""

    def changed(chains: Chains) -> First:
        chain, records = list(chains.items())[-1]
        place = checkpoint(records)
        records[place].update(members)
        sealed_again(records, key_of(len(chains)), numbered=False)
        return chain, place

    return changed


def event(template: trails.Record, name: str, **members: Any) -> trails.Record:
    """A record of the trail itself."""
    usual = ("timestamp", "level", "service", "environment", "logger", "complianceLevel", "auditTimestamp")
    kept = {each: template[each] for each in (*usual, "auditFormat", "auditChain")}
    action = {"recovered": "CHAIN RECOVERED", "left": "CHAIN LEFT", "rotated": "KEY ROTATED"}[name]
    return {**kept, "message": f"AUDIT: {action}", "auditAction": action, "auditEvent": name, **members}


def link(chains: Chains) -> First:
    """One record does not follow the one before, and all hashes and signatures go with that."""
    chain, records = list(chains.items())[-1]
    place = app_record(records) + 1
    for number in range(place, len(records)):
        records[number]["auditPrevious"] = (
            trails.numbered("nothing").hex() if number == place else records[number - 1]["auditHash"]
        )
        records[number]["auditHash"] = trails.hash_of(records[number])
    trails.resign(records, key_of(len(chains)))
    return chain, place


def after_the_end(chains: Chains) -> First:
    """One more record behind the last, linked to it."""
    chain, records = list(chains.items())[-1]
    more = copy.deepcopy(records[app_record(records)])
    more |= {"auditSeq": len(records), "auditPrevious": records[-1]["auditHash"]}
    more["auditHash"] = trails.hash_of(more)
    records.append(more)
    return chain, len(records) - 1


def opened_twice(records: list[trails.Record]) -> int:
    """A second opening in the midst of the chain."""
    records.insert(3, copy.deepcopy(records[0]))
    return 3


def not_opened(records: list[trails.Record]) -> int:
    """The chain begins with another record."""
    del records[0]
    return 0


def endorsement(records: list[trails.Record]) -> int:
    """The node key has signed something else."""
    records[0]["auditEndorsement1"] = trails.numbered("nobody").hex()
    return 0


def heads(**members: Any) -> Change:
    """Other heads in the newest chain."""

    def changed(chains: Chains) -> First:
        records = list(chains.values())[-1]
        records[0].update({name: value(records[0]) for name, value in members.items()})
        sealed_again(records, key_of(len(chains)))
        return None

    return changed


def states_of_first(event_name: str, size: int, **wrong: Any) -> Change:
    """The newest chain says of the first one that it was recovered or left at a size."""

    def changed(chains: Chains) -> First:
        first, target = next(iter(chains.items()))
        records = list(chains.values())[-1]
        leaves = [bytes.fromhex(each["auditHash"]) for each in target[:size]]
        said = {
            "auditOfChain": first,
            "auditOfSize": size,
            "auditOfHash": target[size - 1]["auditHash"],
            "auditOfRoot": trails.tree_root(leaves).hex(),
            **wrong,
        }
        if event_name == "left":
            said |= {"outcome": "failure", "auditReason": "EIO"}
            said.setdefault("auditUncertain", [each["auditHash"] for each in target[size:]])
        else:
            said |= {"outcome": "success", "auditCutBytes": 0}
        records.insert(1, event(records[0], event_name, **said))
        sealed_again(records, key_of(len(chains)))
        return None

    return changed


def rotated(at: str = ROTATED_AT, *, by_old: bool = True, by_new: bool = True) -> Change:
    """The newest chain is endorsed by a new node key, which the old one has signed."""

    def changed(chains: Chains) -> First:
        chain, records = list(chains.items())[-1]
        old, new = NodeKey(trails.NODE_SEED), NodeKey(NEW_SEED)
        text = "aegis-otel.audit/rotation/v1\n%s\n%s\n%s\n"
        signed = (text % (node_vkey(old.public), node_vkey(new.public), at)).encode()
        nobody = NodeKey(trails.numbered("nobody"))
        signatures = {"Old": (old if by_old else nobody).sign(signed), "New": (new if by_new else nobody).sign(signed)}
        halves = {}
        for name, signature in signatures.items():
            halves[f"audit{name}Signature1"], halves[f"audit{name}Signature2"] = (
                signature[:32].hex(),
                signature[32:].hex(),
            )
        members = {"auditOldKey": old.public.hex(), "auditNodeKey": new.public.hex(), "auditRotatedAt": at}
        records.insert(1, event(records[0], "rotated", **members, **halves))
        endorsed = f"aegis-otel.audit/endorsement/v1\n{chain}\n{records[0]['auditKey']}\n{records[0]['timestamp']}\n"
        signature = new.sign(endorsed.encode())
        records[0] |= {"auditNodeKey": new.public.hex()}
        records[0] |= {"auditEndorsement1": signature[:32].hex(), "auditEndorsement2": signature[32:].hex()}
        sealed_again(records, key_of(len(chains)))
        return None

    return changed


def another_copy(chains: Chains) -> First:
    """A second record with the number of one, with a right hash."""
    chain, records = list(chains.items())[-1]
    place = app_record(records)
    other = {**copy.deepcopy(records[place]), "actor": "u-other"}
    other["auditHash"] = trails.hash_of(other)
    chains["other"] = [other]
    return chain, place


def another_signature(chains: Chains) -> First:
    """A copy of a checkpoint that differs in what the hash does not cover."""
    chain, records = list(chains.items())[-1]
    place = checkpoint(records)
    chains["other"] = [{**copy.deepcopy(records[place]), "auditSignature1": trails.numbered("nobody").hex()}]
    return chain, place


# state, change, where, keys
OTHER = trails.numbered("other").hex()
CASES: dict[str, tuple[str, Change, str, str]] = {
    "link": ("TAMPERED", link, "", ""),
    "after-the-end": ("TAMPERED", after_the_end, "", ""),
    "opened-twice": ("TAMPERED", newest(opened_twice), "export", ""),
    "not-opened": ("TAMPERED", newest(not_opened), "export", ""),
    "algorithm": ("NOT VERIFIED", field(lambda _: 0, auditAlgorithm="rot13"), "export", ""),
    "event": ("TAMPERED", field(app_record, auditEvent="odd"), "export", ""),
    "event-action": ("TAMPERED", field(lambda _: 0, auditAction="OPENED"), "export", ""),
    "event-more": ("TAMPERED", field(checkpoint, resource="Chart/1"), "export", ""),
    "event-less": ("TAMPERED", field(lambda _: 0, auditHeadSizes=None), "export", ""),
    "names": ("TAMPERED", field(app_record, auditOther=1), "export", ""),
    "no-service": ("TAMPERED", field(app_record, service=None), "export", ""),
    "time": ("TAMPERED", field(app_record, timestamp="2026-01-31 12:00:00"), "export", ""),
    "rules": ("TAMPERED", field(lambda _: 0, auditRules="none"), "export", ""),
    "endorsement": ("TAMPERED", newest(endorsement), "export", ""),
    "key-too-late": ("NOT VERIFIED", lambda chains: None, "export", "early-keys.txt"),
    "size": ("TAMPERED", late(auditSize=3), "export", ""),
    "proof-size": ("TAMPERED", late(auditProofSize=1), "export", ""),
    "heads-unequal": ("TAMPERED", heads(auditHeadSizes=lambda first: first["auditHeadSizes"][:-1]), "export", ""),
    "heads-order": ("TAMPERED", heads(auditHeadChains=lambda first: [first["auditHeadChains"][0]] * 2,
        auditHeadSizes=lambda first: first["auditHeadSizes"] * 2,
        auditHeadHashes=lambda first: first["auditHeadHashes"] * 2), "export", ""),
    "head-other": ("FORK", heads(auditHeadHashes=lambda first: [trails.numbered("x").hex()]), "export", ""),
    "head-longer": ("MISSING", heads(auditHeadSizes=lambda first: [first["auditHeadSizes"][0] + 1]), "", ""),
    "recovered-shorter": ("TAMPERED", states_of_first("recovered", 5), "", ""),
    "recovered-other-root": ("FORK", states_of_first("recovered", 5, auditOfRoot=OTHER), "export", ""),
    "recovered-other-hash": ("FORK", states_of_first("recovered", 5, auditOfHash=OTHER), "export", ""),
    "left": ("OK", states_of_first("left", 5), "", ""),
    "left-other": ("TAMPERED", states_of_first("left", 5, auditUncertain=[trails.numbered("x").hex()] * 9), "", ""),
    "rotated": ("OK", rotated(), "", ""),
    "rotated-not-by-old": ("TAMPERED", rotated(by_old=False), "export", "both-keys.txt"),
    "rotated-not-by-new": ("TAMPERED", rotated(by_new=False), "export", "both-keys.txt"),
    "rotated-too-late": ("NOT VERIFIED", rotated("2026-01-31T12:00:00.150Z"), "export", "until-keys.txt"),
    "copy-forked": ("FORK", another_copy, "export", ""),
    "copy-tampered": ("TAMPERED", another_signature, "export", ""),
}  # fmt: skip
