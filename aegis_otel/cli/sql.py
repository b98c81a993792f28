"""`aegis-otel query --sql`: SQL over the embedded store, as a table, JSON lines or CSV."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any, Literal

from aegis_otel.cli import records, terminal
from aegis_otel.stores.sql import Answer, run

Format = Literal["table", "json", "csv"]


def run_sql(folder: Path, text: str, form: Format = "table", limit: int = 500) -> None:
    """Run `text` over the store in `folder` and show what it gives; hints go to stderr.

    Raises:
        StoreError: the query is refused or wrong, or the store cannot be read.
    """
    answer = run(folder, text, limit)
    _SHOWN[form](answer)
    if not answer.rows:
        terminal.warn("nothing found")
    if answer.more:
        terminal.warn(f"only the first {limit} rows are shown; --limit shows more")
    if answer.skipped:
        terminal.warn(f"{answer.skipped} {'line' if answer.skipped == 1 else 'lines'} skipped: torn, or no record")


def _members(answer: Answer, row: tuple[Any, ...]) -> dict[str, Any]:
    """A row as a JSON object; a record has only the fields that it has in the store."""
    members = dict(zip(answer.columns, row, strict=True))
    if not answer.records:
        return members
    return {name: value for name, value in members.items() if value is not None and name[:1] != "@"}


def _as_table(answer: Answer) -> None:
    if answer.records:
        output = terminal.console()
        for row in answer.rows:
            output.print(records.as_text(_members(answer, row)))
    elif answer.rows:
        terminal.show(terminal.table("", answer.columns, [tuple(map(_text, row)) for row in answer.rows]))


def _as_json(answer: Answer) -> None:
    for row in answer.rows:
        sys.stdout.write(records.as_json(_members(answer, row)) + "\n")


def _as_csv(answer: Answer) -> None:
    """RFC 4180, with a line of names, and line feeds alone."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(tuple(map(_text, row)) for row in answer.rows)
    sys.stdout.write(terminal.safe(output.getvalue(), keep_newlines=True))


_SHOWN = {"table": _as_table, "json": _as_json, "csv": _as_csv}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
