"""`aegis-otel query` and `aegis-otel logs --query`: LogQL or SQL over the embedded store."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Final

import typer

from aegis_otel import settings
from aegis_otel.cli import records, terminal
from aegis_otel.cli.sql import run_sql
from aegis_otel.stores import StoreError, logql, parse_since
from aegis_otel.stores.logql.embedded import EmbeddedSource
from aegis_otel.stores.logql.shapes import as_loki

_HOUR: Final = 3600 * 10**9
_POLL_SECONDS: Final = 1.0
_LATE: Final = 120 * 10**9
"""Follow looks back so far for records that arrive late; what comes even later is found without follow only."""
_AHEAD: Final = 600 * 10**9
"""How far in the future a record may be because of clocks that differ."""
_STEPS: Final = 60
"""How many values a range has where no step is given."""
_MOST_SHOWN: Final = 200
"""Characters of a label's value in a table."""


def query(
    text: Annotated[
        str | None, typer.Argument(metavar="LOGQL", help='A query, such as \'{service="orders"} |= "refused"\'.')
    ] = None,
    sql: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="Instead of LogQL: a query on the view `stream`; Seq's words are known too."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Lines, or values, from then on: 90s, 5m, 1h30m, 2d, or an ISO 8601 time."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Up to then; a span means so long ago.  [default: now]")
    ] = None,
    step: Annotated[
        str | None, typer.Option(metavar="SPAN", help="How far the values of a range are apart, as in 1m.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="The newest so many lines.")] = 100,
    as_json: Annotated[
        bool, typer.Option("--json", help="The answer in the shape of Loki's API; of SQL, one JSON object a line.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="SQL: comma-separated values, with a line of names.")] = False,
) -> None:
    """Ask the embedded store in LogQL or in SQL, without a server.

    A log query shows the newest lines of the last hour (or since --since), the oldest first. A metric query shows its
    value now (or at --at); with --since or --step, its values from then on.

    SQL asks the view `stream`: AegisX's fields, and each further field that the query names. It can only read.
    """
    try:
        folder = settings.read().data_dir / "store"
    except settings.SettingsError as error:
        terminal.fail(str(error), status=2)
    if (text is None) == (sql is None):
        terminal.fail("give either a LogQL query or --sql", status=2)
    if sql is not None:
        if since is not None or at is not None or step is not None:
            terminal.fail("--since, --at and --step are for LogQL; in SQL write: where @t > now() - 1h", status=2)
        with errors_told():
            run_sql(folder, sql, "json" if as_json else "csv" if as_csv else "table", limit)
        return
    assert text is not None
    if as_csv:
        terminal.fail("--csv is for --sql", status=2)
    source = EmbeddedSource(folder)
    now = datetime.now(timezone.utc)
    try:
        end_ns = time.time_ns() if at is None else _nanoseconds(parse_since(at, now))
        start_ns = end_ns - _HOUR if since is None else _nanoseconds(parse_since(since, now))
        step_ns = _step(step, end_ns - start_ns)
        if start_ns >= end_ns:
            raise ValueError("--since is not before --at")
    except ValueError as error:
        terminal.fail(str(error), status=2)
    with errors_told():
        is_range = logql.is_log_query(logql.parse(text)) or since is not None or step is not None
        answer: logql.Streams | logql.Vector | logql.Matrix | logql.Scalar
        if is_range:
            answer = logql.range_(source, text, start_ns=start_ns, end_ns=end_ns, step_ns=step_ns, limit=limit)
        else:
            answer = logql.instant(source, text, time_ns=end_ns)
        _show(answer, source, as_json, limit)
        _tell_skipped(source)


def lines(
    data_dir: Path, text: str, *, since: datetime | None, limit: int, follow: bool, as_json: bool
) -> None:  # fmt: skip
    """`logs --query`: records whose line is as stored are shown as `logs` shows them, others as the query made them."""
    source = EmbeddedSource(data_dir / "store")
    output = terminal.console()
    count = 0
    with errors_told(), contextlib.suppress(*terminal.normal_end(follow=follow)):
        if not logql.is_log_query(logql.parse(text)):
            raise logql.LogQLError(text, 0, "this query gives numbers; ask it with `aegis-otel query`")
        start_ns = 0 if since is None else _nanoseconds(since)
        for line in _followed(source, text, start_ns, limit) if follow else _newest(source, text, start_ns, limit):
            count += 1
            record = _record(line)
            if record is None:
                sys.stdout.write(terminal.safe(line, keep_newlines=True) + "\n")
            elif as_json:
                sys.stdout.write(records.as_json(record) + "\n")
            else:
                output.print(records.as_text(record))
            if follow:
                sys.stdout.flush()
        if not follow and count >= limit:
            terminal.warn(f"only the newest {limit} records are shown; --limit shows more")
        elif not follow and not count:
            terminal.warn(f"no record in {source} matches")
        _tell_skipped(source)


@contextlib.contextmanager
def errors_told() -> Iterator[None]:
    """Say what was wrong with a query (status 2, with a caret under the place) or with the store (status 1)."""
    try:
        yield
    except logql.LogQLError as error:
        terminal.fail(str(error), status=2)
    except StoreError as error:
        terminal.fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000


def _step(text: str | None, span_ns: int) -> int:
    if text is None:
        return max(span_ns // _STEPS // 10**9, 1) * 10**9
    try:
        step_ns = logql.parse_duration(text)
    except ValueError:
        step_ns = 0
    if step_ns <= 0:
        raise ValueError(f"{text!r} is no step; use one like 30s, 5m or 1h")
    return step_ns


def _newest(source: EmbeddedSource, text: str, start_ns: int, limit: int) -> list[str]:
    end_ns = time.time_ns() + _AHEAD
    answer = logql.range_(source, text, start_ns=start_ns, end_ns=end_ns, step_ns=1, limit=limit)
    return [line for _, line in _oldest_first(answer)]


def _oldest_first(answer: logql.Streams | logql.Matrix) -> list[tuple[int, str]]:
    assert isinstance(answer, logql.Streams)
    # Each stream has its newest first.
    found = [entry for stream in answer.streams for entry in reversed(stream.entries)]
    return sorted(found, key=lambda entry: entry[0])


def _followed(source: EmbeddedSource, text: str, start_ns: int, limit: int) -> Iterator[str]:
    """The newest lines, then further ones as they arrive."""
    seen: dict[tuple[int, str], int] = {}
    first = True
    while True:
        now = time.time_ns()
        begin = start_ns if first else max(start_ns, now - _LATE)
        most = limit if first else sys.maxsize
        # Before the first lines are shown: what is there already is not new, even where the limit cuts it off.
        window = logql.range_(
            source, text, start_ns=max(start_ns, now - 2 * _LATE), end_ns=now + _AHEAD, step_ns=1, limit=sys.maxsize
        )
        found = (
            logql.range_(source, text, start_ns=begin, end_ns=now + _AHEAD, step_ns=1, limit=most) if first else window
        )
        counted: dict[tuple[int, str], int] = {}
        for entry in _oldest_first(found):
            counted[entry] = counted.get(entry, 0) + 1
            if first or counted[entry] > seen.get(entry, 0):
                yield entry[1]
        there: dict[tuple[int, str], int] = {}
        for entry in _oldest_first(window):
            there[entry] = there.get(entry, 0) + 1
        seen = there
        first = False
        time.sleep(_POLL_SECONDS)


def _record(line: str) -> dict[str, object] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _show(
    answer: logql.Streams | logql.Vector | logql.Matrix | logql.Scalar,
    source: EmbeddedSource,
    as_json: bool,
    limit: int,
) -> None:
    if as_json:
        sys.stdout.write(terminal.safe_json(json.dumps(as_loki(answer), ensure_ascii=False)) + "\n")
    elif isinstance(answer, logql.Streams):
        found = _oldest_first(answer)
        for _, line in found:
            sys.stdout.write(terminal.safe(line, keep_newlines=True) + "\n")
        if len(found) >= limit:
            terminal.warn(f"only the newest {limit} lines are shown; --limit shows more")
        elif not found:
            terminal.warn(f"no line in {source} matches")
    elif isinstance(answer, logql.Scalar):
        terminal.say(logql.format_number(answer.value))
    else:
        rows = _rows(answer)
        if rows:
            terminal.show(terminal.table("", ("time", "series", "value"), rows))
        else:
            terminal.warn(f"no line in {source} counts here, so there is no value")


def _rows(answer: logql.Vector | logql.Matrix) -> list[tuple[str, str, str]]:
    if isinstance(answer, logql.Vector):
        points = [(one.time_ns, one.labels, one.value) for one in answer.samples]
    else:
        points = [(time_ns, one.labels, value) for one in answer.series for time_ns, value in one.points]
    return [(_time(time_ns), _labels(labels), logql.format_number(value)) for time_ns, labels, value in points]


def _time(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 10**9, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def _labels(labels: dict[str, str]) -> str:
    shown = (f"{name}={json.dumps(value[:_MOST_SHOWN], ensure_ascii=False)}" for name, value in labels.items())
    return "{" + ", ".join(shown) + "}"


def _tell_skipped(source: EmbeddedSource) -> None:
    if source.skipped:
        terminal.warn(f"{source.skipped} {'line' if source.skipped == 1 else 'lines'} skipped: torn, or no record")
