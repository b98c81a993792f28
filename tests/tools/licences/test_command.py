"""`python -m tools.licences` fails on offenders and on an old page, and this tree passes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.licences.samples import FREE, PINNED, page_of, section_of
from tools.licences import __main__ as command
from tools.licences import page
from tools.licences.inventory import Package, Section, UnreadableError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with a page, in which two packages are found."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "licences.md").write_text(page_of(PINNED))
    monkeypatch.setattr(command, "read", lambda root: ([section_of(PINNED, FREE)], []))
    return tmp_path


def test_a_new_package_that_nothing_here_pins_is_a_warning(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([], root) == 0
    said = capsys.readouterr().err
    assert "warning: Some packages: free (MIT) is new" in said
    assert "to take that over: .venv/bin/python -m tools.licences write" in said
    assert "out of date" not in said


def test_a_page_that_is_out_of_date_fails_and_says_how_to_refresh_it(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "docs" / "licences.md").unlink()
    assert command.main(["check"], root) == 1
    assert "out of date; refresh it: .venv/bin/python -m tools.licences write" in capsys.readouterr().err
    assert command.main(["write"], root) == 0
    assert command.main(["check"], root) == 0


@pytest.mark.parametrize("arguments", [["check"], ["write"]])
def test_an_offender_fails_is_named_and_is_not_written_down(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    bad = Package("npm package", "bad", "1.0\x1b[2J", "AGPL-3.0-only")
    monkeypatch.setattr(command, "read", lambda root: ([section_of(PINNED, bad)], []))
    assert command.main(arguments, root) == 1
    said = capsys.readouterr().err
    assert "error: npm package bad 1.0 [2J: AGPL-3.0-only is not allowed" in said
    assert "What to do" in said
    assert (root / "docs" / "licences.md").read_text() == page_of(PINNED)


def test_a_denied_program_in_a_manifest_fails(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "Dockerfile").write_text("FROM grafana/loki\n")
    assert command.main([], root) == 1
    assert "error: Dockerfile:1: grafana/loki must not come in" in capsys.readouterr().err


def test_what_cannot_be_read_fails(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "read", lambda root: ([section_of(PINNED)], ["crates: no network"]))
    assert command.main([], root) == 1
    assert "error: crates: no network" in capsys.readouterr().err


def test_one_kind_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(root: Path) -> list[Section]:
        raise UnreadableError("no network")

    monkeypatch.setattr(command.wheels, "sections", unreadable)
    monkeypatch.setattr(command.gomodules, "sections", lambda root: [section_of(PINNED)])
    monkeypatch.setattr(command.crates, "section", lambda root: section_of(FREE))
    monkeypatch.setattr(command.npm, "section", lambda root: section_of())
    monkeypatch.setattr(command.wheels, "fetched", lambda root, more: section_of())
    sections, problems = command.read(tmp_path)
    assert [len(section.packages) for section in sections] == [1, 1, 0, 0]
    assert problems == ["no network"]


def test_this_tree_passes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.licences"], cwd=ROOT, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all allowed" in done.stdout


def test_this_tree_reads_every_kind_of_package() -> None:
    titles = page.parse((ROOT / "docs" / "licences.md").read_text())
    for kind in ("Python: needed", "Python: for development", "Python: for builds", "Go: linked", "Rust:", "npm:"):
        assert any(title.startswith(kind) for title in titles), kind
