"""`aegis-otel audit`: verify the audit trail, show the node key."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from aegis_otel import audit as trails
from aegis_otel import settings
from aegis_otel.audit import sources, states, trust, verify
from aegis_otel.cli import terminal
from aegis_otel.stores import Query, StoreError, iso_time, open_store, parse_since, read_note

app = typer.Typer(help="Verify the audit trail, show its key.", no_args_is_help=True)

_OLDEST: Final = timedelta(days=3660)
_SHOWN: Final = 20


@app.command("verify")
def run_verify(
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="FILE", help="The keys that you trust; `aegis-otel audit key` shows one."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--trail", metavar="FOLDER", help="A trail.  [default: AEGIS_AUDIT_DIR]")
    ] = None,
    exported: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="JSON lines, also packed with gzip.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", metavar="STORE", help="auto (the one in use), file, loki or victorialogs.")
    ] = None,
    service: Annotated[str | None, typer.Option(metavar="NAME", help="Of a store: this service only.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Of a store: not before this time; chains must be whole.")
    ] = None,
    evidence: Annotated[
        list[Path] | None,
        typer.Option("--evidence", metavar="FILE", help="Checkpoints that a witness has signed; several are fine."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="When the records were taken.  [default: now]")
    ] = None,
    tail: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Accept unproven last records that are younger.")
    ] = 0.0,
    allow_unsealed: Annotated[
        bool, typer.Option("--allow-unsealed", help="Only count audit records without a seal.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Prove that audit records are whole and unchanged; the status is 0 for OK only.

    20 TAMPERED, 21 FORK, 22 MISSING, 23 MASKED, 24 NOT VERIFIED, 25 UNSEALED, 26 TAIL UNPROVEN. The keys come from your
    own file, never from the trail.
    """
    if sum(each is not None for each in (folder, exported, store)) > 1:
        terminal.fail("give one of --trail, --export and --store", status=2)
    now = datetime.now(timezone.utc)
    try:
        trusted = trust.Trust() if keys is None else trust.read_trust(keys)
        notes = [note for file in evidence or () for note in sources.evidence(file)]
        moment = now if as_of is None else parse_since(as_of, now)
        given = _given(folder, exported, store, service, now - _OLDEST if since is None else parse_since(since, now))
    except (ValueError, StoreError) as error:
        terminal.fail(str(error), status=2)
    rules = verify.Rules(now=moment, tail=tail, unsealed_allowed=allow_unsealed)
    try:
        report = verify.verify(given, trusted, notes, rules)
    except trails.AuditKeyError as error:
        terminal.fail(str(error), status=2)
    _show(report, as_json)
    raise typer.Exit(report.state.value)


@app.command("key")
def show_key() -> None:
    """Show the public node key, as a line for the file of keys that a verifier trusts."""
    file = _settings().audit_key_file
    try:
        line = trails.trust_line(file)
    except trails.AuditKeyError as error:
        terminal.fail(str(error))
    terminal.say(line)


@app.command("rotate")
def rotate_key() -> None:
    """Replace the node key by a new one; both sign that. Processes take the new key when they start."""
    now = datetime.now(timezone.utc)
    try:
        line = trails.rotate(_settings().audit_key_file, iso_time(now))
    except trails.AuditKeyError as error:
        terminal.fail(str(error))
    terminal.say(line)
    terminal.warn(
        f"for verifiers: add this line, and until={iso_time(now)} to that of the old key once no process has it"
    )


def _given(
    folder: Path | None, exported: Path | None, store: str | None, service: str | None, since: datetime
) -> verify.Input:
    if exported is not None:
        return sources.export(exported)
    current = _settings()
    if store is not None:
        opened = open_store(current, read_note(current.data_dir), store)
        return sources.store(opened, Query(service=service, since=since, limit=10**9))
    return sources.folder(folder or current.audit_dir)


def _settings() -> settings.Settings:
    try:
        return settings.read()
    except settings.SettingsError as error:
        terminal.fail(str(error), status=2)


def _show(report: states.Report, as_json: bool) -> None:
    if as_json:
        terminal.say(terminal.safe_json(json.dumps(_as_map(report), ensure_ascii=False)))
        return
    terminal.say(
        f"{report.state}: {report.records} sealed records in {report.chains} chains, {report.proven} proven, "
        f"{report.unsealed} unsealed"
    )
    for problem in report.problems[:_SHOWN]:
        where = f"chain {problem.chain}" if problem.chain else "no chain"
        number = "" if problem.seq is None else f", record {problem.seq}"
        place = f" ({problem.place})" if problem.place else ""
        terminal.say(f"{problem.state}: {where}{number}: {problem.text}{place}")
    if len(report.problems) > _SHOWN:
        terminal.say(f"and {len(report.problems) - _SHOWN} more; --json shows all")
    if report.duplicates:
        terminal.warn(f"DUPLICATE: {report.duplicates} records are there more than once, equal in all fields")
    for note in report.notes:
        terminal.warn(note)


def _as_map(report: states.Report) -> dict[str, Any]:
    return {
        "state": str(report.state),
        "exit": report.state.value,
        "records": report.records,
        "chains": report.chains,
        "proven": report.proven,
        "duplicates": report.duplicates,
        "unsealed": report.unsealed,
        "problems": [
            {
                "state": str(each.state),
                "text": each.text,
                "chain": each.chain,
                "seq": each.seq,
                "place": each.place,
            }
            for each in report.problems
        ],
        "notes": report.notes,
    }
