"""Decides by its key whether a value is secret: `userPassword`, `X-Api-Key`, `db.password`, `PGPASSWORD`.

A key is split into lower-case words at camelCase borders and at every character that is neither letter nor
digit. A rule applies if its words are the last words of the key. So `tokenCount`, `passwordless` and
`secretary` are not secret, without a list of exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from aegis_otel.redaction._contract import GLUED_NAME, MAX_KEY, NEUTRAL_WORDS
from aegis_otel.redaction.fold import fold, needs_folding
from aegis_otel.redaction.rules import KeyRule

_CACHE_SIZE: Final = 4096
_MASK: Final = re.compile(r"\[REDACTED(?::[a-z0-9_]+)*\](?:#[0-9]+)?", re.ASCII)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+[a-z]*|[^\x00-\x7f]+|[A-Z]")


def split_words(key: str) -> list[str]:
    """The lower-case words of a key, digits at a word's end stripped, all-digit words at the key's end dropped."""
    words = [word.lower() for word in _WORD.findall(key)]
    while words and words[-1].isdigit():
        words.pop()
    return [word.rstrip("0123456789") or word for word in words]


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
        words = split_words(_MASK.sub(" ", key) if "[REDACTED" in key else key)
        if "".join(words) in self._allowed:
            return None
        for dropped in range(NEUTRAL_WORDS + 1):
            rule = self._match_words(words)
            if rule is not None:
                return rule if not (dropped and rule.exact) else None
            if len(words) < 2 or words[-1] not in self._neutral:
                return None
            words = words[:-1]
        return None

    def _match_words(self, words: list[str]) -> KeyRule | None:
        exact = self._exact.get(tuple(words))
        if exact is not None:
            return exact
        for count in range(min(self._longest, len(words)), 0, -1):
            rule = self._suffixes.get(tuple(words[-count:]))
            if rule is not None:
                return rule
        glued = "".join(words)
        rule = self._glued.get(glued)
        if rule is not None:
            return rule
        for suffix, suffix_rule in self._glued_suffixes:
            if glued.endswith(suffix):
                return suffix_rule
        return None
