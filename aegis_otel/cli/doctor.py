"""What `aegis-otel doctor` shows: the findings of `aegis_otel.health`, and the counters of each process."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.table import Table
from rich.text import Text

from aegis_otel.cli import terminal
from aegis_otel.deliver.spool import read_stats
from aegis_otel.health import Finding, Verdict

_STYLES: Final = {Verdict.FINE: "green", Verdict.OFF: "dim", Verdict.NOTE: "yellow", Verdict.WRONG: "bold red"}
_COUNTS: Final = ("accepted", "delivered", "pending", "spooled", "retried", "dropped", "refused")


def as_table(findings: list[Finding]) -> Table:
    """For people."""
    rows = [(finding.what, Text(finding.verdict.value, _STYLES[finding.verdict]), str(finding)) for finding in findings]
    return terminal.table("aegis-otel doctor", ("what", "is", "seen"), rows)


def processes_as_table(folder: Path) -> Table | None:
    """The counters of each process that delivers from this machine, and their sums; None where there is none."""
    found = read_stats(folder)
    if not found:
        return None
    rows: list[tuple[str | Text, ...]] = []
    for process in found:
        state = Text("runs", "green") if process.alive else Text("gone", "dim")
        if process.alive and process.counts.get("away"):
            state = Text("Collector away", "yellow")
        counts = (f"{process.counts.get(name, 0):.0f}" for name in _COUNTS)
        latency = f"{process.counts.get('export_seconds', 0) * 1000:.0f} ms"
        rows.append((process.service, str(process.pid), state, *counts, latency, f"{process.age:.0f} s ago"))
    if len(found) > 1:
        sums = (f"{sum(process.counts.get(name, 0) for process in found):.0f}" for name in _COUNTS)
        rows.append(("all", "", "", *sums, "", ""))
    headings = ("service", "process", "is", *_COUNTS, "last export", "as of")
    return terminal.table("Delivery, records since each process started", headings, rows)
