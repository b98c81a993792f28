"""Only allowed licences pass, and programs of the deny list never do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.licences import page, rules
from tools.licences.inventory import Package

ROOT = Path(__file__).resolve().parents[3]


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
    "text",
    [
        "@grafana/lezer-logql",
        "github.com/minio/minio-go/v7",
        "github.com/grafana/loki-tools",
        "example.com/mygrafana/loki",
        "loki",
    ],
)
def test_names_like_those_of_the_deny_list_are_free(text: str) -> None:
    assert not rules.denied(text)


@pytest.mark.parametrize("licence", ["Apache-2.0", ""])
def test_a_denied_module_is_refused_whatever_its_licence(licence: str) -> None:
    module = Package("Go module", "github.com/grafana/loki/v3", "v3.7.8", licence)
    assert "must not come in" in rules.refusal(module, "go")


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
