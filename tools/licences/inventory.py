"""The packages that were found, in sections, and a cache of what does not change. Reads no package itself."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MADE = {".git", ".venv", ".aegis", "node_modules", "__pycache__", "target", "build", "dist", "logs", ".hypothesis"}
"""Names of folders in which nothing is written by hand."""

_CONTROL = re.compile(r"[^ -~]+")


class UnreadableError(RuntimeError):
    """Licences could not be read; the message says whose, why, and what to do."""


@dataclass(frozen=True)
class Package:
    """One package and the licence that was read for it.

    Args:
        kind: ``wheel``, ``Go module``, ``crate`` or ``npm package``.
        name: its name in its registry.
        version: what was read; shown in errors only.
        licence: an SPDX expression, or what was found in place of one; "" if nothing was.
        fixed: its version is pinned here, or this tree names it: the page must have it as it is.
    """

    kind: str
    name: str
    version: str
    licence: str
    fixed: bool = False


@dataclass(frozen=True)
class Section:
    """Packages that serve one purpose.

    Args:
        key: names it in ``rules.EXCEPTIONS``.
        title: heading on the page.
        packages: those that were read here.
        unread: why some may be missing from ``packages``, "" if none is; the page keeps their rows then.
        named: names that the page must have, read here or not.
        elsewhere: names that other platforms or releases of Python install.
    """

    key: str
    title: str
    packages: tuple[Package, ...]
    unread: str = ""
    named: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()


def printable(text: str, most: int = 120) -> str:
    """Return text of a stranger in one line of printable ASCII, cut after ``most`` characters."""
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= most else line[: most - 1] + "…"


def tree(root: Path) -> Iterator[Path]:
    """Yield the files of a source tree, without what was built or installed in it."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in MADE)
        yield from (Path(folder, name) for name in sorted(files))


def cache_folder() -> Path:
    """Return the folder of built programs and of what was read before, as ``collector/gobuild.py`` has it."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "aegis-otel"


def digest(parts: Iterable[str | Path]) -> str:
    """Return 16 hex digits that differ whenever a text, or the content of a file, differs."""
    found = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        found.update(f"{len(content)}\0".encode() + content)
    return found.hexdigest()[:16]


def remembered(name: str, read: Callable[[], Any]) -> Any:
    """Return what ``read`` gave the last time under this name, which must tell all that the result depends on."""
    known = recall(name)
    if known is None:
        known = read()
        remember(name, known)
    return known


def recall(name: str) -> Any:
    """Return what was remembered under this name, or None."""
    with contextlib.suppress(OSError, ValueError):
        return json.loads((cache_folder() / "licences" / f"{name}.json").read_text())
    return None


def remember(name: str, value: Any) -> None:
    """Keep a JSON value under this name; a cache that cannot be written costs time only."""
    folder = cache_folder() / "licences"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w") as file:
            json.dump(value, file)
        Path(scratch).replace(folder / f"{name}.json")
