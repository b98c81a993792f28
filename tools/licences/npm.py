"""Reads the licences of npm packages: of all that is installed in this tree or in the cache folder of its builds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import texts
from .inventory import MADE, Package, Section, UnreadableError, cache_folder, tree
from .rules import spdx

KIND = "npm package"
_INSTALLED = "node_modules"
_DEEPEST = 3
"""Folders below the cache folder in which node_modules is looked for."""


def section(root: Path, cache: Path | None = None) -> Section:
    """Return the packages that are installed here; those that package.json names may be missing, and are named.

    Raises:
        UnreadableError: for a package.json that is none.
    """
    named = declared(root)
    found = {
        package
        for folder in (*_folders(root), *_folders(cache or cache_folder(), _DEEPEST))
        for package in packages(folder, named)
    }
    missing = sorted(named - {package.name for package in found})
    return Section(
        "npm",
        "npm: for tests and benchmarks only",
        tuple(sorted(found, key=lambda package: (package.name, package.version))),
        unread=f"not installed here: {', '.join(missing)}" if missing else "",
        named=named,
    )


def declared(root: Path) -> frozenset[str]:
    """Return the names that the tree's own package.json files depend on."""
    return frozenset(
        name
        for path in tree(root)
        if path.name == "package.json"
        for field in ("dependencies", "devDependencies", "optionalDependencies")
        for name in _json(path).get(field) or {}
    )


def packages(folder: Path, named: frozenset[str]) -> Iterator[Package]:
    """Yield the packages of one node_modules folder and of those inside them."""
    for entry in sorted(folder.iterdir()):
        inside = sorted(entry.iterdir()) if entry.name.startswith("@") else [entry]
        for package in inside:
            manifest = package / "package.json"
            if manifest.is_file():
                about = _json(manifest)
                name = str(about.get("name") or package.name)
                yield Package(KIND, name, str(about.get("version", "")), licence(about, package), name in named)
            if (package / _INSTALLED).is_dir():
                yield from packages(package / _INSTALLED, named)


def licence(about: dict[str, Any], folder: Path) -> str:
    """Return the licence that a package.json declares in today's form or in an older one, else that of its texts.

    One that is declared and cannot be read is returned as it stands, so that an error can show it.
    """
    value = about.get("license") or about.get("licenses")
    if not value:
        return texts.in_folder(folder)
    # Older packages have an object, or a list of licences to choose from.
    each = [
        one.get("type") if isinstance(one, dict) else one for one in (value if isinstance(value, list) else [value])
    ]
    if not all(isinstance(one, str) and spdx(one) for one in each):
        return json.dumps(value)
    return spdx(" OR ".join(f"({one})" for one in each))


def _folders(base: Path, deepest: int = 99) -> Iterator[Path]:
    for folder, folders, _ in os.walk(base):
        if _INSTALLED in folders:
            yield Path(folder, _INSTALLED)
        here = len(Path(folder).relative_to(base).parts)
        folders[:] = [name for name in folders if name not in MADE] if here < deepest else []


def _json(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path}: is no package.json: {error}") from error
    if not isinstance(about, dict):
        raise UnreadableError(f"{path}: is no package.json: no object in it")
    return about
