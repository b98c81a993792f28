"""Redacts one text: a message, a string attribute, a stack trace, a URL.

There are two ways to find secrets. Both run on the text itself and, if it is disguised, on its folded form: keys with
their values (`_pairs.py`), and the rule set's patterns. This module knows no structures: the engine handles maps, lists
and messages that are JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from aegis_otel.redaction._contract import MAX_ROUNDS, NUMBER_CHECKS
from aegis_otel.redaction._harmless import Harmless, fits
from aegis_otel.redaction._pairs import Pairs
from aegis_otel.redaction._patterns import Pattern
from aegis_otel.redaction._repeats import Repeats
from aegis_otel.redaction._spans import MASKED, Span, merged, whole_masks
from aegis_otel.redaction.checks import CHECKS
from aegis_otel.redaction.fold import fold, needs_folding
from aegis_otel.redaction.keys import KeyMatcher
from aegis_otel.redaction.rules import RuleSet
from aegis_otel.redaction.screen import Screen, has_hinted_number, has_number

_DIGITS: Final = re.compile("[0-9]*", re.ASCII)


class TextRedactor:
    """Redacts texts with one rule set.

    Attributes:
        screen: the quick look that most texts are done with.
        harmless: which values are no secrets.
    """

    def __init__(self, rules: RuleSet, keys: KeyMatcher, mask: Callable[[str, str], str]) -> None:
        """`mask` gets the kind and the secret text and returns the replacement."""
        self._keys = keys
        self._mask = mask
        prefix, _, suffix = rules.mask.partition("{kind}")
        kind = r"[a-z0-9_]+(?::[0-9a-f]{16})?" if "{kind}" in rules.mask else ""
        self.mask_pattern: Final = re.compile(
            re.escape(prefix) + kind + re.escape(suffix) + r"|\[REDACTED(?::[a-z0-9_]+)*\]|\[REDACTION FAILED\]",
            re.ASCII,
        )
        self._mask_starts = ("[REDACT", prefix) if prefix and not prefix.startswith("[REDACT") else ("[REDACT",)
        off = frozenset(rules.disable)
        self._values = tuple(
            Pattern(priority, rule) for priority, rule in enumerate(rules.values, start=1) if rule.kind not in off
        )
        self.screen: Final = Screen(rules, self._values)
        self.harmless: Final = Harmless(rules, keys)
        self._pairs = Pairs(rules, keys, self.harmless)
        self.is_clean: Final = self.screen.is_clean

    def redact(self, text: str, found: Repeats) -> str:
        """`text` with its secrets masked, which go into `found`; the same object if it has no secrets."""
        if self.is_clean(text):
            return text
        current = text
        for _ in range(MAX_ROUNDS):
            changed = self._round(current, found)
            if changed == current:
                break
            current = changed
        if current == text:
            self.screen.remember(text)
            return text
        return current

    def holds_mask(self, text: str) -> bool:
        """Whether a mask stands in `text`."""
        return any(start in text for start in self._mask_starts)

    def is_masked(self, text: str) -> bool:
        """Whether `text` is only a mask."""
        return self.mask_pattern.fullmatch(text) is not None

    def _round(self, text: str, found: Repeats) -> str:
        spans = self.find(text)
        if spans:
            text = self.splice(text, spans, found)
        if needs_folding(text):
            folded = fold(text)
            if folded is not None:
                plain, starts, ends = folded
                spans = self.find(plain)
                if spans:
                    moved = [span._replace(start=starts[span.start], end=ends[span.end - 1]) for span in spans]
                    text = self.splice(text, moved, found)
        return text

    def find(self, text: str) -> list[Span]:
        """All spans to mask, in order, none overlapping."""
        if self.holds_mask(text):
            text = self.mask_pattern.sub(lambda mask: MASKED * len(mask.group()), text)
        lower = text.lower()
        if len(lower) != len(text):
            lower = "".join(character.lower() if character.isascii() else character for character in text)
        spans: list[Span] = []
        has_name = self.screen.has_name(lower)
        if has_name:
            spans.extend(self._pairs.find(text))
            if "insert" in lower:
                spans.extend(self._pairs.find_inserts(text))
        has_digits = has_number(text)
        has_hint = has_hinted_number(text)
        has_literal = self.screen.has_literal(lower)
        for pattern in self._values:
            rule = pattern.rule
            if rule.key:
                if not has_name:
                    continue
            elif pattern.is_number:
                if not has_digits:
                    continue
            elif pattern.telling and not (has_hint if pattern.is_hinted else has_literal):
                continue
            if pattern.may_match(lower):
                spans.extend(self._find_values(text, pattern))
        return merged(whole_masks(text, spans))

    def splice(self, text: str, spans: list[Span], found: Repeats) -> str:
        """`text` with masks in the place of `spans`; what they held goes into `found`."""
        parts: list[str] = []
        done = 0
        for start, end, _, kind, wrap in spans:
            parts.append(text[done:start])
            secret = text[start:end]
            mask = self._mask(kind, secret)
            parts.append(secret if mask == secret else f"{wrap}{mask}{wrap}")
            if mask != secret and not self.holds_mask(secret):
                found.add(kind, secret)
            done = end
        parts.append(text[done:])
        return "".join(parts)

    def _find_values(self, text: str, pattern: Pattern) -> Iterator[Span]:
        rule = pattern.rule
        position = 0
        while position <= len(text):
            match = pattern.search(text, position)
            if match is None:
                return
            start, end = match.span(rule.group)
            position = max(match.end(), position + 1)
            if start < 0 or start == end:
                continue
            kind: str | None = rule.kind
            if rule.key:
                kind = self._kind_of_pair(match.group(rule.key), text[start:end])
                if kind is None:
                    position = max(start, match.start() + 1)
                    continue
            if self._checks_out(rule.check, text, start, end):
                yield Span(start, end, pattern.priority, kind or rule.kind)
            elif rule.key:
                position = max(start, match.start() + 1)
            elif rule.check in NUMBER_CHECKS:
                position = start + 1
                if not rule.group:
                    # No check of numbers passes behind a digit.
                    position = _behind_digits(text, position)

    def _kind_of_pair(self, key: str, value: str) -> str | None:
        rule = self._keys.match(key.strip())
        return rule.kind if rule is not None and fits(rule, value) else None

    def _checks_out(self, check: str, text: str, start: int, end: int) -> bool:
        if not check:
            return True
        if check == "secret":
            return not self.harmless.is_prose(text[start:end])
        if check == "field":
            value = text[start:end]
            return not self.harmless.is_prose(value) and not self.harmless.names_field(value)
        if not CHECKS[check](text, start, end):
            return False
        return not check.startswith("opaque") or not self.harmless.is_prose(text[start:end])


def _behind_digits(text: str, position: int) -> int:
    """The first place from `position` on that has no digit before it."""
    digits = _DIGITS.match(text, position - 1)
    return max(position, digits.end()) if digits else position
