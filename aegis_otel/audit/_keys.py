"""Keys: the node key in its file, the key of one chain in memory, what both sign (docs/audit-format.md, section 4)."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from aegis_otel.audit import _note, _rotation

ED25519: Final = "ed25519"
HMAC: Final = "hmac-sha256"
_MAGIC: Final = "aegis-otel-audit-key 1 "


class AuditKeyError(Exception):
    """A key cannot be read, made or used; the text says which and why, and never holds the key."""


class Endorser(Protocol):
    """A node key that may live elsewhere: in a key management service, for example.

    Attributes:
        public: the Ed25519 public key, 32 bytes.
    """

    public: bytes

    def sign(self, text: bytes) -> bytes:
        """The Ed25519 signature of `text`, 64 bytes. Called once for each chain."""
        ...


class ChainKey(Protocol):
    """The key of one chain; its secret part is in the memory of this process only."""

    def opened(self, chain: str, timestamp: str) -> dict[str, Any]:
        """The members of the chain's first record that tell its key."""
        ...

    def rotation(self) -> dict[str, Any]:
        """The members of the record that tells of the last change of the node key; empty if there was none."""
        ...

    def sealed(self, text: str) -> dict[str, Any]:
        """The members of a checkpoint that sign its text."""
        ...


class NodeKey:
    """An Ed25519 node key whose seed is here."""

    def __init__(self, seed: bytes) -> None:
        self._private = _ed25519().Ed25519PrivateKey.from_private_bytes(seed)
        self.public: bytes = self._private.public_key().public_bytes_raw()

    def sign(self, text: bytes) -> bytes:
        """See `Endorser`."""
        signature: bytes = self._private.sign(text)
        return signature


class SignedChain:
    """The Ed25519 key of one chain, made here.

    Args:
        endorser: the node key.
        seed: of the key; random where None.
        rotated: see `ChainKey.rotation`.
    """

    def __init__(self, endorser: Endorser, seed: bytes | None = None, rotated: Mapping[str, Any] | None = None) -> None:
        self._endorser = endorser
        self._rotated = dict(rotated or {})
        self._key = NodeKey(secrets.token_bytes(32) if seed is None else seed)

    def opened(self, chain: str, timestamp: str) -> dict[str, Any]:
        """See `ChainKey`."""
        text = _note.endorsement_text(chain, self._key.public.hex(), timestamp)
        return {
            "auditAlgorithm": ED25519,
            "auditKey": self._key.public.hex(),
            "auditNodeKey": self._endorser.public.hex(),
            **_rotation.halves("auditEndorsement", self._endorser.sign(text.encode())),
        }

    def rotation(self) -> dict[str, Any]:
        """See `ChainKey`."""
        return dict(self._rotated)

    def sealed(self, text: str) -> dict[str, Any]:
        """See `ChainKey`."""
        return _rotation.halves("auditSignature", self._key.sign(text.encode()))


class MacChain:
    """The HMAC key of one chain: for systems without the `audit` extra. Who can verify can forge."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._key = b""

    def opened(self, chain: str, timestamp: str) -> dict[str, Any]:
        """See `ChainKey`."""
        self._key = mac_key(self._secret, chain)
        return {"auditAlgorithm": HMAC, "auditKeyId": mac_key_id(self._secret)}

    def rotation(self) -> dict[str, Any]:
        """See `ChainKey`."""
        return {}

    def sealed(self, text: str) -> dict[str, Any]:
        """See `ChainKey`."""
        return {"auditMac": hmac.digest(self._key, text.encode(), "sha256").hex()}


def mac_key(secret: bytes, chain: str) -> bytes:
    """The key of a chain's checkpoints under an HMAC secret."""
    return hmac.digest(secret, b"aegis-otel-audit/1 chain key\n" + chain.encode(), "sha256")


def mac_key_id(secret: bytes) -> str:
    """How records name an HMAC secret."""
    return sha256(b"aegis-otel-audit/1 hmac key\n" + secret).hexdigest()


def can_sign() -> bool:
    """Whether Ed25519 is there."""
    try:
        _ed25519()
    except AuditKeyError:
        return False
    return True


def is_signed(key: bytes, signature: bytes, text: bytes) -> bool:
    """Whether an Ed25519 signature holds.

    Raises:
        AuditKeyError: the `audit` extra is not installed.
    """
    from_bytes = _ed25519().Ed25519PublicKey.from_public_bytes
    from cryptography.exceptions import InvalidSignature

    try:
        from_bytes(key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def chain_key_maker(path: Path) -> Callable[[], ChainKey]:
    """Read the node key in a file, which is made where there is none; gives a new key for each chain.

    Made are Ed25519 keys with the `audit` extra, HMAC secrets without.

    Raises:
        AuditKeyError: the file cannot be read or made, others may read it, or it holds no key.
    """
    algorithm, secret = read_key(path) if _exists(path) else make_key(path)
    if algorithm == HMAC:
        return lambda: MacChain(secret)
    node = NodeKey(secret)
    rotated = _rotation.members_of(_rotation.path_beside(path), node.public)
    return lambda: SignedChain(node, rotated=rotated)


def _exists(path: Path) -> bool:
    try:
        return os.path.lexists(path)
    except OSError as error:
        raise AuditKeyError(f"the key {path} cannot be read: {error.strerror}") from None


def read_key(path: Path) -> tuple[str, bytes]:
    """Algorithm and secret of the node key in a file.

    Raises:
        AuditKeyError: see `chain_key_maker`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            text = file.read(1000).decode("ascii", "replace")
    except OSError as error:
        raise AuditKeyError(f"the key {path} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077:
        raise AuditKeyError(f"the key {path} may be read by others; run: chmod 600 {path}")
    found_key = parse_key(text.rstrip("\n"))
    if found_key is None:
        raise AuditKeyError(f"{path} holds no key of an audit trail, or one of a later version")
    return found_key


def parse_key(line: str) -> tuple[str, bytes] | None:
    """Algorithm and secret of the line that a key's file holds; None if it is none."""
    algorithm, _, digits = line.removeprefix(_MAGIC).partition(" ")
    if not line.startswith(_MAGIC) or algorithm not in (ED25519, HMAC) or not _note.is_hash(digits):
        return None
    return algorithm, bytes.fromhex(digits)


def trust_line(path: Path) -> str:
    """The line that has a verifier trust the node key in a file.

    Raises:
        AuditKeyError: the file cannot be read, holds an HMAC secret, or the `audit` extra is not installed.
    """
    algorithm, secret = read_key(path)
    if algorithm == HMAC:
        raise AuditKeyError(
            f"{path} holds an HMAC secret, which is not shown: verify with this file as the trusted keys"
        )
    return str(_note.node_vkey(NodeKey(secret).public))


def make_key(path: Path, algorithm: str | None = None) -> tuple[str, bytes]:
    """Make a node key in a new file, 0600; of several processes that try, one does, and all read the same key.

    Raises:
        AuditKeyError: the file cannot be made.
    """
    algorithm = algorithm or (ED25519 if can_sign() else HMAC)
    secret = secrets.token_bytes(32)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _put(path, f"{_MAGIC}{algorithm} {secret.hex()}\n", replace=False):
            return read_key(path)
    except OSError as error:
        raise AuditKeyError(f"the key {path} cannot be made: {error.strerror}") from None
    return algorithm, secret


def rotate(path: Path, at: str) -> str:
    """Replace the Ed25519 node key in a file, with a statement beside it that both keys sign.

    A process takes the new key when it starts.

    Args:
        path: the key's file.
        at: the time, as records have it.

    Returns:
        The line that has a verifier trust the new key.

    Raises:
        AuditKeyError: the key cannot be read or replaced, or is an HMAC secret.
    """
    algorithm, secret = read_key(path)
    if algorithm != ED25519:
        raise AuditKeyError(f"{path} holds an HMAC secret, which nobody can sign a successor with; make a new trail")
    seed = secrets.token_bytes(32)
    old, new = NodeKey(secret), NodeKey(seed)
    vkeys = _note.node_vkey(old.public), _note.node_vkey(new.public)
    text = _note.rotation_text(*vkeys, at)
    lines = [_note.signature_line(vkey, key.sign(text.encode())) for vkey, key in zip(vkeys, (old, new), strict=True)]
    try:
        # First the proof: a crash in between leaves the old key in use, and the next rotation replaces the proof.
        _put(_rotation.path_beside(path), f"{text}\n{''.join(lines)}", replace=True)
        _put(path, f"{_MAGIC}{ED25519} {seed.hex()}\n", replace=True)
    except OSError as error:
        raise AuditKeyError(f"the key {path} cannot be replaced: {error.strerror}") from None
    return str(vkeys[1])


def _put(path: Path, text: str, *, replace: bool) -> bool:
    """Write a file (0600) as a whole, durably; False if it is there and is not to be replaced."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.write(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if replace:
            new.replace(path)
        else:
            os.link(new, path)
    except FileExistsError:
        return False
    finally:
        new.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise AuditKeyError(
            "Ed25519 needs the package cryptography; install it with: pip install 'aegis-otel[audit]'"
        ) from None
    return ed25519
