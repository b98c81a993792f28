"""What is done with the series of one moment: vector aggregations, operators, label_replace."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from aegis_otel.stores.logql import _ast, _regex
from aegis_otel.stores.logql._errors import LogQLError
from aegis_otel.stores.logql._ranges import Labels, Vector, labels_of

Value: TypeAlias = "Vector | float"


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / len(values)


_AGGREGATE: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "sum": lambda values: sum(values) if any(map(math.isinf, values)) else math.fsum(values),
    "avg": lambda values: math.fsum(values) / len(values),
    "min": lambda values: min((value for value in values if not math.isnan(value)), default=math.nan),
    "max": lambda values: max((value for value in values if not math.isnan(value)), default=math.nan),
    "count": lambda values: float(len(values)),
    "stdvar": _variance,
    "stddev": lambda values: math.sqrt(_variance(values)),
}


def aggregated(part: _ast.VectorAggregation, vector: Vector) -> Vector:
    """A vector aggregation; topk, bottomk, sort and sort_desc give their samples in order."""
    if part.op in ("sort", "sort_desc"):
        return _ordered(vector, part.op == "sort_desc")
    groups: dict[Labels, Vector] = {}
    for sample in vector:
        groups.setdefault(labels_of(sample[0], part.grouping), []).append(sample)
    if part.op in ("topk", "bottomk"):
        chosen = [
            sample for group in groups.values() for sample in _ordered(group, part.op == "topk")[: part.parameter]
        ]
        return _ordered(chosen, part.op == "topk")
    function = _AGGREGATE[part.op]
    return [(labels, function([value for _, value in group])) for labels, group in groups.items()]


def _ordered(vector: Vector, descending: bool) -> Vector:
    """By value, NaN last; equal ones by their labels."""

    def rank(sample: tuple[Labels, float]) -> tuple[bool, float, list[tuple[str, str]]]:
        value = sample[1]
        missing = math.isnan(value)
        return missing, 0.0 if missing else (-value if descending else value), sorted(sample[0])

    return sorted(vector, key=rank)


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.inf if left > 0 or right % 2 == 0 else -math.inf
    except ValueError:
        return math.inf if left == 0 else math.nan


_ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.nan,  # as Loki does it; Prometheus gives infinity
    "%": lambda a, b: math.fmod(a, b) if b and not math.isinf(a) else math.nan,
    "^": _power,
}
_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def combined(text: str, part: _ast.Binary, left: Value, right: Value) -> Value:
    """An operator between two values.

    Raises:
        LogQLError: series cannot be matched one to one, or one to many.
    """
    if isinstance(left, float) and isinstance(right, float):
        if part.op in _COMPARE:
            return float(_COMPARE[part.op](left, right))
        return _ARITHMETIC[part.op](left, right)
    if isinstance(left, float):
        assert not isinstance(right, float)
        return [
            (labels, value)
            for labels, own in right
            if (value := _one(part, left, own, kept=own)) is not None
        ]  # fmt: skip
    if isinstance(right, float):
        return [(labels, value) for labels, own in left if (value := _one(part, own, right, kept=own)) is not None]
    if part.op in ("and", "or", "unless"):
        return _set(part, left, right)
    return _matched(text, part, left, right)


def _one(part: _ast.Binary, left: float, right: float, *, kept: float) -> float | None:
    """The result for two values; None where a comparison takes the sample out."""
    compare = _COMPARE.get(part.op)
    if compare is None:
        return _ARITHMETIC[part.op](left, right)
    if part.matching.bool_:
        return float(compare(left, right))
    return kept if compare(left, right) else None


def _signature(matching: _ast.Matching, labels: Labels) -> Labels:
    return labels_of(labels, _ast.Grouping(not matching.on, matching.labels))


def _set(part: _ast.Binary, left: Vector, right: Vector) -> Vector:
    there = {_signature(part.matching, labels) for labels, _ in right}
    if part.op == "and":
        return [sample for sample in left if _signature(part.matching, sample[0]) in there]
    if part.op == "unless":
        return [sample for sample in left if _signature(part.matching, sample[0]) not in there]
    here = {_signature(part.matching, labels) for labels, _ in left}
    return left + [sample for sample in right if _signature(part.matching, sample[0]) not in here]


def _matched(text: str, part: _ast.Binary, left: Vector, right: Vector) -> Vector:
    matching = part.matching
    swapped = matching.group == "right"
    many, one = (right, left) if swapped else (left, right)
    of_one: dict[Labels, tuple[Labels, float]] = {}
    for sample in one:
        signature = _signature(matching, sample[0])
        if signature in of_one:
            side = "left" if swapped else "right"
            raise LogQLError(
                text,
                part.position,
                f"found duplicate series for the match group {_shown(signature)} on the {side} hand-side of the"
                " operation; many-to-many matching not allowed: matching labels must be unique on one side",
            )
        of_one[signature] = sample
    found: Vector = []
    seen: set[Labels] = set()
    for labels, value in many:
        signature = _signature(matching, labels)
        other = of_one.get(signature)
        if other is None:
            continue
        pair = (other[1], value) if swapped else (value, other[1])
        result = _one(part, *pair, kept=pair[0])
        if result is None:
            continue
        named = _result_labels(matching, labels, other[0], signature)
        if named in seen:
            how = (
                "grouping labels must ensure unique matches"
                if matching.group
                else "many-to-one matching must be explicit (group_left/group_right)"
            )
            raise LogQLError(text, part.position, f"multiple matches for labels {_shown(named)}: {how}")
        seen.add(named)
        found.append((named, result))
    return found


def _result_labels(matching: _ast.Matching, many: Labels, one: Labels, signature: Labels) -> Labels:
    if not matching.group:
        return signature
    included = frozenset(item for item in one if item[0] in matching.include)
    return frozenset(item for item in many if item[0] not in matching.include) | included


def _shown(labels: Labels) -> str:
    return "{" + ", ".join(f'{name}="{value[:100]}"' for name, value in sorted(labels)) + "}"


def replaced(text: str, part: _ast.LabelReplace, vector: Vector) -> Vector:
    """``label_replace``: where the whole source label matches, the destination becomes the replacement.

    Raises:
        LogQLError: two series have the same labels afterwards.
    """
    expression = _regex.compiled(f"^(?s:{part.pattern})$")

    def expanded(found: re.Match[str]) -> str:
        def group(reference: re.Match[str]) -> str:
            name = reference[1] or reference[2]
            if reference[0] == "$$":
                return "$"
            index = int(name) if name.isdigit() else expression.groupindex.get(name, -1)
            return (found.group(index) or "") if 0 <= index <= expression.groups else ""

        return re.sub(r"\$\$|\$\{(\w+)\}|\$(\w+)", group, part.replacement)

    result: dict[Labels, float] = {}
    for labels, value in vector:
        found = expression.search(dict(labels).get(part.source, ""))
        if found:
            new = expanded(found)
            labels = frozenset(item for item in labels if item[0] != part.destination)
            labels |= {(part.destination, new)} if new else frozenset()
        if labels in result:
            raise LogQLError(text, 0, f"two series have the labels {_shown(labels)} after label_replace")
        result[labels] = value
    return list(result.items())
