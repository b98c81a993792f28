"""Checks of the stores that the Collector feeds."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from aegis_otel.health._collector import SECONDS
from aegis_otel.health._files import contents
from aegis_otel.health._finding import Finding, Verdict, amount
from aegis_otel.settings import Settings, name_of
from aegis_otel.stores import UpNote, chosen_stores, without_credentials


def check_stores(current: Settings, note: UpNote | None) -> list[Finding]:
    """Whether each store that the settings switch on is there and answers."""
    findings = []
    names = chosen_stores(current)
    if "loki" in names and current.loki_url is not None:
        from aegis_otel.stores.loki import LokiStore

        findings.append(_readiness("Loki", current.loki_url, LokiStore(current.loki_url).is_ready(), "loki_url"))
    if "victorialogs" in names and current.victorialogs_url is not None:
        from aegis_otel.stores.victorialogs import VictoriaLogsStore

        is_ready = VictoriaLogsStore(current.victorialogs_url).is_ready()
        findings.append(_readiness("VictoriaLogs", current.victorialogs_url, is_ready, "victorialogs_url"))
    if "seq" in names:
        findings.append(_seq(current.seq_url))
    if "file" in names:
        findings.append(_embedded(current.data_dir / "store", was_up=note is not None))
    return findings


def _readiness(what: str, url: str, is_ready: bool, field: str) -> Finding:
    shown = without_credentials(url)
    if is_ready:
        return Finding.fine(what, f"{shown} is ready")
    next_step = f"is it running, is {name_of(Settings, field)} right?"
    return Finding(what, Verdict.WRONG, f"{shown} is not ready", next_step=next_step)


def _seq(url: str) -> Finding:
    import httpx  # slow to import, and few commands need it

    shown = without_credentials(url)
    try:
        status = httpx.get(f"{url}/health", timeout=SECONDS).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding(
            "Seq",
            Verdict.WRONG,
            f"{shown} does not answer",
            cause=str(error),
            next_step="is it running, is SEQ_URL right?",
        )
    if status in (200, 401, 403):
        return Finding.fine("Seq", f"{shown} answers")
    return Finding("Seq", Verdict.WRONG, f"{shown} answers with status {status}", next_step="is SEQ_URL right?")


def _embedded(folder: Path, *, was_up: bool) -> Finding:
    what = "embedded store"
    try:
        there, readable = stat.S_ISDIR(folder.stat().st_mode), os.access(folder, os.R_OK | os.X_OK)
    except PermissionError:
        there, readable = True, False
    except OSError:
        there = False
    if not there:
        verdict = Verdict.WRONG if was_up else Verdict.NOTE
        return Finding(what, verdict, f"{folder} is not there yet", next_step="`aegis-otel up` makes it")
    if not readable:
        text = f"{folder} may not be read by this user"
        return Finding(what, Verdict.WRONG, text, next_step="read it as the user that runs `aegis-otel up`")
    count, size = contents(folder)
    return Finding.fine(what, f"{folder}: {count} files, {amount(size)}")
