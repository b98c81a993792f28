"""Which streams a source has, and how much is in each: what Loki's index tells about labels, series and volumes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aegis_otel.stores.logql._ast import LogExpr, Matcher
from aegis_otel.stores.logql._errors import LimitError
from aegis_otel.stores.logql._ranges import Memory, matching_labels
from aegis_otel.stores.logql._types import STREAM_LABELS, Buckets, IndexedSource

Selector = tuple[Matcher, ...]


@dataclass
class Volume:
    """How much one stream has: entries, and bytes of their lines."""

    labels: dict[str, str]
    entries: int = 0
    bytes: int = 0


def series(source: IndexedSource, start_ns: int, end_ns: int, selectors: Iterable[Selector]) -> list[dict[str, str]]:
    """The labels of each stream that has entries in [start, end) and matches one of the selectors, in order.

    Raises:
        LimitError: there are too many.
        StoreError: the source cannot be read.
    """
    found: set[tuple[tuple[str, str], ...]] = set()
    for matchers in selectors:
        found.update(_key(one.labels) for one in volumes(source, start_ns, end_ns, matchers))
    return [dict(labels) for labels in sorted(found)]


def volumes(source: IndexedSource, start_ns: int, end_ns: int, matchers: Selector) -> list[Volume]:
    """Each stream that has entries in [start, end) and matches, in the order of its labels.

    Raises:
        LimitError: there are too many.
        StoreError: the source cannot be read.
    """
    matching = matching_labels(matchers)
    found: dict[tuple[tuple[str, str], ...], Volume] = {}
    memory = Memory()
    once = Buckets(end_ns - 1, end_ns - start_ns)
    tallies = source.tallies(start_ns, end_ns, LogExpr(matchers), STREAM_LABELS, once)
    if tallies is not None:
        keyed = ((_key(dict(zip(STREAM_LABELS, values, strict=True))), tally) for (values, _), tally in tallies.items())
        return [Volume(dict(key), tally.entries, tally.bytes) for key, tally in sorted(keyed)]
    for entry in source.entries(start_ns, end_ns, matchers, ()):
        if matching(entry.labels):
            key = _key(dict(entry.labels))
            volume = found.get(key)
            if volume is None:
                if not memory.take(frozenset(key)):
                    raise LimitError("{…}", 0, "too many streams to hold in memory: add label matchers")
                volume = found[key] = Volume(dict(key))
            volume.entries += 1
            volume.bytes += len(entry.line) if entry.line.isascii() else len(entry.line.encode("utf-8", "replace"))
    return [found[key] for key in sorted(found)]


def _key(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(item for item in labels.items() if item[1]))
