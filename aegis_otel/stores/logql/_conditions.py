"""Label filters: the conditions of a pipeline, as functions of a row."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aegis_otel.stores.logql import _addresses, _ast
from aegis_otel.stores.logql._types import Entry
from aegis_otel.stores.logql._units import parse_bytes, parse_duration, parse_number

ERROR: Final[str] = "__error__"
DETAILS: Final[str] = "__error_details__"

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip
_CONVERT: Final[dict[str, Callable[[str], float]]] = {
    "number": parse_number,
    "duration": lambda text: parse_duration(text, days=False),
    "bytes": parse_bytes,
}


@dataclass(slots=True)
class Row:
    """An entry on its way through a pipeline.

    Attributes:
        entry: as it was stored; names of its labels and metadata are not taken by parsers.
        line: the text as it is now.
        labels: all labels as they are now, with those of errors.
        extracted: names that a parser has set.
    """

    entry: Entry
    line: str
    labels: dict[str, str]
    extracted: set[str] | None = None

    def fail(self, kind: str, details: str) -> None:
        """Note an error; the entry stays."""
        self.labels[ERROR] = kind
        self.labels[DETAILS] = details


Step = Callable[[Row], bool]
"""Changes a row; says whether the entry stays."""


def condition(part: _ast.Condition) -> Step:
    """The function for a label filter."""
    if isinstance(part, _ast.StringCondition):
        return _string(part.matcher)
    if isinstance(part, _ast.NumberCondition):
        return _number(part)
    if isinstance(part, _ast.IpCondition):
        return _ip(part)
    left, right = condition(part.left), condition(part.right)
    if part.op == "and":
        return lambda row: left(row) and right(row)
    return lambda row: left(row) or right(row)


def _string(matcher: _ast.Matcher) -> Step:
    name, matches = matcher.name, matcher.matches
    return lambda row: matches(row.labels.get(name, ""))


def _number(part: _ast.NumberCondition) -> Step:
    name, wanted = part.name, part.value
    compare, convert = _COMPARE[part.op], _CONVERT[part.kind]

    def step(row: Row) -> bool:
        labels = row.labels
        if ERROR in labels:
            return True  # only a condition on a string may take out an entry with an error
        text = labels.get(name)
        if text is None:
            return False
        try:
            value = convert(text)
        except ValueError as error:
            row.fail("LabelFilterErr", str(error))
            return True
        return compare(value, wanted)

    return step


def _ip(part: _ast.IpCondition) -> Step:
    contains, wanted = _addresses.parse(part.addresses), part.op == "="

    def step(row: Row) -> bool:
        if ERROR in row.labels:
            return True
        text = row.labels.get(part.name)
        return text is not None and contains(text) == wanted

    return step
