"""Reads the licences of the crates that the extension in Rust (native/) is built from, off `cargo metadata`."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import texts
from .inventory import Package, Section, UnreadableError, printable
from .rules import spdx

KIND = "crate"
_KEY, _TITLE = "rust", "Rust: compiled into the optional extension, `aegis-otel-native`"


def section(root: Path) -> Section:
    """Return the crates of native/, for all platforms; unread where no cargo is.

    Raises:
        UnreadableError: if cargo cannot tell them although the extension is installed.
    """
    if shutil.which("cargo") is None:
        return Section(_KEY, _TITLE, (), "no cargo here")
    command = ["cargo", "metadata", "--format-version", "1", "--quiet"]
    for more in (["--offline"], []):
        done = subprocess.run([*command, *more], cwd=root / "native", capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return Section(_KEY, _TITLE, tuple(packages(json.loads(done.stdout))))
    said = printable(done.stderr, 400)
    try:
        version("aegis-otel-native")
    except PackageNotFoundError:
        return Section(_KEY, _TITLE, (), f"the extension is not built here, and cargo says: {said}")
    raise UnreadableError(f"{KIND}s: cargo cannot list those of native/; run it again with a network: {said}")


def packages(metadata: dict[str, Any]) -> list[Package]:
    """Return the crates in the output of `cargo metadata` that are not of this tree."""
    members = set(metadata["workspace_members"])
    direct = {
        dependency["name"]
        for package in metadata["packages"]
        if package["id"] in members
        for dependency in package["dependencies"]
    }
    return [
        Package(KIND, package["name"], package["version"], licence(package), package["name"] in direct)
        for package in sorted(metadata["packages"], key=lambda package: (package["name"], package["version"]))
        if package["id"] not in members
    ]


def licence(package: dict[str, Any]) -> str:
    """Return the licence of one crate: its SPDX expression, else that of its licence file."""
    if declared := package.get("license"):
        # Crates wrote "MIT/Apache-2.0" before Cargo took SPDX expressions.
        expression = declared.replace("/", " OR ")
        return spdx(expression) or str(declared)
    if file := package.get("license_file"):
        path = Path(package["manifest_path"]).parent / file
        return texts.recognise(path.read_text(errors="replace")) if path.is_file() else ""
    return ""
