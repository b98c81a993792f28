"""Decides by its key whether a value is secret: `userPassword`, `X-Api-Key`, `db.password`, `PGPASSWORD`.

A key is split into lower-case words at camelCase borders and at every character that is neither letter nor
digit. A rule applies if its words are the last words of the key. So `tokenCount`, `passwordless` and
`secretary` are not secret, without a list of exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Final

from aegis_otel.redaction._contract import GLUED_NAME, HARMLESS_REST, MAX_KEY, NEUTRAL_WORDS, REST_WORDS, STRONG
from aegis_otel.redaction.fold import fold, needs_folding
from aegis_otel.redaction.rules import KeyRule

_CACHE_SIZE: Final = 4096
_MASK: Final = re.compile(r"\[REDACTED(?::[a-z0-9_]+)*\](?:#[0-9]+)?", re.ASCII)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+[a-z]*|[^\x00-\x7f]+|[A-Z]")

_HARMLESS: Final = frozenset(HARMLESS_REST)
_LONGEST_STRONG: Final = max(len(name.split()) for name in STRONG)


def split_words(key: str) -> list[str]:
    """The lower-case words of a key, digits at a word's end stripped, all-digit words at the key's end dropped."""
    return _split(key)[0]


def _split(key: str) -> tuple[list[str], list[int]]:
    """The words, and for each word the first one of those that stand together with it, with nothing between them."""
    words: list[str] = []
    firsts: list[int] = []
    end = -1
    for match in _WORD.finditer(key):
        text = match.group()
        word = text.rstrip("0123456789")
        firsts.append(firsts[-1] if match.start() == end else len(words))
        words.append((word or text).lower())
        # Digits between two words part them: `api2key` is no `apikey`.
        end = match.end() if word == text else -1
    while words and words[-1].isdigit():
        words.pop()
        firsts.pop()
    return words, firsts


class KeyMatcher:
    """Finds the rule for a key. A bounded cache keeps decisions."""

    def __init__(self, rules: Iterable[KeyRule], allow_keys: Iterable[str], neutral: Iterable[str]) -> None:
        """Prepare `rules` (earlier ones win), the keys that are never secret and the words that change nothing."""
        self._suffixes: dict[tuple[str, ...], KeyRule] = {}
        self._exact: dict[tuple[str, ...], KeyRule] = {}
        self._glued: dict[str, KeyRule] = {}
        glued_suffixes: dict[str, KeyRule] = {}
        for rule in rules:
            for name in rule.names:
                words = tuple(split_words(name))
                glued = "".join(words)
                if not words:
                    continue
                self._exact.setdefault(words, rule)
                self._glued.setdefault(glued, rule)
                if rule.exact:
                    continue
                self._suffixes.setdefault(words, rule)
                if rule.glued and len(glued) >= GLUED_NAME:
                    glued_suffixes.setdefault(glued, rule)
        self._glued_suffixes = sorted(glued_suffixes.items(), key=lambda item: (-len(item[0]), item[0]))
        self._longest = max((len(words) for words in self._suffixes), default=0)
        self._allowed = {"".join(split_words(key)) for key in allow_keys}
        self._neutral = frozenset(neutral)
        strong = [words for name in STRONG if (words := tuple(split_words(name))) in self._suffixes]
        self._strong = frozenset(strong)
        self._strong_ends = tuple(glued for glued in map("".join, strong) if glued in glued_suffixes)
        self._cache: dict[str, KeyRule | None] = {}

    def match(self, key: str) -> KeyRule | None:
        """The rule that makes the value under `key` secret, or None."""
        try:
            return self._cache[key]
        except KeyError:
            pass
        rule = self._decide(key)
        if len(self._cache) >= _CACHE_SIZE:
            self._cache.clear()
        if len(key) <= MAX_KEY:
            self._cache[key] = rule
        return rule

    def is_allowed(self, key: str) -> bool:
        """Whether `key` is on the list of keys that are never secret."""
        return "".join(split_words(key)) in self._allowed

    def _decide(self, key: str) -> KeyRule | None:
        key = key[-MAX_KEY:]
        if needs_folding(key):
            folded = fold(key)
            key = folded[0] if folded else key
        words, firsts = _split(_MASK.sub(" ", key) if "[REDACTED" in key else key)
        if not words or "".join(words) in self._allowed:
            return None
        count = len(words)
        for dropped in range(NEUTRAL_WORDS + 1):
            rule = self._match_words(words[:count], firsts[count - 1])
            if rule is not None:
                return rule if not (dropped and rule.exact) else None
            if count < 2 or words[count - 1] not in self._neutral:
                break
            count -= 1
        return self._match_strong(words)

    def _match_words(self, words: list[str], first: int) -> KeyRule | None:
        exact = self._exact.get(tuple(words))
        if exact is not None:
            return exact
        for count in range(min(self._longest, len(words)), 0, -1):
            rule = self._suffixes.get(tuple(words[-count:]))
            if rule is not None:
                return rule
        glued = "".join(words[first:])
        rule = self._glued.get(glued)
        if rule is not None and not (rule.exact and first):
            return rule
        for suffix, suffix_rule in self._glued_suffixes:
            if glued.endswith(suffix):
                return suffix_rule
        return None

    def _match_strong(self, words: list[str]) -> KeyRule | None:
        """The rule of a strong name with words behind it that don't say that it is no secret: `db_password_prod`."""
        for end in range(len(words) - 1, max(0, len(words) - 1 - REST_WORDS), -1):
            if words[end] in _HARMLESS:
                return None
            for start in range(max(0, end - _LONGEST_STRONG), end):
                name = tuple(words[start:end])
                if name in self._strong:
                    return _behind_strong(self._suffixes[name])
            for ending in self._strong_ends:
                if words[end - 1].endswith(ending):
                    return _behind_strong(self._glued[ending])
        return None


@cache
def _behind_strong(rule: KeyRule) -> KeyRule:
    """The rule for a key that goes on behind its name: a number there may count something."""
    return rule if rule.kind == "password" else replace(rule, not_number=True)
