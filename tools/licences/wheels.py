"""Reads the licences of Python distributions from their metadata.

Of the installed ones: `License-Expression`, else classifiers and the `License` field together, else the licence files.
Build requirements and the benchmarks' peers are not installed in .venv: pip fetches their wheels for a look.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from . import texts
from .inventory import Package, Section, UnreadableError, digest, remembered, tree
from .rules import spdx

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KIND = "wheel"

_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
}
# They name no licence: "BSD License" stands for three of them.
_VAGUE = {"", "OSI Approved", "DFSG approved", "BSD License"}
_RESTRICTS = re.compile(r"gpl|gnu|sspl|busl|proprietary|commercial|business|commons clause|all rights", re.IGNORECASE)


class Needed(NamedTuple):
    """What a tree needs: names by purpose. A name is in the first purpose that needs it."""

    product: dict[str, bool]
    development: dict[str, bool]
    elsewhere: frozenset[str]


def sections(root: Path, path: list[str] | None = None) -> list[Section]:
    """Return the distributions of the product and of development, as installed on ``path`` (default: here).

    Raises:
        UnreadableError: if one that is needed is not installed.
    """
    installed: dict[str, Distribution] = {
        canonicalize_name(one.name): one for one in distributions(path=sys.path if path is None else path) if one.name
    }
    needed = closure(root, installed)
    return [
        Section(
            key,
            title,
            tuple(
                Package(KIND, name, installed[name].version, licence(installed[name]), fixed)
                for name, fixed in sorted(names.items())
            ),
            elsewhere=needed.elsewhere,
        )
        for key, title, names in (
            ("python", "Python: needed by `aegis-otel` and its extras", needed.product),
            ("python-development", "Python: for development and tests only", needed.development),
        )
    ]


def closure(root: Path, installed: dict[str, Distribution]) -> Needed:
    """Follow the requirements of the tree's pyproject.toml through the metadata of what is installed.

    Values are True for what pyproject.toml itself names for every platform. What is made from this tree is left out.
    """
    projects = list(_projects(root))
    own = {canonicalize_name(project.get("name", "")) for project, _ in projects}
    wanted: dict[bool, list[str]] = {False: [], True: []}
    for project, _ in projects:
        wanted[False] += project.get("dependencies", [])
        for extra, lines in project.get("optional-dependencies", {}).items():
            wanted[extra == "dev"] += lines
    product: dict[str, bool] = {}
    development: dict[str, bool] = {}
    elsewhere: set[str] = set()
    for dev, names in ((False, product), (True, development)):
        seen: set[tuple[str, str]] = set()
        # What only some platforms need is no business of a page that is written on another.
        queue = [(one, "", one.marker is None) for one in map(Requirement, wanted[dev])]
        while queue:
            requirement, extra, direct = queue.pop(0)
            name = canonicalize_name(requirement.name)
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                if not re.search(r"\bextra\b", str(requirement.marker)):
                    elsewhere.add(name)
                continue
            if name in own:
                continue
            if name not in installed:
                raise UnreadableError(
                    f"{KIND} {name}: needed, and not installed in this environment; "
                    "remove .venv/provisioned.json and run make test, or add it to the dev extra"
                )
            if not (dev and name in product):
                names[name] = names.get(name, False) or direct
            for one in {"", *requirement.extras}:
                if (name, one) not in seen:
                    seen.add((name, one))
                    queue += [(Requirement(text), one, False) for text in installed[name].requires or []]
    return Needed(product, development, frozenset(elsewhere - product.keys() - development.keys()))


def _projects(root: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for path in tree(root):
        if path.name == "pyproject.toml":
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            yield table.get("project", {}), table


def licence(distribution: Distribution) -> str:
    """Return the licence of an installed distribution as an SPDX expression, or what stands there in place of one."""
    files = [
        path
        for path in distribution.files or []
        if re.search(r"\.(?:dist|egg)-info$", path.parts[0]) and texts.NAME.match(path.name)
    ]
    found = (Path(str(path.locate())) for path in files)
    return declared(distribution.metadata, (path.read_text(errors="replace") for path in found if path.is_file()))


def declared(metadata: Any, licence_texts: Iterable[str]) -> str:
    """Return the licence that core metadata (packaging.python.org) and the texts beside it declare, or "".

    One that cannot be read is returned as it stands, so that an error can show it.
    """
    if expression := metadata.get("License-Expression"):
        return spdx(expression) or expression
    field = " ".join((metadata.get("License") or "").split())
    classifiers = [
        line.split(" :: ")[-1] for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    named = [_CLASSIFIERS.get(one, one) for one in classifiers if one not in _VAGUE]
    of_field = spdx(field) or texts.recognise(field)
    if not of_field and _RESTRICTS.search(field):
        return field
    unclear = "BSD License" in classifiers and "BSD" not in of_field
    if (named or of_field) and not unclear:
        return texts.joined([*named, of_field])
    recognised = [texts.recognise(text) for text in licence_texts]
    # One text that is not recognised may be the one that restricts.
    return texts.joined([*named, of_field, *recognised]) if recognised and all(recognised) else ""


def fetched(root: Path, more: list[str]) -> Section:
    """Return what builds and benchmarks install outside of .venv, and ``more`` requirements.

    pip fetches the wheels once; they are read again only after a change of what the tree asks for.

    Raises:
        UnreadableError: if they cannot be fetched.
    """
    asked = sorted({*build_requirements(root), *peers(root), *more})
    own = {canonicalize_name(Requirement(text).name) for text in asked}
    source = Path(__file__)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = remembered(
        f"wheels-{digest([*asked, version, source, source.with_name('texts.py')])}", lambda: _fetch(asked)
    )
    packages = (Package(KIND, name, version, text, name in own) for name, version, text in found)
    return Section("python-builds", "Python: for builds and benchmarks only", tuple(packages))


def build_requirements(root: Path) -> list[str]:
    """Return what the tree's pyproject.toml files ask of a build environment."""
    return [text for _, table in _projects(root) for text in table.get("build-system", {}).get("requires", [])]


def peers(root: Path) -> list[str]:
    """Return what the benchmarks install: the constant ``PEERS`` in benchmarks/__main__.py."""
    path = root / "benchmarks" / "__main__.py"
    if not path.is_file():
        return []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(one, ast.Name) and one.id == "PEERS" for one in node.targets
        ):
            return list(ast.literal_eval(node.value))
    raise UnreadableError(f"{path}: no constant PEERS, so nobody knows what the benchmarks install")


def _fetch(requirements: list[str]) -> list[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--only-binary=:all:", "--dest", folder, *requirements]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnreadableError(
                f"pip cannot fetch {', '.join(requirements)} to read their licences; run it again with a network:\n"
                f"{done.stderr.strip()}"
            )
        return sorted(map(_of_wheel, Path(folder).glob("*.whl")))


def _of_wheel(path: Path) -> tuple[str, str, str]:
    with zipfile.ZipFile(path) as archive:
        # Some wheels list folders too.
        names = [name for name in archive.namelist() if re.match(r"[^/]+\.dist-info/.*[^/]$", name)]
        [inside] = [name for name in names if name.count("/") == 1 and name.endswith("/METADATA")]
        metadata: Message = HeaderParser().parsestr(archive.read(inside).decode(errors="replace"))
        licences = [archive.read(name).decode(errors="replace") for name in names if texts.NAME.match(Path(name).name)]
    return canonicalize_name(str(metadata["Name"])), str(metadata["Version"]), declared(metadata, licences)
