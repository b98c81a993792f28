"""Checks of delivery from this machine: the spool, refused records, and the counters of each process."""

from __future__ import annotations

from pathlib import Path

from aegis_otel.deliver.spool import DEAD_LETTER_FOLDER, find_dead_letters, read_stats, waiting
from aegis_otel.health._files import unwritable
from aegis_otel.health._finding import Finding, Verdict, amount
from aegis_otel.settings import Settings


def check_spool(current: Settings) -> list[Finding]:
    """Whether records can wait on disk while the Collector is away, and how many do."""
    what = "spool"
    if not current.spool_enabled or not current.otlp_enabled:
        text = "AEGIS_SPOOL_ENABLED=false, or nothing goes to a Collector"
        next_step = "set AEGIS_SPOOL_ENABLED and OTEL_LOGS_EXPORTER to have records wait on disk for a Collector"
        return [Finding(what, Verdict.OFF, text, next_step=next_step)]
    folder = current.spool_dir
    problem = unwritable(folder)
    if problem is not None:
        next_step = "records are lost while the Collector is away: set AEGIS_SPOOL_DIR"
        return [Finding(what, Verdict.WRONG, problem.text, next_step=next_step, cause=problem.cause)]
    found = waiting(folder)
    limit = amount(current.spool_max_bytes)
    if not found:
        return [Finding.fine(what, f"{folder}: nothing waits, {limit} may")]
    parts = ", ".join(f"{amount(size)} of {service}" for service, size in sorted(found.items()))
    text = f"{folder}: waiting for the Collector: {parts}; {limit} may"
    return [Finding(what, Verdict.NOTE, text, next_step="the next process of that service that logs sends them")]


def check_refused(folder: Path) -> list[Finding]:
    """What Collectors have refused of the records of services here."""
    return [
        Finding(
            "refused records",
            Verdict.WRONG,
            f"{folder / DEAD_LETTER_FOLDER}: {found.records} of {found.service} ({found.kind})",
            next_step="`aegis-otel spool` shows them and sends them again",
        )
        for found in find_dead_letters(folder)
        if found.records
    ]


def check_delivery(folder: Path) -> list[Finding]:
    """What the processes that deliver from this machine have counted, together."""
    found = read_stats(folder)
    if not found:
        return []

    def total(name: str) -> float:
        return sum(process.counts.get(name, 0) for process in found)

    what = "delivery"
    alive = sum(process.alive for process in found)
    dropped = total("dropped")
    text = (
        f"{alive} processes run, {len(found) - alive} are gone and left records: {total('accepted'):.0f} records"
        f" accepted, {total('delivered'):.0f} delivered, {total('pending'):.0f} wait, {dropped:.0f} dropped"
    )
    if dropped:
        next_step = "the app's stderr says why; a larger AEGIS_SPOOL_MAX_BYTES keeps more"
        return [Finding(what, Verdict.WRONG, text, next_step=next_step)]
    if any(process.counts.get("away") for process in found if process.alive):
        return [Finding(what, Verdict.NOTE, text, next_step="a Collector is away: start it, or look at its log")]
    return [Finding.fine(what, text)]
