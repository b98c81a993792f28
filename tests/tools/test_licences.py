"""Nothing with a licence that is not allowed gets into the product, its builds or its tests unnoticed.

The packages are planted: distributions, modules, crates and npm packages as their own tools lay them down.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tools.licences import __main__ as command
from tools.licences import crates, gomodules, manifests, npm, page, rules, texts, wheels
from tools.licences.inventory import Package, Section, UnreadableError

ROOT = Path(__file__).resolve().parents[2]

MIT = """The MIT License (MIT)

Copyright (c) 2020 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software.

The above copyright notice and this permission notice shall be included in all copies or substantial portions of
the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND.
"""
BSD_2 = """Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:
1. Redistributions of source code must retain the above copyright notice.
2. Redistributions in binary form must reproduce the above copyright notice in the documentation.
"""
BSD_3 = (
    BSD_2 + "3. Neither the name of the holder may be used to endorse or promote products derived from this software.\n"
)
BSD_4 = BSD_3 + "4. All advertising materials mentioning features of this software must display an acknowledgement.\n"
ISC = """Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby
granted, provided that the above copyright notice and this permission notice appear in all copies.
THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES."""
ZERO_BSD = ISC.replace(", provided that the above copyright notice and this permission notice appear in all copies", "")
APACHE = """Apache License
Version 2.0, January 2004
2. Grant of Copyright License. Subject to the terms and conditions of this License ..."""
MPL = """Mozilla Public License Version 2.0
1.12. "Secondary License" means either the GNU General Public License, Version 2.0, the GNU Lesser General Public
License, Version 2.1, the GNU Affero General Public License, Version 3.0, or any later versions of those licenses.
6. Covered Software is provided under this License on an "as is" basis."""
AGPL = "GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007\n"


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (MIT, "MIT"),
        (BSD_2, "BSD-2-Clause"),
        (BSD_3, "BSD-3-Clause"),
        (ISC, "ISC"),
        (ZERO_BSD, "0BSD"),
        (APACHE, "Apache-2.0"),
        (MPL, "MPL-2.0"),
        ("This is free and unencumbered software released into the public domain.", "Unlicense"),
    ],
)
def test_a_text_of_an_allowed_licence_is_recognised(text: str, licence: str) -> None:
    assert texts.recognise(text) == licence


@pytest.mark.parametrize(
    "text", ["\r\n".join(MIT.split()), MIT.replace(" ", "\n  * "), MIT.upper(), MIT.replace(",", "")]
)
def test_line_breaks_marks_and_case_do_not_hide_a_text(text: str) -> None:
    assert texts.recognise(text) == "MIT"


def test_of_a_text_with_two_licences_both_are_told() -> None:
    assert texts.recognise(f"{MIT}\n\nThe files of the second part:\n\n{APACHE}") == "Apache-2.0 AND MIT"


@pytest.mark.parametrize(
    "text",
    [
        AGPL,
        "GNU GENERAL PUBLIC LICENSE\nVersion 2, June 1991",
        "GNU LESSER GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007",
        "Server Side Public License\nVERSION 1, OCTOBER 16, 2018",
        "Business Source License 1.1",
        "Elastic License 2.0",
        BSD_4,
        f'"Commons Clause" License Condition v1.0\n\n{MIT}',
        f"{MIT}\nThe Software shall be used for Good, not Evil.",
        f"{MPL}\nAlternatively, under the terms of the GNU General Public License.",
        f"{MIT}\nYou may choose the {AGPL} instead.",
        "All rights reserved.",
        "",
    ],
)
def test_any_other_text_is_not_allowed(text: str) -> None:
    assert not rules.allowed(texts.recognise(text))


def test_a_folder_with_a_second_text_that_nobody_knows_has_no_licence(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(MIT)
    assert texts.in_folder(tmp_path) == "MIT"
    (tmp_path / "LICENSE.enterprise").write_text("You need a contract with us.")
    assert texts.in_folder(tmp_path) == ""


# --- expressions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("mit", True),
        ("AGPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND (GPL-2.0-only OR Apache-2.0)", True),
        ("(MIT AND GPL-2.0-only) OR LGPL-3.0-only", False),
        ("MIT OR Apache-2.0 AND GPL-3.0-only", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("BUSL-1.1", False),
        ("SSPL-1.0", False),
        ("LicenseRef-MIT-Bootstrap", False),
        ("MIT OR", False),
        ("UNLICENSED", False),
        ("", False),
    ],
)
def test_an_spdx_expression_is_weighed_as_it_is_meant(expression: str, allowed: bool) -> None:
    assert rules.allowed(expression) is allowed


# --- what is refused by name --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "github.com/grafana/loki",
        "github.com/grafana/loki/v3",
        "FROM docker.io/grafana/loki:3.7.8",
        "FROM grafana/grafana AS g",
        "\tgithub.com/grafana/tempo v2.0.0",
        "github.com/grafana/mimir/pkg",
        "github.com/minio/minio v0.0.1",
        'tool "go.k6.io/k6"',
    ],
)
def test_a_program_of_the_deny_list_is_seen(text: str) -> None:
    assert rules.denied(text)


@pytest.mark.parametrize(
    "text", ["@grafana/lezer-logql", "github.com/minio/minio-go/v7", "github.com/grafana/loki-tools", "loki", "minio"]
)
def test_names_like_those_of_the_deny_list_are_free(text: str) -> None:
    assert not rules.denied(text)


@pytest.mark.parametrize("licence", ["Apache-2.0", ""])
def test_a_denied_module_is_refused_whatever_its_licence(licence: str) -> None:
    module = Package("Go module", "github.com/grafana/loki/v3", "v3.7.8", licence)
    assert "must not come in" in rules.refusal(module, "go")


@pytest.mark.parametrize(
    "name",
    [
        "collector/new/go.mod",
        "collector/manifest.yaml",
        "collector/new/build.py",
        "web/package.json",
        "native/Cargo.toml",
        "pyproject.toml",
        "docs/requirements-docs.txt",
        "examples/Dockerfile",
        "Makefile",
        ".ci/run",
    ],
)
def test_a_denied_program_is_found_in_every_file_that_builds(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("first line\nuse github.com/grafana/loki/v3 here\n")
    assert manifests.refusals(tmp_path) == [f"{name}:2: grafana/loki must not come in, whatever its licence"]


def test_the_compose_file_and_prose_may_name_what_users_bring(tmp_path: Path) -> None:
    for name in ("docker-compose.otel.yml", "README.md"):
        (tmp_path / name).write_text("image: grafana/loki:3.7.8\n")
    assert manifests.refusals(tmp_path) == []


# --- wheels -----------------------------------------------------------------------------------------------------------


def planted(site: Path, name: str, metadata: str = "", licence: str = "") -> None:
    """A distribution as pip lays it down."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{metadata}\n")
    record = [f"{info.name}/METADATA,,"]
    if licence:
        (info / "licenses").mkdir()
        (info / "licenses" / "LICENSE").write_text(licence)
        record.append(f"{info.name}/licenses/LICENSE,,")
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


def refusals(sections: list[Section]) -> list[str]:
    return [why for one in sections for package in one.packages if (why := rules.refusal(package, one.key))]


def refusal_of_wheel(folder: Path, metadata: str, licence: str = "") -> list[str]:
    planted(folder / "site", "planted", metadata, licence)
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
    planted(tmp_path / "wheel", "hatchling", licence=AGPL)
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


# --- Go ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def go() -> gomodules.gobuild.Go:
    return gomodules.gobuild.require_go(gomodules.build_collector.MINIMUM_GO, gomodules.gobuild.Progress("go"))


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go: gomodules.gobuild.Go) -> Path:
    """An empty module proxy of files, and caches of its own."""
    for name, value in {
        "GOPROXY": f"file://{tmp_path}/proxy",
        "GOSUMDB": "off",
        "GOMODCACHE": str(tmp_path / "modules"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "proxy"


def publish(proxy: Path, path: str, licence: str | None) -> gomodules.Module:
    """A module with a program in it, as the module proxy serves it (https://go.dev/ref/mod#goproxy-protocol)."""
    folder = proxy / path / "@v"
    folder.mkdir(parents=True)
    (folder / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (folder / "v1.0.0.mod").write_text(f"module {path}\n\ngo 1.25\n")
    (folder / "list").write_text("v1.0.0\n")
    with zipfile.ZipFile(folder / "v1.0.0.zip", "w") as archive:
        archive.writestr(f"{path}@v1.0.0/go.mod", f"module {path}\n\ngo 1.25\n")
        archive.writestr(f"{path}@v1.0.0/main.go", "package main\n\nfunc main() {}\n")
        if licence is not None:
            archive.writestr(f"{path}@v1.0.0/LICENSE", licence)
    return path, "v1.0.0"


@pytest.mark.parametrize(
    ("licence", "read"), [(MIT, "MIT"), (AGPL, "AGPL"), ("Ask us for a contract.", ""), (None, "")]
)
def test_the_licence_of_a_module_is_that_of_the_texts_at_its_root(
    go: gomodules.gobuild.Go, proxy: Path, licence: str | None, read: str
) -> None:
    module = publish(proxy, "example.com/planted", licence)
    assert gomodules.read(go, [module]) == {module: read}
    assert bool(rules.refusal(Package("Go module", *module, read), "go")) is (read != "MIT")


def test_a_licence_that_was_read_needs_neither_network_nor_module_cache_again(
    go: gomodules.gobuild.Go, proxy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = publish(proxy, "example.com/planted", MIT)
    gomodules.read(go, [module])
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "none"))
    assert gomodules.read(go, [module]) == {module: "MIT"}
    with pytest.raises(UnreadableError, match=r"example\.com/other"):
        gomodules.read(go, [("example.com/other", "v1.0.0")])


def test_the_tools_that_a_go_mod_names_are_listed(go: gomodules.gobuild.Go, proxy: Path, tmp_path: Path) -> None:
    module = publish(proxy, "example.com/planted", AGPL)
    folder = tmp_path / "tooling"
    folder.mkdir()
    manifest = "module example.com/here\n\ngo 1.25\n\ntool example.com/planted\n\nrequire example.com/planted v1.0.0\n"
    (folder / "go.mod").write_text(manifest)
    assert module in gomodules.needed(go, folder)
    assert (folder / "go.mod").read_text() == manifest


def test_the_collector_tells_what_it_was_linked_from(go: gomodules.gobuild.Go) -> None:
    linked = gomodules.linked(go, gomodules.gobuild.cached(gomodules.build_collector.recipe()))
    names = [name for name, _ in linked]
    assert "go.opentelemetry.io/collector/receiver/otlpreceiver" in names
    assert "std" in names
    assert not [name for name in names if "aegis" in name]


def test_a_program_that_is_not_of_go_is_an_error(go: gomodules.gobuild.Go) -> None:
    with pytest.raises(UnreadableError, match="does not say which modules"):
        gomodules.linked(go, Path("/bin/sh"))


def test_every_go_mod_of_the_tree_is_read(
    go: gomodules.gobuild.Go, proxy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gomodules.gobuild, "cached", lambda recipe: Path(sys.executable))
    monkeypatch.setattr(gomodules, "linked", lambda go, binary: [("std", go.version)])
    monkeypatch.setattr(gomodules, "of_builder", lambda go: [publish(proxy, "example.com/builder", MIT)])
    publish(proxy, "example.com/planted", AGPL)
    folder = tmp_path / "tree" / "collector" / "new"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text(
        "module example.com/new\n\ngo 1.25\n\ntool example.com/planted\n\nrequire example.com/planted v1.0.0\n"
    )
    sections = gomodules.sections(tmp_path / "tree")
    assert [section.key for section in sections] == ["go", "go collector/new", "go builder"]
    [refusal] = refusals(sections)
    assert refusal.startswith("Go module example.com/planted v1.0.0")


def test_another_version_of_a_module_is_read_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    licences = {("a", "v1"): "MIT", ("a", "v2"): "AGPL-3.0-only", ("a", "v3"): "MIT"}
    monkeypatch.setattr(gomodules.gobuild, "cached", lambda recipe: Path(sys.executable))
    monkeypatch.setattr(gomodules, "linked", lambda go, binary: [("a", "v1")])
    monkeypatch.setattr(gomodules, "of_builder", lambda go: [("a", "v2"), ("a", "v3")])
    monkeypatch.setattr(gomodules, "read", lambda go, modules: licences)
    assert refusals(gomodules.sections(tmp_path)) == ["Go module a v2: AGPL-3.0-only is not allowed"]


def test_a_collector_that_is_not_built_is_an_error(proxy: Path) -> None:
    with pytest.raises(UnreadableError, match="the Collector is not built; run: python collector/build_collector"):
        gomodules.sections(ROOT)


def test_the_builder_of_the_collector_is_read(go: gomodules.gobuild.Go) -> None:
    names = [name for name, _ in gomodules.of_builder(go)]
    assert names[0] == "go.opentelemetry.io/collector/cmd/builder"
    assert len(names) > 5


# --- crates -----------------------------------------------------------------------------------------------------------


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


# --- npm --------------------------------------------------------------------------------------------------------------


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
    installed_npm(tmp_path, "@grafana/lezer-logql", license="Apache-2.0")
    installed_npm(tmp_path / "node_modules" / "@grafana" / "lezer-logql", "inner", license="MIT")
    installed_npm(tmp_path / "cache" / "grammar" / "1.0", "cached", license="MIT")
    section = npm.section(tmp_path, cache=tmp_path / "cache")
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


# --- names and exceptions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a|b", "a\nb", "a b", "<b>", ""])
def test_a_name_that_would_break_the_page_is_refused(name: str) -> None:
    assert "no name of a package" in rules.refusal(Package("npm package", name, "1", "MIT"), "npm")


def test_an_exception_holds_for_its_section_and_for_what_was_read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rules.EXCEPTIONS, ("wheel", "odd"), rules.Exempt("here", "ZPL-2.1", "why", "LICENSE"))
    assert rules.refusal(Package("wheel", "odd", "1", "ZPL-2.1"), "here") == ""
    assert rules.refusal(Package("wheel", "odd", "1", ""), "here") == ""
    assert rules.refusal(Package("wheel", "odd", "1", "ZPL-2.1"), "elsewhere")
    assert rules.refusal(Package("wheel", "odd", "1", "AGPL-3.0-only"), "here")
    assert rules.refusal(Package("crate", "odd", "1", "ZPL-2.1"), "here")


def test_no_exception_is_left_over() -> None:
    rows = page.parse((ROOT / "docs" / "licences.md").read_text())
    listed = {name for found in rows.values() for name in found}
    assert {name for _, name in rules.EXCEPTIONS} <= listed


# --- the page -----------------------------------------------------------------------------------------------------------


def section_of(*packages: Package, **more: Any) -> Section:
    return Section("npm", "Some packages", packages, **more)


PINNED = Package("npm package", "pinned", "1.0", "MIT", fixed=True)
FREE = Package("npm package", "free", "1.0", "MIT")


def page_of(*packages: Package) -> str:
    return page.render(page.wanted([section_of(*packages)], {}))


def test_a_page_that_was_just_written_is_up_to_date() -> None:
    assert page.differences([section_of(PINNED, FREE)], page_of(PINNED, FREE)) == ([], [])


@pytest.mark.parametrize(
    ("before", "now", "problems", "warnings"),
    [
        ([FREE], [FREE, PINNED], ["Some packages: pinned (MIT) is new"], []),
        ([PINNED], [FREE, PINNED], [], ["Some packages: free (MIT) is new"]),
        ([FREE, PINNED], [PINNED], ["Some packages: free is in the page and not here any more"], []),
        ([FREE, PINNED], [FREE], [], ["Some packages: pinned is in the page and not here any more"]),
        (
            [PINNED],
            [Package("npm package", "pinned", "2.0", "ISC", fixed=True)],
            ["Some packages: pinned is ISC, not MIT"],
            [],
        ),
        ([FREE], [Package("npm package", "free", "2.0", "ISC")], [], ["Some packages: free is ISC, not MIT"]),
    ],
)
def test_a_page_that_is_out_of_date_fails_for_what_this_tree_chose_and_warns_for_the_rest(
    before: list[Package], now: list[Package], problems: list[str], warnings: list[str]
) -> None:
    assert page.differences([section_of(*now)], page_of(*before)) == (problems, warnings)


def test_text_that_somebody_wrote_into_the_page_is_a_problem() -> None:
    text = page_of(PINNED).replace("# Licences", "# Licenses")
    assert page.differences([section_of(PINNED)], text).problems == ["its text is not what tools/licences/page.py has"]


def test_a_section_that_is_gone_is_a_problem() -> None:
    text = page.render({"Some packages": {"pinned": "MIT"}, "Others": {"old": "MIT"}})
    assert page.differences([section_of(PINNED)], text).problems == ["Others: nothing of this kind is here any more"]


def test_what_cannot_be_read_here_keeps_its_row() -> None:
    present = page.parse(page_of(PINNED, FREE))
    for section in (section_of(unread="no npm"), section_of(PINNED, elsewhere=frozenset({"free"}))):
        assert page.wanted([section], present) == present
        assert page.differences([section], page_of(PINNED, FREE)) == ([], [])


def test_what_this_tree_names_must_be_in_the_page_even_where_it_is_not_installed() -> None:
    section = section_of(PINNED, unread="not installed", named=frozenset({"winston"}))
    [problem] = page.differences([section], page_of(PINNED)).problems
    assert "winston is not in the page" in problem


# --- the command --------------------------------------------------------------------------------------------------------


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
    assert "python -m tools.licences write" in said


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
