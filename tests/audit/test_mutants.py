"""Each check of the verifier is needed: with any one taken out, at least one test vector is judged wrongly."""

from __future__ import annotations

import ast
import importlib
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aegis_otel.audit import _check, _events, _keys, sources, trust, verify
from tools.audit_vectors import FOLDER

pytestmark = pytest.mark.integration  # slow

MODULES = (_events, _check, verify, sources)
"""In the order in which they import each other."""
TELLING = ("add", "_bad")
NOT_CHECKS = {
    # Reading, not judging: what is left out here is found, or told, by something else.
    ("sources", "_content"), ("sources", "_quickly"), ("sources", "_of_other"), ("sources", "evidence"),
    ("sources", "store"), ("sources", "_of_export"), ("sources", "folder"),
    ("verify", "is_audit"), ("verify", "_is_masked"), ("verify", "_root"),
    ("_events", "_is_size"), ("_events", "_is_hashes"),
}  # fmt: skip
UNREACHED = {
    ("verify", "no trusted key was given"): "says it in words; the keys are not found anyway (tests/cli/test_audit.py)",
}


def tells(node: ast.If) -> bool:
    """Whether the first block of an `if` says that something is wrong."""
    for statement in node.body:
        for each in ast.walk(statement) if not isinstance(statement, ast.If) else ():
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in TELLING:
                return True
        if isinstance(statement, ast.Return) and statement.value is not None:
            text = ast.unparse(statement.value)
            if "State." in text or isinstance(statement.value, (ast.JoinedStr,)):
                return True
            if isinstance(statement.value, ast.Constant) and statement.value.value:
                return isinstance(statement.value.value, str)
    return False


def checks() -> Iterator[tuple[int, str, str, int]]:
    """Module, function, text of the condition, and which of the function's `if`s it is."""
    for place, module in enumerate(MODULES):
        name = module.__name__.rpartition(".")[2]
        for function in ast.walk(ast.parse(Path(str(module.__file__)).read_text())):
            if isinstance(function, ast.FunctionDef) and (name, function.name) not in NOT_CHECKS:
                ifs = [node for node in ast.walk(function) if isinstance(node, ast.If)]
                for number, node in enumerate(ifs):
                    text = ast.unparse(ast.Module(node.body, []))
                    if tells(node) and not any(name == where and what in text for where, what in UNREACHED):
                        yield place, function.name, ast.unparse(node.test), number


@cache
def cases() -> list[tuple[Path, Path]]:
    folders = [(path, path.parent / "trail") for path in sorted(FOLDER.glob("trails/*/expect.json"))]
    exports = [
        (path, Path(str(path).replace(".expect.json", ".jsonl"))) for path in FOLDER.glob("exports/*.expect.json")
    ]
    return [*folders, *sorted(exports)]


def judged(expect: dict[str, Any], path: Path) -> tuple[object, ...]:
    given = sources.folder(path) if path.is_dir() else sources.export(path)
    notes = sources.evidence(FOLDER / expect["evidence"]) if expect["evidence"] else []
    rules = verify.Rules(now=datetime.fromisoformat(expect["as_of"].replace("Z", "+00:00")))
    report = verify.verify(given, trust.read_trust(FOLDER / expect["keys"]), notes, rules)
    first = expect["first"] and min(
        (each.seq for each in report.problems if each.chain == expect["first"]["chain"] and each.seq is not None),
        default=None,
    )
    return str(report.state), first, report.duplicates


def is_noticed() -> bool:
    """Whether a vector is judged otherwise than it should be."""
    for expected, path in cases():
        expect = json.loads(expected.read_text())
        right = (expect["state"], expect["first"] and expect["first"]["seq"], expect["duplicates"])
        try:
            if judged(expect, path) != right:
                return True
        except Exception:  # without a check, later code may meet what it does not expect
            return True
    return False


def run_without(place: int, function: str, number: int) -> None:
    """Execute the modules again from this one on, with one condition never true."""
    for later, module in enumerate(MODULES[place:], place):
        tree = ast.parse(Path(str(module.__file__)).read_text())
        if later == place:
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef) and node.name == function:
                    chosen = [each for each in ast.walk(node) if isinstance(each, ast.If)][number]
                    chosen.test = ast.Constant(False)
        exec(compile(ast.fix_missing_locations(tree), str(module.__file__), "exec"), module.__dict__)


@pytest.fixture
def restored() -> Iterator[None]:
    kept: list[tuple[ModuleType, dict[str, Any]]] = [(module, dict(module.__dict__)) for module in MODULES]
    yield
    for module, names in kept:
        module.__dict__.update(names)


def test_the_vectors_are_judged_rightly_with_all_checks() -> None:
    assert not is_noticed()
    assert len(list(checks())) > 40
    assert importlib.import_module(_keys.__name__) is _keys


@pytest.mark.parametrize(
    ("place", "function", "condition", "number"), list(checks()), ids=lambda value: str(value)[:40]
)
def test_without_a_check_a_vector_is_judged_wrongly(
    restored: None, monkeypatch: pytest.MonkeyPatch, place: int, function: str, condition: str, number: int
) -> None:
    run_without(place, function, number)
    monkeypatch.setattr(sources, "_TRIES", 1)
    assert is_noticed(), f"{MODULES[place].__name__}.{function}: `if {condition}` is not needed by any vector"
