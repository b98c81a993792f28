"""Looks for programs that must not come in, in every file of the tree that says what is built or installed."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from .inventory import tree
from .rules import denied

_MANIFESTS = (
    *("go.mod", "manifest*.yaml", "package.json", "package-lock.json", "Cargo.toml", "pyproject.toml"),
    *("requirements*.txt", "Dockerfile*", "*.Dockerfile", "Makefile", "*.mk"),
)
_RECIPES = ("collector/*.py", ".ci/*")
"""Scripts that build. ``*`` goes into folders."""


def refusals(root: Path) -> list[str]:
    """Return a message for each line that names such a program, comments included."""
    return [
        f"{path.relative_to(root).as_posix()}:{number}: {program} must not come in, whatever its licence"
        for path in tree(root)
        if _builds(path.relative_to(root).as_posix())
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if (program := denied(line))
    ]


def _builds(name: str) -> bool:
    return any(fnmatch.fnmatch(Path(name).name, pattern) for pattern in _MANIFESTS) or any(
        fnmatch.fnmatch(name, pattern) for pattern in _RECIPES
    )
