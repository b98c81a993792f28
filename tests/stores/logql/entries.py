"""Entries for tests, listed by hand: the time of each is given in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aegis_otel.stores import logql

SECOND = 10**9
JOB = {"job": "a"}


class Listed:
    """A source that hands out what it was given, also what does not match."""

    def __init__(self, entries: Iterable[logql.Entry]) -> None:
        self.entries_ = list(entries)

    def entries(
        self, start_ns: int, end_ns: int, matchers: Sequence[logql.Matcher], needles: Sequence[bytes]
    ) -> Iterator[logql.Entry]:
        return (entry for entry in self.entries_ if start_ns <= entry.time_ns < end_ns)


def entry(
    seconds: float, line: str, labels: Mapping[str, str] = JOB, metadata: Mapping[str, str] | None = None
) -> logql.Entry:
    return logql.Entry(round(seconds * SECOND), line, labels, metadata or {})


def rows(
    stages: str, *lines: str, labels: Mapping[str, str] = JOB, metadata: Mapping[str, str] | None = None
) -> list[tuple[dict[str, str], str]]:
    """What a pipeline makes of lines: labels without those of the stream, and the text; in the order of the lines."""
    source = Listed(entry(second, line, labels, metadata) for second, line in enumerate(lines, 1))
    selector = "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
    query = f"{selector} {stages}"
    answer = logql.range_(source, query, start_ns=0, end_ns=10**18, step_ns=1, limit=10_000, direction="forward")
    assert isinstance(answer, logql.Streams)
    found = [(time_ns, one.labels, line) for one in answer.streams for time_ns, line in one.entries]
    own = {**labels, **(metadata or {})}
    return [
        ({name: value for name, value in labels_.items() if own.get(name) != value}, line)
        for _, labels_, line in sorted(found, key=lambda item: item[0])
    ]


def row(stages: str, line: str, **more: Any) -> tuple[dict[str, str], str]:
    """The same for one line that stays."""
    [found] = rows(stages, line, **more)
    return found


def extracted(stages: str, line: str, **more: Any) -> dict[str, str]:
    """The labels that a pipeline makes of one line."""
    return row(stages, line, **more)[0]


def samples(source: Listed, query: str, at: float) -> dict[tuple[tuple[str, str], ...], float]:
    """The values of a metric query at `at` seconds, by their labels."""
    answer = logql.instant(source, query, time_ns=round(at * SECOND))
    assert isinstance(answer, logql.Vector)
    return {tuple(one.labels.items()): one.value for one in answer.samples}
