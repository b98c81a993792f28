"""What goes into a query and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from aegis_otel.stores.logql._ast import Matcher


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

    def counts(
        self, start_ns: int, end_ns: int, matchers: Sequence[Matcher], by: Sequence[str]
    ) -> Mapping[tuple[str, ...], int] | None:
        """How many entries that match there are of each combination of values; None where it cannot tell."""
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
