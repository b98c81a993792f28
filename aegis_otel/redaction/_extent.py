"""Where a value in a text begins and ends: after a key's separator, inside quotes and brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aegis_otel.redaction._contract import CALL, LINE_SCHEMES, MONTHS, SCHEMES, VALUE_WORDS
from aegis_otel.redaction.keys import KeyMatcher
from aegis_otel.redaction.rules import KeyRule

QUOTES: Final = "\"'`"
CLOSING: Final = {"{": "}", "[": "]", "(": ")"}
_SPACE: Final = " \t\r\n\f\v\0"
_BLANK: Final = re.compile(r"\s", re.ASCII)
_CLOSED: Final = r"[,;&\"'`)\]}>|.:]*(?:[\s\x01]|\Z|\\+[nrt\"'])"
_NEXT_KEY: Final = r"[\"'\\]*[A-Za-z_][A-Za-z0-9_.\-\[\]]*[\"'\\]*\s?[=:]"
# A character ends an unquoted value only before one of these: separators, and closing brackets and quotes.
_AFTER_SEPARATOR: Final = re.compile(rf"{_CLOSED}|\s?{_NEXT_KEY}|[\"'\[({{]", re.ASCII)
_AFTER_AMPERSAND: Final = re.compile(rf"{_CLOSED}|[A-Za-z_][A-Za-z0-9_.\-\[\]%]*=", re.ASCII)
_AFTER_CLOSING: Final = re.compile(rf"{_CLOSED}|[\"'`)\]}}>]*[,;&|]\s?(?:{_NEXT_KEY}|[\"'\[({{])", re.ASCII)
_BOUNDARIES: Final = {
    **dict.fromkeys(",;", _AFTER_SEPARATOR),
    **dict.fromkeys("&|", _AFTER_AMPERSAND),
    **dict.fromkeys("\"'`)]}>", _AFTER_CLOSING),
}
_TOKEN_STOP: Final = re.compile(r"[\s\0,;&|\"'`)\]}>\[({<]|\\+", re.ASCII)
_BRACKET_STOP: Final = re.compile(r"[\[\](){}\\\"']", re.ASCII)
_QUOTE_STOPS: Final = {quote: re.compile(rf"[\\{quote}]", re.ASCII) for quote in QUOTES}
_ESCAPED_BREAK: Final = re.compile(r"\\+[nrt](?:\s|\Z|\\|[A-Za-z_][A-Za-z0-9_.\-]*[=:])", re.ASCII)
_LINE_END: Final = re.compile(r"[\r\n]|\\+[nr]", re.ASCII)
PREFIX: Final = re.compile(r"[bBuUrRfF]{0,2}(\\*)([\"'`])", re.ASCII)
_YAML_BLOCK: Final = re.compile(r"([|>][-+0-9]{0,2}[ \t]*\r?\n[ \t]+)[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*", re.ASCII)
_TAG: Final = re.compile(r"<(?:/|!--|!\[|!D|[A-Za-z][A-Za-z0-9:\-]*(?:\s[^<>]{0,200})?/?>)", re.ASCII)
SCHEME: Final = re.compile(rf"({'|'.join(SCHEMES)}) +(?=\S)", re.ASCII | re.IGNORECASE)
_NEXT_WORD: Final = re.compile(
    r",? +((?:[A-Z0-9\x80-\U0010ffff]|#[0-9])[^\s,;&\"'<>()\[\]{}|=:\x01]*)(\s*[=:])?", re.ASCII
)
_NEXT_DATE_WORD: Final = re.compile(
    rf",? ?((?:[0-9]|\([0-9]|-[0-9]|(?:{'|'.join(MONTHS)})[a-z]{{0,6}}\b)"
    r"[^\s,;&\"'<>\[\]{}|=:\x01]*)(\s*[=:])?",
    re.ASCII | re.IGNORECASE,
)


def value_after(
    text: str, position: int, rule: KeyRule, key_start: int, keys: KeyMatcher
) -> tuple[int, int, bool] | None:
    """Start and end of the value that begins at `position`, and whether it is quoted."""
    length = len(text)
    while position < length and text[position] in " \t":
        position += 1
    if position == length:
        return None
    block = _YAML_BLOCK.match(text, position)
    if block is not None:
        return block.end(1), block.end(), False
    opening = PREFIX.match(text, position)
    if opening is not None:
        quotes = opening.group(2) * 3
        if text.startswith(quotes, opening.start(2)):
            start = opening.start(2) + 3
            end = text.find(quotes, start)
            return (start, end if end > 0 else len(text), True) if start < len(text) else None
        start = opening.end()
        end = _closing_quote(text, start, len(opening.group(1)), opening.group(2))
        return (start, end, True) if end > start else None
    if text[position] in CLOSING:
        end = matching(text, position)
        if text[position] == "(" and rule.text in ("words", "date"):
            end = _words_end(text, end, rule, keys)
        return position, end, False
    if rule.text == "line":
        end = _line_end(text, position, key_start)
    else:
        scheme = SCHEME.match(text, position)
        if scheme is None:
            end = _token_end(text, position)
        elif scheme.group(1).lower() in LINE_SCHEMES:
            end = _line_end(text, position, key_start)
        else:
            end = _token_end(text, scheme.end())
        if rule.text in ("words", "date"):
            end = _words_end(text, end, rule, keys)
    return (position, end, False) if end > position else None


def _closing_quote(text: str, start: int, backslashes: int, quote: str) -> int:
    """The end of the quoted text that starts at `start`; the end of the text if it is never closed."""
    length = len(text)
    if backslashes:
        position = start
        while True:
            position = text.find("\\" * backslashes + quote, position)
            if position < 0:
                return length
            if position == start or text[position - 1] != "\\":
                return position
            position += backslashes + 1
    position = start
    stop = _QUOTE_STOPS[quote]
    while (found := stop.search(text, position)) is not None:
        position = found.start()
        if text[position] == quote and (quote != "'" or text[position + 1 : position + 2] != quote):
            return position
        position += 2
    return length


def matching(text: str, position: int, limit: int | None = None) -> int:
    """The position after the bracket that closes the one at `position`; if none does, `limit` or the text's end."""
    length = len(text) if limit is None else limit
    open_brackets: list[str] = []
    while (found := _BRACKET_STOP.search(text, position, length)) is not None:
        position = found.start()
        character = text[position]
        if character in CLOSING:
            open_brackets.append(CLOSING[character])
        elif open_brackets and character == open_brackets[-1]:
            open_brackets.pop()
            if not open_brackets:
                return position + 1
        elif character == "\\":
            position += 1
        elif character in "\"'":
            closing = _closing_quote(text, position + 1, 0, character)
            if closing < len(text):
                position = closing
        position += 1
    return length


def _token_end(text: str, position: int) -> int:
    """The end of an unquoted value: at white space, or at punctuation before something new."""
    start = position
    length = len(text)
    while True:
        # Any other character belongs to the value.
        found = _TOKEN_STOP.search(text, position)
        if found is None:
            return length
        position = found.start()
        character = text[position]
        if character in _SPACE:
            break
        boundary = _BOUNDARIES.get(character)
        if boundary is not None:
            if boundary.match(text, position + 1):
                break
        elif character in CLOSING:
            closed = matching(text, position, min(length, position + CALL))
            inside = text[position + 1 : closed]
            if inside and text[closed - 1] == CLOSING[character] and (inside[0] in "\"'" or not _BLANK.search(inside)):
                position = closed
                continue
        elif character == "<":
            if position > start and _TAG.match(text, position):
                break
        elif character == "\\":
            # What is behind a row of them holds for each of them, so a row is looked at once.
            after = found.end()
            if after > start + 1:
                quoted = text[after : after + 1] in ('"', "'") and _AFTER_CLOSING.match(text, after + 1)
                if quoted or _ESCAPED_BREAK.match(text, max(position, start + 1)):
                    return max(position, start + 1)
            position = after
            continue
        position += 1
    return position


def _words_end(text: str, position: int, rule: KeyRule, keys: KeyMatcher) -> int:
    """The end of a name or an address (further words with a capital or a digit), or of a date or a number."""
    pattern = _NEXT_WORD if rule.text == "words" else _NEXT_DATE_WORD
    for _ in range(VALUE_WORDS):
        word = pattern.match(text, position)
        if word is None or word.group(2) is not None:
            break
        other = keys.match(word.group(1))
        if other is not None and other.kind != rule.kind:
            break
        position = word.end(1)
    return position


def _line_end(text: str, position: int, key_start: int) -> int:
    """The end of the line, or of the quoted text that starts directly before the key."""
    line = _LINE_END.search(text, position)
    end = line.start() if line else len(text)
    if key_start and text[key_start - 1] in "\"'":
        quote = text[key_start - 1]
        backslashes = 0
        while key_start - 2 - backslashes >= 0 and text[key_start - 2 - backslashes] == "\\":
            backslashes += 1
        end = min(end, _closing_quote(text, position, backslashes, quote))
    while end > position and text[end - 1] in " \t":
        end -= 1
    return end


def split_values(text: str, position: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end of each comma-separated SQL value, inside its quotes."""
    while position < end:
        while position < end and text[position] in " \t\r\n":
            position += 1
        prefix = PREFIX.match(text, position, end)
        if prefix is None and text[position : position + 1] in ("N", "E"):
            prefix = PREFIX.match(text, position + 1, end)
        if prefix is not None:
            start = prefix.end()
            close = min(end, _closing_quote(text, start, len(prefix.group(1)), prefix.group(2)))
            yield start, close
            position = close
            comma = text.find(",", close, end)
            position = end if comma < 0 else comma + 1
            continue
        start = position
        while position < end and text[position] != ",":
            position = matching(text, position) if text[position] in CLOSING else position + 1
        yield start, min(position, end)
        position += 1
