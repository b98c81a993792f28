"""LogQL, Loki's query language, over any source of log entries, without a server.

`parse` reads a query, `instant` and `range_` answer one. `EmbeddedSource` (in `aegis_otel.stores.logql.embedded`)
reads what the Collector stores below `.aegis/store`. Supported parts and differences: docs/logql.md.
"""

from __future__ import annotations

from aegis_otel.stores.logql._ast import LogExpr, Matcher, Query
from aegis_otel.stores.logql._engine import Direction, instant, lines, range_, selector
from aegis_otel.stores.logql._errors import LimitError, LogQLError, PipelineError
from aegis_otel.stores.logql._parser import is_log_query, parse
from aegis_otel.stores.logql._types import (
    Answer,
    Buckets,
    Entry,
    IndexedSource,
    Matrix,
    Sample,
    Scalar,
    Series,
    Source,
    Stream,
    Streams,
    Tallies,
    Tally,
    Vector,
)
from aegis_otel.stores.logql._units import format_number, parse_duration

__all__ = [
    "Answer",
    "Buckets",
    "Direction",
    "Entry",
    "IndexedSource",
    "LimitError",
    "LogExpr",
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
    "Tallies",
    "Tally",
    "Vector",
    "format_number",
    "instant",
    "is_log_query",
    "lines",
    "parse",
    "parse_duration",
    "range_",
    "selector",
]
