"""Range aggregations: the samples of each series, and the functions over those of one window."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Final

from aegis_otel.stores.logql import _ast
from aegis_otel.stores.logql._conditions import ERROR, Row
from aegis_otel.stores.logql._errors import LimitError, PipelineError
from aegis_otel.stores.logql._pipeline import Pipeline, Unwrapped, needles
from aegis_otel.stores.logql._types import Buckets, IndexedSource, Source

Labels = frozenset[tuple[str, str]]
Vector = list[tuple[Labels, float]]
Window = tuple[Sequence[int], Sequence[float], float]
"""The times and values of a window, the oldest first, and its length in seconds."""

MOST_BYTES: Final = 160 << 20
"""What the series of a query may take while it is read, estimated; their entries come on top."""
_SERIES_BYTES: Final = 500
_LABEL_BYTES: Final = 150
_BUCKET_BYTES: Final = 200
_NO_LABELS: Final[Labels] = frozenset()


def _rate_counter(window: Window) -> float:
    """Prometheus' rate: resets count as a new start, and the window's edges are extrapolated."""
    times, values, seconds = window
    if len(values) < 2:
        return 0.0
    gained = values[-1] - values[0]
    for before, now in pairwise(values):
        if now < before:
            gained += before
    sampled = (times[-1] - times[0]) / 1e9
    if not sampled:
        return 0.0
    between = sampled / (len(values) - 1)
    to_start = seconds
    if gained > 0 and values[0] >= 0:
        to_start = min(to_start, sampled * values[0] / gained)
    covered = sampled + (to_start if to_start < between * 1.1 else between / 2)
    return gained * covered / sampled / seconds


def _variance(values: Sequence[float]) -> float:
    count, mean, squares = 0, 0.0, 0.0
    for value in values:
        count += 1
        delta = value - mean
        mean += delta / count
        squares += delta * (value - mean)
    return squares / count


def quantile(fraction: float, values: Sequence[float]) -> float:
    """The quantile between the two nearest ranks, as Prometheus has it."""
    if not values or math.isnan(fraction):
        return math.nan
    if fraction < 0 or fraction > 1:
        return -math.inf if fraction < 0 else math.inf
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = fraction * (len(ordered) - 1)
    lower = math.floor(rank)
    upper = min(lower + 1, len(ordered) - 1)
    weight = rank - lower
    return ordered[lower] * (1 - weight) + ordered[upper] * weight


def _least(values: Sequence[float]) -> float:
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def _greatest(values: Sequence[float]) -> float:
    return max((value for value in values if not math.isnan(value)), default=math.nan)


_FUNCTIONS: Final[dict[str, Callable[[Window], float]]] = {
    "rate": lambda window: math.fsum(window[1]) / window[2],
    "sum_over_time": lambda window: math.fsum(window[1]),
    "avg_over_time": lambda window: math.fsum(window[1]) / len(window[1]),
    "min_over_time": lambda window: _least(window[1]),
    "max_over_time": lambda window: _greatest(window[1]),
    "first_over_time": lambda window: window[1][0],
    "last_over_time": lambda window: window[1][-1],
    "stdvar_over_time": lambda window: _variance(window[1]),
    "stddev_over_time": lambda window: math.sqrt(_variance(window[1])),
    "rate_counter": _rate_counter,
}
_MERGED: Final = {
    "sum": frozenset(("count_over_time", "rate", "bytes_over_time", "bytes_rate", "sum_over_time")),
    "min": frozenset(("min_over_time",)),
    "max": frozenset(("max_over_time",)),
}
"""Where the series of a range aggregation may be merged before it, as the vector aggregation around gives the same."""


def merged_by(outer: _ast.VectorAggregation) -> _ast.Grouping | None:
    """The grouping that can be done while lines are read; None where each series must be kept."""
    inner = outer.inner
    if isinstance(inner, _ast.RangeAggregation) and inner.op in _MERGED.get(outer.op, ()) and inner.grouping is None:
        return outer.grouping
    return None


def labels_of(items: Sequence[tuple[str, str]] | Labels, grouping: _ast.Grouping) -> Labels:
    """The labels that a grouping leaves."""
    names = grouping.labels
    return frozenset(item for item in items if (item[0] in names) != grouping.without)


class Memory:
    """What all series of a query may take."""

    def __init__(self) -> None:
        self._left = MOST_BYTES

    def take(self, labels: Labels | None) -> bool:
        """Whether there is room for one series more; for one bucket more where there are no labels."""
        if labels is None:
            self._left -= _BUCKET_BYTES
        else:
            self._left -= _SERIES_BYTES + sum(_LABEL_BYTES + len(name) + len(value) for name, value in labels)
        return self._left >= 0


class RangeSamples:
    """The samples of a range aggregation over a span of evaluation times."""

    def __init__(
        self, text: str, part: _ast.RangeAggregation, grouping: _ast.Grouping | None, memory: Memory
    ) -> None:  # fmt: skip
        self._text, self._part, self._memory = text, part, memory
        self._grouping = part.grouping or grouping
        self._pipeline = Pipeline(part.log.stages, self._labels_read())
        self._unwrapped = None if part.unwrap is None else Unwrapped(part.unwrap)
        self._counts_bytes = part.op.startswith("bytes_")
        self._counts_only = self._unwrapped is None or part.op == "absent_over_time"
        self._counts: dict[Labels, dict[int, int]] = {}
        """Of what is only counted: the sum of each bucket, by its end."""
        self._sums: dict[Labels, tuple[list[int], list[int]]] = {}
        """The ends of buckets, and the sum of all up to each."""
        self._series: dict[Labels, tuple[array[int], array[float]]] = {}

    def _labels_read(self) -> list[str] | None:
        """The labels that the key of a series and its value are made of; None for all."""
        part, grouping = self._part, self._grouping
        if part.op != "absent_over_time" and (grouping is None or grouping.without):
            return None
        named = list(grouping.labels) if grouping is not None else []
        if part.unwrap is None:
            return named
        if not all(isinstance(one, (_ast.StringCondition, _ast.NumberCondition)) for one in part.unwrap.conditions):
            return None
        filtered = [
            one.matcher.name if isinstance(one, _ast.StringCondition) else one.name
            for one in part.unwrap.conditions
            if isinstance(one, (_ast.StringCondition, _ast.NumberCondition))
        ]
        return [*named, part.unwrap.label, *filtered]

    def read(self, source: Source, first_ns: int, last_ns: int, step_ns: int) -> None:
        """Read what evaluation times from `first_ns` to `last_ns`, `step_ns` apart, need.

        Raises:
            PipelineError: an entry has an error that the pipeline did not filter out.
            LimitError: too many series.
        """
        part = self._part
        last_ns -= (last_ns - first_ns) % step_ns
        start = first_ns - part.offset_ns - part.range_ns + 1
        end = last_ns - part.offset_ns + 1
        matchers = part.log.matchers
        buckets = self._buckets = Buckets(end - 1, part.range_ns, None if first_ns == last_ns else step_ns)
        if self._counted(source, start, end, buckets):
            return
        run, matching = self._pipeline.run, matching_labels(matchers)
        for entry in source.entries(start, end, matchers, needles(source, part.log.stages)):
            if not matching(entry.labels):
                continue
            row = run(entry)
            if row is not None:
                self._add(row)
        for times, values in self._series.values():
            _sort(times, values)
        self._sum_up()

    def _counted(self, source: Source, start: int, end: int, buckets: Buckets) -> bool:
        """Whether the source itself could count what is wanted."""
        grouping, part = self._grouping, self._part
        if part.op == "absent_over_time":
            by: tuple[str, ...] | None = ()
        else:
            by = grouping.labels if grouping is not None and not grouping.without else None
        if by is None or self._unwrapped is not None or not isinstance(source, IndexedSource):
            return False
        tallies = source.tallies(start, end, part.log, by, buckets)
        if tallies is None:
            return False
        for (values, bucket), tally in tallies.items():
            labels = frozenset((name, value) for name, value in zip(by, values, strict=True) if value)
            self._count(labels, bucket, tally.bytes if self._counts_bytes else tally.entries)
        self._sum_up()
        return True

    def _add(self, row: Row) -> None:
        value = 1.0
        if self._unwrapped is not None:
            unwrapped = self._unwrapped.value(row)
            if unwrapped is None:
                return
            value = unwrapped
        if row.labels.get(ERROR):
            raise self._failure(row)
        key = self._key(row)
        if self._counts_only:
            size = len(row.line.encode("utf-8", "surrogatepass")) if self._counts_bytes else 1
            self._count(key, self._buckets.end_of(row.entry.time_ns), size)
            return
        series = self._series.get(key)
        if series is None:
            self._take(key)
            series = self._series[key] = (array("q"), array("d"))
        series[0].append(row.entry.time_ns)
        series[1].append(value)

    def _count(self, key: Labels, bucket: int, value: int) -> None:
        counts = self._counts.get(key)
        if counts is None:
            self._take(key)
            counts = self._counts[key] = {}
        known = counts.get(bucket)
        if known is None:
            self._take()
            known = 0
        counts[bucket] = known + value

    def _take(self, labels: Labels | None = None) -> None:
        if not self._memory.take(labels):
            raise LimitError(
                self._text,
                self._part.position,
                "too many series to hold in memory: group them, as in sum by (level) (…)",
            )

    def _sum_up(self) -> None:
        for labels, counts in self._counts.items():
            ends = sorted(counts)
            self._sums[labels] = ends, list(accumulate(map(counts.__getitem__, ends)))
        self._counts.clear()

    def _key(self, row: Row) -> Labels:
        if self._part.op == "absent_over_time":
            return _NO_LABELS
        grouping, labels = self._grouping, row.labels
        if grouping is not None and not grouping.without:
            return frozenset((name, labels[name]) for name in grouping.labels if labels.get(name))
        left_out = grouping.labels if grouping is not None else ()
        own = self._unwrapped.label if self._unwrapped is not None else ""
        return frozenset(item for item in labels.items() if item[1] and item[0] != own and item[0] not in left_out)

    def _failure(self, row: Row) -> PipelineError:
        kind = row.labels[ERROR]
        # With all labels, also those that were of no interest until now.
        whole = Pipeline(self._part.log.stages).run(row.entry)
        if whole is not None:
            row.labels = {**whole.labels, **row.labels}
        shown = ", ".join(f'{name}="{value[:100]}"' for name, value in sorted(row.labels.items()) if value)
        return PipelineError(
            self._text,
            self._part.position,
            f"pipeline error: '{kind}' for series: '{{{shown}}}'."
            f'\nUse a label filter to intentionally skip this error. (e.g | __error__!="{kind}").'
            '\nTo skip all potential errors you can match empty errors.(e.g __error__="")'
            '\nThe label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )',
        )

    def at(self, time_ns: int) -> Vector:
        """The series that have entries in (time - offset - range, time - offset]."""
        part = self._part
        end = time_ns - part.offset_ns
        start = end - part.range_ns
        seconds = part.range_ns / 1e9
        if part.op == "absent_over_time":
            there = any(_between(sums, start, end) for sums in self._sums.values())
            return [] if there else [(_absent_labels(part.log.matchers), 1.0)]
        divisor = seconds if part.op in ("rate", "bytes_rate") else 1.0
        found: Vector = [
            (labels, total / divisor)
            for labels, sums in self._sums.items()
            if (total := _between(sums, start, end)) is not None
        ]
        for labels, (times, values) in self._series.items():
            low, high = bisect_right(times, start), bisect_right(times, end)
            if low < high:
                found.append((labels, self._value((times[low:high], values[low:high], seconds))))
        return found

    def _value(self, window: Window) -> float:
        if self._part.op == "quantile_over_time":
            return quantile(self._part.parameter, window[1])
        return _FUNCTIONS[self._part.op](window)


def _between(sums: tuple[list[int], list[int]], start: int, end: int) -> int | None:
    """The sum of the buckets that end in (start, end]; None where there is none."""
    ends, totals = sums
    low, high = bisect_right(ends, start), bisect_right(ends, end)
    if low == high:
        return None
    return totals[high - 1] - (totals[low - 1] if low else 0)


def matching_labels(matchers: Sequence[_ast.Matcher]) -> Callable[[Mapping[str, str]], bool]:
    """Whether labels fulfil all conditions; what was found is kept, as there are few streams and many entries."""
    known: dict[tuple[str, ...], bool] = {}
    names = [matcher.name for matcher in matchers]

    def matching(labels: Mapping[str, str]) -> bool:
        values = tuple([labels.get(name, "") for name in names])
        result = known.get(values)
        if result is None:
            result = all(matcher.matches(value) for matcher, value in zip(matchers, values, strict=True))
            if len(known) < 10_000:
                known[values] = result
        return result

    return matching


def _sort(times: array[int], values: array[float]) -> None:
    if all(before <= now for before, now in pairwise(times)):
        return
    order = sorted(range(len(times)), key=times.__getitem__)
    times[:] = array("q", (times[index] for index in order))
    if values:
        values[:] = array("d", (values[index] for index in order))


def _absent_labels(matchers: Sequence[_ast.Matcher]) -> Labels:
    """The labels that the selector alone tells: from = once each, and none that another condition is about."""
    names = [matcher.name for matcher in matchers]
    return frozenset(
        (matcher.name, matcher.value)
        for matcher in matchers
        if matcher.op == "=" and matcher.value and names.count(matcher.name) == 1
    )
