"""Removes the disguises of a text, so that a rule written for ASCII sees the same text as a reader.

Fullwidth and other digits, zero-width characters, percent escapes, JSON and HTML escapes, terminal
colours. The folded text is only for matching: offsets lead back to the original, and the original gets
masked. This module knows no rules.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from aegis_otel.redaction._contract import ALPHABETS, DELETED, ENTITIES, LETTER, REPLACED, ROWS

_UNIT: Final = re.compile(
    r"%(?:25)*([0-7][0-9A-Fa-f])"
    r"|\\{1,8}u([0-9A-Fa-f]{4})"
    r"|\\{1,8}x([0-7][0-9A-Fa-f])"
    rf"|&(?:amp;)*(?:({'|'.join(ENTITIES)})"
    r"|#([0-9]{1,6})|#[xX]([0-9A-Fa-f]{1,5}));"
    r"|(\x1b\[[0-9;]*[A-Za-z])"
    r"|([^\x00-\x7f])"
)
_DELETED: Final = frozenset(code for first, last in DELETED for code in range(first, last + 1))
_REPLACED: Final[dict[int, str]] = {
    **{code: to for first, last, to in REPLACED for code in range(first, last + 1)},
    **{code: chr(ord(to) + code - first) for first, last, to in ROWS for code in range(first, last + 1)},
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
    if ALPHABETS[0] <= code_point <= ALPHABETS[1]:
        letter = (code_point - ALPHABETS[0]) % 52
        return chr(65 + letter) if letter < 26 else chr(71 + letter)
    character = chr(code_point)
    digit = unicodedata.decimal(character, -1)
    if digit >= 0:
        return str(digit)
    return LETTER if character.isalpha() else character


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
            folded = ENTITIES[named]
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
