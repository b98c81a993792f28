"""The commands of `aegis-otel`: their options, and who does the work. No work is done here."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from aegis_otel import __version__, settings
from aegis_otel.cli import collector, doctor, pieces, records, terminal
from aegis_otel.cli.file_store import FileStore, StoreError
from aegis_otel.cli.loki import LokiStore, without_credentials

app = typer.Typer(
    help="Run the Collector of aegis-otel, read its store, look at the settings.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)

_STATE_FILE: Final = "up.json"
_LOKI_DEFAULT: Final = "http://localhost:3100"
_METRICS: Final = "AEGIS_METRICS_PORT"

StoreOption = Annotated[
    list[str] | None,
    typer.Option("--store", metavar="STORE", help="auto, file, loki or seq; may be given several times."),
]
PieceOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--config", metavar="FILE", help="A further piece of configuration, merged last; may be given several times."
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
    config: PieceOption = None,
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Seconds it may take to become healthy.")
    ] = 30.0,
) -> None:
    """Start the Collector and keep it running until Ctrl-C.

    Without --store it feeds the stores that are set: Loki where AEGIS_LOKI_URL is, Seq where SEQ_ENABLED=true,
    and without Loki the embedded store below AEGIS_DATA_DIR (.aegis).
    """
    current = _settings()
    stores = _stores(current, store)
    loki_url = current.loki_url or _LOKI_DEFAULT
    data_dir = current.data_dir.absolute()
    with _errors_told():
        endpoints = _endpoints(host, grpc_port, http_port, health_port, metrics_port)
        environ = {
            **os.environ,
            **{each.variable: each.address for each in endpoints if each.variable != _METRICS},
            "AEGIS_DATA_DIR": str(data_dir),
            "AEGIS_LOKI_URL": loki_url,
            "SEQ_URL": current.seq_url,
        }
        if endpoints[-1].variable == _METRICS:
            environ.update(AEGIS_METRICS_HOST=endpoints[-1].host, AEGIS_METRICS_PORT=str(endpoints[-1].port))
        paths = pieces.files(stores, config or (), optional=_optional_pieces(endpoints))
        running = collector.Collector(pieces.binary(), paths, environ, endpoints, data_dir)
        with running.signals_caught():
            try:
                running.start()
                if running.wait_until_healthy(f"http://{endpoints[2].reachable}/", timeout):
                    _write_state(data_dir, stores, loki_url, endpoints)
                    _show_listening(stores, endpoints, current, loki_url, data_dir)
                    running.run_until_signal()
                    collector.describe_stop(running)
            finally:
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
    store: Annotated[
        str, typer.Option("--store", metavar="STORE", help="auto (the one in use), file or loki.")
    ] = "auto",
) -> None:
    """Show stored records, the oldest first.

    Reads Loki where AEGIS_LOKI_URL is set or `aegis-otel up` feeds it, else the embedded store below
    AEGIS_DATA_DIR (.aegis). Lines that are no records are left out and counted on stderr.
    """
    current = _settings()
    try:
        query = records.Query(
            correlation_id=correlation_id,
            level=None if level is None else records.parse_level(level),
            service=service,
            since=None if since is None else records.parse_since(since, datetime.now(timezone.utc)),
            limit=limit,
        )
    except ValueError as error:
        terminal.fail(str(error), status=2)
    source = _source(current, store)
    output = terminal.console()
    # Where a reader ends early (`| head`), so do we.
    with _errors_told(), contextlib.suppress(KeyboardInterrupt):
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
        optional = ["receive-token"] if _has_token() else []
        paths = pieces.files(stores, config or (), optional=optional)
        if check:
            _check_config(current, paths)
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
        for name, value, text in settings.effective(_settings(report=False))
    ]
    terminal.show(terminal.table("Variables", ("variable", "value in force", "what it does"), rows))
    for problem in _settings(report=False).problems:
        terminal.warn(problem)


@app.command("doctor")
def run_doctor() -> None:
    """Check settings, Collector, store, spool and log file; the status is 1 when something is wrong."""
    current = _settings(report=False)
    findings = doctor.examine(current, _state(current.data_dir))
    terminal.show(doctor.as_table(findings))
    if any(finding.verdict is doctor.Verdict.WRONG for finding in findings):
        raise typer.Exit(1)


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
        return pieces.chosen_stores(current, asked or ["auto"])
    except ValueError as error:
        terminal.fail(str(error), status=2)


def _source(current: settings.Settings, asked: str) -> FileStore | LokiStore:
    state = _state(current.data_dir)
    loki_url = current.loki_url or state.get("lokiUrl") or _LOKI_DEFAULT
    if asked == "auto":
        stores = state.get("stores", ())
        asked = "loki" if current.loki_url or ("loki" in stores and "file" not in stores) else "file"
    if asked == "loki":
        return LokiStore(loki_url)
    if asked == "file":
        return FileStore(current.data_dir / "store")
    terminal.fail(f"{asked!r} is not a store that can be read; use auto, file or loki", status=2)


def _endpoints(
    host: str | None, grpc: int | None, http: int | None, health: int | None, metrics: int | None
) -> list[collector.Endpoint]:
    found = [
        collector.endpoint("OTLP over gRPC", "AEGIS_OTLP_GRPC_ENDPOINT", "--grpc-port", 4317, host, grpc),
        collector.endpoint("OTLP over HTTP", "AEGIS_OTLP_HTTP_ENDPOINT", "--http-port", 4318, host, http),
        collector.endpoint("health check", "AEGIS_HEALTH_ENDPOINT", "--health-port", 13133, None, health),
    ]
    if os.environ.get("AEGIS_METRICS_LEVEL", "").strip().lower() == "none":
        return found
    # The Collector takes these two apart, unlike the others.
    metrics_host = os.environ.get("AEGIS_METRICS_HOST", "").strip() or "127.0.0.1"
    text = os.environ.get(_METRICS, "").strip()
    if metrics is None and text:
        try:
            metrics = int(text)
        except ValueError:
            raise collector.CollectorError(f"{_METRICS}: {text!r} is not a port number") from None
    found.append(collector.Endpoint("own metrics", _METRICS, "--metrics-port", metrics_host, metrics or 8888))
    return found


def _has_token() -> bool:
    return any(os.environ.get(name, "").strip() for name in ("AEGIS_OTLP_TOKEN", "AEGIS_OTLP_TOKEN_FILE"))


def _optional_pieces(endpoints: list[collector.Endpoint]) -> list[str]:
    """The token piece where there is a token; on a public address there must be one."""
    if _has_token():
        return ["receive-token"]
    for each in endpoints[:2]:
        if each.is_public:
            raise collector.CollectorError(
                f"{each.address} ({each.name}) can be reached by others: set AEGIS_OTLP_TOKEN (or"
                " AEGIS_OTLP_TOKEN_FILE), which senders must then"
                ' present (OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<token>"), or listen on 127.0.0.1'
            )
    return []


def _check_config(current: settings.Settings, paths: list[Path]) -> None:
    environ = {**os.environ, "AEGIS_DATA_DIR": str(current.data_dir.absolute())}
    environ.setdefault("AEGIS_LOKI_URL", current.loki_url or _LOKI_DEFAULT)
    environ.setdefault("SEQ_URL", current.seq_url)
    wrong = collector.Collector(pieces.binary(), paths, environ, (), current.data_dir.absolute()).validate()
    if wrong is not None:
        terminal.fail(f"the Collector does not take this configuration:\n{wrong}")
    typer.echo(f"The Collector takes this configuration: {', '.join(path.name for path in paths)}")


def _show_listening(
    stores: tuple[str, ...],
    endpoints: list[collector.Endpoint],
    current: settings.Settings,
    loki_url: str,
    data_dir: Path,
) -> None:
    where = {
        "file": f"{data_dir / 'store'} (read it with: aegis-otel logs)",
        "loki": without_credentials(loki_url),
        "seq": without_credentials(current.seq_url),
    }
    rows = [(endpoint.name, endpoint.address) for endpoint in endpoints]
    rows += [(f"store: {name}", where[name]) for name in stores]
    rows += [("queues, own log", str(data_dir))]
    terminal.show(terminal.table("The Collector is up", ("what", "where"), rows))
    grpc, http = endpoints[0], endpoints[1]
    lines = ["", "Run an app with it:", "  SERVICE_NAME=orders opentelemetry-instrument python app.py"]
    if grpc.port != 4317:
        lines.append(f"and set OTEL_EXPORTER_OTLP_ENDPOINT=http://{grpc.reachable}")
        lines.append(
            f"(over HTTP: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT=http://{http.reachable})"
        )
    if _has_token():
        lines.append('and set OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<the token>"')
    lines += ["", "Ctrl-C stops it."]
    typer.echo("\n".join(lines))
    sys.stdout.flush()


def _write_state(data_dir: Path, stores: tuple[str, ...], loki_url: str, endpoints: list[collector.Endpoint]) -> None:
    """For `logs` and `doctor` in another terminal: what this Collector feeds and where it listens."""
    state = {
        "stores": stores,
        "lokiUrl": without_credentials(loki_url),
        "endpoints": {endpoint.variable: endpoint.reachable for endpoint in endpoints},
    }
    (data_dir / _STATE_FILE).write_text(json.dumps(state), encoding="utf-8")


def _state(data_dir: Path) -> dict[str, Any]:
    try:
        state = json.loads((data_dir / _STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _without_url_credentials(value: str) -> str:
    return without_credentials(value) if "://" in value and "@" in value else value


@contextlib.contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except (StoreError, collector.CollectorError, pieces.CollectorMissingError, ValueError) as error:
        terminal.fail(str(error))
    except BrokenPipeError:
        # Nobody reads any more; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
