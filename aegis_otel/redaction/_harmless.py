"""Values that are no secrets although they stand where one would: words, placeholders, names of fields, code."""

from __future__ import annotations

import re
from typing import Final

from aegis_otel.redaction.keys import KeyMatcher
from aegis_otel.redaction.rules import KeyRule, RuleSet

_PROSE_STRIP: Final = "<>[](){}*.!,;:'\"` "
_FIELD_NAME: Final = re.compile(r"(?:[a-z]+(?:[_ -][a-z]+)*|[a-z]+(?:[A-Z][a-z]+)*)\Z", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9][0-9.,_]*", re.ASCII)


class Harmless:
    """Knows such values, by one rule set."""

    def __init__(self, rules: RuleSet, keys: KeyMatcher) -> None:
        self._keys = keys
        self._prose = frozenset(rules.prose_values)
        self._placeholder = re.compile(f"(?:{rules.not_secret})\\Z", re.ASCII) if rules.not_secret else None

    def is_prose(self, text: str) -> bool:
        """Whether `text` is a word that is never secret (`required`, `null`) or a placeholder (`$1`, `****`)."""
        return text.strip(_PROSE_STRIP).lower() in self._prose or (
            self._placeholder is not None and self._placeholder.match(text) is not None
        )

    def names_field(self, text: str) -> bool:
        """Whether `text` is itself the name of a secret field, as in a list of fields."""
        return _FIELD_NAME.match(text) is not None and self._keys.match(text) is not None


def fits(rule: KeyRule, value: str) -> bool:
    """Whether a value is of the type that `rule` covers."""
    if rule.not_number and _NUMBER.fullmatch(value.strip()):
        return False
    if rule.value and not re.search(rule.value, value, re.ASCII):
        return False
    return not rule.min_digits or sum(map(value.count, "0123456789")) >= rule.min_digits
