"""Imports go one way: settings and schema, then the stores, then the checks, then the command line."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import aegis_otel

PACKAGE = Path(aegis_otel.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


def imported(path: Path) -> set[str]:
    """The modules of the package that a module imports, wherever in it, also for types only."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in inner}
    return found & set(MODULES)


def layer(module: str) -> str:
    """The folder below the package, or the module, that a module belongs to."""
    return ".".join(module.split(".")[1:2])


@pytest.mark.parametrize(
    ("folder", "below"),
    [
        ("settings", {"schema"}),
        ("stores", {"schema", "settings"}),
        ("health", {"schema", "settings", "stores", "deliver", "_native", "_otelcol"}),
    ],
)
def test_a_layer_imports_those_below_it_only(folder: str, below: set[str]):
    modules = {module: path for module, path in MODULES.items() if layer(module) == folder}
    assert modules
    found = {layer(name) for path in modules.values() for name in imported(path)}
    assert found <= {folder, *below}


def test_only_the_command_line_imports_the_command_line():
    others = {module: path for module, path in MODULES.items() if layer(module) != "cli"}
    assert not {module for module, path in others.items() for name in imported(path) if layer(name) == "cli"}


def test_no_module_imports_itself_by_way_of_others():
    graph = {module: imported(path) for module, path in MODULES.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
