"""What an audit record costs: threads that share a sync, beside one write and one fsync a record on the same disk.

    python -m benchmarks.audit [--folder FOLDER] [--seconds SECONDS]

Prints ratios, since the disk decides on the rest: records/s against the plain way, the median of a lone thread, the
longest that an event loop was held up, and how fast a trail is verified.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from aegis_otel import settings
from aegis_otel.audit import audit, runtime, sources, trust_line
from aegis_otel.audit.trust import parse_trust
from aegis_otel.audit.verify import verify

BARS = {8: 3.0, 32: 10.0}


def rate(threads: int, seconds: float, work: Callable[[int], object]) -> tuple[float, float]:
    """Calls/s of all threads together, and the median of a call in seconds."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    def run(name: int) -> None:
        own = []
        while (begun := time.perf_counter()) < end:
            work(name)
            own.append(time.perf_counter() - begun)
        took.extend(own)

    started = [threading.Thread(target=run, args=(name,)) for name in range(threads)]
    begun = time.perf_counter()
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return len(took) / (time.perf_counter() - begun), statistics.median(took)


def loop_lag(seconds: float) -> float:
    """The longest that an event loop was late while 50 tasks record, in seconds: the 99th percentile."""

    async def main() -> float:
        lags: list[float] = []
        end = time.perf_counter() + seconds

        async def record() -> None:
            while time.perf_counter() < end:
                await audit.aio("READ", resource="Chart/1")

        async def watch() -> None:
            while time.perf_counter() < end:
                begun = time.perf_counter()
                await asyncio.sleep(0.005)
                lags.append(time.perf_counter() - begun - 0.005)

        await asyncio.gather(watch(), *(record() for _ in range(50)))
        return sorted(lags)[int(len(lags) * 0.99)]

    return asyncio.run(main())


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit", description=__doc__)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each row")
    parser.add_argument("--records", type=int, default=100_000, help="of the trail that is verified")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=given.folder))
    try:
        chosen = settings.read({}, {"audit_dir": folder / "trail", "service": "bench"})
        runtime.use(runtime.made(chosen, None, None))
        _compare(folder, given.seconds)
        print(f"event loop, 50 tasks: p99 of its lag {loop_lag(given.seconds) * 1e3:.1f} ms (bar: 10)")
        _verify(folder, given.records)
    finally:
        runtime.close()
        shutil.rmtree(folder)


def _compare(folder: Path, seconds: float) -> None:
    plain = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    line = b"x" * 700

    def write_and_sync(name: int) -> None:
        os.write(plain, line)
        os.fsync(plain)

    def record(name: int) -> None:
        audit("READ", resource=f"Chart/{name}", actor="u-17", patient="P-9")

    record(0)
    before, median_before = rate(1, seconds, write_and_sync)
    alone, median_alone = rate(1, seconds, record)
    after, median_after = rate(1, seconds, write_and_sync)
    bare, median = (before + after) / 2, (median_before + median_after) / 2
    print(f"one write + one fsync: {bare:,.0f}/s, median {median * 1e3:.2f} ms")
    print(f" 1 thread: {alone:,.0f}/s, median {median_alone * 1e3:.2f} ms: {median_alone / median:.2f} x (bar: 1.3)")
    for threads, bar in BARS.items():
        found, _ = rate(threads, seconds, record)
        print(f"{threads:2d} threads: {found:,.0f}/s: {found / bare:.1f} x (bar: {bar})")


def _verify(folder: Path, records: int) -> None:
    audit.many("READ", ({"resource": f"Chart/{number}"} for number in range(records)))
    runtime.close()
    begun = time.process_time()
    report = verify(sources.folder(folder / "trail"), parse_trust([trust_line(folder / "trail.key")]))
    took = time.process_time() - begun
    print(f"verify: {report.state}, {report.records:,} records, {report.records / took:,.0f}/s of CPU (bar: 100,000)")


if __name__ == "__main__":
    main()
