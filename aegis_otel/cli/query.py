"""`aegis-otel query`: its options, and whether LogQL, SQL or the query API is meant."""

from __future__ import annotations

from typing import Annotated

import typer

from aegis_otel import settings
from aegis_otel.cli import serve, terminal
from aegis_otel.stores import StoreError


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
    store: Annotated[
        str, typer.Option(metavar="STORE", help="LogQL: auto (the one in use), file (the embedded store) or loki.")
    ] = "auto",
    serve_api: Annotated[
        bool, typer.Option("--serve", help="Serve Loki's query API over the embedded store until Ctrl-C.")
    ] = False,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="--serve: a loopback address.")] = serve.HOST,
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="PORT", help="--serve: where it listens.")
    ] = serve.DEFAULT_PORT,
) -> None:
    """Ask the store in use (the embedded one or Loki) in LogQL, or the embedded one in SQL, without a server.

    A log query shows the newest lines of the last hour (or since --since), the oldest first. A metric query shows its
    value now (or at --at); with --since or --step, its values from then on.

    SQL asks the view `stream`: AegisX's fields, and each further field that the query names. It can only read.
    """
    try:
        current = settings.read()
    except settings.SettingsError as error:
        terminal.fail(str(error), status=2)
    if [text is not None, sql is not None, serve_api].count(True) != 1:
        terminal.fail("give either a LogQL query, or --sql, or --serve", status=2)
    if serve_api:
        serve.run(current.data_dir.absolute(), host, port)
        return
    if sql is not None:
        if store not in ("auto", "file"):
            terminal.fail("--sql asks the embedded store", status=2)
        if since is not None or at is not None or step is not None:
            terminal.fail("--since, --at and --step are for LogQL; in SQL write: where @t > now() - 1h", status=2)
        from aegis_otel.cli.sql import run_sql

        with terminal.told(StoreError):
            run_sql(current.data_dir / "store", sql, "json" if as_json else "csv" if as_csv else "table", limit)
        return
    assert text is not None
    if as_csv:
        terminal.fail("--csv is for --sql", status=2)
    from aegis_otel.cli import logql

    logql.ask(current, store, text, logql.Span(since, at, step), limit=limit, as_json=as_json)
