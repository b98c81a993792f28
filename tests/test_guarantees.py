"""Each guarantee in docs/guarantees.md says what can still go wrong, and names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
SECTIONS = {text.splitlines()[0]: text for text in re.split(r"(?m)^## ", PAGE)[1:]}
DEFINED = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"(?m)^(?:async )?def (test_\w+)\(", path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("title", SECTIONS)
def test_a_guarantee_says_what_can_go_wrong_and_names_tests_that_exist(title: str):
    assert "**What can still go wrong.**" in SECTIONS[title]
    named = re.findall(r"`(test_\w+)`", SECTIONS[title].partition("**Tests.**")[2])
    assert named
    assert set(named) <= DEFINED, sorted(set(named) - DEFINED)
