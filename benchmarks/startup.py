"""What the distribution adds to the start of an app, beside `opentelemetry-distro`.

    python -m benchmarks.startup [--rounds 15]

Each round starts `python -c pass` bare, under `opentelemetry-instrument` with opentelemetry-distro, with aegis-otel,
and by `AEGIS_AUTO_ENABLE`; medians of the processes' CPU time (user and system) and wall time, in milliseconds.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from tests.support.apps import clean_environment, command

VARIANTS = {
    "bare": ("plain", {}),
    "opentelemetry-distro": (
        "instrument",
        {"OTEL_PYTHON_DISTRO": "distro", "OTEL_PYTHON_CONFIGURATOR": "configurator"},
    ),
    "aegis-otel": ("instrument", {"AEGIS_REPORTED": "distribution"}),
    "aegis-otel by AEGIS_AUTO_ENABLE": ("auto", {"AEGIS_REPORTED": "distribution"}),
}


def start(way: str, variables: dict[str, str], folder: str) -> tuple[float, float]:
    """CPU and wall time of one start, in ms."""
    argv, more = command(way, "-c", "pass")
    # Nothing listens at this endpoint, and nothing is logged or exported.
    env = clean_environment(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", ENVIRONMENT="staging", **more, **variables
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(argv, env=env, cwd=folder, stderr=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu * 1000, wall * 1000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="time to start")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for name, (way, variables) in VARIANTS.items():
                measured = start(way, variables, folder)
                if number:  # the first round only warms the file cache
                    figures[name].append(measured)
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in figures.items()
    }
    base = medians["opentelemetry-distro"]
    print(f"{rounds} rounds, Python {sys.version.split()[0]}\n")
    print("| start | CPU ms | wall ms | CPU over opentelemetry-distro | wall over it |\n|---|---|---|---|---|")
    for name, (cpu, wall) in medians.items():
        print(f"| {name} | {cpu:.0f} | {wall:.0f} | {cpu - base[0]:+.0f} | {wall - base[1]:+.0f} |")


if __name__ == "__main__":
    main()
