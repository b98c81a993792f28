"""The statement that a node key was replaced: its file beside the key, and the record that carries it.

docs/audit-format.md, section 4.3. Knows no secret, and checks no signature.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aegis_otel.audit import _note


def path_beside(key_file: Path) -> Path:
    """Where the statement of a key's file is."""
    return key_file.with_name(key_file.name + ".rotation")


def halves(name: str, signature: bytes) -> dict[str, str]:
    """A signature of 64 bytes as two members, which redaction leaves alone."""
    return {f"{name}1": signature[:32].hex(), f"{name}2": signature[32:].hex()}


def members_of(path: Path, public: bytes) -> dict[str, Any]:
    """The members of the record that tells how this public key came to be; empty if the file does not say so."""
    try:
        (note,) = _note.parse_notes(path.read_text(encoding="utf-8"))
        _, old, new, at, end = note.text.split("\n")
        vkeys = _note.parse_vkey(old), _note.parse_vkey(new)
        signatures = [note.signature_by(vkey) or b"" for vkey in vkeys]
    except (OSError, ValueError):
        return {}
    if vkeys[1] != _note.node_vkey(public) or end or {len(each) for each in signatures} != {64}:
        return {}
    return {
        "auditOldKey": vkeys[0].key.hex(),
        "auditNodeKey": public.hex(),
        "auditRotatedAt": at,
        **halves("auditOldSignature", signatures[0]),
        **halves("auditNewSignature", signatures[1]),
    }
