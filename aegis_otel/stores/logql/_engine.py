"""Answers queries: log queries by one pass over the entries, metric queries for one moment or for each step."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Final, Literal

from aegis_otel.stores.logql import _ast
from aegis_otel.stores.logql._conditions import Row
from aegis_otel.stores.logql._errors import LimitError, LogQLError
from aegis_otel.stores.logql._parser import parse
from aegis_otel.stores.logql._pipeline import Pipeline, needles
from aegis_otel.stores.logql._ranges import Labels, Memory, RangeSamples, matching_labels, merged_by
from aegis_otel.stores.logql._ranges import Vector as _Samples
from aegis_otel.stores.logql._types import (
    Entry,
    IndexedSource,
    Matrix,
    Sample,
    Scalar,
    Series,
    Source,
    Stream,
    Streams,
    Vector,
)
from aegis_otel.stores.logql._vectors import Value, aggregated, combined, replaced

Direction = Literal["backward", "forward"]

MOST_STEPS: Final = 11_000
"""Points of a series in one answer, as in Loki."""
MOST_SERIES: Final = 10_000
"""Series in one answer."""
MOST_VALUES: Final = 1_000_000
"""Values of all series in one answer."""
_ORDERED: Final = frozenset(("topk", "bottomk", "sort", "sort_desc"))


def instant(
    source: Source, text: str, *, time_ns: int, limit: int = 100, direction: Direction = "backward"
) -> Streams | Vector | Scalar:
    """Answer a query for one moment; a log query gives the newest `limit` lines up to it (or the oldest, forward).

    Raises:
        LogQLError: the query does not parse or is not supported; or a metric query met entries that its pipeline
            could not handle, series that cannot be matched, or more of them than the limits allow.
        StoreError: the source cannot be read.
    """
    root = parse(text).root
    if isinstance(root, _ast.LogExpr):
        return _streams(source, root, 0, time_ns + 1, limit, direction)
    evaluation = _Evaluation(source, text, root, time_ns, time_ns, 1)
    value = evaluation.at(time_ns)
    if isinstance(value, float):
        return Scalar(time_ns, value)
    evaluation.check_series(len(value))
    if not (isinstance(root, _ast.VectorAggregation) and root.op in _ORDERED):
        value = sorted(value, key=lambda sample: sorted(sample[0]))
    return Vector([Sample(_named(labels), time_ns, number) for labels, number in value])


def range_(
    source: Source,
    text: str,
    *,
    start_ns: int,
    end_ns: int,
    step_ns: int,
    limit: int = 100,
    direction: Direction = "backward",
    each_step: Callable[[], None] = lambda: None,
) -> Streams | Matrix:
    """Answer a query from `start_ns` to `end_ns`: lines in [start, end), or values at each step, both ends included.

    `each_step` is called before each step is computed; what it raises ends the query.

    Raises:
        LogQLError: see `instant`; or there are more than 11,000 steps.
        StoreError: the source cannot be read.
    """
    root = parse(text).root
    if isinstance(root, _ast.LogExpr):
        return _streams(source, root, start_ns, end_ns, limit, direction)
    if step_ns <= 0 or end_ns < start_ns:
        raise LogQLError(text, 0, "the step must be greater than 0, and the end not before the start")
    if (end_ns - start_ns) // step_ns > MOST_STEPS:
        raise LimitError(
            text, 0, f"exceeded maximum resolution of {MOST_STEPS:,} points per time series; use a longer step"
        )
    evaluation = _Evaluation(source, text, root, start_ns, end_ns, step_ns)
    series: dict[Labels, list[tuple[int, float]]] = {}
    values = 0
    for time_ns in range(start_ns, end_ns + 1, step_ns):
        each_step()
        value = evaluation.at(time_ns)
        samples: _Samples = [(frozenset(), value)] if isinstance(value, float) else value
        values += len(samples)
        if values > MOST_VALUES:
            raise LimitError(
                text, 0, f"the answer has more than {MOST_VALUES:,} values: use a longer step, or group the series"
            )
        for labels, number in samples:
            series.setdefault(labels, []).append((time_ns, number))
        evaluation.check_series(len(series))
    return Matrix(
        [Series(_named(labels), points) for labels, points in sorted(series.items(), key=lambda s: sorted(s[0]))]
    )


def lines(query: _ast.Query) -> Callable[[Entry], tuple[dict[str, str], str] | None]:
    """A function that gives an entry's labels and line behind the pipeline of a log query; None: not wanted.

    Raises:
        LogQLError: the query gives numbers.
    """
    root = query.root
    if not isinstance(root, _ast.LogExpr):
        raise LogQLError(query.text, 0, "this query gives numbers, not lines")
    matching, pipeline = matching_labels(root.matchers), Pipeline(root.stages)

    def line(entry: Entry) -> tuple[dict[str, str], str] | None:
        row = pipeline.run(entry) if matching(entry.labels) else None
        return None if row is None else (_named(frozenset(item for item in row.labels.items() if item[1])), row.line)

    return line


def selector(query: _ast.Query) -> tuple[_ast.Matcher, ...]:
    """The conditions of a query that is a stream selector alone.

    Raises:
        LogQLError: it is more.
    """
    root = query.root
    if not isinstance(root, _ast.LogExpr) or root.stages:
        raise LogQLError(query.text, 0, "only label matchers are supported")
    return tuple(root.matchers)


def _named(labels: Labels) -> dict[str, str]:
    return dict(sorted(labels))


class _Evaluation:
    """A metric query with all that it reads, for the evaluation times from `first_ns` to `last_ns`."""

    def __init__(
        self, source: Source, text: str, root: _ast.MetricExpr, first_ns: int, last_ns: int, step_ns: int
    ) -> None:  # fmt: skip
        self._text, self._root = text, root
        self._ranges: dict[int, RangeSamples] = {}
        memory = Memory()
        for part, grouping in _range_aggregations(root):
            samples = RangeSamples(text, part, grouping, memory)
            samples.read(source, first_ns, last_ns, step_ns)
            self._ranges[id(part)] = samples

    def check_series(self, count: int) -> None:
        if count > MOST_SERIES:
            raise LimitError(
                self._text, 0, f"the answer has more than {MOST_SERIES:,} series: group them, as in sum by (level) (…)"
            )

    def at(self, time_ns: int) -> Value:
        return self._value(self._root, time_ns)

    def _value(self, part: _ast.MetricExpr, time_ns: int) -> Value:
        if isinstance(part, _ast.RangeAggregation):
            return self._ranges[id(part)].at(time_ns)
        if isinstance(part, _ast.VectorAggregation):
            inner = self._value(part.inner, time_ns)
            if isinstance(inner, float):
                raise LogQLError(self._text, 0, f"{part.op} needs series, not a number: write vector({inner:g})")
            return aggregated(part, inner)
        if isinstance(part, _ast.Binary):
            return combined(self._text, part, self._value(part.left, time_ns), self._value(part.right, time_ns))
        if isinstance(part, _ast.LabelReplace):
            inner = self._value(part.inner, time_ns)
            if isinstance(inner, float):
                raise LogQLError(self._text, 0, f"label_replace needs series, not a number: write vector({inner:g})")
            return replaced(self._text, part, inner)
        if isinstance(part, _ast.VectorLiteral):
            return [(frozenset(), part.value)]
        return part.value


def _range_aggregations(
    part: _ast.MetricExpr, grouping: _ast.Grouping | None = None
) -> Iterator[tuple[_ast.RangeAggregation, _ast.Grouping | None]]:
    if isinstance(part, _ast.RangeAggregation):
        yield part, grouping
    elif isinstance(part, _ast.VectorAggregation):
        yield from _range_aggregations(part.inner, merged_by(part))
    elif isinstance(part, _ast.LabelReplace):
        yield from _range_aggregations(part.inner)
    elif isinstance(part, _ast.Binary):
        yield from _range_aggregations(part.left)
        yield from _range_aggregations(part.right)


def _streams(source: Source, log: _ast.LogExpr, start: int, end: int, limit: int, direction: Direction) -> Streams:
    backward = direction == "backward"
    matching, pipeline = matching_labels(log.matchers), Pipeline(log.stages)
    # A heap of the best so far, the worst of them first: time (negative where the oldest are wanted), order of arrival.
    best: list[tuple[int, int, Row]] = []

    def floor() -> int:
        return best[0][0] if len(best) >= limit and best else start

    wanted, sign = needles(source, log.stages), 1
    if backward and isinstance(source, IndexedSource):
        entries, sign = source.newest(start, end, log.matchers, wanted, floor), -1
    else:
        entries = source.entries(start, end, log.matchers, wanted)
    for order, entry in enumerate(entries):
        rank = (entry.time_ns, sign * order) if backward else (-entry.time_ns, -order)
        if (len(best) >= limit and (not best or rank <= best[0][:2])) or not matching(entry.labels):
            continue
        row = pipeline.run(entry)
        if row is None:
            continue
        if len(best) < limit:
            heapq.heappush(best, (*rank, row))
        else:
            heapq.heapreplace(best, (*rank, row))
    best.sort(key=lambda item: item[:2], reverse=True)
    streams: dict[Labels, list[tuple[int, str]]] = {}
    for _, _, row in best:
        labels = frozenset(item for item in row.labels.items() if item[1])
        streams.setdefault(labels, []).append((row.entry.time_ns, row.line))
    return Streams(
        [Stream(_named(labels), found) for labels, found in sorted(streams.items(), key=lambda item: sorted(item[0]))]
    )
