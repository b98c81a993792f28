"""Writes a sidecar as docs/formats.md describes it, apart from the code that reads it."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path


def id_hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def sealed(page: bytes) -> bytes:
    content = page.ljust(4092, b"\0")
    return content + struct.pack("<I", zlib.crc32(content))


def write_sidecar(path: Path, entries: Iterable[tuple[str, int]], /, **changed: int) -> Path:
    """The sidecar of a file with (id, offset) entries; `changed` replaces numbers of its header."""
    pairs = sorted((id_hash(text), offset) for text, offset in entries)
    chunks = [pairs[start : start + 255] for start in range(0, len(pairs), 255)]
    status = path.stat()
    numbers = {
        "version": 1,
        "size": status.st_size,
        "modified": status.st_mtime_ns,
        "inode": status.st_ino,
        "entries": len(pairs),
        "pages": len(chunks),
        **changed,
    }
    pages = [sealed(struct.pack("<8sI4xQqQQQ", b"AEGISIDX", *numbers.values()))]
    for number, chunk in enumerate(chunks):
        body = b"".join(struct.pack("<QQ", *pair) for pair in chunk).ljust(4080, b"\0")
        pages.append(sealed(body + struct.pack("<II", number, len(chunk))))
    sidecar = path.with_name(path.name + ".idx")
    sidecar.write_bytes(b"".join(pages))
    return sidecar
