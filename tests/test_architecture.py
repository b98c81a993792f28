"""Who may import whom, no import cycle, files of a readable size, and docs that name code that exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "aegis_otel"
NATIVE = ROOT / "native" / "src"
ARCHITECTURE = ROOT / "docs" / "architecture.md"

LAYERS = (
    {"_version", "_choose", "_native", "_fields", "_plain", "lifecycle"},
    {"schema"},
    {"settings", "correlation"},
    {"capture", "deliver", "redaction", "stores", "_otelcol"},
    {"health", "audit", "query_api"},
    {"cli", "web"},
)
"""From the lowest on. A part imports parts of lower layers, and of its own layer only itself."""

ABOVE_ALL = {"distro", "_auto", "_sealing", "_process", "testing", ""}
"""Wiring: knows all. The entry points, the pytest plugin and `aegis_otel` itself; nothing else imports them."""

LONG = {
    "aegis_otel/redaction/_contract.py": "generated from contract/",
}
"""Files over 400 lines, and why."""
MOST_LINES = 400


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    return {".".join(parts(path)): path for path in sorted(PACKAGE.rglob("*.py"))}


def parts(path: Path) -> tuple[str, ...]:
    found = path.relative_to(ROOT).with_suffix("").parts
    return found[:-1] if found[-1] == "__init__" else found


def is_package(name: str) -> bool:
    return modules()[name].name == "__init__.py"


def imports(name: str) -> Iterator[tuple[str, str]]:
    """What a module imports of ours, lazily and for types too: module, and the name that is taken from it."""
    for node in ast.walk(ast.parse(modules()[name].read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in modules():
                    yield alias.name, ""
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                if module in modules():
                    yield module, ""
                elif node.module in modules():
                    yield str(node.module), alias.name


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Names that lead back to the first one; empty where no way does."""
    done: set[str] = set()

    def visit(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph.get(name, ())):
            if found := visit(other, [*way, name]):
                return found
        done.add(name)
        return []

    for name in sorted(graph):
        if found := visit(name, []):
            return found
    return []


def part(name: str) -> str:
    """What a module is a part of: the name below `aegis_otel`."""
    return [*name.split("."), ""][1]


def layer(name: str) -> int:
    found = [number for number, members in enumerate(LAYERS) if part(name) in members]
    assert found, f"{name} has no layer: add it to LAYERS"
    return found[0]


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: {module for module, _ in imports(name)} - {name} for name in modules()}
    assert sum(map(len, graph.values())) > 100
    assert circle(graph) == []


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_imports_nothing_from_above(name: str) -> None:
    if part(name) in ABOVE_ALL:
        return
    wrong = [
        module
        for module, taken in imports(name)
        if part(module) != part(name)
        and (module, taken) != ("aegis_otel", "__version__")
        and (part(module) in ABOVE_ALL or layer(module) >= layer(name))
    ]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_private_module_is_used_in_its_own_package_only(name: str) -> None:
    wrong = []
    for module, _ in imports(name):
        names = module.split(".")
        for depth, one in enumerate(names):
            package = ".".join(names[:depth])
            if one.startswith("_") and not f"{name}.".startswith(f"{package}."):
                wrong.append(module)
    assert wrong == []


WITHOUT_A_LIST = {"aegis_otel.capture", "aegis_otel.cli"}
"""Packages whose modules are all private or all public, by their names."""


@pytest.mark.parametrize("name", sorted(set(filter(is_package, modules())) - WITHOUT_A_LIST))
def test_a_package_lists_what_is_public(name: str) -> None:
    tree = ast.parse(modules()[name].read_text())
    listed: set[str] = set()
    offered = {taken for _, taken in imports(name) if taken}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target = ast.unparse(node.targets[0])
            listed |= set(ast.literal_eval(node.value)) if target == "__all__" else set()
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not node.target.id.startswith("_"):
            offered.add(node.target.id)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            offered.add(node.name)
    assert listed == offered


INSIDE_DELIVER = {
    "_sink": set(),
    "queue": {"_sink"},
    "outputs": {"_sink"},
    "spool": set(),
    "otlp": {"_sink", "spool"},
}
"""What each part of `deliver` may import of the others."""


@pytest.mark.parametrize("name", sorted(name for name in modules() if name.startswith("aegis_otel.deliver.")))
def test_the_parts_of_deliver_know_each_other_in_one_direction(name: str) -> None:
    own = name.split(".")[2]
    used = {module.split(".")[2] for module, _ in imports(name) if module.startswith("aegis_otel.deliver.")}
    assert used - {own} <= INSIDE_DELIVER[own]


def test_no_file_is_too_long_to_be_read() -> None:
    files = [*PACKAGE.rglob("*.py"), *NATIVE.glob("*.rs")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {name for name, lines in lengths.items() if lines > MOST_LINES} <= set(LONG)


def test_no_rust_files_use_each_other_in_a_circle() -> None:
    names = {path.stem for path in NATIVE.glob("*.rs")}
    graph = {}
    for path in NATIVE.glob("*.rs"):
        text = path.read_text()
        used = set(re.findall(r"crate::(\w+)", text))
        for group in re.findall(r"crate::\{([^}]*)\}", text):
            used |= set(re.findall(r"\w+", group))
        graph[path.stem] = used & names
    assert sum(map(len, graph.values())) > 5
    assert circle(graph) == []


# What the docs name


def defined(path: Path) -> set[str]:
    """Classes, functions and `Class.method` of a file."""
    if path.suffix == ".py":
        found = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.add(node.name)
            if isinstance(node, ast.ClassDef):
                members = (one for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)))
                found |= {f"{node.name}.{one.name}" for one in members}
        return found
    text = path.read_text()
    found = set(re.findall(r"\b(?:fn|struct|enum|func|type)\s+(?:\([^)]*\)\s*)?(\w+)", text))
    for owner, body in re.findall(r"(?ms)^impl(?:<[^>]*>)? (\w+)[^{]*\{(.*?)^\}", text):
        found |= {f"{owner}.{name}" for name in re.findall(r"\bfn (\w+)", body)}
    return found


def named() -> list[tuple[str, str]]:
    return re.findall(r"`((?:aegis_otel|native|collector)/[\w./-]+):([\w.]+)`", ARCHITECTURE.read_text())


def test_a_record_never_returns_to_a_file_that_it_left() -> None:
    trip = ARCHITECTURE.read_text().partition("## A record's trip")[2].partition("\n## ")[0]
    files = re.findall(r"(?m)^\d+\..*?`(aegis_otel/[\w./-]+):", trip)
    visited = [file for number, file in enumerate(files) if not number or files[number - 1] != file]
    assert len(visited) >= 10
    assert len(visited) == len(set(visited))


@pytest.mark.parametrize(("file", "name"), sorted(set(named())))
def test_what_the_docs_name_exists(file: str, name: str) -> None:
    path = ROOT / file
    assert path.is_file()
    assert name in defined(path)


@pytest.mark.parametrize(
    "file", sorted(set(re.findall(r"`((?:aegis_otel|native)/[\w./-]+)`", ARCHITECTURE.read_text())))
)
def test_the_folders_that_the_docs_name_exist(file: str) -> None:
    assert (ROOT / file).exists()
