"""Finds `key=value` and `key: value` with a secret key, and the columns of INSERT statements.

It is code, because no regular expression can decide which key is secret and where a value ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aegis_otel.redaction._contract import BUDGET_FACTOR, BUDGET_FLOOR, INDEX, PAIR_KEY, PAIR_WORDS, PARENTHESIS
from aegis_otel.redaction._extent import CLOSING, QUOTES, SCHEME, matching, split_values, value_after
from aegis_otel.redaction._harmless import Harmless, fits
from aegis_otel.redaction._spans import Span
from aegis_otel.redaction.checks import opaque
from aegis_otel.redaction.keys import KeyMatcher, split_words
from aegis_otel.redaction.rules import KeyRule, RuleSet

_KEY_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_SEPARATOR: Final = re.compile(r"[:?+.|]{0,3}=+>?|:| -> |\u2192", re.ASCII)
# Several words written as one: a name in a program or a header, not a word of a sentence.
_IDENTIFIER: Final = re.compile(r"[^\s]*(?:[A-Za-z0-9][_\-][A-Za-z]|[a-z][A-Z])[^\s]*", re.ASCII)
_NO_TYPE: Final = re.compile(r"[A-Za-z]{8,}|[A-Za-z]*[0-9][A-Za-z0-9]*", re.ASCII)
_INSERT: Final = re.compile(r"\binsert\s+into\s+[^\s(]+\s*\(([^()]*)\)\s*values\s*(?=\()", re.ASCII | re.IGNORECASE)
# SQLAlchemy's errors: [SQL: INSERT … VALUES (?, ?)]\n[parameters: ('x', 'y')]
_PARAMETERS: Final = re.compile(r"\]?\s*\[parameters: \[?", re.ASCII)


class Pairs:
    """Finds values by their keys in texts, by one rule set."""

    def __init__(self, rules: RuleSet, keys: KeyMatcher, harmless: Harmless) -> None:
        self._keys = keys
        self._harmless = harmless
        names = [words for rule in rules.keys for name in rule.names if (words := split_words(name))]
        self._spaced_tails = frozenset(words[-1] for words in names if len(words) > 1) | frozenset(rules.neutral)

    def find(self, text: str) -> Iterator[Span]:
        """The values of secret keys; raises ValueError for a text built to make this slow."""
        position = 0
        budget = BUDGET_FLOOR + BUDGET_FACTOR * len(text)
        while True:
            separator = _SEPARATOR.search(text, position)
            if separator is None:
                return
            position = separator.end()
            found = self._key_before(text, separator.start())
            if found is None:
                continue
            rule, key_start, quote = found
            if rule.quoted and not quote:
                continue
            value = value_after(text, position, rule, key_start, self._keys)
            if value is None:
                continue
            start, end, quoted = value
            budget -= end - start
            if budget < 0:
                raise ValueError("a text built to make redaction slow")
            if not fits(rule, text[start:end]) or self._harmless.is_prose(text[start:end]):
                continue
            if not (quote or quoted) and _is_harmless(text, key_start, separator, rule, start, end):
                continue
            yield Span(start, end, 0, rule.kind, "" if quoted else quote)
            position = end

    def _key_before(self, text: str, end: int) -> tuple[KeyRule, int, str] | None:
        """The rule of the key that ends before `end`, the start of the key, and its quote with its backslashes."""
        end = _skip_back(text, end)
        if end and text[end - 1] == ")":
            opening = text.rfind("(", max(0, end - PARENTHESIS), end)
            if opening < 0:
                return None
            for column in text[opening + 1 : end - 1].split(","):
                rule = self._keys.match(column.strip())
                if rule is not None:
                    return rule, opening, ""
            end = _skip_back(text, opening)
        if end and text[end - 1] == "]":
            opening = text.rfind("[", max(0, end - INDEX), end)
            end = opening if opening >= 0 and not text[opening + 1 : end - 1].strip("0123456789") else end - 1
        if end and text[end - 1] in QUOTES:
            quote = text[end - 1]
            key_end = end - 1
            while key_end and text[key_end - 1] == "\\":
                key_end -= 1
            opening = text.rfind(quote, max(0, key_end - PAIR_KEY), key_end)
            if opening >= 0:
                key = text[opening + 1 : key_end]
                rule = self._keys.match(key)
                return None if rule is None else (rule, opening, text[key_end:end])
            end = key_end
        start = end
        limit = max(0, end - PAIR_KEY)
        while start > limit and text[start - 1] in _KEY_CHARACTERS:
            start -= 1
        if start == end:
            return None
        if start and text[start - 1] == "\\" and text[start] in "nrt":
            start += 1
        run = text[start:end]
        rule = self._keys.match(run)
        if rule is None:
            words = split_words(run)
            if (words and words[-1] not in self._spaced_tails) or self._keys.is_allowed(run):
                return None
        found = None if rule is None else (rule, start, "")
        for _ in range(PAIR_WORDS):
            before = start - 1
            if before < 1 or text[before] != " " or text[before - 1] not in _KEY_CHARACTERS:
                break
            start = before
            while start > limit and text[start - 1] in _KEY_CHARACTERS:
                start -= 1
            key = text[start:end]
            if self._keys.is_allowed(key):
                return None
            if found is None or found[0].value:
                rule = self._keys.match(key)
                if rule is not None and not rule.exact and (found is None or rule is not found[0]):
                    found = rule, start, ""
        return found

    def find_inserts(self, text: str) -> Iterator[Span]:
        """The values of secret columns in INSERT INTO t (name, password) VALUES ('x', 'y'), …"""
        position = 0
        for insert in _INSERT.finditer(text):
            if insert.start() < position:
                continue
            rules = [self._keys.match(column.strip(" \t\r\n`\"'[]")) for column in insert.group(1).split(",")]
            if not any(rules):
                continue
            position = insert.end()
            while position < len(text) and text[position] == "(":
                close = matching(text, position)
                inside = close - 1 if text[close - 1] == ")" else close
                for rule, (start, end) in zip(rules, split_values(text, position + 1, inside), strict=False):
                    if rule is None or start >= end:
                        continue
                    candidate = text[start:end]
                    if not self._harmless.is_prose(candidate) and fits(rule, candidate):
                        yield Span(start, end, 0, rule.kind)
                position = close
                while position < len(text) and text[position] in ", \t\r\n":
                    position += 1
                parameters = _PARAMETERS.match(text, position)
                if parameters is not None:
                    position = parameters.end()


def _is_harmless(text: str, key_start: int, separator: re.Match[str], rule: KeyRule, start: int, end: int) -> bool:
    """Whether a bare `key: value` is code (`password=password`), part of a path, or prose (`session: active`)."""
    key = text[key_start : separator.start()].rstrip()
    if text[start:end].lower() == key.lower().rpartition(".")[2]:
        return True
    if not rule.opaque or separator.group() != ":":
        return False
    if start == separator.end():
        return key_start > 0 and text[key_start - 1] == ":"
    return not (
        text[start] in CLOSING
        or text.find("=", start, end) >= 0
        or SCHEME.match(text, start, end) is not None
        or opaque(text, start, end)
        or (_IDENTIFIER.fullmatch(key) is not None and _NO_TYPE.fullmatch(text, start, end) is not None)
    )


def _skip_back(text: str, end: int) -> int:
    while end and text[end - 1] in " \t":
        end -= 1
    return end
