"""Trails for tests: made quickly and always the same, taken apart into records, put together again, as an attacker would.

What writes files here follows docs/audit-format.md and uses no code of `aegis_otel.audit`, so that it can be an oracle.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aegis_otel.audit._disk import Disk
from aegis_otel.audit._keys import ChainKey, NodeKey, SignedChain
from aegis_otel.audit._note import node_vkey
from aegis_otel.audit._trail import Trail
from aegis_otel.audit.trust import Trust, parse_trust

Record = dict[str, Any]
OUTER = ("auditHash", "auditRoot", "auditProof", "auditSignature1", "auditSignature2", "auditMac")
ZERO = "0" * 64
SUFFIXES = (".live", ".ended", ".audit")
NODE_SEED = bytes(range(32))
WITNESS = "witness.example/w1"
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(64, 96)))
START_NS = 1_769_860_800_000_000_000  # 2026-01-31T12:00:00Z


class QuickDisk(Disk):
    """The real disk, without waiting for it."""

    def sync(self, file: int) -> None: ...

    def sync_folder(self, folder: Path) -> None: ...


def numbered(label: str) -> bytes:
    """32 bytes that are always the same for a label."""
    return hashlib.sha256(label.encode()).digest()


@dataclass
class Maker:
    """Makes trails: keys, ids and times are the same in each run."""

    folder: Path
    disk: Disk = field(default_factory=QuickDisk)
    node_seed: bytes = NODE_SEED
    step_ns: int = 7_000_000
    now_ns: int = START_NS
    made: int = 0
    delivered: list[Record] = field(default_factory=list)
    new_key: Callable[[], ChainKey] | None = None

    def clock(self) -> int:
        self.now_ns += self.step_ns
        return self.now_ns

    def trail(self, service: str = "charts") -> Trail:
        def key() -> ChainKey:
            return SignedChain(NodeKey(self.node_seed), numbered(f"key {self.made}"))

        def new_id() -> str:
            self.made += 1
            return numbered(f"chain {self.made}").hex()

        return Trail(
            self.folder,
            self.new_key or key,
            {"service": service, "environment": "test"},
            numbered("rules").hex(),
            self.delivered.extend,
            self.disk,
            self.clock,
            new_id,
        )

    def draft(self, number: int, **more: Any) -> Record:
        at = self.clock() // 1_000_000
        stamp = f"2026-01-31T{at // 3_600_000 % 24:02d}:{at // 60_000 % 60:02d}:{at // 1000 % 60:02d}.{at % 1000:03d}Z"
        return {
            "timestamp": stamp,
            "level": "info",
            "message": "AUDIT: READ",
            "service": "charts",
            "environment": "test",
            "logger": "aegis_otel.audit",
            "complianceLevel": "HIPAA",
            "auditTimestamp": stamp,
            "auditAction": "READ",
            "operation": "READ",
            "outcome": "success",
            "actor": f"u-{number % 5}",
            "patientId": f"P-{number}",
            "resource": f"Chart/{number}",
            "rows": number,
            **more,
        }

    def chain(self, records: int, every: int = 5) -> str:
        """A whole chain, closed, with a checkpoint after each `every` records; its id."""
        trail = self.trail()
        for number in range(records):
            (receipt,) = trail.commit([self.draft(number)])
            assert not isinstance(receipt, Exception), receipt
            if number % every == every - 1:
                trail.checkpoint()
        trail.close()
        return numbered(f"chain {self.made}").hex()


def trust(seed: bytes = NODE_SEED, *more: str) -> Trust:
    return parse_trust([str(node_vkey(NodeKey(seed).public)), witness_vkey(), *more])


# Records, as docs/audit-format.md has them


def canonical(value: Any) -> bytes:
    """For records whose names are ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def hash_of(record: Record) -> str:
    inner = canonical({name: value for name, value in record.items() if name not in OUTER})
    preimage = b"aegis-otel-audit/1\n" + record["auditChain"].encode() + b"\n" + inner
    return hashlib.sha256(b"\0" + preimage).hexdigest()


def rehash(records: Sequence[Record], start: int = 0) -> None:
    """Make hashes and links right again from a record on, as anyone can without a key."""
    for place in range(start, len(records)):
        if place:
            records[place]["auditPrevious"] = records[place - 1]["auditHash"]
        records[place]["auditHash"] = hash_of(records[place])


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return hashlib.sha256(b"\1" + tree_root(leaves[:middle]) + tree_root(leaves[middle:])).digest()


def split(size: int) -> int:
    middle = 1
    while middle * 2 < size:
        middle *= 2
    return middle


def consistency(old: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2."""
    size = len(leaves)
    if old in (0, size):
        return [] if whole or old == 0 else [tree_root(leaves)]
    middle = split(size)
    if old <= middle:
        return [*consistency(old, leaves[:middle], whole), tree_root(leaves[middle:])]
    return [*consistency(old - middle, leaves[middle:], False), tree_root(leaves[:middle])]


def resign(records: Sequence[Record], key: Ed25519PrivateKey) -> None:
    """Make roots, proofs and signatures of checkpoints right, by this key."""
    signed = 0
    leaves = [bytes.fromhex(each["auditHash"]) for each in records]
    for place, record in enumerate(records):
        if record.get("auditEvent") in ("checkpoint", "closed"):
            root = tree_root(leaves[: place + 1])
            text = f"aegis-otel.audit/{record['auditChain']}\n{place + 1}\n{base64.b64encode(root).decode()}\n"
            signature = key.sign(text.encode())
            record["auditRoot"] = root.hex()
            record["auditProof"] = [each.hex() for each in consistency(signed, leaves[: place + 1])]
            record["auditSignature1"], record["auditSignature2"] = signature[:32].hex(), signature[32:].hex()
            signed = place + 1


# Files


def read_chain(path: Path) -> list[Record]:
    """The whole lines that are records."""
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}")]


def read_trail(folder: Path) -> dict[str, list[Record]]:
    """The records of each chain, by its id, in the order of their opening."""
    chains = {path.stem: read_chain(path) for path in folder.iterdir() if path.suffix in SUFFIXES}
    return dict(sorted(chains.items(), key=lambda item: item[1][0]["timestamp"] if item[1] else ""))


def chain_bytes(
    chain: str, records: Sequence[Record], first: int = 0, each: int = 1, raw: Mapping[bytes, bytes] | None = None
) -> bytes:
    """A chain's file with batches of `each` records, whose numbers and checksums fit; `raw` replaces lines."""
    parts = [f"aegis-otel-audit 1 {chain}\n".encode()]
    for place in range(0, len(records), each):
        written = map(canonical, records[place : place + each])
        lines = b"".join((raw or {}).get(line, line) + b"\n" for line in written)
        begin = b"# %d %d %d " % (first + place, len(records[place : place + each]), len(lines))
        parts.append(b"%b%08x\n%b" % (begin, zlib.crc32(begin + lines), lines))
    return b"".join(parts)


def write_chain(folder: Path, chain: str, records: Sequence[Record]) -> Path:
    """Replace a chain's file in place."""
    for suffix in SUFFIXES:
        path = folder / (chain + suffix)
        if path.exists():
            path.write_bytes(chain_bytes(chain, records))
            return path
    path = folder / f"{chain}.audit"
    path.write_bytes(chain_bytes(chain, records))
    return path


def remove_chain(folder: Path, chain: str) -> None:
    for suffix in SUFFIXES:
        with suppress(FileNotFoundError):
            (folder / (chain + suffix)).unlink()


def write_export(path: Path, chains: dict[str, list[Record]]) -> Path:
    path.write_bytes(b"".join(canonical(record) + b"\n" for records in chains.values() for record in records))
    return path


# Witness


def key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def witness_vkey() -> str:
    public = WITNESS_KEY.public_key().public_bytes_raw()
    return f"{WITNESS}+{key_id(WITNESS, 4, public).hex()}+{base64.b64encode(bytes([4]) + public).decode()}"


def cosigned(chain: str, leaves: Sequence[str], seconds: int = 1_769_860_900) -> str:
    """A note of the witness: this chain with these hashes."""
    root = tree_root([bytes.fromhex(leaf) for leaf in leaves])
    text = f"aegis-otel.audit/{chain}\n{len(leaves)}\n{base64.b64encode(root).decode()}\n"
    public = WITNESS_KEY.public_key().public_bytes_raw()
    signature = WITNESS_KEY.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    packed = key_id(WITNESS, 4, public) + seconds.to_bytes(8, "big") + signature
    return f"{text}\n\N{EM DASH} {WITNESS} {base64.b64encode(packed).decode()}\n"


def evidence(chains: dict[str, list[Record]]) -> str:
    return "".join(cosigned(chain, [each["auditHash"] for each in records]) for chain, records in chains.items())
