"""The parts of a parsed query. `position` is where a part begins in the query's text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aegis_otel.stores.logql import _regex


@dataclass(frozen=True)
class Matcher:
    """A condition of a stream selector: `op` is one of ``= != =~ !~``; regular expressions match the whole value."""

    name: str
    op: str
    value: str
    _regex: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        compiled = _regex.whole(self.value) if self.op in ("=~", "!~") else None
        object.__setattr__(self, "_regex", compiled)

    def matches(self, value: str) -> bool:
        """Whether a label with this value is wanted; a label that is missing counts as empty."""
        if self.op == "=":
            return value == self.value
        if self.op == "!=":
            return value != self.value
        return bool(self._regex(value)) == (self.op == "=~")


@dataclass(frozen=True)
class LineFilter:
    """``|= != |~ !~ |> !>``: alternatives are (is_ip, text); one of them is enough (with ! none of them may be)."""

    op: str
    alternatives: tuple[tuple[bool, str], ...]


@dataclass(frozen=True)
class Json:
    """``| json``; `fields` are (label, path), none for all."""

    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Logfmt:
    """``| logfmt``; `fields` are (label, key), none for all."""

    fields: tuple[tuple[str, str], ...] = ()
    strict: bool = False
    keep_empty: bool = False


@dataclass(frozen=True)
class Pattern:
    """``| pattern``."""

    pattern: str


@dataclass(frozen=True)
class Regexp:
    """``| regexp``."""

    pattern: str


@dataclass(frozen=True)
class Unpack:
    """``| unpack``."""


@dataclass(frozen=True)
class Decolorize:
    """``| decolorize``."""


@dataclass(frozen=True)
class LineFormat:
    """``| line_format``."""

    template: str


@dataclass(frozen=True)
class LabelFormat:
    """``| label_format``; (label, is_template, template or name of a label)."""

    items: tuple[tuple[str, bool, str], ...]


@dataclass(frozen=True)
class SelectLabels:
    """``| keep`` or ``| drop``: names, or names with a condition."""

    keep: bool
    items: tuple[str | Matcher, ...]


@dataclass(frozen=True)
class StringCondition:
    """A label compared with a string or a regular expression."""

    matcher: Matcher


@dataclass(frozen=True)
class NumberCondition:
    """A label compared with a number, a duration (nanoseconds) or a size (bytes); `kind` says which."""

    name: str
    op: str
    kind: str
    value: float


@dataclass(frozen=True)
class IpCondition:
    """A label compared with an address, a range or a network; `op` is = or !=."""

    name: str
    op: str
    addresses: str


@dataclass(frozen=True)
class Junction:
    """Two conditions joined by `op`: and, or."""

    op: str
    left: Condition
    right: Condition


Condition: TypeAlias = "StringCondition | NumberCondition | IpCondition | Junction"
Stage: TypeAlias = (
    "LineFilter | Json | Logfmt | Pattern | Regexp | Unpack | Decolorize | LineFormat | LabelFormat | SelectLabels"
    " | StringCondition | NumberCondition | IpCondition | Junction"
)


@dataclass(frozen=True)
class LogExpr:
    """A selector and its pipeline."""

    matchers: tuple[Matcher, ...]
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True)
class Unwrap:
    """``| unwrap``: the label, how its value is converted ("", "duration", "bytes"), the filters behind it."""

    label: str
    conversion: str = ""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Grouping:
    """``by (…)`` or ``without (…)``."""

    without: bool
    labels: tuple[str, ...]


@dataclass(frozen=True)
class RangeAggregation:
    """A function over the lines of a time range, in nanoseconds."""

    op: str
    log: LogExpr
    range_ns: int
    offset_ns: int
    position: int
    unwrap: Unwrap | None = None
    parameter: float = 0.0
    grouping: Grouping | None = None


@dataclass(frozen=True)
class VectorAggregation:
    """A function over the series of one moment."""

    op: str
    inner: MetricExpr
    grouping: Grouping
    parameter: int = 0


@dataclass(frozen=True)
class Matching:
    """How two sides of an operator find each other: ``on``/``ignoring`` and ``group_left``/``group_right``."""

    on: bool = False
    labels: tuple[str, ...] = ()
    group: str = ""
    include: tuple[str, ...] = ()
    bool_: bool = False


@dataclass(frozen=True)
class Binary:
    """An operator between two sides."""

    op: str
    left: MetricExpr
    right: MetricExpr
    matching: Matching
    position: int


@dataclass(frozen=True)
class Number:
    """A number in a query."""

    value: float


@dataclass(frozen=True)
class VectorLiteral:
    """``vector(1)``."""

    value: float


@dataclass(frozen=True)
class LabelReplace:
    """``label_replace(inner, destination, replacement, source, pattern)``."""

    inner: MetricExpr
    destination: str
    replacement: str
    source: str
    pattern: str


MetricExpr: TypeAlias = "RangeAggregation | VectorAggregation | Binary | Number | VectorLiteral | LabelReplace"
Expr: TypeAlias = "LogExpr | MetricExpr"


@dataclass(frozen=True)
class Query:
    """A parsed query.

    Attributes:
        text: as it was written.
        root: its outermost part.
    """

    text: str
    root: Expr
