"""Secrets that were found by their mark, so that they are masked where they stand a second time without it."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Any

from aegis_otel.redaction._contract import OPAQUE_LEAST, REPEATED, REPEATED_LENGTH
from aegis_otel.redaction.checks import opaque


class Repeats:
    """The secrets of one record, or of one value.

    Args:
        mask: gets the kind and the secret text, and returns the replacement.
    """

    __slots__ = ("_kinds", "_mask", "_search")

    def __init__(self, mask: Callable[[str, str], str]) -> None:
        self._mask = mask
        self._kinds: dict[str, str] = {}
        self._search: re.Pattern[str] | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._kinds)

    def add(self, kind: str, secret: str) -> None:
        """Take a secret in, if it is one that no other text has by chance."""
        secret = secret.strip()
        fits = OPAQUE_LEAST <= len(secret) <= REPEATED_LENGTH and len(self._kinds) < REPEATED
        if fits and opaque(secret, 0, len(secret)):
            self._kinds.setdefault(secret, kind)

    def hide(self, text: str) -> str:
        """`text` with these secrets masked wherever they stand by themselves."""
        if not any(secret in text for secret in self._kinds):
            return text
        if self._search is None:
            longest_first = sorted(self._kinds, key=lambda secret: (-len(secret), secret))
            self._search = re.compile("|".join(map(re.escape, longest_first)))
        parts: list[str] = []
        done = 0
        for match in self._search.finditer(text):
            start, end = match.span()
            if _stands_alone(text, start, end):
                parts += (text[done:start], self._mask(self._kinds[match.group()], match.group()))
                done = end
        return "".join((*parts, text[done:])) if parts else text

    def hide_in(self, value: Any, kept: Container[str] = ()) -> Any:
        """`value` with these secrets masked in all its texts, but not below the keys `kept`."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, dict):
            return {key: item if key in kept else self.hide_in(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            items = [self.hide_in(item) for item in value]
            return tuple(items) if isinstance(value, tuple) else items
        return value


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())
