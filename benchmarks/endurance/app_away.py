"""An app under `opentelemetry-instrument` while the Collector is away for minutes, left alone or killed."""

from __future__ import annotations

import re
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bars import Bar, at_least, at_most, none, under
from benchmarks.endurance import stores
from benchmarks.endurance.outcome import Outcome
from benchmarks.endurance.watch import Watch, folder_mb, memory_mb, say
from tests.support.apps import clean_environment, command
from tests.support.collector import Collector
from tests.support.processes import StartedProcess, wait_for

RATE = 1_000
AWAY = 300.0
LEAD = 10.0
"""Seconds with the Collector up, before and after."""

KILLS = 3
SERVICE = Path(__file__).with_name("service.py")
MESSAGE = re.compile(rb"run (\d+) step (\d{10})")


class App:
    """The app of `service.py`; each start is a run with a journal of its own."""

    def __init__(self, folder: Path, collector: Collector) -> None:
        self._folder = folder
        self.spool = folder / "spool"
        self._env = clean_environment(
            SERVICE_NAME="endurance",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.grpc_port}",
            LOG_CONSOLE_ENABLED="false",
            LOG_FILE_ENABLED="false",
            AEGIS_SPOOL_DIR=str(self.spool),
            AEGIS_SHUTDOWN_TIMEOUT="30",
        )
        self.runs = 0
        self.process: StartedProcess | None = None

    def start(self) -> None:
        argv, more = command("instrument", str(SERVICE), str(RATE), str(self._journal(self.runs)), str(self.runs))
        self.process = StartedProcess(argv, log=self._folder / "app.log", env=self._env | more, cwd=self._folder)
        journal = self._journal(self.runs)
        self.runs += 1
        self.process.wait_until(journal.exists, what="the app to log")

    def memory_mb(self) -> float:
        return memory_mb(self.process.pid) if self.process is not None else 0.0

    def _journal(self, run: int) -> Path:
        return self._folder / f"journal-{run}"

    def logged(self, run: int) -> array[int]:
        """When each record of a run was logged, in nanoseconds since the epoch."""
        content = self._journal(run).read_bytes()
        return array("q", content[: len(content) // 8 * 8])

    def output(self) -> str:
        return (self._folder / "app.log").read_text(encoding="utf-8", errors="replace")


class Arrived:
    """The records in the embedded store, by run, in the order of arrival."""

    def __init__(self, collector: Collector, runs: int) -> None:
        self.order: list[list[int]] = [[] for _ in range(runs)]
        for match in stores.matches(collector.data, MESSAGE):
            self.order[int(match[1])].append(int(match[2]))

    def twice(self) -> int:
        return sum(len(order) - len(set(order)) for order in self.order)

    def out_of_order(self) -> int:
        """Records that came after a later one of their process, the second of a pair left out."""
        found = 0
        for order in self.order:
            latest = -1
            for number in dict.fromkeys(order):
                found += number < latest
                latest = max(latest, number)
        return found


@contextmanager
def running(folder: Path) -> Iterator[tuple[Collector, App]]:
    with Collector(folder, "file") as collector:
        app = App(folder, collector)
        try:
            yield collector, app
        finally:
            if app.process is not None:
                app.process.stop()


def come_back(name: str, collector: Collector, app: App) -> float:
    """Start the Collector again and wait until the app has sent what it kept; the seconds that took."""
    collector.start()
    back = time.monotonic()
    say(f"{name}: the Collector is back")
    wait_for(lambda: folder_mb(app.spool) < 0.1, seconds=180, what="the spool to be sent")
    return time.monotonic() - back


def end(name: str, collector: Collector, app: App) -> None:
    """Stop the app and wait until the store has all that it logged."""
    assert app.process is not None
    app.process.stop()
    expected = sum(len(app.logged(run)) for run in range(app.runs))

    def count() -> int:
        # What arrived twice is one record: else the count would be reached before the last ones are there.
        return len({match.groups() for match in stores.matches(collector.data, MESSAGE)})

    stores.settled(f"{name}: in the store", count, expected, patience=20)


def collector_away(folder: Path, scale: float) -> Outcome:
    """The Collector away for 5 minutes at 1,000 records/s: nothing lost, in order, in flat memory."""
    away, lead = AWAY * scale, max(LEAD * scale, 1.5)
    with running(folder) as (collector, app):
        app.start()
        figures = {"app RSS MB": app.memory_mb, "spool MB": lambda: folder_mb(app.spool)}
        with Watch("collector-away", figures) as watch:
            time.sleep(lead)
            collector.stop()
            say("collector-away: the Collector is stopped")
            before = app.memory_mb()
            time.sleep(away)
            spool = folder_mb(app.spool)
            during = max(row["app RSS MB"] for row in watch.rows)
            drain = come_back("collector-away", collector, app)
            time.sleep(lead)
            assert app.process is not None
            peak = memory_mb(app.process.pid, "VmHWM")
        end("collector-away", collector, app)
        logged = app.logged(0)
        arrived = Arrived(collector, app.runs)
        said = [line for line in app.output().splitlines() if "dropped so far" in line or "lost" in line]
    lost = len(logged) - len(set(arrived.order[0]))
    return Outcome(
        "collector-away",
        {
            "records logged": len(logged),
            "seconds away": away,
            "spool when the Collector came back, MB": spool,
            "until the spool was sent, s": drain,
            "records twice in the store": arrived.twice(),
            "app RSS before, MB": before,
            "app RSS growth while away, MB": during - before,
            "what the app said of losses": "; ".join(said) or "nothing",
        },
        [
            at_least("records/s logged", _rate(logged), 0.99 * RATE),
            none("records lost", lost),
            none("records out of order", arrived.out_of_order()),
            under("app RSS growth, drain included, MB", peak - before, 50),
        ],
        watch.rows,
    )


def _rate(logged: array[int]) -> float:
    return round(len(logged) / max((logged[-1] - logged[0]) / 1e9, 1e-9), 1)


def app_killed(folder: Path, scale: float) -> Outcome:
    """The same, with the app killed (SIGKILL) and started again: at most its last 100 ms are lost."""
    away, lead = AWAY * scale, max(LEAD * scale, 1.5)
    killed_at: list[int] = []
    with running(folder) as (collector, app):
        app.start()
        with Watch("app-killed", {"app RSS MB": app.memory_mb, "spool MB": lambda: folder_mb(app.spool)}) as watch:
            time.sleep(lead)
            collector.stop()
            say("app-killed: the Collector is stopped")
            for _ in range(KILLS):
                time.sleep(away / (KILLS + 1))
                assert app.process is not None
                killed_at.append(time.time_ns())
                app.process.kill()
                say("app-killed: the app is killed, and started again")
                app.start()
            time.sleep(away / (KILLS + 1))
            drain = come_back("app-killed", collector, app)
            time.sleep(lead)
        end("app-killed", collector, app)
        arrived = Arrived(collector, app.runs)
        runs = [app.logged(run) for run in range(app.runs)]
    lost_ms: list[float] = []
    holes = 0
    lost = 0
    for logged, order in zip(runs, arrived.order, strict=True):
        there = set(order)
        missing = [number for number in range(len(logged)) if number not in there]
        lost += len(missing)
        # Only the end may be missing: a record that is gone though a later one arrived is a hole.
        holes += sum(number < max(there, default=-1) for number in missing)
        lost_ms.append((logged[-1] - logged[missing[0]]) / 1e6 if missing else 0.0)
    last = lost_ms.pop()
    bars: list[Bar] = [
        at_most("ms of records lost before a kill, the worst", round(max(lost_ms), 1), 100),
        none("records lost elsewhere", holes + round(last > 0)),
        none("records out of order in their process", arrived.out_of_order()),
    ]
    return Outcome(
        "app-killed",
        {
            "records logged": sum(map(len, runs)),
            "seconds away": away,
            "kills": KILLS,
            "records lost": lost,
            "until the spool was sent, s": drain,
            "ms lost at each kill": ", ".join(f"{ms:.1f}" for ms in lost_ms),
            "records twice in the store": arrived.twice(),
        },
        bars,
        watch.rows,
    )
