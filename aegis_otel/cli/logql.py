"""`aegis-otel query` in LogQL, and `aegis-otel logs --query`: asks the store, and shows lines or values."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from aegis_otel import settings
from aegis_otel.cli import records, terminal
from aegis_otel.stores import LogQLStore, StoreError, logql, open_store, parse_since, read_note
from aegis_otel.stores.embedded import EmbeddedStore
from aegis_otel.stores.logql.embedded import EmbeddedSource
from aegis_otel.stores.logql.shapes import as_loki

_HOUR: Final = 3600 * 10**9
_POLL_SECONDS: Final = 1.0
_AHEAD: Final = 600 * 10**9
"""How far in the future a record may be because of clocks that differ."""
_STEPS: Final = 60
"""How many values a range has where no step is given."""
_MOST_SHOWN: Final = 200
"""Characters of a label's value in a table."""


@dataclass(frozen=True)
class Span:
    """Which time a query is about, as the command line has it; see `aegis-otel query --help`."""

    since: str | None = None
    at: str | None = None
    step: str | None = None


def ask(current: settings.Settings, asked: str, text: str, span: Span, *, limit: int, as_json: bool) -> None:
    """`query`: the answer of the store `asked` for; a metric query's for one moment where no span is given."""
    source = _logql_store(current, asked)
    now = datetime.now(timezone.utc)
    try:
        end_ns = time.time_ns() if span.at is None else _nanoseconds(parse_since(span.at, now))
        start_ns = end_ns - _HOUR if span.since is None else _nanoseconds(parse_since(span.since, now))
        step_ns = _step(span.step, end_ns - start_ns)
        if start_ns >= end_ns:
            raise ValueError("--since is not before --at")
    except ValueError as error:
        terminal.fail(str(error), status=2)
    with _errors_told():
        is_range = span.since is not None or span.step is not None or _is_log_query(source, text)
        answer = source.logql(
            text, start_ns=start_ns if is_range else None, end_ns=end_ns, step_ns=step_ns, limit=limit
        )
        _show(answer, source, as_json, limit)
        _tell_skipped(source)


def lines(
    current: settings.Settings,
    asked: str,
    text: str,
    *,
    since: datetime | None,
    limit: int,
    follow: bool,
    as_json: bool,
) -> None:
    """`logs --query`: records whose line is as stored are shown as `logs` shows them, others as the query made them."""
    store = _logql_store(current, asked)
    if follow and not isinstance(store, EmbeddedStore):
        terminal.fail("--query with --follow reads the embedded store; add --store file", status=2)
    output = terminal.console()
    count = 0
    with _errors_told(), contextlib.suppress(*terminal.normal_end(follow=follow)):
        if not logql.is_log_query(logql.parse(text)):
            raise logql.LogQLError(text, 0, "this query gives numbers; ask it with `aegis-otel query`")
        start_ns = 0 if since is None else _nanoseconds(since)
        found = _followed(store, text, start_ns, limit) if follow else iter(_newest(store, text, start_ns, limit))
        for line in found:
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
            terminal.warn(f"no record in {store} matches")
        _tell_skipped(store)


@contextlib.contextmanager
def _errors_told() -> Iterator[None]:
    """Say what was wrong with a query (status 2, with a caret under the place) or with the store (status 1)."""
    with terminal.told(StoreError):
        try:
            yield
        except logql.LogQLError as error:
            terminal.fail(str(error), status=2)


def _logql_store(current: settings.Settings, asked: str) -> LogQLStore:
    try:
        store = open_store(current, read_note(current.data_dir), asked)
    except StoreError as error:
        terminal.fail(str(error))
    except ValueError as error:
        terminal.fail(str(error), status=2)
    if not isinstance(store, LogQLStore):
        terminal.fail(f"{store} has LogsQL, not LogQL: docs/victorialogs.md has its queries", status=2)
    return store


def _is_log_query(source: LogQLStore, text: str) -> bool:
    try:
        return logql.is_log_query(logql.parse(text))
    except logql.LogQLError:
        if isinstance(source, EmbeddedStore):
            raise
        # Loki knows more than we do, and says itself what is wrong.
        return text.lstrip(" (\t\n").startswith("{")


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


def _newest(store: LogQLStore, text: str, start_ns: int, limit: int) -> list[str]:
    answer = store.logql(text, start_ns=start_ns, end_ns=time.time_ns() + _AHEAD, limit=limit)
    return [line for _, line in _oldest_first(answer)]


def _oldest_first(answer: logql.Answer) -> list[tuple[int, str]]:
    assert isinstance(answer, logql.Streams)
    # Each stream has its newest first.
    found = [entry for stream in answer.streams for entry in reversed(stream.entries)]
    return sorted(found, key=lambda entry: entry[0])


def _followed(store: LogQLStore, text: str, start_ns: int, limit: int) -> Iterator[str]:
    """The newest lines, then further ones as they arrive."""
    wanted = logql.lines(logql.parse(text))
    assert isinstance(store, EmbeddedStore)
    source = EmbeddedSource(store.folder)
    try:
        with source.arrivals() as arrivals:
            end_ns = time.time_ns() + _AHEAD
            answer = logql.range_(source, text, start_ns=start_ns, end_ns=end_ns, step_ns=1, limit=limit)
            yield from (line for _, line in _oldest_first(answer))
            while True:
                for entry in arrivals.entries():
                    found = wanted(entry) if entry.time_ns >= start_ns else None
                    if found is not None:
                        yield found[1]
                time.sleep(_POLL_SECONDS)
    finally:
        store.skipped += source.skipped


def _record(line: str) -> dict[str, object] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _show(
    answer: logql.Answer,
    source: LogQLStore,
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


def _tell_skipped(source: LogQLStore) -> None:
    if source.skipped:
        terminal.warn(f"{source.skipped} {'line' if source.skipped == 1 else 'lines'} skipped: torn, or no record")
