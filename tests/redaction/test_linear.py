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


def seconds(redactor: Redactor, piece: str, length: int, head: str = "") -> float:
    text = (head + piece * (length // len(piece) + 1))[:length]
    begun = time.thread_time()
    redactor.redact_text(text)
    return time.thread_time() - begun


def growth(redactor: Redactor, piece: str, head: str = "") -> float:
    short = seconds(redactor, piece, SHORT, head)
    return seconds(redactor, piece, LONG, head) / short if short > QUICK else 1.0


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


HEADS = (
    "password=",
    '"password": ',
    "token: ",
    "password=a",
    'password="',
    "curl -u a:",
    "Authorization: Basic ",
    "Patient: ",
    "x: ",
    "https://",
)
PIECES = (
    *("\\", '"', "'", "`", "(", ")", "[", "]", "{", "}", "<", ">", ",", ";", "&", "|", "=", ":", "-", "_", ".", "/", "%", "@", "#", "$", "+", "\n", "\t", "\0"),
    *("\\n", '\\"', "\\u00", "%2", "&#", "<a", "),", "a ", "A ", "1-", "1 ", "a=", "a: ", "a,", "({", "'a", '"a', "=>", "->", "::", "\r\n", "\u200b", "é", "Aa ", "a@", "a."),
)  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
def test_one_start_and_anything_repeated_behind_it_takes_linear_time(redactor: Redactor, head: str):
    for piece in PIECES:
        assert any(growth(redactor, piece, head) < MOST for _ in range(3)), repr(head + piece)
