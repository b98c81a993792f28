"""Signed notes and checkpoints: the texts of c2sp.org (signed-note, tlog-checkpoint, tlog-cosignature), Ed25519 only.

Knows texts and key ids, and checks no signature.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

ED25519: Final = 1
"""Signature type of a note's signature."""
COSIGNATURE: Final = 4
"""Signature type of a witness's cosignature."""
ORIGIN: Final = "aegis-otel.audit/"
"""How the origin of each chain begins."""
_DASH: Final = "\N{EM DASH} "
_MOST_SIGNATURES: Final = 64


class NoteError(ValueError):
    """A text is no note, no checkpoint or no key; the text says why."""


class Vkey(NamedTuple):
    """A verifier key: name, signature type, public key of 32 bytes."""

    name: str
    kind: int
    key: bytes

    @property
    def id(self) -> bytes:
        """The key id of signed-note, 4 bytes."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.key).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(bytes([self.kind]) + self.key).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"


def parse_vkey(text: str) -> Vkey:
    """The key that a vkey names.

    Raises:
        NoteError: it is none, or not for Ed25519, or its key id is wrong.
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    material = decoded(encoded)
    if not _is_name(name) or len(material) != 33 or material[0] not in (ED25519, COSIGNATURE):
        raise NoteError("is no vkey with an Ed25519 key")
    vkey = Vkey(name, material[0], material[1:])
    if vkey.id.hex() != key_id:
        raise NoteError("is a vkey with a wrong key id")
    return vkey


def chain_vkey(chain: str, key: bytes) -> Vkey:
    """The key of a chain (docs/audit-format.md, section 4.1)."""
    return Vkey(ORIGIN + chain, ED25519, key)


def node_vkey(key: bytes) -> Vkey:
    """The node key with this public key."""
    return Vkey(f"{ORIGIN}node/{sha256(key).hexdigest()[:16]}", ED25519, key)


def checkpoint_text(chain: str, size: int, root: bytes) -> str:
    """What a checkpoint signs."""
    return f"{ORIGIN}{chain}\n{size}\n{base64.b64encode(root).decode()}\n"


def endorsement_text(chain: str, key: str, opened: str) -> str:
    """What a node key signs for the key (hash text) of a chain that was opened at that time."""
    return f"{ORIGIN}endorsement/v1\n{chain}\n{key}\n{opened}\n"


def rotation_text(old: Vkey, new: Vkey, at: str) -> str:
    """What the old and the new node key sign."""
    return f"{ORIGIN}rotation/v1\n{old}\n{new}\n{at}\n"


def cosigned_text(checkpoint: str, seconds: int) -> str:
    """What a witness signs, at a time in seconds since 1970."""
    return f"cosignature/v1\ntime {seconds}\n{checkpoint}"


def signature_line(vkey: Vkey, signature: bytes) -> str:
    """A line of a note with this signature."""
    return f"{_DASH}{vkey.name} {base64.b64encode(vkey.id + signature).decode()}\n"


@dataclass(frozen=True)
class Note:
    """A signed note.

    Attributes:
        text: what is signed; ends with a line feed.
        signatures: name, key id, and what follows the key id, of each signature line.
    """

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def signature_by(self, vkey: Vkey) -> bytes | None:
        """What this key has signed with; None where it has not."""
        for name, key_id, signature in self.signatures:
            if (name, key_id) == (vkey.name, vkey.id):
                return signature
        return None


class Checkpoint(NamedTuple):
    """The text of a checkpoint, read."""

    chain: str
    size: int
    root: bytes


def parse_notes(text: str) -> list[Note]:
    """The signed notes of a file that holds one after the other.

    Raises:
        NoteError: it holds something else.
    """
    if any(letter < " " and letter != "\n" for letter in text):
        raise NoteError("holds a control character")
    notes: list[Note] = []
    rest = text
    while rest:
        body, found, signed = rest.partition("\n\n" + _DASH)
        if not found:
            raise NoteError("holds a text without a signature")
        signatures = []
        rest = _DASH + signed
        while rest.startswith(_DASH):
            line, found, rest = rest.partition("\n")
            signatures.append(_signature(line))
            if not found or len(signatures) > _MOST_SIGNATURES:
                raise NoteError("holds a signature line that does not end, or too many")
        notes.append(Note(body + "\n", tuple(signatures)))
    return notes


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text is.

    Raises:
        NoteError: it is none of a chain, or has extension lines.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0].startswith(ORIGIN):
        raise NoteError("is no checkpoint of a chain")
    chain, size, root = lines[0][len(ORIGIN) :], lines[1], decoded(lines[2])
    if not is_hash(chain) or len(root) != 32 or not size.isascii() or not size.isdecimal():
        raise NoteError("is no checkpoint of a chain")
    if size != str(int(size[:17])):
        raise NoteError("has a size that is none")
    return Checkpoint(chain, int(size), root)


def is_hash(value: object) -> bool:
    """Whether a value is a hash text: 64 characters of 0-9a-f."""
    return type(value) is str and len(value) == 64 and not value.strip("0123456789abcdef")


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line[len(_DASH) :].partition(" ")
    signature = decoded(encoded)
    if not _is_name(name) or len(signature) < 5:
        raise NoteError("holds a signature line that is none")
    return name, signature[:4], signature[4:]


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(map(str.isspace, name))


def decoded(text: str) -> bytes:
    """The bytes of a base64 text, which is the one that encoding them gives.

    Raises:
        NoteError: it is none.
    """
    try:
        found = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise NoteError("holds a text that is no base64") from None
    if base64.b64encode(found).decode() != text:
        raise NoteError("holds a text that is no base64")
    return found
