"""The quick looks, in Python and in the extension, never hide what the rules would mask."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aegis_otel.redaction import DEFAULT, Redactor
from aegis_otel.redaction._contract import NEUTRAL, STRONG
from aegis_otel.redaction._required import ENDS
from aegis_otel.redaction.rules import ValueRule
from tests.redaction.oracle import oracle
from tests.support.examples import examples
from tests.support.native import NATIVE

REDACTOR = Redactor()
ORACLE = oracle()
SCREENS: list[Any] = [REDACTOR._text.screen]
if NATIVE:
    SCREENS.append(REDACTOR._text.screen.native(NATIVE))
NAMES = sorted({name for rule in DEFAULT.keys for name in rule.names})


def notations(words: list[str]) -> Iterator[str]:
    camel = words[0] + "".join(word.title() for word in words[1:])
    yield from ("_".join(words), "-".join(words), ".".join(words), " ".join(words), "__".join(words), camel)
    yield from (camel.title() if len(words) == 1 else camel[0].upper() + camel[1:], "_".join(words).upper())
    yield from ("".join(words), "".join(words).upper(), " - ".join(words), "2_".join(words))


def texts(key: str) -> Iterator[str]:
    yield from (
        f'"{key}": "Zx81Kq7790123"',
        f"{key}=Zx81Kq7790123",
        f"the {key}: Zx81Kq7790123",
        f"[{key!r}, 'Zx81Kq']",
    )


def hidden(text: str) -> list[Any]:
    """The screens that call `text` clean although the rules change it."""
    clean = [screen for screen in SCREENS if screen.is_clean(text)]
    return clean if clean and ORACLE.redact_text(text) != text else []


@pytest.mark.parametrize("neutral", ["", *NEUTRAL])
def test_no_name_is_hidden_with_any_word_that_changes_nothing(neutral: str) -> None:
    missed = [
        text
        for name in NAMES
        for key in notations([*name.split(), *([neutral] if neutral else [])])
        if REDACTOR._keys.match(key) is not None
        for text in texts(key)
        if hidden(text)
    ]
    assert missed == []


@pytest.mark.parametrize("first", NEUTRAL[::11])
def test_no_name_is_hidden_with_two_words_that_change_nothing(first: str) -> None:
    missed = [
        text
        for name, second in itertools.product(NAMES[::3], NEUTRAL)
        for key in (
            f"{name}_{first}_{second}".replace(" ", "_"),
            name.title().replace(" ", "") + (first + second).title(),
        )
        if REDACTOR._keys.match(key) is not None and hidden(text := f"{key}=Zx81Kq7790123")
    ]
    assert missed == []


@pytest.mark.parametrize("strong", STRONG)
def test_no_strong_name_is_hidden_with_any_word_behind_it(strong: str) -> None:
    for rest in ("prod", "v2", "myservice", "eu west 1", "backup", "x"):
        for key in notations([*strong.split(), *rest.split()]):
            if REDACTOR._keys.match(key) is not None:
                assert not any(hidden(text) for text in texts(key)), key


def shuffled(rule: ValueRule) -> st.SearchStrategy[str]:
    beside = st.sampled_from(["", " ", "x ", "\n", "'", '"', "(", "[", ", ", "a=", "=", ":", "é", "-"])
    return st.tuples(
        beside, st.from_regex(re.compile(rule.pattern, re.ASCII), alphabet=st.characters(max_codepoint=126)), beside
    ).map("".join)


VALUES = [rule for rule in DEFAULT.values if rule.kind not in DEFAULT.disable]


@pytest.mark.parametrize("rule", VALUES, ids=lambda rule: f"{rule.kind}-{rule.pattern[:30]}")
def test_no_match_of_a_rule_is_hidden(rule: ValueRule) -> None:
    @settings(
        max_examples=examples(40),
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(shuffled(rule))
    def check(text: str) -> None:
        lower = text.lower()
        for literals in rule.literals:
            assert any(literal.rstrip(ENDS) in lower for literal in literals), (literals, text)
        assert not hidden(text)
        assert REDACTOR.redact_text(text) == ORACLE.redact_text(text)

    check()


def test_words_of_one_name_may_stand_far_from_each_other_in_json() -> None:
    many = {f"field{number}": number for number in range(2_000)}
    for outer, inner in (
        ("patient", "name"),
        ("account", "number"),
        ("home", "address"),
        ("card", "number"),
    ):
        for value in (
            {outer: {inner: "Jq81Kq77"}},
            {outer: {**many, inner: "Jq81Kq77"}},
            [{outer: [{"a": 1, inner: "Jq81Kq77"}]}],
        ):
            assert "Jq81Kq77" not in REDACTOR.redact_text(json.dumps(value))


def test_digests_and_ids_are_not_masked() -> None:
    rng = random.Random(7)
    for _ in range(examples(1_000)):
        bits = rng.getrandbits(512)
        for text in (
            f"{bits:0128x}",
            f"{bits >> 128:096x}",
            f"{bits >> 256:064x}",
            f"{bits >> 352:040x}",
            f"{bits >> 384:032x}",
        ):
            assert REDACTOR.redact_text(text) == text
