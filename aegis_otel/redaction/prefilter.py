"""Says quickly that a text can't hold a secret. Most texts hold none, and rules cost far more than this search.

Python's `re` finds single characters fast and alternatives slowly. So the search looks for each word's rarest letter.
Only at such a letter it tries more: first the part before the letter, then the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Final

# Frequency of letters in English log lines, rarest first. The last ones are in almost every line.
_RARE_FIRST: Final = "#|zqxjkvwybgpmufchdlrsnioate"
_EVERYWHERE: Final = frozenset("rsnioate")
_SHORT: Final = 4
_GAP: Final = r"[^a-z0-9]?"
# A short name must end there, or a word that changes nothing must follow (pinHash). Otherwise `pan` matches "company".
_END: Final = r"(?:[^a-z]|\Z|va|nu|no|ha|st|te|en|da|pl|ra|la|fu|di)"


class Prefilter:
    """Finds words in lower-case texts.

    Args:
        literals: parts of texts.
        names: names of keys, as words. One other character may stand between two of their words.
    """

    def __init__(self, literals: Iterable[str], names: Iterable[Sequence[str]] = ()) -> None:
        """Keep the words. The search is compiled at first use, not at the start of the app."""
        self._words = ({(literal,) for literal in literals}, {tuple(name) for name in names})
        self._contained: tuple[str, ...] = ()
        self._search: Callable[[str], object] | None = None

    def hits(self, lower: str) -> bool:
        """Whether any of the words may be in `lower`; False is always right."""
        if self._search is None:
            self._search = self._compile()
        if self._search(lower) is not None:
            return True
        for word in self._contained:  # noqa: SIM110 - any() costs more than the search
            if word in lower:
                return True
        return False

    def _compile(self) -> Callable[[str], object]:
        literals, names = self._words
        long_names = {name[0] for name in names if len(name) == 1 and len(name[0]) > _SHORT}
        contained: set[str] = set()
        anchored: dict[str, dict[str, set[tuple[str, str]]]] = {}
        for words, is_name in sorted([(literal, False) for literal in literals] + [(name, True) for name in names]):
            glued = "".join(words)
            if is_name and any(other in word and other != glued for word in words for other in long_names):
                continue
            short = is_name and len(glued) <= _SHORT
            anchor = min(range(len(glued)), key=lambda index: (_rank(glued[index]), index))
            if glued[anchor] in _EVERYWHERE and len(words) == 1 and not short:
                contained.add(glued)
                continue
            before, rest = _split(words, anchor)
            starts = {len("".join(words[:index])) for index in range(len(words))}
            near = "" if anchor in starts else glued[anchor - 1 : anchor + 1]
            group = anchored.setdefault(glued[anchor], {}).setdefault(re.escape(near), set())
            group.update((variant, rest + (_END if short else "")) for variant in before)
        self._contained = tuple(
            word for word in sorted(contained) if not any(other in word and other != word for other in contained)
        )
        if not anchored:
            return lambda _: None
        letters = []
        for letter, groups in sorted(anchored.items()):
            after = (_behind(near) + _any(_behind(b) + r for b, r in group) for near, group in groups.items())
            letters.append(re.escape(letter) + _any(after))
        return re.compile("|".join(letters), re.ASCII).search


def _rank(character: str) -> int:
    rank = _RARE_FIRST.find(character)
    return len(_RARE_FIRST) if rank < 0 else rank


def _behind(text: str) -> str:
    return f"(?<={text})" if text else ""


def _any(patterns: Iterable[str]) -> str:
    """One of `patterns`, without the common one-letter beginnings, which the caller handles."""
    unique = sorted(set(patterns))
    return unique[0] if len(unique) == 1 else f"(?:{'|'.join(unique)})"


def _split(words: Sequence[str], anchor: int) -> tuple[list[str], str]:
    """The text before and at the anchor, with each way of filling the gaps, and the pattern of the text after it."""
    index = 0
    while anchor >= len(words[index]):
        anchor -= len(words[index])
        index += 1
    word = words[index]
    earlier = [re.escape(part) for part in words[:index]]
    before = [
        "".join(part + gap for part, gap in zip(earlier, gaps, strict=True)) + re.escape(word[: anchor + 1])
        for gaps in product(("", "."), repeat=len(earlier))
    ]
    if not index and anchor == 0:
        before = [""]
    rest = _GAP.join([re.escape(word[anchor + 1 :]), *(re.escape(later) for later in words[index + 1 :])])
    return before, rest
