"""Planted distributions, laid down as pip does, are refused or taken by their metadata."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.tools.licences.samples import AGPL, BSD_3, MIT, refusals
from tools.licences import wheels
from tools.licences.inventory import UnreadableError

ROOT = Path(__file__).resolve().parents[3]


def planted(site: Path, name: str, metadata: str = "", *licences: str) -> None:
    """A distribution as pip lays it down."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{metadata}\n")
    record = [f"{info.name}/METADATA,,"]
    for number, licence in enumerate(licences):
        (info / "licenses").mkdir(exist_ok=True)
        (info / "licenses" / f"LICENSE.{number}").write_text(licence)
        record.append(f"{info.name}/licenses/LICENSE.{number},,")
    (info / "RECORD").write_text("\n".join(record))


def tree_needing(folder: Path, *product: str, development: tuple[str, ...] = ()) -> Path:
    """A source tree whose pyproject.toml asks for these."""
    root = folder / "tree"
    root.mkdir()
    (root / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["hatchling>=1"]\n[project]\nname = "ours"\ndependencies = {json.dumps(product)}\n'
        f"[project.optional-dependencies]\ndev = {json.dumps(['ours', *development])}\n"
    )
    return root


def refusal_of_wheel(folder: Path, metadata: str, *licences: str) -> list[str]:
    planted(folder / "site", "planted", metadata, *filter(None, licences))
    return refusals(wheels.sections(tree_needing(folder, "planted"), [str(folder / "site")]))


@pytest.mark.parametrize(
    ("metadata", "licence", "why"),
    [
        ("License-Expression: AGPL-3.0-only", MIT, "AGPL-3.0-only is not allowed"),
        ("License-Expression: MIT AND AGPL-3.0-only", "", "MIT AND AGPL-3.0-only is not allowed"),
        ("Classifier: License :: OSI Approved :: GNU Affero General Public License v3", MIT, "cannot be read: GNU Aff"),
        ("License: MIT\nClassifier: License :: Other/Proprietary License", "", "cannot be read"),
        (
            "License: GPLv3 or commercial\nClassifier: License :: OSI Approved :: MIT License",
            MIT,
            "cannot be read: GPLv3",
        ),
        ("License: Apache-2.0\nClassifier: License :: OSI Approved :: BSD License", AGPL, "cannot be read"),
        ("", AGPL, "cannot be read: AGPL"),
        ("License: see the web", "", "no licence could be read"),
        ("Classifier: License :: OSI Approved :: BSD License", "", "no licence could be read"),
        ("", "", "no licence could be read"),
    ],
)
def test_a_wheel_is_refused(tmp_path: Path, metadata: str, licence: str, why: str) -> None:
    [refusal] = refusal_of_wheel(tmp_path, metadata, licence)
    assert refusal.startswith("wheel planted 1.0: ")
    assert why in refusal


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: Apache-2.0 OR GPL-3.0-only", ""),
        ("License: BSD-3-Clause\nClassifier: License :: OSI Approved :: BSD License", ""),
        ("Classifier: License :: OSI Approved :: BSD License", BSD_3),
        ("License: Dual License\nClassifier: License :: OSI Approved :: Apache Software License", ""),
        ("License: New BSD", BSD_3),
        ("", MIT),
    ],
)
def test_a_wheel_is_taken(tmp_path: Path, metadata: str, licence: str) -> None:
    assert refusal_of_wheel(tmp_path, metadata, licence) == []


def test_a_wheel_with_a_second_text_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    [refusal] = refusal_of_wheel(tmp_path, "", MIT, "You need a contract with us.")
    assert "no licence could be read" in refusal


def test_what_a_wheel_needs_in_turn_is_read_too(tmp_path: Path) -> None:
    site = tmp_path / "site"
    planted(site, "first", 'License-Expression: MIT\nRequires-Dist: second[more]\nRequires-Dist: never; extra == "x"')
    planted(site, "second", 'License-Expression: MIT\nProvides-Extra: more\nRequires-Dist: third; extra == "more"')
    planted(site, "third", "License-Expression: AGPL-3.0-only")
    [refusal] = refusals(wheels.sections(tree_needing(tmp_path, "first"), [str(site)]))
    assert refusal.startswith("wheel third 1.0")


def test_what_only_tests_need_stands_apart_and_is_refused_as_well(tmp_path: Path) -> None:
    for name, licence in (("both", "MIT"), ("tested", "LGPL-3.0-only")):
        planted(tmp_path / "site", name, f"License-Expression: {licence}")
    root = tree_needing(tmp_path, "both", development=("both", "tested"))
    product, development = wheels.sections(root, [str(tmp_path / "site")])
    assert [package.name for package in product.packages] == ["both"]
    assert [package.name for package in development.packages] == ["tested"]
    assert len(refusals([development])) == 1


def test_a_wheel_that_is_needed_and_not_installed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="absent: needed, and not installed"):
        wheels.sections(tree_needing(tmp_path, "absent"), [str(tmp_path)])


def test_what_another_python_needs_is_known_as_such(tmp_path: Path) -> None:
    root = tree_needing(tmp_path, "old; python_version < '3'")
    [product, _] = wheels.sections(root, [str(tmp_path)])
    assert product.elsewhere == {"old"}


def test_only_what_every_python_needs_must_be_in_the_page(tmp_path: Path) -> None:
    for name in ("everywhere", "here"):
        planted(tmp_path / "site", name, "License-Expression: MIT")
    root = tree_needing(tmp_path, "everywhere", "here; python_version > '3'")
    [product, _] = wheels.sections(root, [str(tmp_path / "site")])
    assert [(package.name, package.fixed) for package in product.packages] == [("everywhere", True), ("here", False)]


def test_build_requirements_and_the_peers_of_the_benchmarks_are_found() -> None:
    assert {text.split(">")[0] for text in wheels.build_requirements(ROOT)} == {"hatchling", "maturin"}
    assert {"loguru", "orjson"} <= set(wheels.peers(ROOT))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which alone pip takes wheels."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "XDG_CACHE_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return folder


def test_a_wheel_that_only_builds_install_is_read_once(tmp_path: Path, index: Path) -> None:
    planted(tmp_path / "wheel", "hatchling", "", AGPL)
    wheel = index / "hatchling-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in (tmp_path / "wheel").rglob("*"):
            archive.write(path, path.relative_to(tmp_path / "wheel"))
        archive.writestr("hatchling-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    root = tree_needing(tmp_path)
    first = wheels.fetched(root, [])
    assert refusals([first]) == ["wheel hatchling 1.0: its licence cannot be read: AGPL"]
    wheel.unlink()
    assert wheels.fetched(root, []) == first


def test_a_wheel_that_pip_cannot_fetch_is_an_error(tmp_path: Path, index: Path) -> None:
    with pytest.raises(UnreadableError, match=r"pip cannot fetch hatchling>=1, odd"):
        wheels.fetched(tree_needing(tmp_path), ["odd"])
