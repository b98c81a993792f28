"""Checks that a regular expression can't express: check digits, neighbours, whether a text is opaque.

Each check takes the text and the candidate's start and end, and says whether it counts. The Collector's
processor has the same functions under the same names.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from functools import cache
from typing import Final

from aegis_otel.redaction._check_digits import aba, dea, iban, imei, npi, vin
from aegis_otel.redaction._contract import (
    AREA_STARTS,
    ID_LENGTHS,
    ISSUERS,
    NO_AREA,
    NOT_MAIL_DOMAINS,
    NOT_MAIL_LOCALS,
    OPAQUE_CHARACTERS,
    OPAQUE_LEAST,
    OPAQUE_LONG,
    URL_USER,
)

Check = Callable[[str, int, int], bool]

_DIGITS: Final = "0123456789"
_DIGIT: Final = frozenset(_DIGITS)
_JOINERS: Final = ".-_"
_OPAQUE: Final = frozenset(OPAQUE_CHARACTERS)
_LONGEST_ID: Final = max(ID_LENGTHS)
_ID: Final = re.compile(
    "(?<![0-9A-Za-z])(?:{})(?![0-9A-Za-z])".format(
        "|".join(
            f"[0-9{letters}]{{8}}(?:-[0-9{letters}]{{4}}){{3}}-[0-9{letters}]{{12}}"
            f"|(?=[0-9]*[{letters}])(?:{'|'.join(f'[0-9{letters}]{{{length}}}' for length in reversed(ID_LENGTHS))})"
            for letters in ("a-f", "A-F")
        )
    ),
    re.ASCII,
)
_HEX_LETTERS: Final = re.compile("[A-Fa-f](?:.*[A-Fa-f])?", re.ASCII)
_NO_DIGIT: Final = re.compile("[^0-9]+")
_ZERO: Final = ord("0")
# Each digit's double, its digits added: what the check digit of cards is made with.
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")
_LONGEST_PREFIX: Final = max(count for count, _, _, _ in ISSUERS)
_UPPER: Final = re.compile("[A-Z]")
_LOWER: Final = re.compile("[a-z]")
_NOT_MAIL_DOMAINS: Final = frozenset(NOT_MAIL_DOMAINS)
_NOT_MAIL_LOCALS: Final = frozenset(NOT_MAIL_LOCALS)


def digits_of(text: str) -> str:
    """The ASCII digits of `text`, in order."""
    return _NO_DIGIT.sub("", text)


def edge(text: str, start: int, end: int) -> bool:
    """Not a part of a longer number: no digit beside it, also not behind one of `.-_`."""
    if start > 0:
        before = text[start - 1]
        if before in _DIGITS or (before in _JOINERS and start > 1 and text[start - 2] in _DIGITS):
            return False
    if end < len(text):
        after = text[end]
        if after in _DIGITS or (after in _JOINERS and end + 1 < len(text) and text[end + 1] in _DIGITS):
            return False
    return True


def in_id(text: str, start: int, end: int) -> bool:
    """Inside a UUID (RFC 9562), or inside a hash or trace id (`ID_LENGTHS` hex digits) with a letter in it.

    Such ids are frequent, and one in some thousands contains digits that form a valid card number.
    """
    for match in _ID.finditer(text, max(0, start - _LONGEST_ID), end + _LONGEST_ID + 1):
        if match.start() > start:
            return False
        if match.end() >= end:
            return True
    return False


def without_ids(text: str) -> str:
    """`text` with each such id replaced by `x`, from its first letter to its last; the digits at its ends stay."""
    return _ID.sub(lambda match: _HEX_LETTERS.sub("x", match.group()), text)


def luhn(text: str, start: int, end: int) -> bool:
    """A payment card number: an issuer's range and length, a valid check digit, no part of a longer number or id."""
    candidate = text[start:end]
    digits = digits_of(candidate)
    if not _issued(digits) or text[start - 1 : start] in _DIGIT or text[end : end + 1] in _DIGIT:
        return False
    if len(digits) == len(candidate) and (
        (text[start - 1 : start] == "." and text[start - 2 : start - 1] in _DIGIT)
        or (text[end : end + 1] == "." and text[end + 1 : end + 2] in _DIGIT)
    ):
        return False
    codes = digits[-1::-2].encode() + digits[-2::-2].encode().translate(_DOUBLED)
    return (sum(codes) - len(codes) * _ZERO) % 10 == 0 and not in_id(text, start, end)


def _issued(digits: str) -> bool:
    return len(digits) in _lengths(digits[:_LONGEST_PREFIX])


@cache
def _lengths(first: str) -> frozenset[int]:
    """How many digits a card has that begins with these."""
    for count, least, most, lengths in ISSUERS:
        if least <= int(first[:count]) <= most:
            return lengths
    return frozenset()


def ssn(text: str, start: int, end: int) -> bool:
    """A social security number. With dashes the shape is enough; otherwise the number must be a possible one."""
    if not edge(text, start, end):
        return False
    candidate = text[start:end]
    if "-" in candidate:
        return True
    digits = digits_of(candidate)
    area = int(digits[:3])
    return area not in (0, 666) and area < 900 and digits[3:5] != "00" and digits[5:] != "0000"


def phone(text: str, start: int, end: int) -> bool:
    """A telephone number that stands by itself; of North America, with an area that there can be."""
    if not edge(text, start, end):
        return False
    if start > 0:
        before = text[start - 1]
        if before.isascii() and before.isalnum():
            return False
        if before in "-_/+" and start > 1 and text[start - 2].isascii() and text[start - 2].isalnum():
            return False
    after = text[end : end + 1]
    if after.isascii() and (after.isalpha() or after == "_"):
        return False
    behind = text[end + 1 : end + 2]
    if after in ("-", "/") and behind.isascii() and behind.isalnum():
        return False
    candidate = text[start:end]
    digits = digits_of(candidate)
    count = len(digits)
    area = digits[1:] if count == 11 and digits[0] == "1" else digits
    if len(area) == 10 and candidate[0] not in "+0" and area[0] not in AREA_STARTS:
        return False
    if candidate.startswith("+"):
        return 10 <= count <= 15 if count == len(candidate) - 1 else count >= 9
    return 9 <= count <= 15


def nanp(text: str, start: int, end: int) -> bool:
    """A telephone number of North America that stands by itself; not three numbers that begin as no area does."""
    if not phone(text, start, end):
        return False
    area = digits_of(text[start:end]).removeprefix("1")[:3]
    return not any(first <= area <= last for first, last in NO_AREA)


def phone_hint(text: str, start: int, end: int) -> bool:
    """A telephone number after a word like "phone": shorter ones and bare digits count too, dates don't."""
    if not edge(text, start, end) or in_id(text, start, end):
        return False
    candidate = text[start:end]
    digits = digits_of(candidate)
    if len(digits) == len(candidate):
        return 10 <= len(digits) <= 15 and (digits[0] != "1" or len(digits) == 11)
    is_date = candidate[4:5] in ("-", ".") and candidate[:4].isdigit() and candidate[:2] in ("19", "20")
    return 7 <= len(digits) <= 17 and not is_date


def opaque(text: str, start: int, end: int) -> bool:
    """Looks like a secret and not like a word: long enough, with a digit, a symbol, mixed case, or long."""
    candidate = text[start:end]
    if len(candidate) < OPAQUE_LEAST:
        return False
    if len(candidate) >= OPAQUE_LONG or any(character in _OPAQUE for character in candidate):
        return True
    return _UPPER.search(candidate, 1) is not None and _LOWER.search(candidate) is not None


def opaque_digit(text: str, start: int, end: int) -> bool:
    """Like `opaque`, and with at least one letter and one digit in it."""
    candidate = text[start:end]
    return (
        len(candidate) >= OPAQUE_LEAST
        and any(character in _DIGITS for character in candidate)
        and any(character.isascii() and character.isalpha() for character in candidate)
    )


def mixed(text: str, start: int, end: int) -> bool:
    """Has a digit, or letters of both cases: a key, and no word."""
    candidate = text[start:end]
    return any(character in _DIGITS for character in candidate) or (
        _UPPER.search(candidate) is not None and _LOWER.search(candidate) is not None
    )


def code(text: str, start: int, end: int) -> bool:
    """Has a digit, as the number of a record or of a paper has; a word has none."""
    return any(character in _DIGITS for character in text[start:end])


def basic(text: str, start: int, end: int) -> bool:
    """Base64 of `user:password`, RFC 7617."""
    candidate = text[start:end].rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(candidate + "=" * (-len(candidate) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return b":" in decoded


def email(text: str, start: int, end: int) -> bool:
    """An address of a person; not a file, a systemd unit, a git remote, or the password in a URL."""
    local, _, domain = text[start:end].rpartition("@")
    if local.lower() in _NOT_MAIL_LOCALS or domain.rpartition(".")[2].lower() in _NOT_MAIL_DOMAINS:
        return False
    position = start
    furthest = max(0, start - URL_USER)
    colon = False
    while position > furthest and text[position - 1] not in " \t\r\n\"'<>/":
        position -= 1
        colon = colon or text[position] == ":"
    return not (colon and text[max(0, position - 3) : position] == "://")


def ipv4(text: str, start: int, end: int) -> bool:
    """Four octets."""
    return edge(text, start, end) and all(int(octet) < 256 for octet in text[start:end].split("."))


def ipv6(text: str, start: int, end: int) -> bool:
    """An address of RFC 4291 with a digit in it, standing by itself."""
    if start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_:."):
        return False
    if end < len(text) and (text[end].isalnum() or text[end] in "_:"):
        return False
    candidate = text[start:end]
    if not any(character in _DIGITS for character in candidate):
        return False
    try:
        ipaddress.IPv6Address(candidate)
    except ValueError:
        return False
    return True


CHECKS: Final[dict[str, Check]] = {
    "edge": edge,
    "luhn": luhn,
    "ssn": ssn,
    "phone": phone,
    "nanp": nanp,
    "phone_hint": phone_hint,
    "opaque": opaque,
    "opaque_digit": opaque_digit,
    "mixed": mixed,
    "basic": basic,
    "email": email,
    "ipv4": ipv4,
    "ipv6": ipv6,
    "code": code,
    "aba": aba,
    "dea": dea,
    "npi": npi,
    "imei": imei,
    "vin": vin,
    "iban": iban,
}
