"""Finds words in a text with one search: the quick part of a quick look.

Python's `re` finds single characters fast and alternatives slowly. So the search looks for each word's rarest letter.
Only at such a letter it tries more: first the part before the letter, then the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from aegis_otel.redaction._contract import SCREEN_SHORT
from aegis_otel.redaction._required import ENDS

# Frequency of letters in English log lines, rarest first. The last ones are in almost every line.
_RARE_FIRST: Final = "#|zqxjkvwybgpmufchdlrsnioate"
_EVERYWHERE: Final = frozenset("rsnioate")
# What may stand between two words of one key: `api2_key` is the key `api key`.
_GAP: Final = "[0-9]*[^a-z0-9\\n]*"
_AFTER_LITERAL: Final = "(?![a-z])"


class WordSearch:
    """Finds words in lower-case texts.

    Args:
        literals: parts of texts; after one that ends with `ENDS`, no letter may follow.
        names: names of keys, as words.
        neutral: words that may follow a short name and change nothing.
    """

    def __init__(
        self, literals: Iterable[str], names: Iterable[Sequence[str]] = (), neutral: Iterable[str] = ()
    ) -> None:
        """Keep the words. The search is compiled at first use, not at the start of the app."""
        self._literals = frozenset(literals)
        self._names = frozenset(tuple(name) for name in names)
        self.neutral_starts: Final = tuple(sorted({word[:2] for word in neutral}))
        self._contained: tuple[tuple[str, Callable[[str], object] | None], ...] = ()
        self._search: Callable[[str], object] | None = None

    def hits(self, lower: str) -> bool:
        """Whether any of the words may be in `lower`; False is always right."""
        if self._search is None:
            self._search = self._compile()
        if self._search(lower) is not None:
            return True
        for word, search in self._contained:  # noqa: SIM110 - any() costs more than the search
            if word in lower and (search is None or search(lower) is not None):
                return True
        return False

    def _compile(self) -> Callable[[str], object]:
        anchored: dict[str, dict[str, set[tuple[str, str]]]] = {}
        contained: dict[str, set[str]] = {}
        end = f"(?:[^a-z]|\\Z|{'|'.join(self.neutral_starts)})" if self.neutral_starts else "(?:[^a-z]|\\Z)"
        for first, rest in self._parts(end):
            anchor = min(range(len(first)), key=lambda index: (_rank(first[index]), index))
            if first[anchor] in _EVERYWHERE and (len(first) > SCREEN_SHORT or not rest.startswith("(")):
                contained.setdefault(first, set()).add(rest)
                continue
            near = first[anchor - 1 : anchor + 1] if anchor else ""
            group = anchored.setdefault(first[anchor], {}).setdefault(re.escape(near), set())
            group.add((re.escape(first[: anchor + 1]) if anchor else "", re.escape(first[anchor + 1 :]) + rest))
        self._contained = tuple(
            (word, None if "" in rests else re.compile(re.escape(word) + _any(rests), re.ASCII).search)
            for word, rests in sorted(contained.items())
        )
        if not anchored:
            return lambda _: None
        letters = []
        for letter, groups in sorted(anchored.items()):
            after = (_behind(near) + _any(_behind(b) + r for b, r in group) for near, group in groups.items())
            letters.append(re.escape(letter) + _any(after))
        return re.compile("|".join(letters), re.ASCII).search

    def _parts(self, end: str) -> Iterable[tuple[str, str]]:
        """Each word's plain beginning, and the pattern of what must follow it."""
        long_words = {name[0] for name in self._names if len(name) == 1 and len(name[0]) > SCREEN_SHORT}
        long_words |= {literal for literal in self._literals if literal.isalpha() and len(literal) > SCREEN_SHORT}
        for literal in sorted(self._literals):
            bare = literal.removesuffix(ENDS)
            if not any(other in bare and other != bare for other in long_words):
                yield bare, _AFTER_LITERAL if bare != literal else ""
        for name in sorted(self._names):
            if any(other in word and (other,) != name for word in name for other in long_words):
                continue
            rest = "".join(_GAP + re.escape(word) for word in name[1:])
            yield name[0], rest + end if sum(map(len, name)) <= SCREEN_SHORT else rest


def _rank(character: str) -> int:
    rank = _RARE_FIRST.find(character)
    return len(_RARE_FIRST) if rank < 0 else rank


def _behind(text: str) -> str:
    return f"(?<={text})" if text else ""


def _any(patterns: Iterable[str]) -> str:
    """One of `patterns`."""
    unique = sorted(set(patterns))
    return unique[0] if len(unique) == 1 else f"(?:{'|'.join(unique)})"
