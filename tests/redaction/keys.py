"""What the key rules say of one key."""

from __future__ import annotations

from functools import cache

from aegis_otel.redaction import Redactor, RuleSet
from aegis_otel.redaction.keys import KeyMatcher


@cache
def _matcher(rules: RuleSet) -> KeyMatcher:
    return KeyMatcher(rules.keys, rules.allow_keys, rules.neutral)


def kind_of_key(redactor: Redactor, key: str) -> str:
    """The kind of secret that `key` names by the redactor's rules, or an empty text."""
    rule = _matcher(redactor.rules).match(key)
    return rule.kind if rule is not None else ""
