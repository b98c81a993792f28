"""The commands of `aegis-otel`: their options, and who does the work. No work is done here."""

from __future__ import annotations

import contextlib
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import typer

from aegis_otel import __version__, _otelcol, settings
from aegis_otel.cli import audit, collector, pieces, records, serve, terminal
from aegis_otel.cli import plan as plans
from aegis_otel.cli.query import query as ask
from aegis_otel.stores import (
    Query,
    Store,
    StoreError,
    chosen_stores,
    open_store,
    parse_level,
    parse_since,
    read_note,
    without_credentials,
)

app = typer.Typer(
    help="Run the Collector of aegis-otel, read its store, look at the settings.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)

StoreOption = Annotated[
    list[str] | None,
    typer.Option("--store", metavar="STORE", help="auto, file, loki, seq or victorialogs; may be given several times."),
]
PieceOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="A further piece, merged last: a file, or one of ours by name (receive-fluent). Several are fine.",
    ),
]


def _port(what: str, default: int) -> Any:
    return typer.Option(min=1, max=65535, metavar="PORT", help=f"{what}.  [default: {default}]")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"aegis-otel {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Run the Collector of aegis-otel, read its store, look at the settings."""


@app.command()
def up(
    store: StoreOption = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The address for OTLP.  [default: 127.0.0.1]")
    ] = None,
    grpc_port: Annotated[int | None, _port("OTLP over gRPC", 4317)] = None,
    http_port: Annotated[int | None, _port("OTLP over HTTP", 4318)] = None,
    health_port: Annotated[int | None, _port("The health check", 13133)] = None,
    metrics_port: Annotated[int | None, _port("The Collector's own metrics", 8888)] = None,
    query_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, metavar="PORT", help="Loki's query API over the embedded store.  [default: off]"
        ),
    ] = None,
    config: PieceOption = None,
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Seconds it may take to become healthy.")
    ] = 60.0,
) -> None:
    """Start the Collector and keep it running until Ctrl-C.

    Without --store it feeds the stores that are set: Loki where AEGIS_LOKI_URL is, VictoriaLogs where
    AEGIS_VICTORIALOGS_URL is, Seq where SEQ_ENABLED=true, and without Loki and VictoriaLogs the embedded store below
    AEGIS_DATA_DIR (.aegis).
    """
    current = _settings()
    stores = _stores(current, store)
    with _errors_told():
        plan = plans.make(
            current, stores, host=host, grpc=grpc_port, http=http_port, health=health_port, metrics=metrics_port
        )
        program = _program()
        paths = pieces.files(_otelcol.config_dir(program), stores, config or (), optional=plan.optional_pieces())
        api = None if query_port is None else serve.QueryServer.planned(plan.data_dir, query_port)
        endpoints = (*plan.endpoints, *([api.endpoint] if api is not None else []))
        running = collector.Collector(_otelcol.binary(program), paths, plan.environ(), endpoints, plan.data_dir)
        with running.signals_caught():
            try:
                running.start()
                if running.wait_until_healthy(plan.health_url, timeout):
                    plan.leave_note()
                    if api is not None:
                        api.start()
                        plan.show((api.endpoint.name, f"http://{api.endpoint.address} (the token is in {api.token})"))
                        running.run_until_signal(api.check)
                    else:
                        plan.show()
                        running.run_until_signal()
                    collector.describe_stop(running)
            finally:
                if api is not None:
                    api.stop()
                running.stop()


@app.command()
def logs(
    correlation_id: Annotated[
        str | None,
        typer.Option("--correlation-id", "-c", metavar="ID", help="Records with this correlation id."),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(
            "--level", "-l", metavar="LEVEL", help="error, warn, info or debug: this level and more severe ones."
        ),
    ] = None,
    service: Annotated[
        str | None,
        typer.Option("--service", "-s", metavar="NAME", help="Records of this service."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="Not older than this: 90s, 5m, 1h30m, 2d, or an ISO 8601 time."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new records until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, as stored.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="The newest so many records.")] = 500,
    query_text: Annotated[
        str | None,
        typer.Option("--query", "-q", metavar="LOGQL", help="Records that this log query in LogQL finds."),
    ] = None,
    store: Annotated[
        str, typer.Option("--store", metavar="STORE", help="auto (the one in use), file, loki or victorialogs.")
    ] = "auto",
) -> None:
    """Show stored records, the oldest first.

    Reads Loki or VictoriaLogs where AEGIS_LOKI_URL or AEGIS_VICTORIALOGS_URL is set or `aegis-otel up` feeds it, else
    the embedded store below AEGIS_DATA_DIR (.aegis). Lines that are no records are left out and counted on stderr.
    """
    current = _settings()
    try:
        query = Query(
            correlation_id=correlation_id,
            level=None if level is None else parse_level(level),
            service=service,
            since=None if since is None else parse_since(since, datetime.now(timezone.utc)),
            limit=limit,
        )
    except ValueError as error:
        terminal.fail(str(error), status=2)
    if query_text is not None:
        if correlation_id or level or service:
            terminal.fail("with --query, put the other conditions into the query", status=2)
        from aegis_otel.cli import logql

        logql.lines(current, store, query_text, since=query.since, limit=limit, follow=follow, as_json=as_json)
        return
    source = _source(current, store)
    output = terminal.console()
    # Where a reader ends early (`| head`), so do we.
    with _errors_told(), contextlib.suppress(*terminal.normal_end(follow=follow)):
        found = source.follow(query) if follow else iter(source.newest(query))
        count = 0
        for record in found:
            count += 1
            if as_json:
                sys.stdout.write(records.as_json(record) + "\n")
            else:
                output.print(records.as_text(record, show_correlation=correlation_id is None))
            if follow:
                sys.stdout.flush()
        if not follow and count >= limit:
            terminal.warn(f"only the newest {limit} records are shown; --limit shows more")
        elif not follow and not count:
            terminal.warn(f"no record in {source} matches")
    if source.skipped:
        terminal.warn(f"{source.skipped} {'line' if source.skipped == 1 else 'lines'} skipped: torn, or no record")


app.command("query")(ask)
app.add_typer(audit.app, name="audit")


@app.command("collector-config")
def collector_config(
    store: StoreOption = None,
    config: PieceOption = None,
    check: Annotated[bool, typer.Option("--check", help="Let the Collector itself check it.")] = False,
    show_files: Annotated[bool, typer.Option("--files", help="Only name the files it is made of.")] = False,
) -> None:
    """Show the configuration that `aegis-otel up` starts the Collector with.

    Variables stay as ${env:NAME}, so no secret is shown. The output can be used as a Collector's configuration.
    """
    current = _settings()
    stores = _stores(current, store)
    with _errors_told():
        plan = plans.make(current, stores)
        folder = _otelcol.config_dir(_program())
        paths = pieces.files(folder, stores, config or (), optional=plan.optional_pieces())
        if check:
            _check_config(plan, paths)
        elif show_files:
            for path in paths:
                typer.echo(path)
        else:
            typer.echo(f"# {' + '.join(path.name for path in paths)}")
            typer.echo(terminal.safe(pieces.merged(paths), keep_newlines=True), nl=False)


@app.command()
def env() -> None:
    """Show every variable, the value in force and what it does. Secrets are hidden."""
    rows = [
        (name, _without_url_credentials(value), text)
        for name, value, text in settings.effective(
            _settings(report=False), _program(), settings.read_group(settings.QuerySettings)
        )
    ]
    terminal.show(terminal.table("Variables", ("variable", "value in force", "what it does"), rows))
    for problem in _settings(report=False).problems:
        terminal.warn(problem)


@app.command("doctor")
def run_doctor() -> None:
    """Check settings, Collector, store, spool and log file; the status is 1 when something is wrong."""
    # Slow to import, as what other commands do not need is.
    from aegis_otel import health
    from aegis_otel.cli import doctor

    current = _settings(report=False)
    upstream = settings.read_group(settings.OpenTelemetrySettings)
    findings = health.examine(current, upstream, _program(), read_note(current.data_dir))
    terminal.show(doctor.as_table(findings))
    delivery = doctor.processes_as_table(current.spool_dir)
    if delivery is not None:
        terminal.show(delivery)
    if any(finding.verdict is health.Verdict.WRONG for finding in findings):
        raise typer.Exit(1)


@app.command("spool")
def run_spool(
    show: Annotated[bool, typer.Option("--show", help="Refused requests as OTLP in JSON, one a line.")] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Hand refused records back, for their service to send them again.")
    ] = False,
) -> None:
    """Show what waits for the Collector on this machine, and what Collectors have refused.

    Refused requests are redacted already. Those of which the Collector took a part are shown, never sent again.
    """
    from aegis_otel.cli import spool

    folder = _settings(report=False).spool_dir
    with _errors_told():
        if show:
            for line in spool.refused_as_json(folder):
                sys.stdout.write(terminal.safe(line) + "\n")
        elif retry:
            terminal.say(spool.retry(folder))
        elif found := spool.as_table(folder):
            terminal.show(found)
            terminal.say(f"in {folder}")
        else:
            terminal.say(f"Nothing waits and nothing was refused, in {folder}")


def _settings(*, report: bool = True) -> settings.Settings:
    try:
        current = settings.read()
    except settings.SettingsError as error:
        terminal.fail(str(error), status=2)
    if report:
        settings.report(current, lambda text: sys.stderr.write(terminal.safe(text, keep_newlines=True)))
    return current


def _stores(current: settings.Settings, asked: list[str] | None) -> tuple[str, ...]:
    try:
        return chosen_stores(current, asked or ["auto"])
    except ValueError as error:
        terminal.fail(str(error), status=2)


def _source(current: settings.Settings, asked: str) -> Store:
    try:
        return open_store(current, read_note(current.data_dir), asked)
    except StoreError as error:
        terminal.fail(str(error))
    except ValueError as error:
        terminal.fail(str(error), status=2)


def _program() -> settings.ProgramSettings:
    return settings.read_group(settings.ProgramSettings)


def _check_config(plan: plans.Plan, paths: list[Path]) -> None:
    wrong = collector.Collector(_otelcol.binary(_program()), paths, plan.environ(), (), plan.data_dir).validate()
    if wrong is not None:
        terminal.fail(f"the Collector does not take this configuration:\n{wrong}")
    terminal.say(f"The Collector takes this configuration: {', '.join(path.name for path in paths)}")


def _without_url_credentials(value: str) -> str:
    return without_credentials(value) if "://" in value and "@" in value else value


def _errors_told() -> contextlib.AbstractContextManager[None]:
    return terminal.told(StoreError, collector.CollectorError, _otelcol.CollectorMissingError, ValueError)
