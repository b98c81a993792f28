"""Makes values from shapes: `ghp_<n30><crc62>` becomes a text with that prefix, that alphabet, that length and a right checksum.

A shape is literal text with parts in angle brackets: a class and a length (`<x32>`, `<u20-40>`), or a named part (`<uuid>`, `<mbi>`, `<street>`).
The same seed gives the same value. No value is taken from anywhere: the corpora hold shapes, so no file of the repository looks like a key.
Sources of the check digits: VIN, 49 CFR 565.15; NPI, CMS (Luhn with 80840 before it); DEA, 21 CFR 1301 practice; ABA, American Bankers Association;
IBAN, ISO 13616 (mod 97); MBI, CMS "Understanding the Medicare Beneficiary Identifier Format"; GitHub and npm tokens: CRC-32 in base 62.
"""

from __future__ import annotations

import re
import string
import uuid
import zlib
from collections.abc import Callable
from random import Random

HEX = "0123456789abcdef"
ALPHABETS = {
    "d": string.digits,
    "x": HEX,
    "X": HEX.upper(),
    "l": string.ascii_letters,
    "a": string.ascii_lowercase,
    "A": string.ascii_uppercase,
    "w": string.ascii_lowercase + string.digits,
    "W": string.ascii_uppercase + string.digits,
    "n": string.ascii_letters + string.digits,
    "v": string.ascii_letters + string.digits + "_",
    "u": string.ascii_letters + string.digits + "-_",
    "b": string.ascii_letters + string.digits + "+/",
    "c": string.ascii_letters + string.digits + "./",
    "t": string.ascii_uppercase + "234567",
    "q": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}
"""What a class may hold. `u`, `v`, `b` and `c` begin and end with a letter or digit, so that a value's edge is beyond doubt."""

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"
PART = re.compile(r"<([a-zA-Z]|[a-z]+(?:62|8x)?)(?:(\d+)(?:-(\d+))?)?>")

POOLS = {
    "first": ["Maria", "Jonas", "Aisha", "Tobias", "Ingrid", "Marcus", "Yolanda", "Dmitri", "Keiko", "Rosalind", "Emeka", "Beatrix", "Leopold", "Samira", "Gustav", "Noor"],
    "last": ["Keller", "Okafor", "Lindqvist", "Mbeki", "Fairweather", "Castellano", "Nakamura", "Oyelaran", "Pettersson", "Rahimi", "Delacroix", "Vandermeer", "Kowalczyk"],
    "street": ["Maple Street", "N. Harbor Blvd", "Old Mill Road", "Cedar Ave", "West Ninth Street", "Quarry Lane", "Juniper Court", "SE Alder St"],
    "unit": ["Apt 4B", "Suite 210", "Unit 7", "#12"],
    "city": ["Springfield", "Port Angeles", "Dubuque", "Chattanooga", "Las Cruces", "Worcester", "Kalamazoo", "Bozeman"],
    "county": ["Jefferson County", "Kern County", "Lackawanna County", "Dane County"],
    "state": ["OH", "WA", "IA", "TN", "NM", "MA", "MI", "MT"],
    "month": ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
    "word": ["harbor-lantern", "tulip77", "mangoes", "violet-otter", "copperkite", "quietriver", "plumtree9", "saffron-door"],
}  # fmt: skip


def _mbi(random: Random, dash: str) -> str:
    letters, mixed = MBI_LETTERS, MBI_LETTERS + string.digits
    order = (
        "123456789",
        letters,
        mixed,
        string.digits,
        letters,
        mixed,
        string.digits,
        letters,
        letters,
        string.digits,
        string.digits,
    )
    text = "".join(random.choice(alphabet) for alphabet in order)
    return dash.join((text[:4], text[4:7], text[7:]))


def _luhn_digit(number: str) -> str:
    digits = [int(digit) for digit in number]
    doubled = [sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit for place, digit in enumerate(reversed(digits))]
    return str(-sum(doubled) % 10)


def _npi(random: Random) -> str:
    number = random.choice("12") + "".join(random.choices(string.digits, k=8))
    return number + _luhn_digit("80840" + number)


def _dea(random: Random) -> str:
    digits = [random.randrange(10) for _ in range(6)]
    check = (digits[0] + digits[2] + digits[4] + 2 * (digits[1] + digits[3] + digits[5])) % 10
    return random.choice("ABFM") + random.choice(string.ascii_uppercase) + "".join(map(str, [*digits, check]))


def _vin(random: Random) -> str:
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    text = [random.choice("ABCDEFGHJKLMNPRSTUVWXYZ" + string.digits) for _ in range(13)] + random.choices(
        string.digits, k=4
    )
    rest = (
        sum(
            (int(sign) if sign.isdigit() else values[sign]) * weight for sign, weight in zip(text, weights, strict=True)
        )
        % 11
    )
    text[8] = "X" if rest == 10 else str(rest)
    return "".join(text)


def _aba(random: Random) -> str:
    number = f"{random.choice([1, 2, 3, 6, 7, 9, 11, 12]):02}" + "".join(random.choices(string.digits, k=6))
    weighted = sum(int(digit) * weight for digit, weight in zip(number, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return number + str(-weighted % 10)


def _iban(random: Random, space: str) -> str:
    country, account = "DE", "".join(random.choices(string.digits, k=18))
    check = 98 - int(account + "131400") % 97
    text = f"{country}{check:02}{account}"
    return space.join(text[start : start + 4] for start in range(0, len(text), 4))


def _ssn(random: Random, dash: str) -> str:
    area = random.choice([number for number in range(1, 900) if number != 666])
    return dash.join((f"{area:03}", f"{random.randrange(1, 100):02}", f"{random.randrange(1, 10000):04}"))


def _imei(random: Random) -> str:
    number = "35" + "".join(random.choices(string.digits, k=12))
    return number + _luhn_digit(number)


def _iso(random: Random, years: tuple[int, int]) -> str:
    return f"{random.randint(*years)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"


def _us_date(random: Random, years: tuple[int, int]) -> str:
    return f"{random.randint(1, 12):02}/{random.randint(1, 28):02}/{random.randint(*years)}"


def _phone(random: Random, form: str) -> str:
    area = random.choice(["212", "303", "415", "503", "608", "718", "802", "907", "614", "206"])
    return form.format(area, random.choice(["555", "867", "234"]), f"{random.randrange(10000):04}")


NAMED: dict[str, Callable[[Random], str]] = {
    "uuid": lambda random: str(uuid.UUID(int=random.getrandbits(128), version=4)),
    "mbi": lambda random: _mbi(random, "-"),
    "mbiplain": lambda random: _mbi(random, ""),
    "npi": _npi,
    "dea": _dea,
    "vin": _vin,
    "aba": _aba,
    "iban": lambda random: _iban(random, ""),
    "ibanspaced": lambda random: _iban(random, " "),
    "ssn": lambda random: _ssn(random, "-"),
    "ssnplain": lambda random: _ssn(random, ""),
    "ssnspaced": lambda random: _ssn(random, " "),
    "imei": _imei,
    "birth": lambda random: _iso(random, (1931, 2009)),
    "birthus": lambda random: _us_date(random, (1931, 2009)),
    "event": lambda random: _iso(random, (2023, 2026)),
    "eventus": lambda random: _us_date(random, (2023, 2026)),
    "phone": lambda random: _phone(random, "({}) {}-{}"),
    "phonedash": lambda random: _phone(random, "{}-{}-{}"),
    "phonedot": lambda random: _phone(random, "{}.{}.{}"),
    "phoneplus": lambda random: _phone(random, "+1 {} {} {}"),
    "phoneplain": lambda random: _phone(random, "{}{}{}"),
    "phonewide": lambda random: _phone(random, "( {} ) {}-{}"),
    "phonehalf": lambda random: _phone(random, "{} {}-{}"),
    "mac": lambda random: ":".join(f"{random.randrange(256):02x}" for _ in range(6)),
    "ip": lambda random: ".".join(str(random.randint(11, 220)) for _ in range(4)),
    "zip": lambda random: f"{random.randint(10000, 99899)}",
    "zipplus": lambda random: f"{random.randint(10000, 99899)}-{random.randint(1000, 9999)}",
    "house": lambda random: str(random.randint(101, 9899)),
    "email": lambda random: f"{random.choice(POOLS['first']).lower()}.{random.choice(POOLS['last']).lower()}{random.randint(2, 99)}@mail.example",
}  # fmt: skip


def _from_alphabet(random: Random, sign: str, length: int) -> str:
    alphabet = ALPHABETS[sign]
    while True:
        text = "".join(random.choices(alphabet, k=length))
        if sign not in "uvbc" or (text[0].isalnum() and text[-1].isalnum()):
            return text


def _checksum(name: str, before: str) -> str:
    number = zlib.crc32(before.encode())
    if name == "crc8x":
        return f"{number:08x}"
    text = ""
    while number:
        number, rest = divmod(number, 62)
        text = BASE62[rest] + text
    return text.rjust(6, "0")


def expand(shape: str, random: Random) -> tuple[str, list[tuple[int, int]]]:
    """The text of a shape, and where its made-up parts begin and end, in order.

    Raises:
        KeyError: if the shape names a part that does not exist.
    """
    text, body, end = "", "", 0
    parts: list[tuple[int, int]] = []
    for match in PART.finditer(shape):
        text += shape[end : match.start()]
        name, low, high = match.groups()
        if name.startswith("crc"):
            made = _checksum(name, body)
        elif low is not None:
            made = _from_alphabet(random, name, random.randint(int(low), int(high or low)))
        elif name in POOLS:
            made = random.choice(POOLS[name])
        else:
            made = NAMED[name](random)
        parts.append((len(text), len(text) + len(made)))
        text, body, end = text + made, made, match.end()
    return text + shape[end:], parts
