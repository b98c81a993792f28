r"""Counts of a store's files by one query of DuckDB, where it is installed: several times as quick as reading lines.

A selector, line filters, `json` and conditions on fields become SQL where that is exact: for records as the Collector
writes them. Where a file holds a value of which that is not certain (a fraction, whose digits DuckDB may write
otherwise; a label that is no text), or DuckDB refuses the files, the answer is None, and lines are read one by one.

Lines that are no JSON are no records to both. DuckDB alone takes NaN and a comma before a closing bracket, and refuses
half a surrogate (``\ud800``); the Collector writes none of these.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from aegis_otel.stores._columns import literal
from aegis_otel.stores.logql import _ast
from aegis_otel.stores.logql._conditions import DETAILS, ERROR
from aegis_otel.stores.logql._types import METADATA, STREAM_LABELS, Buckets, Tallies, Tally

_MOST_GROUPS: Final = 100_000
_MEMORY: Final = "200MB"
_THREADS: Final = 2
_LONGEST_RECORD: Final = 8 * 1024 * 1024
_TIME: Final = "____-__-__T__:__:__.___Z"
_MILLISECOND: Final = 10**6
_OWN: Final = frozenset((*STREAM_LABELS, *METADATA))
# Other names can also come from nested objects or from names with other characters.
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
# JSON text of what is no string comes like a string, so of these two cannot be told what they are.
_NUMBER: Final = r"-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?"
_NO_LABEL: Final = rf"(?s:{_NUMBER}|[\[{{].*|true|false)"
# The digits of a whole number are the same in a string, in JSON and in DuckDB.
_NO_FIELD: Final = r"(?s:-?[0-9]+[.eE][0-9eE.+-]*|-?[0-9]{16,}|-0|[\[{].*)"
_PLAIN_NUMBER: Final = r"-?[0-9]{1,15}([.][0-9]{1,15})?"
_COMPARE: Final = {"==": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


class _UnsureError(Exception):
    """The query has a part that has no exact form in SQL."""


def tallies(
    paths: Sequence[Path], start: str, end: str, log: _ast.LogExpr, by: Sequence[str], buckets: Buckets
) -> Tallies | None:
    """How many records with ``start <= timestamp < end`` there are of each combination of the values of `by`.

    Args:
        paths: files of JSON lines.
        start, end: times as records have them, with milliseconds and Z.
        log: which records.
        by: names of labels; a missing one counts as empty.
        buckets: how the time is cut.

    Returns:
        None where that cannot be told for certain.
    """
    try:
        import duckdb
    except ImportError:
        return None
    try:
        question = _Question(log, by)
        query = question.text(paths, start, end, buckets)
        with duckdb.connect(
            config={"memory_limit": _MEMORY, "threads": _THREADS, "preserve_insertion_order": False}
        ) as connection:
            connection.execute("SET enable_progress_bar = false")  # it would be printed on stdout
            rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    except (_UnsureError, duckdb.Error, UnicodeEncodeError):
        return None
    kept = [row[1:] for row in rows if row[0]]
    if len(rows) > _MOST_GROUPS or any(unsure or bucket is None for *_, bucket, _, _, unsure in kept):
        return None
    return question.tallies(kept, buckets)


class _Question:
    """The SQL of a query.

    Attributes:
        columns: the labels that its groups have: those of `by`, then those of the selector.
    """

    def __init__(self, log: _ast.LogExpr, by: Sequence[str]) -> None:
        self._by, self._matchers = by, log.matchers
        self._fields = ["timestamp"]
        self._unsure = [f"r[1] NOT LIKE '{_TIME}'"]
        self._wanted: list[str] = []
        self._parsed: frozenset[str] | None = frozenset()
        """The names that a parser has set; None for all."""
        for stage in log.stages:
            self._stage(stage)
        self.columns = list(dict.fromkeys([*by, *(matcher.name for matcher in log.matchers)]))
        if not {matcher.name for matcher in log.matchers} <= set(STREAM_LABELS):
            raise _UnsureError
        self._values = [self._value(name) for name in self.columns]

    def text(self, paths: Sequence[Path], start: str, end: str, buckets: Buckets) -> str:
        """The query. Its rows: whether these are wanted, values, bucket, records, bytes, how many are not certain.

        All is computed in one projection: a WHERE would take each field out of the JSON once more.
        """
        columns = {f"v{index}": value for index, value in enumerate([*self._values, _bucket(buckets)])}
        groups = ", ".join(f"CASE WHEN keep THEN {name} END" for name in columns)
        values = ", ".join(f"{value} AS {name}" for name, value in columns.items())
        unsure = " OR ".join(self._unsure)
        wanted = "".join(f" AND {condition}" for condition in self._wanted)
        of_stream = "".join(
            f" AND {self._value(matcher.name)} = {literal(matcher.value)}"
            for matcher in self._matchers
            if matcher.op == "=" and matcher.value
        )
        files = ", ".join(literal(str(path)) for path in paths)
        fields = ", ".join(literal(f"$.{name}") for name in self._fields)
        return (
            f"SELECT keep, {groups}, count(*), sum(size), count(*) FILTER (WHERE unsure)"  # noqa: S608
            f" FROM (SELECT {unsure} AS unsure, strlen(line) AS size, coalesce("
            # A torn line and what is no object have no timestamp and are no records.
            f"r[1] IS NOT NULL AND (r[1] NOT LIKE '{_TIME}' OR (r[1] >= '{start}' AND r[1] < '{end}')){of_stream}"
            f" AND ({unsure} OR (true{wanted})), false) AS keep, {values}"
            f" FROM (SELECT json::VARCHAR AS line, json_extract_string(json, [{fields}]) AS r"
            f" FROM read_ndjson_objects([{files}], ignore_errors = true, maximum_object_size = {_LONGEST_RECORD})))"
            f" GROUP BY ALL LIMIT {_MOST_GROUPS + 1}"
        )

    def tallies(self, rows: list[tuple[Any, ...]], buckets: Buckets) -> Tallies | None:
        """The counts by the values of `by` of those groups that the selector wants."""
        result: dict[tuple[tuple[str, ...], int], Tally] = {}
        for *values, bucket, entries, size, _ in rows:
            labels = dict(zip(self.columns, values, strict=True))
            for name, value in labels.items():
                if re.fullmatch(_NO_LABEL if name in _OWN else _NO_FIELD, value):
                    return None
            if all(matcher.matches(labels[matcher.name]) for matcher in self._matchers):
                key = tuple(labels[name] for name in self._by), buckets.last_ns - bucket * _MILLISECOND
                known = result.get(key, Tally(0, 0))
                result[key] = Tally(known.entries + entries, known.bytes + int(size))
        return result

    def _stage(self, stage: _ast.Stage) -> None:
        if isinstance(stage, _ast.LineFilter):
            tests = [_line_test(stage.op, is_ip, text) for is_ip, text in stage.alternatives]
            self._wanted.append(f"{'' if stage.op[0] == '|' else 'NOT '}({' OR '.join(tests)})")
        elif isinstance(stage, _ast.Json) and self._parsed is not None and not self._parsed:
            if any(name != path or not _FIELD.fullmatch(name) for name, path in stage.fields):
                raise _UnsureError
            self._parsed = frozenset(name for name, _ in stage.fields) or None
        elif isinstance(stage, (_ast.StringCondition, _ast.NumberCondition, _ast.Junction)):
            self._wanted.append(self._condition(stage))
        else:
            raise _UnsureError

    def _condition(self, part: _ast.Condition) -> str:
        if isinstance(part, _ast.Junction):
            return f"({self._condition(part.left)} {part.op.upper()} {self._condition(part.right)})"
        if isinstance(part, _ast.NumberCondition):
            return self._number(part)
        if not isinstance(part, _ast.StringCondition):
            raise _UnsureError
        matcher = part.matcher
        if matcher.name in (ERROR, DETAILS):
            return str(matcher.matches(""))  # a certain record has no error
        value = self._value(matcher.name)
        if value != "''":
            form = _NO_LABEL if matcher.name in _OWN else _NO_FIELD
            self._unsure.append(f"regexp_full_match({value}, {literal(form)})")
        if matcher.op in ("=", "!="):
            test = f"{value} = {literal(matcher.value)}"
        else:
            test = f"regexp_matches({value}, {literal(f'^(?:{matcher.value})$')})"
        return f"({test})" if matcher.op[0] == "=" else f"(NOT {test})"

    def _number(self, part: _ast.NumberCondition) -> str:
        if part.name in _OWN or part.kind != "number" or not math.isfinite(part.value):
            raise _UnsureError
        value = self._field(part.name)
        if not value:
            return "false"
        missing = f"{value} IS NULL OR " if self._parsed is not None else ""
        if missing:
            # `json` with names sets those that are missing too, to what is no number.
            self._unsure.append(f"{value} IS NULL")
        self._unsure.append(f"({value} IS NOT NULL AND NOT regexp_full_match({value}, '{_PLAIN_NUMBER}'))")
        return f"coalesce(TRY_CAST({value} AS DOUBLE) {_COMPARE[part.op]} {part.value!r}::DOUBLE, false)"

    def _value(self, name: str) -> str:
        """The value of a label, as text; empty where it is missing."""
        value = self._field(name)
        return f"coalesce({value}, '')" if value else "''"

    def _field(self, name: str) -> str:
        """The text of a field that is a label; empty where no label has this name."""
        if name not in _OWN:
            if self._parsed is not None and name not in self._parsed:
                return ""
            if not _FIELD.fullmatch(name):
                raise _UnsureError
        if name not in self._fields:
            self._fields.append(name)
        return f"r[{self._fields.index(name) + 1}]"


def _line_test(op: str, is_ip: bool, text: str) -> str:
    if is_ip or op in ("|>", "!>"):
        raise _UnsureError
    if op in ("|~", "!~"):
        return f"regexp_matches(line, {literal(f'(?s:{text})')})"
    return f"contains(line, {literal(text)})"


def _bucket(buckets: Buckets) -> str:
    """How many milliseconds before the last window's end a record's bucket ends."""
    if buckets.step_ns is None:
        return "0"
    if buckets.step_ns % _MILLISECOND or buckets.range_ns % _MILLISECOND:
        raise _UnsureError
    # Times are whole milliseconds, so those up to the end are those up to its millisecond.
    step, after = buckets.step_ns // _MILLISECOND, buckets.begins_after // _MILLISECOND
    back = f"({buckets.last_ns // _MILLISECOND} - epoch_ms(TRY_CAST(r[1] AS TIMESTAMP)))"
    return f"greatest({back} // {step} * {step}, ({back} + {after}) // {step} * {step} - {after})"
