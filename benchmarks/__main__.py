"""Ours and its peers side by side in one run: `python -m benchmarks`.

Writes a table and a plot to benchmarks/results/ and prints the table. Every peer runs in a process of its own, one
at a time, so that they get the same machine. Rounds are interleaved (all peers, then all again) and the median counts,
since a machine that others use has better and worse minutes.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import app, asgi, bars, encoders, report
from benchmarks.receiver import Receiving, receiving

HERE = Path(__file__).parent
THREADED = ("aegis-grpc", "otel-grpc", "json-file")
"""Peers that are also measured with several threads."""

THREADS = 8
NEEDS = {"python-json-logger": "pythonjsonlogger", "structlog-orjson": "structlog", "loguru": "loguru"}
PEERS = ("structlog", "orjson", "loguru", "python-json-logger")

Result = dict[str, Any]


def run_peer(name: str, rate: float, seconds: float, receiver: Receiving, folder: Path, threads: int = 1) -> Result:
    """One peer in its own process; its figures, and for OTLP peers how many records were lost."""
    out = folder / "out.log"
    environ = os.environ | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http if "http" in name else receiver.grpc,
        "AEGIS_SPOOL_DIR": str(folder / "spool"),
    }
    if name == "winston":
        argv = ["node", str(HERE / "winston" / "app.js"), str(rate), str(seconds), str(out)]
    else:
        argv = [sys.executable, "-m", "benchmarks.app", name, str(rate), str(seconds), str(out), str(threads)]
    before = receiver.count()
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=seconds + 180, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-2000:]}")
    result: Result = json.loads(done.stdout.strip().splitlines()[-1])
    if name.startswith(("aegis", "otel")):
        received = settled(receiver, before, result["records"])
        if not received:
            raise RuntimeError(f"nothing arrived from {name}:\n{done.stderr[-2000:]}")
        result["lost"] = result["records"] - received
        # What did not arrive was not delivered: its cost is on those that were.
        result["cpu"] = round(result["cpu"] * result["records"] / max(received, 1), 2)
    else:
        result["lost"] = 0
    out.unlink(missing_ok=True)
    return result


def settled(receiver: Receiving, before: int, expected: int) -> int:
    """How many records arrived, once no more come."""
    last = -1
    deadline = time.monotonic() + 10
    while True:
        found = receiver.count() - before
        if found >= expected or found == last or time.monotonic() > deadline:
            return found
        last = found
        time.sleep(0.5)


def available() -> list[str]:
    """The peers that can run here, installed where they can be; says what is missing for the others."""
    if not all(map(importlib.util.find_spec, NEEDS.values())):
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *PEERS], check=False)
        importlib.invalidate_caches()
    found = []
    for name in app.NAMES:
        if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
            print(f"left out: {name} (pip install {' '.join(PEERS)})", file=sys.stderr)
            continue
        if name == "aegis-grpc-pure" and importlib.util.find_spec("aegis_otel_native") is None:
            continue  # all of ours are
        found.append(name)
    if shutil.which("node") and shutil.which("npm"):
        if not (HERE / "winston" / "node_modules").is_dir():
            install = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
            subprocess.run(install, cwd=HERE / "winston", check=False, stdout=subprocess.DEVNULL)
        if (HERE / "winston" / "node_modules").is_dir():
            found.append("winston")
    else:
        print("left out: winston (no node)", file=sys.stderr)
    return found


def median(results: Sequence[Result]) -> Result:
    """The median of each figure; of losses the worst."""
    found = dict(results[0])
    for key in ("rate", "p50", "p99", "p999", "cpu", "rss_mb", "rss_growth_mb"):
        values = [result[key] for result in results if result.get(key) is not None]
        found[key] = round(statistics.median(values), 2) if values else None
    found["lost"] = max(result["lost"] for result in results)
    found["records"] = sum(result["records"] for result in results)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rate", type=float, default=10_000, help="records a second for the costs (10000)")
    parser.add_argument("--seconds", type=float, default=5, help="of each round (5)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="peers to run")
    parser.add_argument("--loss-seconds", type=float, default=30, help="of each loss run; 0 leaves them out (30)")
    parser.add_argument("--loss-rates", type=int, nargs="*", default=[5_000, 20_000, 50_000])
    parser.add_argument("--loss-peers", nargs="*", default=["aegis-grpc", "otel-grpc"])
    parser.add_argument("--asgi-seconds", type=float, default=5, help="of each ASGI run; 0 leaves them out (5)")
    options = parser.parse_args()
    names = options.only or available()
    parts = [
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs, "
        f"load {os.getloadavg()[0]:.1f} at the start; {options.rounds} rounds of {options.seconds:g} s "
        f"at {options.rate:g} records/s, medians."
    ]
    with tempfile.TemporaryDirectory() as name, receiving(Path(name)) as receiver:
        parts.append(f"Receiver: {receiver.what}.")
        rounds: dict[str, list[Result]] = {peer: [] for peer in names}
        for number in range(options.rounds):
            for peer in names:
                print(f"round {number + 1}: {peer}", file=sys.stderr)
                rounds[peer].append(run_peer(peer, options.rate, options.seconds, receiver, Path(name)))
        peers = {peer: median(results) for peer, results in rounds.items()}
        parts += ["## Cost", report.costs(peers)]
        threaded = {}
        for peer in (peer for peer in THREADED if peer in names):
            print(f"{THREADS} threads: {peer}", file=sys.stderr)
            runs = [
                run_peer(peer, options.rate, options.seconds, receiver, Path(name), THREADS)
                for _ in range(options.rounds)
            ]
            threaded[peer] = median(runs)
        parts += [f"## {THREADS} threads", report.threads(threaded)]
        rows: list[Result] = []
        for rate in options.loss_rates if options.loss_seconds else ():
            for peer in options.loss_peers:
                print(f"loss: {peer} at {rate}/s", file=sys.stderr)
                row = run_peer(peer, rate, options.loss_seconds, receiver, Path(name))
                rows.append(row | {"asked": rate})
        if rows:
            parts += ["## Losses", report.losses(rows)]
        requests: dict[str, dict[int, float]] = {}
        if options.asgi_seconds:
            requests = asgi.measure(receiver.grpc, options.asgi_seconds, Path(name))
            parts += ["## ASGI", asgi.table(requests)]
    parts += ["## Encoders", *(f"- {cost} µs: {way}" for way, cost in encoders.measure().items())]
    held = report.bars(peers, threaded, rows, requests)
    parts[2:2] = ["## Bars", bars.table([("delivery", held)])]
    text = "\n\n".join(parts) + "\n"
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "latest.md").write_text(text)
    found = {"peers": peers, "threads": threaded, "losses": rows, "asgi": requests, "bars": [vars(bar) for bar in held]}
    (results / "latest.json").write_text(json.dumps(found, indent=1))
    (results / "latest.svg").write_text(report.plot(peers))
    print(text)
    print(f"written to {results}/latest.md, .json, .svg")


if __name__ == "__main__":
    main()
