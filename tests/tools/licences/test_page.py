"""The page says what was found, and the check says where it does not."""

from __future__ import annotations

import pytest

from tests.tools.licences.samples import FREE, PINNED, page_of, section_of
from tools.licences import page
from tools.licences.inventory import Package


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
