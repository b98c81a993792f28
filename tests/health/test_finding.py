from __future__ import annotations

import ast
from pathlib import Path

import pytest

from aegis_otel import health
from aegis_otel.health import Finding, Verdict, amount

HEALTH = Path(health.__file__).parent


def test_a_finding_reads_as_what_was_seen_and_why_and_what_to_do():
    wrong = Finding("spool", Verdict.WRONG, "/x cannot be written", cause="Permission denied", next_step="set AEGIS_X")
    assert str(wrong) == "/x cannot be written: Permission denied; set AEGIS_X"
    assert str(Finding.fine("spool", "nothing waits")) == "nothing waits"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (5000, "4.9 KiB"), (2**20, "1.0 MiB"), (2**40, "1024.0 GiB")],
)
def test_an_amount_is_for_people(size: float, text: str):
    assert amount(size) == text


def findings_made(source: str) -> list[ast.Call]:
    """Where a module makes a finding that is not fine."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Finding"]


def test_every_finding_that_is_not_fine_has_a_next_step():
    made = [call for path in HEALTH.glob("*.py") for call in findings_made(path.read_text(encoding="utf-8"))]
    assert len(made) > 20
    for call in made:
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        assert "next_step" in given, ast.unparse(call)
        assert ast.unparse(given["next_step"]) not in ("''", "None"), ast.unparse(call)
        assert "FINE" not in ast.unparse(call), ast.unparse(call)


def test_no_check_shows_anything_by_itself():
    """The command line and the page show what the checks return, each in its own way."""
    for path in HEALTH.glob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        roots = {name.split(".")[0] for name in imported} | {".".join(name.split(".")[:2]) for name in imported}
        assert not roots & {"rich", "typer", "click", "aegis_otel.cli"}, path.name
