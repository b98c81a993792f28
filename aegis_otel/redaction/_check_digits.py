"""Check digits of identifiers: VIN, IBAN, and the numbers of banks, of telephones and of those who treat.

Each takes the text and the candidate's start and end, as the other checks of `checks.py` do. Sources: 49 CFR 565.15
(VIN), ISO 13616 (IBAN), CMS (NPI), DEA, American Bankers Association (ABA), 3GPP TS 23.003 (IMEI).
"""

from __future__ import annotations

from typing import Final

from aegis_otel.redaction._contract import LUHN_HEADS, VIN_CHECK, VIN_LEAST_LETTERS, VIN_LETTERS, WEIGHTS

_DIGITS: Final = "0123456789"


def _digits_of(text: str) -> list[int]:
    return [int(character) for character in text if character in _DIGITS]


def _weighs(name: str, values: list[int]) -> bool:
    weights, modulus = WEIGHTS[name]
    return (
        len(values) == len(weights)
        and sum(value * weight for value, weight in zip(values, weights, strict=True)) % modulus == 0
    )


def luhn_sum(digits: list[int]) -> int:
    """The sum of ISO/IEC 7812-1, Annex B: a number is right if 10 divides it."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = 2 * digit if position % 2 else digit
        total += value - 9 if value > 9 else value
    return total


def _luhn_with_head(name: str, text: str) -> bool:
    head, length = LUHN_HEADS[name]
    digits = _digits_of(text)
    return len(digits) == length and luhn_sum([*map(int, head), *digits]) % 10 == 0


def aba(text: str, start: int, end: int) -> bool:
    """A routing number of a bank in the USA."""
    return _weighs("aba", _digits_of(text[start:end]))


def dea(text: str, start: int, end: int) -> bool:
    """The registration of a prescriber: two letters, seven digits."""
    return _weighs("dea", _digits_of(text[start:end]))


def npi(text: str, start: int, end: int) -> bool:
    """A national provider identifier."""
    return _luhn_with_head("npi", text[start:end])


def imei(text: str, start: int, end: int) -> bool:
    """The number of a mobile device."""
    return _luhn_with_head("imei", text[start:end])


def vin(text: str, start: int, end: int) -> bool:
    """A vehicle identification number; one of digits alone could be any number."""
    candidate = text[start:end].upper()
    values: list[int] = []
    letters = 0
    for position, character in enumerate(candidate):
        if character in _DIGITS:
            values.append(int(character))
        elif character in VIN_LETTERS:
            letters += 1
            values.append(10 if position == VIN_CHECK and character == "X" else VIN_LETTERS[character])
        else:
            return False
    return letters >= VIN_LEAST_LETTERS and _weighs("vin", values)


def iban(text: str, start: int, end: int) -> bool:
    """An international bank account number: modulo 97 of the whole, its first four characters at the end, is 1."""
    account = "".join(character for character in text[start:end].upper() if character.isalnum())
    if not account.isascii():
        return False
    return int("".join(str(int(character, 36)) for character in account[4:] + account[:4])) % 97 == 1
