"""Says quickly that a text can't hold a secret. Most texts hold none, and rules cost far more than this look.

All that it looks for is read off the rule set. It may look at too much, never at too little.
"""

from __future__ import annotations

import re
from typing import Any, Final

from aegis_otel.redaction._contract import (
    SCREEN_BETWEEN_DIGITS,
    SCREEN_DIGITS,
    SCREEN_HINTED,
    SCREEN_NEAR,
    SCREEN_SHORT,
    STRONG,
)
from aegis_otel.redaction._patterns import Pattern, is_active
from aegis_otel.redaction._words import WordSearch
from aegis_otel.redaction.checks import without_ids
from aegis_otel.redaction.fold import needs_folding
from aegis_otel.redaction.keys import split_words
from aegis_otel.redaction.rules import RuleSet

_CLEAN_CACHE: Final = 4096
_CLEAN_LENGTH: Final = 256
_BETWEEN: Final = re.escape(SCREEN_BETWEEN_DIGITS)
_DIGIT_RUN: Final = re.compile(rf"[0-9][0-9{_BETWEEN}]{{{SCREEN_HINTED - 2},}}[0-9]", re.ASCII)
_NEAR_DIGITS: Final = re.compile(rf"[0-9](?:[{_BETWEEN}]{{0,{SCREEN_NEAR}}}[0-9]){{{SCREEN_DIGITS - 1}}}", re.ASCII)


def has_number(text: str) -> bool:
    """Whether `text` has digits enough near each other for a number that is secret by its form."""
    return _NEAR_DIGITS.search(text) is not None


def has_hinted_number(text: str) -> bool:
    """Whether `text` has digits enough for a telephone number after a word that says so."""
    return _DIGIT_RUN.search(text) is not None


class Screen:
    """The quick look at texts, for one rule set. A bounded cache keeps texts that are known to be clean."""

    def __init__(self, rules: RuleSet, patterns: tuple[Pattern, ...]) -> None:
        """Read off the rules what is to be looked for. Searches are compiled at first use."""
        names = [words for rule in rules.keys for name in rule.names if (words := split_words(name))]
        literals: set[str] = set()
        plain: set[str] = set()
        hints: set[str] = set()
        for pattern in patterns:
            if pattern.is_hinted:
                hints.update(pattern.telling)
                continue
            if not pattern.rule.key:
                literals.update(pattern.telling)
            if not pattern.is_active:
                plain.update(pattern.telling)
        # Any word may follow a strong name, so a short one counts inside of words, too.
        strong = {name for name in STRONG if len(name) <= SCREEN_SHORT}
        self._has_name = WordSearch(strong, names, rules.neutral)
        self._words = (names, literals | strong, plain | {"insert"}, hints)
        self._has_literal = WordSearch(literals)
        self.has_literal: Final = self._has_literal.hits
        self.has_name: Final = self._has_name.hits
        self._has_plain = WordSearch(plain | {"insert"})
        self._has_hint = WordSearch(hints)
        self._ungated = tuple(pattern for pattern in patterns if pattern.is_ungated)
        self.known: Final[dict[str, None]] = {}

    def is_clean(self, text: str) -> bool:
        """Whether nothing in `text` can be a secret; never wrongly True."""
        if text in self.known:
            return True
        if not text.isascii():
            return False
        if is_active(text):
            lower = text.lower()
            suspect = (
                "@" in text or needs_folding(text) or self.has_name(lower) or self.has_literal(lower) or _may_nest(text)
            )
        else:
            suspect = self._has_plain.hits(text.lower())
        if suspect or (self._ungated and any(pattern.search(text) for pattern in self._ungated)):
            return False
        if self._has_any_number(text) and ((shorter := without_ids(text)) == text or self._has_any_number(shorter)):
            return False
        self.remember(text)
        return True

    def remember(self, text: str) -> None:
        """Keep a text that was found clean."""
        if len(text) <= _CLEAN_LENGTH:
            if len(self.known) >= _CLEAN_CACHE:
                self.known.clear()
            self.known[text] = None

    def native(self, extension: Any) -> Any:
        """`is_clean` by the extension, which says no if it is not sure; None if the rules don't allow it."""
        if self._ungated:
            return None
        names, literals, plain, hints = self._words
        return extension.TextScreen(
            [list(words) for words in names],
            sorted(literals),
            sorted(plain),
            sorted(hints),
            list(self._has_name.neutral_starts),
            self.known,
        )

    def _has_any_number(self, text: str) -> bool:
        return has_hinted_number(text) and (has_number(text) or self._has_hint.hits(text.lower()))


def _may_nest(text: str) -> bool:
    """Whether `text` may be JSON that shows more when it is read: a map in a map, or a list of arguments."""
    return (text.count("{") > 1 or '"-' in text) and text.lstrip()[:1] in ("{", "[")
