"""Licence texts are recognised, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.licences.samples import AGPL, APACHE, BSD_2, BSD_3, BSD_4, ISC, MIT, MPL, ZERO_BSD
from tools.licences import rules, texts


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


@pytest.mark.parametrize(
    "words",
    [
        "GNU Affero General Public License",
        "GNU General Public License",
        "GNU Lesser General Public License",
        "GNU Library General Public License",
        "Server Side Public License",
        "Business Source License",
        "Commons Clause",
        "Elastic License",
        "PolyForm Shield",
        "Functional Source License",
        "Confluent Community License",
        "Redis Source Available License",
        "Eclipse Public License",
        "Common Development and Distribution License",
        "Creative Commons Attribution-ShareAlike",
        "shall be used for Good, not Evil",
        "non-commercial use",
        "noncommercial use",
    ],
)
def test_words_that_restrict_are_not_hidden_by_an_allowed_text(words: str) -> None:
    assert not rules.allowed(texts.recognise(f"{MIT}\n{words}"))


def test_a_folder_with_a_second_text_that_nobody_knows_has_no_licence(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(MIT)
    assert texts.in_folder(tmp_path) == "MIT"
    (tmp_path / "LICENSE.enterprise").write_text("You need a contract with us.")
    assert texts.in_folder(tmp_path) == ""
