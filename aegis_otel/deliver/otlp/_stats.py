"""The counters of one process's export."""

from __future__ import annotations

from dataclasses import dataclass

from aegis_otel.deliver.spool import Pending


@dataclass
class Stats:
    """Counted since the process started, in log records; `export_seconds` is in seconds."""

    accepted: int = 0
    delivered: int = 0
    spooled: int = 0
    """Had to wait because no Collector took them."""
    retried: int = 0
    """Sent again after a failed attempt."""
    refused: int = 0
    """Refused permanently by a Collector."""
    export_seconds: float = 0.0
    """Duration of the last attempt to send, in seconds."""

    def as_mapping(self, pending: Pending, *, queued: int, dropped: int, away: bool) -> dict[str, int | float]:
        """The counters and the pending records now; for the keys see `aegis_otel.deliver.otlp.OtlpSink.stats`.

        Args:
            pending: the requests that wait for an acknowledgement.
            queued: records that wait in the queue before this sink.
            dropped: records that were dropped in that queue.
            away: whether the Collector is away.
        """
        spool = pending.spool
        return {
            "accepted": self.accepted + dropped,
            "delivered": self.delivered,
            "spooled": self.spooled,
            "dropped": pending.dropped + self.refused + dropped,
            "refused": self.refused,
            "retried": self.retried,
            "pending": pending.pending_records + queued,
            "pending_bytes": pending.pending_bytes,
            "torn": spool.torn if spool is not None else 0,
            "away": int(away),
            "export_seconds": self.export_seconds,
        }
