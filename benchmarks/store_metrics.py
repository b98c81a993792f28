"""Metric queries in LogQL over many records of the embedded store: with DuckDB, and by reading each line.

    python -m benchmarks.store_metrics [--records 1000000] [--folder DIR] [--rounds 3]

Takes the store of `benchmarks.store_lookup`. Each query is a process of its own: seconds from the call to the answer,
CPU seconds of it (all threads), and the peak memory of the process. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.store_lookup import make

QUERIES = {
    "levels of an hour": 'sum by (level) (count_over_time({service=~".+"}[1h]))',
    "levels of all": 'sum by (level) (count_over_time({service=~".+"}[30d]))',
    "rate, a point a minute": 'sum(rate({service="aegisx-api"}[5m]))',
    "line filter": 'sum by (level) (count_over_time({service=~".+"} |= "orders" != "refused" [30d]))',
    "json and a condition": 'sum by (method) (count_over_time({service=~".+"} | json | responseTime > 500 [30d]))',
    "bytes": 'sum by (service) (bytes_over_time({service=~".+"}[30d]))',
}
RANGES = ("rate, a point a minute",)

ASK = """
import json, resource, sys, time
from pathlib import Path
if sys.argv[4] == "lines":
    sys.modules["duckdb"] = None
from aegis_otel.stores import logql
from aegis_otel.stores.logql.embedded import EmbeddedSource
source, begin, end = EmbeddedSource(Path(sys.argv[1])), 1_767_225_600 * 10**9, 1_767_225_600 * 10**9 + 7_200 * 10**9
started, used = time.perf_counter(), time.process_time()
if sys.argv[3] == "range":
    answer = logql.range_(source, sys.argv[2], start_ns=begin, end_ns=end, step_ns=60 * 10**9)
    values = [point for one in answer.series for point in one.points]
else:
    answer = logql.instant(source, sys.argv[2], time_ns=end)
    values = [(tuple(one.labels.items()), one.value) for one in answer.samples]
seconds, cpu = time.perf_counter() - started, time.process_time() - used
print(json.dumps([seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, values]))
"""


def ask(folder: Path, name: str, way: str) -> tuple[float, float, int, object]:
    kind = "range" if name in RANGES else "instant"
    command = [sys.executable, "-c", ASK, str(folder), QUERIES[name], kind, way]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, cpu, memory, values = json.loads(done.stdout)
    return seconds, cpu, memory, values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the store is made; a temporary one is removed at the end")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = Path(temporary) / "store"
        total = make(folder, arguments.records)
        print(f"{arguments.records} records, {total / 1e6:.0f} MB\n")
        print("| query | by | s | CPU s | peak MB |\n|---|---|---|---|---|")
        for name in QUERIES:
            answers = []
            for way in ("DuckDB", "lines"):
                rounds = [ask(folder, name, way) for _ in range(arguments.rounds if way == "DuckDB" else 1)]
                seconds, cpu = (statistics.median(each[index] for each in rounds) for index in (0, 1))
                answers.append(rounds[0][3])
                right = "" if answers[0] == answers[-1] and answers[0] else " DIFFERENT"
                print(
                    f"| {name} | {way} | {seconds:.2f} | {cpu:.2f} | {max(each[2] for each in rounds)} |{right}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
