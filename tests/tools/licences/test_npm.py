"""Planted npm packages are refused or taken by their package.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tools.licences.samples import refusals
from tools.licences import npm, rules
from tools.licences.inventory import UnreadableError


def installed_npm(folder: Path, name: str, **fields: Any) -> None:
    package = folder / "node_modules" / name
    package.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0", **fields}))


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"license": "AGPL-3.0-only"}, True),
        ({"license": "UNLICENSED"}, True),
        ({"license": "SEE LICENSE IN terms.txt"}, True),
        ({"licenses": [{"type": "GPL-3.0-only"}]}, True),
        ({}, True),
        ({"license": "(MIT OR GPL-3.0-only)"}, False),
        ({"license": {"type": "ISC", "url": "https://example.com"}}, False),
        ({"licenses": [{"type": "GPL-3.0-only"}, {"type": "MIT"}]}, False),
    ],
)
def test_an_npm_package_is_weighed_by_its_licence(tmp_path: Path, fields: dict[str, Any], refused: bool) -> None:
    installed_npm(tmp_path / "web", "planted", **fields)
    [package] = npm.section(tmp_path, cache=tmp_path / "cache").packages
    assert bool(rules.refusal(package, "npm")) is refused


def test_npm_packages_with_a_scope_inside_others_and_in_the_cache_are_found(tmp_path: Path) -> None:
    root, cache = tmp_path / "tree", tmp_path / "cache"
    installed_npm(root, "@grafana/lezer-logql", license="Apache-2.0")
    installed_npm(root / "node_modules" / "@grafana" / "lezer-logql", "inner", license="MIT")
    installed_npm(cache / "grammar" / "1.0", "cached", license="MIT")
    section = npm.section(root, cache=cache)
    assert [package.name for package in section.packages] == ["@grafana/lezer-logql", "cached", "inner"]
    assert refusals([section]) == []


def test_an_npm_package_that_the_tree_names_and_that_is_not_installed_is_told(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"winston": "3.19.0"}}')
    section = npm.section(tmp_path, cache=tmp_path / "cache")
    assert section.unread == "not installed here: winston"
    assert section.named == {"winston"}


def test_a_package_json_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("[]")
    with pytest.raises(UnreadableError, match=r"package\.json: is no package\.json"):
        npm.declared(tmp_path)
