"""What goes into a query and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias, runtime_checkable

from aegis_otel.stores.logql._ast import LogExpr, Matcher

STREAM_LABELS: Final = ("service", "environment", "level", "complianceLevel")
"""Fields of a record that Loki has as labels of its stream (collector/config/to-loki.yaml)."""
METADATA: Final = ("correlationId", "traceId")
"""Fields of a record that Loki has as structured metadata."""


class Entry(NamedTuple):
    """One stored line.

    Attributes:
        time_ns: nanoseconds since 1970.
        line: the text, for our stores a JSON object.
        labels: those of its stream.
        metadata: its structured metadata.
    """

    time_ns: int
    line: str
    labels: Mapping[str, str]
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Buckets:
    """The time, cut wherever the window of an evaluation begins or ends: two pieces a step at most.

    A piece holds its end and not its begin, as windows do.

    Attributes:
        last_ns: where the last window ends; nothing later is counted.
        range_ns: how long a window is.
        step_ns: how far windows are apart; None where there is only one, and nothing is counted before it.
    """

    last_ns: int
    range_ns: int
    step_ns: int | None = None

    @property
    def begins_after(self) -> int:
        """How long after the end of a window the next begin of one is."""
        assert self.step_ns is not None
        return -self.range_ns % self.step_ns

    def end_of(self, time_ns: int) -> int:
        """Where the piece ends that holds this time."""
        if self.step_ns is None:
            return self.last_ns
        back, after = self.last_ns - time_ns, self.begins_after
        return self.last_ns - max(
            back // self.step_ns * self.step_ns, (back + after) // self.step_ns * self.step_ns - after
        )


class Tally(NamedTuple):
    """How many entries there are, and the bytes of their lines."""

    entries: int
    bytes: int


Tallies: TypeAlias = Mapping[tuple[tuple[str, ...], int], Tally]
"""Counts by the values of some labels, and the end of the bucket."""


class Source(Protocol):
    """Where entries come from."""

    def entries(
        self, start_ns: int, end_ns: int, matchers: Sequence[Matcher], needles: Sequence[bytes]
    ) -> Iterator[Entry]:
        """All entries with ``start_ns <= time_ns < end_ns``, in the order in which they are stored.

        `matchers` and `needles` only help to skip lines: entries that do not match may be among the result, as the
        engine tests them again. Each wanted line contains every one of `needles` (UTF-8).
        """
        ...


@runtime_checkable
class IndexedSource(Source, Protocol):
    """A source that can count, and begin with the newest entries, and in which labels stand in the line.

    Each value of a label or of metadata stands in its line as it is, if it is made of ASCII letters, digits, ``._:-``.
    """

    def tallies(self, start_ns: int, end_ns: int, log: LogExpr, by: Sequence[str], buckets: Buckets) -> Tallies | None:
        """How many of the entries of ``start_ns <= time_ns < end_ns`` `log` lets through, by values of labels.

        None where it cannot tell at once.
        """
        ...

    def newest(
        self,
        start_ns: int,
        end_ns: int,
        matchers: Sequence[Matcher],
        needles: Sequence[bytes],
        floor: Callable[[], int],
    ) -> Iterator[Entry]:
        """As `entries`, but against the order of writing; entries before `floor()` are not wanted any more."""
        ...


@dataclass(frozen=True)
class Stream:
    """Lines with the same labels, each with its time in nanoseconds, in the order that was asked for."""

    labels: dict[str, str]
    entries: list[tuple[int, str]]


@dataclass(frozen=True)
class Streams:
    """The answer to a log query."""

    streams: list[Stream]


@dataclass(frozen=True)
class Sample:
    """One value of a series."""

    labels: dict[str, str]
    time_ns: int
    value: float


@dataclass(frozen=True)
class Vector:
    """The answer to an instant metric query."""

    samples: list[Sample]


@dataclass(frozen=True)
class Series:
    """The values of a series: (time in nanoseconds, value), the oldest first."""

    labels: dict[str, str]
    points: list[tuple[int, float]]


@dataclass(frozen=True)
class Matrix:
    """The answer to a range metric query."""

    series: list[Series]


@dataclass(frozen=True)
class Scalar:
    """The answer to an instant query that is a number."""

    time_ns: int
    value: float


Answer: TypeAlias = Streams | Vector | Matrix | Scalar
"""What a query can give."""
