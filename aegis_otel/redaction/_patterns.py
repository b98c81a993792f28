"""Value rules, ready to be searched for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from aegis_otel.redaction._contract import SCREEN_ACTIVE, SCREEN_DIGITS
from aegis_otel.redaction._required import ENDS
from aegis_otel.redaction.rules import ValueRule

_SEEN_ALONE: Final = ("@",)
"""A set of literals that the quick look finds by itself."""

_ACTIVE: Final = re.compile(f"[{re.escape(SCREEN_ACTIVE)}]", re.ASCII)
_DASH: Final = re.compile(r"(?:\A|[^A-Za-z0-9])-", re.ASCII)


def is_active(text: str) -> bool:
    """Whether `text` may have `key=value` or a disguise."""
    return _ACTIVE.search(text) is not None or ("-" in text and _DASH.search(text) is not None)


class Pattern:
    """A value rule. Its pattern is compiled at first use: most are never used, and compiling takes 1 ms.

    Attributes:
        telling: literals of which each match has one, if the quick look has to look for them.
        is_hinted: whether it needs a number after one of them, since they are ordinary words.
        is_number: whether each match has digits enough to be seen by them.
        is_active: whether only texts that are active hold a match.
        is_ungated: whether nothing quick says that it can't match.
    """

    __slots__ = (
        "_search",
        "_sets",
        "is_active",
        "is_hinted",
        "is_number",
        "is_ungated",
        "priority",
        "rule",
        "telling",
    )

    def __init__(self, priority: int, rule: ValueRule) -> None:
        self.priority = priority
        self.rule = rule
        self._sets = tuple(tuple(one.rstrip(ENDS) for one in found) for found in rule.literals)
        self.is_number = rule.digits >= SCREEN_DIGITS
        self.is_hinted = rule.check == "phone_hint"
        self.is_active = any(all(is_active(one.rstrip(ENDS)) for one in found) for found in rule.literals)
        self.telling: tuple[str, ...] = ()
        if not (self.is_number or _SEEN_ALONE in rule.literals):
            self.telling = next(
                (found for found in rule.literals if all(len(one.rstrip(ENDS)) > 1 for one in found)), ()
            )
        seen = self.is_number or _SEEN_ALONE in rule.literals or (bool(rule.key) and self.is_active)
        self.is_ungated = not (seen or self.telling)
        self._search: Callable[[str, int], re.Match[str] | None] | None = None

    def may_match(self, lower: str) -> bool:
        """Whether a lower-case text has what each match has."""
        for found in self._sets:
            for literal in found:
                if literal in lower:
                    break
            else:
                return False
        return True

    def search(self, text: str, position: int = 0) -> re.Match[str] | None:
        """The first match at or after `position`."""
        if self._search is None:
            self._search = re.compile(self.rule.pattern, re.ASCII).search
        return self._search(text, position)
