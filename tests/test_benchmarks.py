"""That the benchmarks count what they say they count."""

from __future__ import annotations

import subprocess
import sys

from benchmarks import report, wsgi
from benchmarks.app import cpu_seconds

BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint('done', flush=True)\nimport sys\nsys.stdin.read()"


def test_cpu_of_helpers_counts_while_they_run_and_after() -> None:
    before = cpu_seconds()
    with subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as helper:
        assert helper.stdout
        assert helper.stdin
        helper.stdout.readline()
        running = cpu_seconds() - before
        helper.stdin.close()
    assert running >= 0.25
    assert cpu_seconds() - before >= 0.25


def peer(cpu: float, p50: float = 10.0) -> report.Result:
    return {"peer": "", "cpu": cpu, "p50": p50, "p99": 1, "p999": 900, "lost": 0, "rss_mb": 50, "rate": 20_000}


def test_what_is_promised_is_compared_within_the_run() -> None:
    peers = {"aegis-grpc": peer(10, 7), "json-file": peer(10, 10), "otel-grpc": peer(40)}
    loss = peer(10) | {"peer": "aegis-grpc", "asked": 20_000, "lost": 1, "records": 600_000}
    requests = {"none": {1: 1000.0}, "otel": {1: 400.0}, "aegis": {1: 700.0}}
    bars = report.bars(peers, {"aegis-grpc": peer(10)}, [loss], requests)
    missed = [bar.what for bar in bars if not bar.met]
    assert len(bars) == 8
    assert missed == ["CPU a record delivered, × stock OTel", "losses at 20,000 records/s: lost"]


def test_what_was_not_measured_is_not_judged() -> None:
    assert report.bars({"loguru": peer(70)}, {}, [], {}) == []


def test_rates_are_compared_within_a_round() -> None:
    rates = {"none": [(1000.0, 1.0), (100.0, 1.0), (500.0, 1.0)], "aegis": [(900.0, 1.0), (90.0, 1.0), (100.0, 1.0)]}
    assert wsgi.share(rates, "aegis", "none") == 0.9
