"""Removes the disguises of a text, so that a rule written for ASCII sees the same text as a reader.

Fullwidth and other digits, zero-width characters, percent escapes, JSON and HTML escapes, terminal
colours. The folded text is only for matching: offsets lead back to the original, and the original gets
masked. This module knows no rules.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_UNIT: Final = re.compile(
    r"%(?:25)*([0-7][0-9A-Fa-f])"
    r"|\\{1,8}u([0-9A-Fa-f]{4})"
    r"|\\{1,8}x([0-7][0-9A-Fa-f])"
    r"|&(?:amp;)*(?:(quot|apos|lt|gt|amp|nbsp)|#([0-9]{1,6})|#[xX]([0-9A-Fa-f]{1,5}));"
    r"|(\x1b\[[0-9;]*[A-Za-z])"
    r"|([^\x00-\x7f])"
)
_NAMED: Final = {"quot": '"', "apos": "'", "lt": "<", "gt": ">", "amp": "&", "nbsp": " "}
_DELETED: Final = frozenset(
    (
        *(0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF),
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xFE00, 0xFE10),
    )
)
_REPLACED: Final[dict[int, str]] = {
    **dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " "),
    **dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63], "-"),
    **dict.fromkeys([0x2018, 0x2019, 0x201A, 0x201B, 0x2032], "'"),
    **dict.fromkeys([0x201C, 0x201D, 0x201E, 0x201F, 0x2033, 0xAB, 0xBB], '"'),
    **dict.fromkeys([0xFE55, 0xA789, 0x2236], ":"),
    **dict.fromkeys([0x2024, 0xFE52, 0x3002], "."),
    0xFE6B: "@",
    0xB9: "1",
    0xB2: "2",
    0xB3: "3",
    0x2070: "0",
    **{0x2070 + digit: str(digit) for digit in range(4, 10)},
    **{0x2080 + digit: str(digit) for digit in range(10)},
}


def needs_folding(text: str) -> bool:
    """Whether `text` has anything that `fold` might change; cheap, and never wrongly False."""
    return (
        not text.isascii()
        or "%" in text
        or "\\u" in text
        or "\\x" in text
        or "\x1b" in text
        or ("&" in text and ";" in text)
    )


def fold_character(code_point: int) -> str:
    """The folded form of one code point: an ASCII character (`x` for other letters), itself, or nothing (deleted)."""
    if code_point < 0x80:
        return chr(code_point)
    if code_point in _DELETED:
        return ""
    replaced = _REPLACED.get(code_point)
    if replaced is not None:
        return replaced
    if 0xFF01 <= code_point <= 0xFF5E:
        return chr(code_point - 0xFEE0)
    if 0x1D400 <= code_point <= 0x1D6A3:
        letter = (code_point - 0x1D400) % 52
        return chr(65 + letter) if letter < 26 else chr(71 + letter)
    character = chr(code_point)
    digit = unicodedata.decimal(character, -1)
    if digit >= 0:
        return str(digit)
    return "x" if character.isalpha() else character


def fold(text: str) -> tuple[str, list[int], list[int]] | None:
    """The folded text and, for each of its characters, start and end of the source characters in `text`.

    None if folding changes nothing. A deleted character belongs to no folded one. A span that runs over it
    covers it; a span that ends before it does not.
    """
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    changed = False
    for unit in _UNIT.finditer(text):
        start, end = unit.span()
        percent, escaped, hexadecimal, named, decimal, entity, colour, plain = unit.groups()
        if plain is not None:
            folded = fold_character(ord(plain))
            if folded == plain:
                continue
        elif colour is not None:
            folded = ""
        elif percent is not None:
            folded = chr(int(percent, 16))
        elif escaped is not None:
            folded = fold_character(int(escaped, 16))
        elif hexadecimal is not None:
            folded = chr(int(hexadecimal, 16))
        elif named is not None:
            folded = _NAMED[named]
        else:
            code_point = int(decimal) if decimal is not None else int(entity, 16)
            folded = fold_character(code_point) if code_point else ""
        changed = True
        if done < start:
            parts.append(text[done:start])
            starts.extend(range(done, start))
            ends.extend(range(done + 1, start + 1))
        if folded:
            parts.append(folded)
            starts.append(start)
            ends.append(end)
        done = end
    if not changed:
        return None
    if done < len(text):
        parts.append(text[done:])
        starts.extend(range(done, len(text)))
        ends.extend(range(done + 1, len(text) + 1))
    return "".join(parts), starts, ends
