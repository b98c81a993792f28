"""Chains of sealed audit records for tests, made straight from docs/audit-format.md; the code under test has no part in it.

Ed25519 is openssl's. The texts of the records are ASCII, so that sorted `json.dumps` gives their canonical bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.support.otlp import Log

ZERO = "0" * 64
_OUTER = frozenset({"auditHash", "auditRoot", "auditProof", "auditSignature1", "auditSignature2", "auditMac"})
_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
_START = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


class Key:
    """An Ed25519 key pair, made of a word."""

    def __init__(self, folder: Path, word: str) -> None:
        self._file = folder / f"{hashlib.sha256(word.encode()).hexdigest()[:16]}.der"
        self._file.write_bytes(_PKCS8 + sha256(word.encode()))
        command = ["openssl", "pkey", "-inform", "DER", "-in", self._file, "-pubout", "-outform", "DER"]
        self.public = subprocess.run(command, capture_output=True, check=True).stdout[-32:]

    def sign(self, text: str) -> bytes:
        message = self._file.with_suffix(".text")
        message.write_text(text, encoding="utf-8")
        command = ["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", self._file, "-in", message]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def vkey(self) -> str:
        """The line by which a verifier trusts this key as a node key."""
        name = f"aegis-otel.audit/node/{sha256(self.public).hex()[:16]}"
        key_id = sha256(f"{name}\n".encode() + b"\x01" + self.public)[:4].hex()
        return f"{name}+{key_id}+{base64.b64encode(bytes([1]) + self.public).decode()}"


def root_of(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = _split(len(leaves))
    return sha256(b"\x01" + root_of(leaves[:k]) + root_of(leaves[k:]))


def consistency(m: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """PROOF(m, D[n]) of RFC 6962, section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = _split(len(leaves))
    if m <= k:
        return [*consistency(m, leaves[:k], whole), root_of(leaves[k:])]
    return [*consistency(m - k, leaves[k:], False), root_of(leaves[:k])]


def _split(n: int) -> int:
    return int(1 << ((n - 1).bit_length() - 1))


class Chain:
    """A chain that is being written. `records` are whole records, in order."""

    def __init__(self, folder: Path, word: str, node: Key) -> None:
        self.id = sha256(f"chain {word}".encode()).hex()
        self.key = Key(folder, f"key {word}")
        self.records: list[dict[str, Any]] = []
        self._last = 0
        text = f"aegis-otel.audit/endorsement/v1\n{self.id}\n{self.key.public.hex()}\n{_time(0)}\n"
        signature = node.sign(text)
        self.event(
            "opened",
            "CHAIN OPENED",
            auditAlgorithm="ed25519",
            auditKey=self.key.public.hex(),
            auditNodeKey=node.public.hex(),
            auditEndorsement1=signature[:32].hex(),
            auditEndorsement2=signature[32:].hex(),
            auditHeadChains=[],
            auditHeadSizes=[],
            auditHeadHashes=[],
        )

    def seal(self, **members: Any) -> dict[str, Any]:
        """Append a record with these members beside the usual ones."""
        number = len(self.records)
        record = {
            "timestamp": _time(number),
            "level": "info",
            "message": "AUDIT: READ",
            "service": "orders",
            "environment": "test",
            "logger": "aegis_otel.audit",
            "complianceLevel": "HIPAA",
            "auditTimestamp": _time(number),
            "auditFormat": 1,
            "auditChain": self.id,
            "auditSeq": number,
            "auditPrevious": self.records[-1]["auditHash"] if self.records else ZERO,
            **members,
        }
        inner = {name: value for name, value in record.items() if name not in _OUTER}
        canonical = json.dumps(inner, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        record["auditHash"] = sha256(f"\x00aegis-otel-audit/1\n{self.id}\n{canonical}".encode()).hex()
        self.records.append(record)
        return record

    def add(self, count: int) -> Chain:
        for _ in range(count):
            self.seal(auditAction="READ", operation="chart", outcome="success", rows=len(self.records))
        return self

    def event(self, event: str, action: str, **members: Any) -> dict[str, Any]:
        return self.seal(auditEvent=event, auditAction=action, message=f"AUDIT: {action}", **members)

    def checkpoint(self, event: str = "checkpoint", action: str = "CHECKPOINT") -> Chain:
        size = len(self.records) + 1
        record = self.event(event, action, auditSize=size, auditProofSize=self._last)
        leaves = [bytes.fromhex(one["auditHash"]) for one in self.records]
        proof = consistency(self._last, leaves) if self._last else []
        record.update(self.signed(size, root_of(leaves)), auditProof=[one.hex() for one in proof])
        self._last = size
        return self

    def close(self) -> Chain:
        return self.checkpoint("closed", "CHAIN CLOSED")

    def signed(self, size: int, root: bytes) -> dict[str, Any]:
        """The root and the signature of a checkpoint, true or not."""
        text = f"aegis-otel.audit/{self.id}\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = self.key.sign(text)
        return {
            "auditRoot": root.hex(),
            "auditSignature1": signature[:32].hex(),
            "auditSignature2": signature[32:].hex(),
        }

    def forged(self, size: int, before: int, root: bytes) -> dict[str, Any]:
        """A checkpoint of another history, signed with the chain's own key."""
        return {
            **self.records[-1],
            "auditEvent": "checkpoint",
            "auditSize": size,
            "auditProofSize": before,
            "auditProof": [sha256(root).hex()] if before else [],
            **self.signed(size, root),
        }


def _time(number: int) -> str:
    return (_START + timedelta(milliseconds=10 * number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_of(record: dict[str, Any]) -> Log:
    """The record as an app sends it; its logger is the scope, its service and environment are the resource."""
    of_its_own = {"timestamp", "level", "message", "service", "environment", "logger"}
    stamp = datetime.fromisoformat(record["timestamp"].replace("Z", "+00:00"))
    return Log(
        record["message"],
        attributes={name: value for name, value in record.items() if name not in of_its_own},
        time_ns=int((stamp - datetime(1970, 1, 1, tzinfo=timezone.utc)) / timedelta(microseconds=1)) * 1_000,
    )
