"""The Collector under a flood, and while its store is away: real Collector, real VictoriaLogs, real time."""

from __future__ import annotations

import re
import sys
import threading
import time
from pathlib import Path

from benchmarks.bars import at_least, none, under
from benchmarks.endurance import sender, stores
from benchmarks.endurance.outcome import Outcome, quantile
from benchmarks.endurance.watch import Watch, folder_mb, memory_mb, say
from tests.support.collector import Collector
from tests.support.otlp import Log, post, request
from tests.support.processes import StartedProcess
from tests.support.victorialogs import VictoriaLogs

FLOOD = '{service="flood"}'
AUDIT = '{complianceLevel="HIPAA"}'
MEMORY_LIMIT_MB = 512
"""The default of AEGIS_MEMORY_LIMIT_MIB."""

_PROBE = re.compile(rb"AUDIT: READ probe-(\d+)")


def start_sender(folder: Path, port: int, rate: float, seconds: float) -> StartedProcess:
    argv = [sys.executable, "-m", "benchmarks.endurance.sender", str(port), str(rate), str(seconds)]
    return StartedProcess(argv, log=folder / "sender.log")


class AuditProbe:
    """Sends an audit record every `period` seconds and notes when each is seen in the file store and in VictoriaLogs.

    What VictoriaLogs has is asked for over and over, so its latencies include a query and up to one pause between two.
    """

    PERIOD = 0.2
    PAUSE = 0.1

    def __init__(self, collector: Collector, store: VictoriaLogs) -> None:
        self._collector = collector
        self._store = store
        self._tail = stores.Tail(collector.data)
        self._ended = threading.Event()
        self.sent: dict[int, int] = {}
        self.in_file: dict[int, int] = {}
        self.in_store: dict[int, int] = {}
        self._threads = [
            threading.Thread(target=run, daemon=True) for run in (self._send, self._watch_file, self._watch_store)
        ]

    def _send(self) -> None:
        started = time.monotonic()
        while not self._ended.is_set():
            number = len(self.sent)
            message = request(
                [Log(f"AUDIT: READ probe-{number}", 9, {"auditAction": "READ", "complianceLevel": "HIPAA"})]
            )
            self.sent[number] = time.time_ns()
            while not self._taken(message):
                time.sleep(0.1)
            self._ended.wait(max(0.0, started + (number + 1) * self.PERIOD - time.monotonic()))

    def _taken(self, message: object) -> bool:
        try:
            return post(self._collector.port, message) == 200  # type: ignore[arg-type]
        except OSError:
            return False

    def _done(self, seen: dict[int, int]) -> bool:
        return self._ended.is_set() and (len(seen) == len(self.sent) or time.monotonic() > self._deadline)

    _deadline = float("inf")

    def _watch_file(self) -> None:
        while not self._done(self.in_file):
            for match in _PROBE.finditer(self._tail.read()):
                self.in_file.setdefault(int(match[1]), time.time_ns())
            time.sleep(0.02)
        self._tail.close()

    def _watch_store(self) -> None:
        while not self._done(self.in_store):
            missing = [self.sent[number] for number in list(self.sent) if number not in self.in_store]
            if missing:
                try:
                    found, _ = stores.numbers(self._store, AUDIT, _PROBE, min(missing) - 10**9)
                except (
                    OSError,
                    AssertionError,
                ) as error:  # a busy VictoriaLogs may refuse a query; what counts is when it answers
                    say(f"debug-flood: VictoriaLogs did not answer a query: {error}")
                    continue
                now = time.time_ns()
                for number in found:
                    self.in_store.setdefault(number, now)
            time.sleep(self.PAUSE)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self, patience: float = 60) -> None:
        """Send no more; wait until the last is seen."""
        self._deadline = time.monotonic() + patience
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def latencies(self, seen: dict[int, int]) -> list[float]:
        """Seconds; infinite for what was never seen."""
        return [(seen[number] - at) / 1e9 if number in seen else float("inf") for number, at in self.sent.items()]


def debug_flood(folder: Path, scale: float) -> Outcome:
    """20,000 debug records/s for 30 s; audit records sent meanwhile arrive within 2 s."""
    rate, seconds = 20_000, 30 * scale
    with (
        VictoriaLogs(folder / "victorialogs") as store,
        Collector(folder, "victorialogs", "file", env={"AEGIS_VICTORIALOGS_URL": store.url}) as collector,
    ):
        assert collector.process is not None
        pid = collector.process.pid
        began = time.time_ns()
        probe = AuditProbe(collector, store)
        figures = {"Collector RSS MB": lambda: memory_mb(pid), "queue MB": lambda: folder_mb(collector.data / "queue")}
        with Watch("debug-flood", figures) as watch:
            probe.start()
            with start_sender(folder, collector.port, rate, seconds) as process:
                process.wait(seconds * 10 + 60)
                told = stores.result(process.output())
            say(f"debug-flood: {told['sent']:,} records sent at {told['rate']:,}/s")
            probe.end()
            sent = int(told["sent"])
            after = stores.settled("debug-flood: in VictoriaLogs", lambda: store.count(FLOOD), sent)
        in_store, records = stores.numbers(store, FLOOD, sender.MESSAGE, began)
        arrived = [int(match[1]) for match in stores.matches(collector.data, sender.MESSAGE)]
        peak = memory_mb(pid, "VmHWM")
    in_file = set(arrived)
    file_latency, store_latency = probe.latencies(probe.in_file), probe.latencies(probe.in_store)
    audits = len(probe.sent)
    return Outcome(
        "debug-flood",
        {
            "debug records sent": sent,
            "records/s reached": told["rate"],
            "slowest answer of the Collector, ms": told["slowest_answer_ms"],
            "requests that had to be sent again": told["refused"],
            "audit records sent": audits,
            "audit to file, p50 ms": quantile(file_latency, 0.5) * 1e3,
            "audit to VictoriaLogs (seen by a query), p50 ms": quantile(store_latency, 0.5) * 1e3,
            "until all debug records were in VictoriaLogs, s after the last": after,
            "debug records twice in the file": len(arrived) - len(in_file),
            "debug records twice in VictoriaLogs": records - len(in_store),
            "Collector peak RSS MB": peak,
        },
        [
            at_least("records/s reached", told["rate"], 0.99 * rate),
            under("audit to file, p99 s", quantile(file_latency, 0.99), 2),
            under("audit to VictoriaLogs, p99 s", quantile(store_latency, 0.99), 2),
            none("audit records missing in the file", audits - len(probe.in_file)),
            none("audit records missing in VictoriaLogs", audits - len(probe.in_store)),
            none("debug records missing in the file", sent - len(in_file)),
            none("debug records missing in VictoriaLogs", sent - len(in_store)),
        ],
        watch.rows,
    )


def store_away(folder: Path, scale: float) -> Outcome:
    """VictoriaLogs away for 2 minutes at 2,000 records/s: all there after, in bounded memory."""
    rate, lead, away = 2_000, max(5 * scale, 1.0), 120 * scale
    store = VictoriaLogs(folder / "victorialogs")
    with store, Collector(folder, "victorialogs", env={"AEGIS_VICTORIALOGS_URL": store.url}) as collector:
        assert collector.process is not None
        pid = collector.process.pid
        began = time.time_ns()
        figures = {"Collector RSS MB": lambda: memory_mb(pid), "queue MB": lambda: folder_mb(collector.data / "queue")}
        with (
            Watch("store-away", figures) as watch,
            start_sender(folder, collector.port, rate, 2 * lead + away) as process,
        ):
            time.sleep(lead)
            store.stop()
            say("store-away: VictoriaLogs is stopped")
            time.sleep(away)
            queue = folder_mb(collector.data / "queue")
            store.start()
            say("store-away: VictoriaLogs is back")
            process.wait(away + 10 * lead + 60)
            told = stores.result(process.output())
            sent = int(told["sent"])
            after = stores.settled("store-away: in VictoriaLogs", lambda: store.count(FLOOD), sent)
        in_store, records = stores.numbers(store, FLOOD, sender.MESSAGE, began)
        peak = memory_mb(pid, "VmHWM")
        dead = sum(file.stat().st_size for file in (collector.data / "dead-letter").glob("*"))
    return Outcome(
        "store-away",
        {
            "records sent": sent,
            "records/s reached": told["rate"],
            "seconds away": away,
            "requests that had to be sent again": told["refused"],
            "slowest answer of the Collector, ms": told["slowest_answer_ms"],
            "queue on disk when VictoriaLogs came back, MB": queue,
            "until all were in VictoriaLogs, s after the last was sent": after,
            "records twice in VictoriaLogs": records - len(in_store),
            "bytes in dead letters": dead,
        },
        [
            at_least("records/s reached", told["rate"], 0.99 * rate),
            none("records missing in VictoriaLogs", sent - len(in_store)),
            under("Collector peak RSS MB", peak, MEMORY_LIMIT_MB),
        ],
        watch.rows,
    )
