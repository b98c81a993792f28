"""The words of a query: identifiers, strings, numbers, durations, sizes, operators. # begins a comment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aegis_otel.stores.logql._errors import LogQLError
from aegis_otel.stores.logql._units import parse_bytes, parse_duration, parse_number

LONGEST_QUERY: Final = 65_536
"""Characters; a longer text is refused before it is read."""

KEYWORDS: Final = frozenset(
    (
        "json", "logfmt", "unpack", "pattern", "regexp", "unwrap", "label_format", "line_format", "label_replace",
        "vector", "offset", "bool", "on", "ignoring", "group_left", "group_right", "decolorize", "drop", "keep",
    )
)  # fmt: skip
"""Words that cannot be names of labels in a query, in any case."""

_SKIPPED: Final = re.compile(r"(?:\s|#[^\n]*)+")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_FLAG: Final = re.compile(r"--[a-z][a-z-]*")
_DESCENDING: Final = ("y", "w", "d", "h", "m", "s", "ms", "(?:us|µs|μs)", "ns")
"""Units of a duration, in the order in which they may follow each other."""
_NUMERIC: Final = re.compile(
    r"(?P<duration>(?=\d)" + "".join(rf"(?:\d+(?:\.\d*)?{unit})?" for unit in _DESCENDING) + r"(?<!\d))(?![\w.])"
    r"|(?P<bytes>(?:\d+(?:\.\d*)?|\.\d+)(?:k|[KMGTP]i?)?B)(?![\w.])"
    r"|(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])",
    re.ASCII,
)
_OPERATORS: Final = re.compile(r"\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[|=<>+\-*/%^(){}\[\],]")
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.?))", re.DOTALL
)
_SHORT: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}


@dataclass(frozen=True)
class Token:
    """A word of a query.

    Attributes:
        kind: identifier, keyword, string, number, duration, bytes, operator, flag, or end.
        text: as written; of a keyword, in lower case.
        position: where it begins.
        value: what a string, number (float), duration (nanoseconds) or size (bytes) means.
    """

    kind: str
    text: str
    position: int
    value: str | float | int = ""


def tokens(text: str) -> list[Token]:
    """All words; the last one is of kind "end".

    Raises:
        LogQLError: a character or string that has no meaning.
    """
    if len(text) > LONGEST_QUERY:
        raise LogQLError(text, LONGEST_QUERY, f"the query is longer than {LONGEST_QUERY} characters")
    found: list[Token] = []
    position = 0
    while True:
        skipped = _SKIPPED.match(text, position)
        position = skipped.end() if skipped else position
        if position >= len(text):
            found.append(Token("end", "", len(text)))
            return found
        token, position = _token(text, position, found)
        found.append(token)


def _token(text: str, position: int, before: list[Token]) -> tuple[Token, int]:
    character = text[position]
    if character in '"`':
        return _string(text, position)
    if character == "'":
        raise LogQLError(text, position, "a string is written in double quotes or backticks")
    identifier = _IDENTIFIER.match(text, position)
    if identifier:
        word = identifier.group()
        if word.lower() in KEYWORDS:
            return Token("keyword", word.lower(), position), identifier.end()
        return Token("identifier", word, position), identifier.end()
    if character.isdigit() or character == ".":
        return _numeric(text, position)
    flag = _FLAG.match(text, position)
    if flag and before and (before[-1].text == "logfmt" or before[-1].kind == "flag"):
        return Token("flag", flag.group(), position), flag.end()
    operator = _OPERATORS.match(text, position)
    if operator:
        return Token("operator", operator.group(), position), operator.end()
    raise LogQLError(text, position, f"unexpected character {character!r}")


def _numeric(text: str, position: int) -> tuple[Token, int]:
    found = _NUMERIC.match(text, position)
    if found is None:
        raise LogQLError(
            text, position, "this is no number, no duration (5m, 1h30m) and no size (5B, 5kB, 5MB, 1KiB, 1MiB)"
        )
    kind, word = str(found.lastgroup), found.group()
    try:
        value: float | int
        if kind == "duration":
            value = parse_duration(word)
        elif kind == "bytes":
            value = parse_bytes(word)
        else:
            value = parse_number(word)
    except (ValueError, OverflowError) as error:
        raise LogQLError(text, position, str(error)) from None
    return Token(kind, word, position, value), found.end()


def _string(text: str, position: int) -> tuple[Token, int]:
    quote = text[position]
    end = position + 1
    while end < len(text) and text[end] != quote:
        if quote == '"' and text[end] == "\n":
            break
        end += 2 if quote == '"' and text[end] == "\\" else 1
    if end >= len(text) or text[end] != quote:
        raise LogQLError(text, position, f"the string is not closed with {quote}")
    raw = text[position + 1 : end]
    if quote == "`":
        return Token("string", text[position : end + 1], position, raw.replace("\r", "")), end + 1
    value = unescaped(raw, text, position + 1)
    return Token("string", text[position : end + 1], position, value), end + 1


def unescaped(raw: str, text: str, position: int) -> str:
    r"""What the inside of a Go string in double quotes means; ``\xNN`` and octal escapes are bytes of UTF-8.

    Raises:
        LogQLError: an escape that Go does not know, at its place in `text`.
    """
    if "\\" not in raw:
        return raw
    content = bytearray()
    done = 0
    for escape in _ESCAPE.finditer(raw):
        content += raw[done : escape.start()].encode("utf-8", "surrogatepass")
        done = escape.end()
        short, byte, four, eight, octal, _ = escape.groups()
        if short is not None:
            content += _SHORT[short].encode()
        elif byte is not None:
            content.append(int(byte, 16))
        elif octal is not None and int(octal, 8) < 256:
            content.append(int(octal, 8))
        else:
            code = int(four or eight or "110000", 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise LogQLError(text, position + escape.start(), f"unknown escape {escape.group()} in a string")
            content += chr(code).encode()
    content += raw[done:].encode("utf-8", "surrogatepass")
    return content.decode("utf-8", "replace")
