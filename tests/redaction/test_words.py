from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis_otel.redaction import DEFAULT, Redactor
from aegis_otel.redaction._words import WordSearch
from tests.redaction.keys import kind_of_key
from tests.support.examples import examples

LITERALS = ["token", "ssn", "account n", "d.o.b", "ghp_", 'mr"', "xox", "-----begin"]
NAMES = [["pan"], ["api", "key"], ["date", "of", "birth"], ["session"], ["auth"]]
SEARCH = WordSearch(LITERALS, NAMES, ["hash", "number"])


@settings(max_examples=examples(300), deadline=None, derandomize=True)
@given(st.text(alphabet="abcdeknopst -_.=", max_size=20), st.sampled_from(LITERALS), st.text(max_size=20))
def test_a_literal_is_found_wherever_it_stands(before: str, literal: str, after: str) -> None:
    assert SEARCH.hits((before + literal + after).lower())


@pytest.mark.parametrize("gap", ["", " ", "_", "-", ".", "__", " - ", "2_", '":{"'])
def test_the_words_of_a_name_may_have_anything_but_letters_between_them(gap: str) -> None:
    assert SEARCH.hits(f"x{gap.join(['api', 'key'])}=1")
    assert SEARCH.hits(f"{gap.join(['date', 'of', 'birth'])}: 1")


@pytest.mark.parametrize("text", ["pan=1", "x_pan: 1", "pan2=1", "panhash=1", "the pan"])
def test_a_short_name_is_found_where_it_ends(text: str) -> None:
    assert SEARCH.hits(text)


@pytest.mark.parametrize("text", ["company japanese", "author", "expanded", "a b c", ""])
def test_a_short_name_inside_a_word_is_passed_over(text: str) -> None:
    assert not SEARCH.hits(text)


def test_no_words_hit_nothing() -> None:
    assert not WordSearch([]).hits("anything")


def test_no_key_of_the_rule_set_is_overlooked_in_text() -> None:
    """The quick look must never hide what the rules would mask."""
    redactor = Redactor()
    value = "Zx81" + "2345678901"
    for rule in DEFAULT.keys:
        if rule.min_digits > 10 or (rule.value and not re.search(rule.value, value, re.ASCII)):
            continue
        for name in rule.names:
            words = name.split()
            camel = words[0] + "".join(word.title() for word in words[1:])
            for key in (name, "_".join(words), "-".join(words), ".".join(words), "".join(words), camel, camel.upper()):
                if kind_of_key(redactor, key):
                    assert value not in redactor.redact_text(f'"{key}": "{value}"'), key


def test_no_value_rule_is_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is masked does not depend on the quick look."""
    from tests.redaction.corpus import secrets

    quick, slow = Redactor(), Redactor()
    monkeypatch.setattr(slow._text, "is_clean", lambda text: False)
    for secret in secrets():
        assert quick.redact_text(f"x {secret.shown} y") == slow.redact_text(f"x {secret.shown} y")
