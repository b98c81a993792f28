"""Check digits: numbers published as examples are right, and any one other digit is wrong."""

from __future__ import annotations

from random import Random

import pytest

from aegis_otel.redaction.checks import CHECKS
from tests.redaction.peers.shapes import NAMED

RIGHT = [
    ("iban", "DE89370400440532013000"),
    ("iban", "GB82 WEST 1234 5698 7654 32"),
    ("iban", "FR14 2004 1010 0505 0001 3M02 606"),
    ("vin", "1M8GDM9AXKP042788"),
    ("vin", "1m8gdm9axkp042788"),
    ("aba", "021000021"),
    ("npi", "1234567893"),
    ("dea", "AB1234563"),
    ("imei", "490154203237518"),
]


@pytest.mark.parametrize(("check", "number"), RIGHT)
def test_a_published_example_is_right(check: str, number: str) -> None:
    assert CHECKS[check](number, 0, len(number))


@pytest.mark.parametrize(("check", "number"), [row for row in RIGHT if row[0] != "vin"])
def test_another_last_digit_is_wrong(check: str, number: str) -> None:
    for digit in set("0123456789") - {number[-1]}:
        assert not CHECKS[check](number[:-1] + digit, 0, len(number))


def test_another_check_digit_of_a_vin_is_wrong() -> None:
    for digit in "0123456789":
        assert not CHECKS["vin"](f"1M8GDM9A{digit}KP042788", 0, 17)


def test_digits_alone_are_no_vin() -> None:
    assert not CHECKS["vin"]("1" * 17, 0, 17)


@pytest.mark.parametrize("check", ["iban", "vin", "aba", "npi", "dea", "imei"])
def test_numbers_that_another_implementation_makes_are_right(check: str) -> None:
    random = Random(7)
    for _ in range(200):
        number = NAMED[check](random)
        assert CHECKS[check](f"x {number}.", 2, 2 + len(number)), number
