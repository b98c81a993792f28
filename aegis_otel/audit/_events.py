"""The form that each record must have (docs/audit-format.md, section 3). Knows neither hashes nor keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from aegis_otel.audit._keys import ED25519, HMAC
from aegis_otel.audit._note import is_hash
from aegis_otel.audit._seal import Members, belongs_to_format

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_Form = Callable[[Any], bool]


def _is_size(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: object) -> bool:
    return type(value) is str and value != ""


def _is_time(value: object) -> bool:
    return type(value) is str and _TIME.fullmatch(value) is not None


def _is_hashes(value: object) -> bool:
    return type(value) is list and all(map(is_hash, value))


def _is_sizes(value: object) -> bool:
    return type(value) is list and all(map(_is_size, value))


SEALED: Final[dict[str, _Form]] = {
    "timestamp": _is_time,
    "level": ("debug", "info", "warn", "error").__contains__,
    "message": lambda value: type(value) is str,
    "service": _is_text,
    "environment": _is_text,
    "logger": _is_text,
    "complianceLevel": lambda value: True,
    "auditTimestamp": lambda value: True,
    "auditFormat": _is_size,
    "auditChain": is_hash,
    "auditSeq": _is_size,
    "auditPrevious": is_hash,
    "auditHash": is_hash,
}
"""The members of every record."""

_USUAL: Final = SEALED.keys() | {"auditAction", "operation", "outcome", "actor", "resource", "patientId"}
_HALVES: Final[dict[str, _Form]] = {"auditSignature1": is_hash, "auditSignature2": is_hash}
_HEADS: Final[dict[str, _Form]] = {
    "auditHeadChains": _is_hashes,
    "auditHeadSizes": _is_sizes,
    "auditHeadHashes": _is_hashes,
}
_SIGNED: Final[dict[str, _Form]] = {
    "auditSize": _is_size,
    "auditRoot": is_hash,
    "auditProofSize": _is_size,
    "auditProof": _is_hashes,
}
_ABOUT: Final[dict[str, _Form]] = {
    "auditOfChain": is_hash,
    "auditOfSize": _is_size,
    "auditOfHash": is_hash,
    "auditOfRoot": is_hash,
    "outcome": ("success", "failure").__contains__,
}
_EVENTS: Final[dict[str, tuple[str, dict[str, _Form]]]] = {
    "opened": ("CHAIN OPENED", _HEADS),
    "heads": ("CHAIN HEADS", _HEADS),
    "checkpoint": ("CHECKPOINT", _SIGNED),
    "closed": ("CHAIN CLOSED", _SIGNED),
    "recovered": ("CHAIN RECOVERED", {**_ABOUT, "auditCutBytes": _is_size}),
    "left": ("CHAIN LEFT", {**_ABOUT, "auditReason": _is_text, "auditUncertain": _is_hashes}),
    "rotated": (
        "KEY ROTATED",
        {
            "auditOldKey": is_hash,
            "auditNodeKey": is_hash,
            "auditRotatedAt": _is_time,
            **dict.fromkeys(
                ("auditOldSignature1", "auditOldSignature2", "auditNewSignature1", "auditNewSignature2"), is_hash
            ),
        },
    ),
}
_KEYS: Final[dict[str, dict[str, _Form]]] = {
    ED25519: dict.fromkeys(("auditKey", "auditNodeKey", "auditEndorsement1", "auditEndorsement2"), is_hash),
    HMAC: {"auditKeyId": is_hash},
}


def wrong_seal(record: Members) -> str:
    """What is wrong with the members that each record has; empty if nothing."""
    for name, form in SEALED.items():
        if name not in record:
            return f"has no {name}"
        if not form(record[name]):
            return f"has a {name} of a wrong form"
    return ""


def wrong_event(record: Members, algorithm: str) -> str:
    """What is wrong with a record of the trail itself, in a chain with this algorithm; empty if nothing."""
    event = record["auditEvent"]
    if type(event) is not str or event not in _EVENTS:
        return "is of a kind that version 1 does not have"
    action, forms = _EVENTS[event]
    wanted = {**SEALED, **forms, "auditEvent": _is_text, "auditAction": action.__eq__}
    if event == "opened":
        wanted |= {"auditAlgorithm": _is_text, **_KEYS.get(algorithm, {})}
        if "auditRules" in record:
            wanted["auditRules"] = is_hash
    elif forms is _SIGNED:
        wanted |= _HALVES if algorithm == ED25519 else {"auditMac": is_hash}
    for name in sorted(wanted.keys() | record.keys()):
        if name not in record:
            return f"has no {name}"
        if name not in wanted:
            return f"has the member {name}, which it must not have"
        if wanted[name](record[name]) is not True:
            return f"has a {name} of a wrong form"
    if forms is _HEADS:
        chains = record["auditHeadChains"]
        if not len(chains) == len(record["auditHeadSizes"]) == len(record["auditHeadHashes"]):
            return "has heads of unequal number"
        if chains != sorted(set(chains)):
            return "has heads that are not in order"
    return ""


def wrong_names(record: Members) -> str:
    """What is wrong with the names of a record that an app made: members of the format's; empty if nothing."""
    for name in record.keys() - _USUAL:
        if belongs_to_format(name):
            return f"has the member {name}, which belongs to the format"
    return ""
