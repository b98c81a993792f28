"""Requests per second of FastAPI on uvicorn: bare, with stock OpenTelemetry, with aegis-otel.

    python -m benchmarks.asgi [--rounds 3] [--seconds 5] [--lines 0 1 10]

Needs `wrk`. A real Collector receives; each variant has a server process of its own, the variants take turns, and the
figures to look at are the ratios of the medians. Every variant serves the same app, which logs `--lines` lines a request
with two extra fields; access logs are off.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.apps import BIN, clean_environment
from tests.support.collector import Collector
from tests.support.processes import StartedProcess, free_port

APP = """
import logging, os
from fastapi import FastAPI
app = FastAPI()
log = logging.getLogger("bench")
LINES = int(os.environ["LINES"])
@app.get("/items/{item}")
async def read(item: int):
    for _ in range(LINES):
        log.info("item served", extra={"userId": "123", "item": item})
    return {"item": item}
"""

STOCK = {"OTEL_PYTHON_DISTRO": "distro", "OTEL_PYTHON_CONFIGURATOR": "configurator", "OTEL_METRICS_EXPORTER": "none"}
# With opentelemetry-instrumentation-fastapi installed it serves both; ours is measured without it, as it comes.
OURS = {"ENVIRONMENT": "staging", "LOG_FILE_ENABLED": "false", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "fastapi"}
VARIANTS: dict[str, dict[str, str] | None] = {
    "bare": None,
    "stock, nothing exported": {**STOCK, "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"},
    "stock, logs": {**STOCK, "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "otlp"},
    "stock, logs and traces": {**STOCK, "OTEL_TRACES_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"},
    "aegis-otel": OURS,
    "aegis-otel, logs and traces": {**OURS, "OTEL_TRACES_EXPORTER": "otlp"},
}


def measure(variables: dict[str, str] | None, lines: int, seconds: int, collector: Collector, folder: Path) -> float:
    """Requests per second of one variant."""
    port = free_port()
    argv = [
        sys.executable,
        "-m",
        "uvicorn",
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "warning",
        "app:app",
    ]
    if variables is not None:
        argv = [str(BIN / "opentelemetry-instrument"), *argv]
    env = clean_environment(
        LINES=str(lines),
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.grpc_port}",
        OTEL_EXPORTER_OTLP_INSECURE="true",
        OTEL_PYTHON_LOG_LEVEL="info",
        AEGIS_SPOOL_DIR=str(folder / "spool"),
        **(variables or {}),
    )
    with StartedProcess(argv, log=folder / "server.log", env=env, cwd=folder) as server:
        server.wait_until_listening(port)
        load(port, 2)
        return load(port, seconds)


def load(port: int, seconds: int) -> float:
    argv = ["wrk", "-t1", "-c16", f"-d{seconds}", f"http://127.0.0.1:{port}/items/5"]
    out = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"requests failed:\n{out}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert found is not None, out
    return float(found[1])


def main() -> None:
    """Print a table for each number of lines."""
    parser = argparse.ArgumentParser(description="requests per second")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--lines", type=int, nargs="*", default=[0, 1, 10])
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("this benchmark needs wrk (Debian, Ubuntu: apt install wrk)")
    with tempfile.TemporaryDirectory() as name, Collector(Path(name), "file") as collector:
        folder = Path(name)
        (folder / "app.py").write_text(APP)
        for lines in options.lines:
            figures: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
            for _ in range(options.rounds):
                for variant, variables in VARIANTS.items():
                    figures[variant].append(measure(variables, lines, options.seconds, collector, folder))
            medians = {variant: statistics.median(values) for variant, values in figures.items()}
            print(
                f"\n{lines} lines a request, {os.cpu_count()} cores, {options.rounds} rounds of {options.seconds} s\n"
            )
            print("| variant | requests/s, median (min to max) | of bare | of stock with logs |\n|---|---|---|---|")
            for variant, values in figures.items():
                spread = f"{medians[variant]:,.0f} ({min(values):,.0f} to {max(values):,.0f})"
                ratios = [f"{medians[variant] / medians[base]:.2f}" for base in ("bare", "stock, logs")]
                print(f"| {variant} | {spread} | {' | '.join(ratios)} |", flush=True)


if __name__ == "__main__":
    main()
