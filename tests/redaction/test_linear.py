"""Redaction takes time in proportion to the length of a text, whatever the text repeats: no line can freeze an app.

CPU time of this thread is compared with itself: eight times the text may take 24 times as long, a quadratic rule
takes 64 times as long.
"""

from __future__ import annotations

import time

import pytest

from aegis_otel.redaction import Redactor
from aegis_otel.redaction.rules import DEFAULT

SHORT, LONG = 4_000, 32_000
MOST = 24.0
QUICK = 0.003
"""Seconds for the short text below which the long one cannot be slow: 64 times as much is a fifth of a second."""

ENDINGS = ("", "a-", "A1", "=a", " ", "@", '"', "a/a@")
LITERALS = sorted({literal.rstrip("\b") for rule in DEFAULT.values for literal in (*rule.literals, ())[0]})


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    warm = Redactor()
    for literal in LITERALS:  # compiles the patterns
        warm.redact_text(f"{literal}a {literal}=a1")
    return warm


def seconds(redactor: Redactor, piece: str, length: int) -> float:
    text = (piece * (length // len(piece) + 1))[:length]
    begun = time.thread_time()
    redactor.redact_text(text)
    return time.thread_time() - begun


def growth(redactor: Redactor, piece: str) -> float:
    short = seconds(redactor, piece, SHORT)
    return seconds(redactor, piece, LONG) / short if short > QUICK else 1.0


@pytest.mark.parametrize("literal", LITERALS)
def test_the_start_of_a_secret_repeated_takes_linear_time(redactor: Redactor, literal: str):
    for piece in (literal + ending for ending in ENDINGS):
        # A pause of the machine makes one measurement wrong, not three.
        assert any(growth(redactor, piece) < MOST for _ in range(3)), repr(piece)


@pytest.mark.parametrize("key", ["password", "token", "ssn", "patient name", "dob"])
@pytest.mark.parametrize("sign", ["=", ":", '="', "='", "=(", "={", "=[", "=\\", " is ", "::="])
def test_a_key_repeated_takes_linear_time(redactor: Redactor, key: str, sign: str):
    for piece in (f"{key}{sign}{ending}" for ending in ("", "a,", "1 ")):
        assert any(growth(redactor, piece) < MOST for _ in range(3)), repr(piece)
