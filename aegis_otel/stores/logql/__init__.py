"""LogQL, Loki's query language, over any source of log entries, without a server.

``parse`` reads a query, ``instant`` and ``range_`` answer one. ``EmbeddedSource`` (in
`aegis_otel.stores.logql.embedded`) reads what the Collector stores below `.aegis/store`.
"""

from __future__ import annotations

from typing import Literal

from aegis_otel.stores.logql._ast import Matcher, Query
from aegis_otel.stores.logql._errors import LimitError, LogQLError, PipelineError
from aegis_otel.stores.logql._types import (
    Entry,
    Matrix,
    Sample,
    Scalar,
    Series,
    Source,
    Stream,
    Streams,
    Vector,
)

__all__ = [
    "Entry",
    "LimitError",
    "LogQLError",
    "Matcher",
    "Matrix",
    "PipelineError",
    "Query",
    "Sample",
    "Scalar",
    "Series",
    "Source",
    "Stream",
    "Streams",
    "Vector",
    "instant",
    "is_log_query",
    "parse",
    "range_",
]

Direction = Literal["backward", "forward"]


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        LogQLError: it does not parse, or is not supported.
    """
    raise NotImplementedError


def is_log_query(query: Query) -> bool:
    """Whether it answers with lines, not with numbers."""
    raise NotImplementedError


def instant(
    source: Source, text: str, *, time_ns: int, limit: int = 100, direction: Direction = "backward"
) -> Streams | Vector | Scalar:
    """Answer a query for one moment; a log query gives the newest `limit` lines of the hour before it.

    Raises:
        LogQLError: see `parse`; or a metric query met entries that its pipeline could not handle.
        StoreError: the source cannot be read.
    """
    raise NotImplementedError


def range_(
    source: Source,
    text: str,
    *,
    start_ns: int,
    end_ns: int,
    step_ns: int,
    limit: int = 100,
    direction: Direction = "backward",
) -> Streams | Matrix:
    """Answer a query from `start_ns` to `end_ns`: lines in [start, end), or values at each step, both ends included.

    Raises:
        LogQLError: see `instant`.
        StoreError: the source cannot be read.
    """
    raise NotImplementedError
