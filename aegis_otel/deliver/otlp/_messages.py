"""Messages to people about an export: sentences, at most one per minute for each kind of problem."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from aegis_otel.deliver._sink import Warn

_EVERY: Final = 60.0
_LONGEST: Final = 200


class Messages:
    """Messages about one export.

    Args:
        warn: takes the messages.
        folder: the place where records wait for the Collector, also after the exit; None: in memory only.
    """

    def __init__(self, warn: Warn, folder: Path | None) -> None:
        self._warn = warn
        self._folder = folder
        self._told_at: dict[str, float] = {}
        self._dropped = 0

    def _is_due(self, trouble: str) -> bool:
        """Whether to report a kind of problem now; if so, it counts as reported."""
        now = time.monotonic()
        due = now - self._told_at.get(trouble, float("-inf")) >= _EVERY
        if due:
            self._told_at[trouble] = now
        return due

    @property
    def away_told(self) -> bool:
        """Whether people know that the Collector was away."""
        return "away" in self._told_at

    def away_is_due(self) -> bool:
        """Whether to report its absence now; if so, it counts as reported."""
        return self._is_due("away")

    def away(self, where: str, detail: str, *, kept: int | None) -> None:
        """The Collector has stopped taking records; ask `away_is_due` before.

        Args:
            where: names the Collector.
            detail: the answer of the Collector or the error of the network.
            kept: bytes that the disk keeps for it; None if only memory keeps records.
        """
        if kept is None:
            waiting = "they are held in memory, as far as there is room, and sent when it does"
        else:
            waiting = f"they are kept in {self._folder}, up to {kept // 2**20} MiB, and sent when it does"
        self._warn(f"{where} does not take log records ({_shortened(detail)}); {waiting}")

    def recovered(self, where: str, *, since: float, pending: int, dropped: int) -> None:
        """The Collector takes records again; reported only if its absence was reported.

        Args:
            since: when it went away (`time.monotonic`).
            pending: records that still wait.
            dropped: records that were dropped so far.
        """
        if since <= self._told_at.get("away", float("-inf")):
            away = time.monotonic() - since
            self._warn(
                f"{where} takes log records again, after {away:.0f} s; {pending} more wait, {dropped} were dropped"
            )

    def dropped(self, records: int, audit: int) -> None:
        """Report the dropped records so far, and the audit records among them."""
        if records <= self._dropped or not self._is_due("dropped"):
            return
        self._dropped = records
        among = f", {audit} audit records among them" if audit else ""
        self._warn(
            f"{records} log records were dropped so far{among}: the Collector is away "
            "and there is no more room to keep them (AEGIS_SPOOL_MAX_BYTES)"
        )

    def refused(self, where: str, records: int, detail: str, letters: Path | None) -> None:
        """Report the refused records so far; `letters` is the folder of the dead letters that keep them."""
        if not self._is_due("refused"):
            return
        kept = "they are lost" if letters is None else f"they are kept in {letters}"
        self._warn(f"{where} refused {records} log records so far ({_shortened(detail)}); {kept}")

    def ended(self, where: str, *, in_memory: int, left: int) -> None:
        """Report at the end: `in_memory` records are lost, or `left` records (0: already reported) wait on disk."""
        if in_memory:
            self._warn(f"{in_memory} log records are lost: {where} did not take them before the exit")
        elif left:
            self._warn(
                f"{left} log records were not sent before the exit; they wait in {self._folder} for the next start"
            )

    def broken(self, error: Exception) -> None:
        """The exporter itself has failed."""
        self._warn(
            f"log export has ended with {type(error).__name__}: {error}; "
            "log records wait in the spool until the app is started again"
        )


def _shortened(detail: str) -> str:
    line = " ".join(detail.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"
