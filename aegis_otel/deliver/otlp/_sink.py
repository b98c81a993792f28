"""Records to an OpenTelemetry Collector: the part that the writer thread calls.

It encodes (`aegis_otel.deliver.otlp._encoder`) and appends to the pending requests (`aegis_otel.deliver.spool`: disk
first). The exporter (`aegis_otel.deliver.otlp._exporter`), a separate thread, takes them from there and sends them. So
the network never blocks the writer, and memory stays flat while the Collector is away. A record is on disk from the
return of `write` until a Collector has it.

A record may arrive twice: if the process is killed after an acknowledgement but before it is noted. As long as the
spool has room, every record arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from operator import not_
from pathlib import Path
from typing import Any, Final

from opentelemetry.metrics import Meter
from opentelemetry.sdk.resources import Resource

from aegis_otel import lifecycle
from aegis_otel.deliver._sink import Warn
from aegis_otel.deliver.otlp._encoder import Encoder
from aegis_otel.deliver.otlp._exporter import Exporter
from aegis_otel.deliver.otlp._messages import Messages
from aegis_otel.deliver.otlp._metrics import observe
from aegis_otel.deliver.otlp._stats import Stats
from aegis_otel.deliver.otlp._transport import Protocols, silence_exports
from aegis_otel.deliver.spool import MANY, DeadLetters, Pending, Spool, service_name
from aegis_otel.schema import Record, is_audit

SPOOL_BYTES: Final = 256 * 1024 * 1024
SCHEDULE_DELAY: Final = 0.2
"""Default seconds that a record waits for others before it is sent."""


class OtlpSink:
    """The OTLP output (`aegis_otel.deliver.Sink`).

    Args:
        resource: the source of the records; its `service.name` also names this service's part of the spool.
        protocol: of OTLP; the standard `OTEL_EXPORTER_OTLP_*` variables set endpoint, TLS, headers and compression.
        spool_dir: folder that this and other processes share; None keeps pending requests in memory only.
        spool_bytes: maximum bytes of that folder.
        export_timeout: seconds of one attempt to send; None: `OTEL_EXPORTER_OTLP_TIMEOUT` decides.
        schedule_delay: seconds that a record waits for others before it is sent (`OTEL_BLRP_SCHEDULE_DELAY`).
        batch_size: maximum records of a request (`OTEL_BLRP_MAX_EXPORT_BATCH_SIZE`); None limits requests by bytes
            only. Spool entries of an earlier process keep their size.
        warn: tells people of problems.
        native: the extension's module for the encoder, or None.
    """

    def __init__(
        self,
        resource: Resource,
        *,
        protocol: Protocols = "grpc",
        spool_dir: Path | None = None,
        spool_bytes: int = SPOOL_BYTES,
        export_timeout: float | None = None,
        schedule_delay: float = SCHEDULE_DELAY,
        batch_size: int | None = None,
        warn: Warn,
        native: Any = None,
    ) -> None:
        self._service = str(resource.attributes.get("service.name", "unknown_service"))
        self._protocol: Protocols = protocol
        self._spool_dir = spool_dir
        self._spool_bytes = spool_bytes
        self._export_timeout = export_timeout
        self._delay = schedule_delay
        self._batch_size = batch_size or MANY
        self._warn = warn
        self._encoder = Encoder(resource, native=native)
        self.queue_counts: Callable[[], tuple[int, int]] = lambda: (0, 0)
        """Numbers of records that wait, and that were dropped, in the queue before this sink: for `stats`."""
        self._on_export: Callable[[float, Mapping[str, str]], None] = lambda seconds, attributes: None
        self._reset()
        silence_exports()
        if self._pending.spool is not None and self._pending.spool.has_abandoned():
            self._exporter.start()

    def _reset(self) -> None:
        self._encode_lock = lifecycle.lock()
        spool = letters = None
        if self._spool_dir is not None:
            spool = Spool(self._spool_dir, self._service, limit=self._spool_bytes)
            letters = DeadLetters(self._spool_dir, service_name(self._service))
        self._pending = Pending(spool, self._warn)
        self._stats = Stats()
        self._messages = Messages(self._warn, self._spool_dir)
        self._exporter = Exporter(
            self._pending,
            letters,
            self._stats,
            self._messages,
            protocol=self._protocol,
            timeout=self._export_timeout,
            delay=self._delay,
            batch_size=self._batch_size,
            snapshot=self.stats,
            on_export=self._count_export,
        )
        lifecycle.register(self._exporter)

    def __str__(self) -> str:
        return "the spool" if self._spool_dir is not None else "the OTLP output"

    # The writer thread, and for `write_durable` any.

    def write(self, records: Sequence[Record]) -> None:
        """Take a batch; after the return its records are in the spool. Never raises."""
        audit = list(map(is_audit, records))
        if True not in audit:
            self._keep(records, audit=False)
            return
        self._keep(list(compress(records, audit)), audit=True)
        if False in audit:
            self._keep(list(compress(records, map(not_, audit))), audit=False)

    def write_durable(self, records: Sequence[Record]) -> bool:
        """Like `write`, from any thread, but return only when the records are on the disk itself.

        Returns:
            False if there is no spool or it cannot be written; then memory keeps the records as usual.
        """
        return self._keep(records, audit=True, durable=True)

    def _keep(self, records: Sequence[Record], *, audit: bool, durable: bool = False) -> bool:
        pending = self._pending
        on_disk = True
        size = 0
        most = self._batch_size
        with self._encode_lock:
            if len(records) <= most:
                requests = self._encoder.encode(records)
            else:
                requests = []
                for start in range(0, len(records), most):
                    requests += self._encoder.encode(records[start : start + most])
        for request in requests:
            on_disk &= pending.append(request.payload, request.records, audit=audit, durable=durable or audit)
            size += len(request.payload)
        self._stats.accepted += len(records)
        if self._exporter.is_away:
            self._stats.spooled += len(records)
        if size:
            self._exporter.wake(size)
        if pending.dropped:
            self._messages.dropped(pending.dropped, pending.dropped_audit)
        return on_disk

    # Any thread.

    def flush(self, deadline: float) -> bool:
        """Send all records written so far; true if a Collector had them all by `deadline` (of `time.monotonic`).

        If the Collector does not answer, the wait ends early: the records stay where they are.
        """
        return self._exporter.flush(deadline)

    @property
    def is_kept(self) -> bool:
        """Whether all that was written is acknowledged or outlives the process in the spool."""
        return self._pending.memory.pending_records == 0

    def close(self, deadline: float) -> None:
        """Send the remaining records, until `deadline` at most; unsent ones stay in the spool for the next start."""
        self._exporter.close(deadline)

    def after_fork(self) -> None:
        """In the child: start anew. The parent sends its own unsent records."""
        self._exporter.abandon()
        self._reset()

    def report_metrics(self, meter: Meter | None = None) -> None:
        """Report `stats` and the duration of each export as OpenTelemetry metrics.

        Args:
            meter: None: the global provider's meter ``aegis_otel``.
        """
        self._on_export = observe(self.stats, meter)

    def _count_export(self, seconds: float, attributes: Mapping[str, str]) -> None:
        try:
            self._on_export(seconds, attributes)
        except Exception as error:
            self._warn(f"the duration of an export could not be counted: {type(error).__name__}")

    def stats(self) -> dict[str, int | float]:
        """Counters since the process started, and the pending records now.

        Keys: `accepted`, `delivered`, `spooled` (had to wait for a Collector), `dropped`, `retried`,
        `refused` (those of `dropped` that a Collector refused; see `aegis_otel.deliver.spool.DeadLetters`),
        `pending` (records), `pending_bytes` (records of earlier processes included), `torn` (stretches of
        spool files that could not be read), `damaged` (records in them, at least), `away` (0 or 1), `export_seconds`
        (of the last attempt).
        """
        queued, dropped = self.queue_counts()
        return self._stats.as_mapping(self._pending, queued=queued, dropped=dropped, away=self._exporter.is_away)
