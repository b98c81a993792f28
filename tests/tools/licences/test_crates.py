"""Planted crates are refused or taken by what `cargo metadata` tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.licences.samples import AGPL, MIT
from tools.licences import crates, rules

ROOT = Path(__file__).resolve().parents[3]


def metadata_of_cargo(**of_planted: Any) -> dict[str, Any]:
    """What `cargo metadata` tells of a crate that needs one other."""
    ours = {"id": "ours", "name": "ours", "version": "1.0.0", "dependencies": [{"name": "planted"}], "license": None}
    other = {"id": "planted", "name": "planted", "version": "1.0.0", "dependencies": [], "license_file": None}
    return {"workspace_members": ["ours"], "packages": [ours, {**other, "license": None, **of_planted}]}


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("AGPL-3.0-only", True),
        ("MIT/Apache-2.0", False),
        ("MIT OR GPL-3.0-only", False),
        ("Own-1.0", True),
        (None, True),
    ],
)
def test_a_crate_is_weighed_by_its_licence(licence: str | None, refused: bool) -> None:
    [crate] = crates.packages(metadata_of_cargo(license=licence))
    assert crate.fixed
    assert bool(rules.refusal(crate, "rust")) is refused


@pytest.mark.parametrize(("text", "refused"), [(MIT, False), (AGPL, True), ("Ask us.", True)])
def test_a_crate_without_an_expression_is_weighed_by_its_file(tmp_path: Path, text: str, refused: bool) -> None:
    (tmp_path / "LICENCE.txt").write_text(text)
    metadata = metadata_of_cargo(license_file="LICENCE.txt", manifest_path=str(tmp_path / "Cargo.toml"))
    [crate] = crates.packages(metadata)
    assert bool(rules.refusal(crate, "rust")) is refused


def test_where_no_cargo_is_the_section_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert crates.section(ROOT).unread == "no cargo here"
