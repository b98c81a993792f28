"""Numbers, durations and sizes as Go and LogQL write them."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

NANOSECONDS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 24 * 3600 * 10**9,
    "w": 7 * 24 * 3600 * 10**9,
    "y": 365 * 24 * 3600 * 10**9,
}
_PREFIXES: Final = "kmgtpe"
BYTES: Final = {
    "b": 1,
    "": 1,
    **{p + unit: 1000 ** (i + 1) for i, p in enumerate(_PREFIXES) for unit in ("b", "")},
    **{p + unit: 1024 ** (i + 1) for i, p in enumerate(_PREFIXES) for unit in ("ib", "i")},
}
"""Units of sizes in lower case, as go-humanize reads them: decimal without an i, binary with one."""

# An optional point with all digits behind it: any other way to split a long number would be tried one after the other.
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|[smhdwy])", re.ASCII)
_GO_UNITS: Final = ("d", "w", "y")
_SIZE: Final = re.compile(r"([0-9][0-9.,]*)\s*([A-Za-z]*)")
_NUMBER: Final = re.compile(
    r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F]+|inf(?:inity)?|nan)", re.IGNORECASE
)
_MOST_NANOSECONDS: Final = 2**63 - 1


def parse_duration(text: str, *, days: bool = True) -> int:
    """Nanoseconds of a duration such as ``1h30m``, ``1.5h`` or ``-250ms``.

    Args:
        text: the duration.
        days: whether ``d``, ``w`` and ``y`` are units, as in a query; in a value of a label, Go reads them as wrong.

    Raises:
        ValueError: it is none, or longer than 292 years.
    """
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text[1:] if text[:1] == "+" else text)
    if rest == "0":
        return 0
    total, position = 0.0, 0
    exact = 0
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None or (not days and part.group(2) in _GO_UNITS):
            raise ValueError(f'invalid duration "{text}"')
        number, unit = part.groups()
        if "." in number:
            total += float(number) * NANOSECONDS[unit]
        elif len(number) > 20:
            raise ValueError(f'invalid duration "{text}"')
        else:
            exact += int(number) * NANOSECONDS[unit]
        position = part.end()
    if not rest or exact + total > _MOST_NANOSECONDS:
        raise ValueError(f'invalid duration "{text}"')
    return sign * (exact + int(total))


def parse_bytes(text: str) -> int:
    """Bytes of a size such as ``5KB`` (5000), ``5 KiB`` (5120) or ``1.5GB``; the unit in any case.

    Raises:
        ValueError: it is none.
    """
    found = _SIZE.fullmatch(text.strip())
    factor = None if found is None else BYTES.get(found.group(2).lower())
    if found is None or factor is None:
        raise ValueError(f'invalid size "{text}"')
    try:
        size = float(found.group(1).replace(",", "")) * factor
    except ValueError:
        raise ValueError(f'invalid size "{text}"') from None
    if size >= 2**64:
        raise ValueError(f'size "{text}" is too large')
    return int(size)


def parse_number(text: str) -> float:
    """A float as Go's `strconv.ParseFloat` reads it: no spaces, no other digits than ASCII's.

    Raises:
        ValueError: it is none.
    """
    if not text.isascii() or _NUMBER.fullmatch(text) is None:
        raise ValueError(f'invalid number "{text}"')
    bare = text.lstrip("+-").lower()
    try:
        value = float(int(bare, 16)) if bare.startswith("0x") else float(bare)
    except OverflowError:
        value = math.inf
    if math.isinf(value) and not bare.startswith("inf"):
        raise ValueError(f'number "{text}" is out of range')
    return -value if text[0] == "-" else value


def format_number(value: float) -> str:
    """A value as Prometheus and Loki write samples: shortest digits, no exponent, ``+Inf``, ``-Inf``, ``NaN``."""
    if not math.isfinite(value):
        return _not_finite(value)
    text = format(Decimal(repr(value)), "f")
    return text[:-2] if text.endswith(".0") else text


def format_go(value: float) -> str:
    """A float as Go's ``%v`` writes it: an exponent below 1e-4 and from 1e6 up."""
    if not math.isfinite(value):
        return _not_finite(value)
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        return format_number(value)
    mantissa, _, exponent = format(Decimal(repr(value)).normalize(), "e").partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}"


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"
