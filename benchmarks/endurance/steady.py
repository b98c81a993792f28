"""20,000 records a second from one app with the Collector up, and 8 threads at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmarks.__main__ import run_peer
from benchmarks.bars import Bar, at_least, none, under
from benchmarks.endurance import stores
from benchmarks.endurance.outcome import Outcome
from benchmarks.endurance.watch import say
from benchmarks.receiver import Receiving, receiving
from tests.support.collector import Collector

RATE = 20_000
MESSAGE = re.compile(rb"order (\d+) was created")
WARM_UP = 200
"""Records that benchmarks.app logs before it measures; their numbers come again."""


def steady_20k(folder: Path, scale: float) -> Outcome:
    """20,000 records/s for 30 s: 0 lost; with 8 threads p99.9 of a log call under 1 ms."""
    figures: dict[str, Any] = {}
    bars: list[Bar] = []
    with receiving(folder) as light:
        for threads in (1, 8):
            name = f"light receiver, {threads} threads"
            row = _run(name, light, folder, 30 * scale, threads)
            _add(name, row, row["lost"], figures, bars)
    for threads in (1, 8):
        name = f"whole Collector, {threads} threads"
        below = folder / f"collector-{threads}"
        with Collector(below, "file") as collector:
            receiver = Receiving(
                f"http://127.0.0.1:{collector.grpc_port}",
                f"http://127.0.0.1:{collector.port}",
                f"http://127.0.0.1:{collector.metrics_port}/metrics",
                "the whole Collector with the file store",
            )
            row = _run(name, receiver, folder, 30 * scale, threads)
            there = {int(match[1]) for match in stores.matches(collector.data, MESSAGE)}
            _add(name, row, row["records"] - WARM_UP - len(there), figures, bars)
    return Outcome("steady-20k", figures, bars)


def _run(name: str, receiver: Receiving, folder: Path, seconds: float, threads: int) -> dict[str, Any]:
    say(f"steady-20k: {name}")
    return run_peer("aegis-grpc", RATE, seconds, receiver, folder, threads)


def _add(name: str, row: dict[str, Any], lost: int, figures: dict[str, Any], bars: list[Bar]) -> None:
    figures[f"{name}: records"] = row["records"]
    figures[f"{name}: p50 / p99 / p99.9 of a call, µs"] = f"{row['p50']} / {row['p99']} / {row['p999']}"
    figures[f"{name}: CPU µs a record"] = row["cpu"]
    figures[f"{name}: RSS growth MB"] = row["rss_growth_mb"]
    bars += [
        at_least(f"{name}: records/s reached", row["rate"], 0.99 * RATE),
        none(f"{name}: records lost", lost),
    ]
    if "8" in name:
        bars.append(under(f"{name}: p99.9 of a call, µs", row["p999"], 1000))
