"""Reads off a pattern what every match must hold, so that no rule needs hints, and none can carry wrong ones.

Used when the contract is generated, and for an operator's rules when they are loaded.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

ENDS: Final = "\b"
"""At the end of a literal: no letter may follow it. Kept on short ones only: `pin`, not "shipping"."""

_MOST: Final = 160
"""Alternatives of one requirement; a part of a pattern with more has none."""

_CLASS: Final = 8
_SHORT: Final = 4
_SETS: Final = 3
_RUN: Final = frozenset(" -.()+/_\t\n\f\r")
_SPACE: Final = frozenset(" \t\n\r\f\v")
_ANY_WEIGHT: Final = 24

# The parser of `re` is public in all but its name; it has moved once.
_parser: Final[Any] = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")


class Required(NamedTuple):
    """What a text must hold for a pattern to match in it."""

    literals: tuple[tuple[str, ...], ...]
    """Of each set one, in lower case; the most telling set first."""
    digits: int
    """So many digits in one run, with nothing but blanks and `-.()+/_` between them."""


def required(pattern: str, common: Iterable[str] = ()) -> Required:
    """What each match of `pattern` holds. `common` are words of many texts, which tell little."""
    tree = _parser.parse(pattern, re.ASCII)
    sets = _Sets(frozenset(common)).of(list(tree))
    return Required(tuple(sets[:_SETS]), _run(list(tree)).best)


class _Sets:
    """Finds sets of literals of which each match has one."""

    def __init__(self, common: frozenset[str]) -> None:
        self._common = common

    def of(self, items: Sequence[Any]) -> list[tuple[str, ...]]:
        """All sets, the most telling first."""
        while len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
            items = list(items[0][1][3])
        useful = {found for found in map(_reduced, self._candidates(items)) if found}
        kept: list[tuple[str, ...]] = []
        for found in sorted(useful, key=lambda found: (-self._weight(found), found)):
            if not any(all(any(one in other for one in found) for other in better) for better in kept):
                kept.append(found)
        return kept

    def _candidates(self, items: Sequence[Any]) -> list[set[str]]:
        """Joins neighbours of which all texts are known, and adds what the others require."""
        found: list[set[str]] = []
        row = {""}
        for index, item in enumerate(items):
            exact = _exact(item)
            joined = _crossed(row, exact)
            if joined is not None and (row == {""} or not _is_space(item)):
                row = joined
                continue
            found.append(_bounded(row, items[index:]))
            if not _is_space(item) and (start := _crossed(row, _starts([item]))) is not None:
                found.append(start)
            best = self._required(item)
            if best is not None:
                found.append(best)
            row = exact if exact is not None and not _is_space(item) else {""}
        found.append(row)
        return found

    def _required(self, item: Any) -> set[str] | None:
        name, argument = str(item[0]), item[1]
        if name == "SUBPATTERN":
            return self._best(list(argument[3]))
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            return self._best(list(argument[2])) if argument[0] > 0 else None
        if name == "BRANCH":
            union: set[str] = set()
            for branch in argument[1]:
                best = self._best(list(branch))
                if best is None:
                    return None
                union |= best
            return union if len(union) <= _MOST else None
        return None

    def _best(self, items: Sequence[Any]) -> set[str] | None:
        sets = self.of(items)
        return set(sets[0]) if sets else None

    def _weight(self, literals: tuple[str, ...]) -> int:
        """How rare the most frequent of them is."""
        weakest = min(1 if one.rstrip(ENDS) in self._common else sum(map(_rarity, one)) for one in literals)
        return 4 * min(weakest, _ANY_WEIGHT) - min(len(literals), 16)


def _rarity(character: str) -> int:
    if character == "@":
        return 20
    if character == ENDS:
        return 0
    if character.isalpha() or character in "<+|{`":
        return 4
    return 1 if character in " .-" or character.isdigit() else 2


def _reduced(literals: set[str]) -> tuple[str, ...]:
    """Without those that hold another one; empty if one of them is."""
    if "" in literals or not literals:
        return ()
    bare = {one for one in literals if not one.endswith(ENDS)}
    kept = {one for one in literals if not any(other in one and other != one for other in bare)}
    return tuple(sorted(kept))


def _bounded(row: set[str], following: Sequence[Any]) -> set[str]:
    """The row; short literals of it get their end marked if no letter can follow."""
    if _may_go_on_with_letter(following):
        return row
    return {one + ENDS if one[-1:].isalpha() and len(one) <= _SHORT else one for one in row}


def _may_go_on_with_letter(items: Sequence[Any]) -> bool:
    for item in items:
        name, argument = str(item[0]), item[1]
        if name == "AT":
            if str(argument) in ("AT_BOUNDARY", "AT_END", "AT_END_STRING"):
                return False
            continue
        if name == "SUBPATTERN":
            return _may_go_on_with_letter([*argument[3], *items[items.index(item) + 1 :]])
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            if _may_go_on_with_letter(list(argument[2])):
                return True
            if argument[0] > 0:
                return False
            continue
        characters = _characters(item)
        return characters is None or any(character.isalpha() for character in characters)
    return True


def _characters(item: Any) -> set[str] | None:
    """The characters that a part for one character takes, in lower case; None if they are not few or not known."""
    name, argument = str(item[0]), item[1]
    if name == "LITERAL":
        return {chr(argument).lower()}
    if name != "IN":
        return None
    found: set[str] = set()
    for kind, value in argument:
        if str(kind) == "LITERAL":
            found.add(chr(value).lower())
        elif str(kind) == "RANGE" and value[1] < 0x80:
            found |= {chr(code).lower() for code in range(value[0], value[1] + 1)}
        elif str(kind) == "CATEGORY" and str(value) == "CATEGORY_SPACE":
            found |= _SPACE
        elif str(kind) == "CATEGORY" and str(value) == "CATEGORY_DIGIT":
            found |= set("0123456789")
        else:
            return None
    return found


def _is_space(item: Any) -> bool:
    if str(item[0]) in ("MAX_REPEAT", "MIN_REPEAT"):
        return len(item[1][2]) == 1 and _is_space(item[1][2][0])
    characters = _characters(item)
    return characters is not None and len(characters) > 1 and characters <= _SPACE


def _starts(items: Sequence[Any]) -> set[str]:
    """Texts of which each match begins with one, as long as they are known."""
    row = {""}
    for index, item in enumerate(items):
        joined = _crossed(row, _exact(item))
        if joined is not None and not _is_space(item):
            row = joined
            continue
        name, argument = str(item[0]), item[1]
        starts: set[str] | None = None
        if name == "SUBPATTERN":
            starts = _starts(list(argument[3]))
        elif name == "BRANCH":
            starts = set().union(*(_starts(list(branch)) for branch in argument[1]))
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] > 0:
            starts = _starts(list(argument[2]))
        return _crossed(_bounded(row, items[index:]) if starts in (None, {""}) else row, starts or {""}) or row
    return row


def _exact(item: Any) -> set[str] | None:
    """All texts that a part matches, in lower case; None if they are too many."""
    name, argument = str(item[0]), item[1]
    if name == "AT":
        return {""}
    if name in ("LITERAL", "IN"):
        characters = _characters(item)
        return characters if characters is not None and len(characters) <= _CLASS else None
    if name == "SUBPATTERN":
        return _exact_row(list(argument[3]))
    if name == "BRANCH":
        union: set[str] = set()
        for branch in argument[1]:
            texts = _exact_row(list(branch))
            if texts is None or len(union) + len(texts) > _MOST:
                return None
            union |= texts
        return union
    if name in ("MAX_REPEAT", "MIN_REPEAT") and argument[1] <= 4:
        texts = _exact_row(list(argument[2]))
        if texts is None:
            return None
        union, power = set(), {""}
        for count in range(int(argument[1]) + 1):
            if count >= argument[0]:
                union |= power
            crossed = _crossed(power, texts)
            if crossed is None:
                return None
            power = crossed
        return union if len(union) <= _MOST else None
    return None


def _exact_row(items: Sequence[Any]) -> set[str] | None:
    row: set[str] | None = {""}
    for item in items:
        row = _crossed(row, _exact(item)) if row is not None else None
    return row


def _crossed(first: set[str] | None, second: set[str] | None) -> set[str] | None:
    if first is None or second is None or len(first) * len(second) > _MOST:
        return None
    return {a + b for a in first for b in second}


class _Run(NamedTuple):
    pure: bool
    """It can match nothing but digits and what stands between them."""
    digits: int
    best: int
    """Digits in the longest run that is sure."""


def _run(items: Sequence[Any]) -> _Run:
    pure, digits, best, current = True, 0, 0, 0
    for item in items:
        one = _run_of(item)
        if not one.pure:
            pure, current, best = False, 0, max(best, one.best)
            continue
        current += one.digits
        digits += one.digits
        best = max(best, current)
    return _Run(pure, digits, best)


def _run_of(item: Any) -> _Run:
    name, argument = str(item[0]), item[1]
    if name == "AT":
        return _Run(True, 0, 0)
    if name == "SUBPATTERN":
        return _run(list(argument[3]))
    if name == "BRANCH":
        runs = [_run(list(branch)) for branch in argument[1]]
        return _Run(all(run.pure for run in runs), min(run.digits for run in runs), min(run.best for run in runs))
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        one = _run(list(argument[2]))
        if argument[0] == 0:
            return _Run(one.pure, 0, 0)
        return _Run(True, one.digits * argument[0], one.digits * argument[0]) if one.pure else one
    characters = _characters(item)
    if characters is None or not characters <= _RUN | set("0123456789\v"):
        return _Run(False, 0, 0)
    sure = int(characters <= set("0123456789"))
    return _Run(True, sure, sure)


def is_number(pattern: str) -> bool:
    """Whether a pattern matches nothing but digits and what stands between them."""
    return _run(list(_parser.parse(pattern, re.ASCII))).pure
