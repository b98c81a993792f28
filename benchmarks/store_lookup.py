"""Find one correlation id among many records of the embedded store: ours, grep and jq, in one run.

    python -m benchmarks.store_lookup [--records 1000000] [--folder DIR] [--no-jq] [--rounds 3]

Makes a store of rotated files of 100 MB with records of about 400 bytes, drops them from the page cache before each
look-up (`--warm` does not), and asks for an id in the oldest file, in the newest one, and for one that is nowhere. Each
look-up is a process of its own: `look-up` is the time from the call to the answer, `process` the whole process with
Python's start and imports. Then the real Collector makes the sidecars, and the same is asked again. Prints a Markdown
table.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from tests.support.collector import Collector
from tests.support.processes import wait_for

FILE_BYTES = 100 << 20
PADDING = "x" * 37

LOOK_UP = """
import json, resource, sys, time
from pathlib import Path
from aegis_otel.stores import Query
from aegis_otel.stores.embedded import EmbeddedStore
started, used = time.perf_counter(), time.process_time()
found = EmbeddedStore(Path(sys.argv[1])).newest(Query(correlation_id=sys.argv[2]))
seconds, cpu = time.perf_counter() - started, time.process_time() - used
print(len(found), seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def id_of(number: int) -> str:
    digits = f"{random.Random(number).getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def lines(records: int) -> Iterator[bytes]:
    started = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for number in range(records):
        moment = f"{started + timedelta(milliseconds=7 * number):%Y-%m-%dT%H:%M:%S}.{7 * number % 1000:03d}Z"
        identity = id_of(number)
        yield (
            f'{{"timestamp":"{moment}","level":"info","message":"HTTP Request Completed","service":"aegisx-api",'
            f'"environment":"production","correlationId":"{identity}","traceId":"{identity.replace("-", "")}",'
            f'"spanId":"{identity[:8]}{identity[9:13]}0000","logger":"orders.api","method":"POST",'
            f'"url":"/api/v1/orders/{number}","statusCode":200,"responseTime":{number % 997},"note":"{PADDING}"}}\n'
        ).encode()


def make(folder: Path, records: int) -> int:
    """Write the rotated files; the bytes of all."""
    folder.mkdir(parents=True)
    total = size = number = 0
    file = None
    for line in lines(records):
        if file is None or size + len(line) > FILE_BYTES:
            if file is not None:
                file.close()
            file = (
                folder / f"logs-20260101T{number // 3600:02d}{number // 60 % 60:02d}{number % 60:02d}.000000000Z.jsonl"
            ).open("wb")
            number, size = number + 1, 0
        file.write(line)
        size += len(line)
        total += len(line)
    if file is not None:
        file.close()
    for age, path in enumerate(sorted(folder.iterdir(), reverse=True), 1):
        moment = time.time() - 60 * age
        os.utime(path, (moment, moment))
    return total


def forget(folder: Path) -> None:
    """Drop the files from the page cache."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Result(NamedTuple):
    """One look-up: how many were found, seconds and CPU seconds of it, seconds of the process, peak memory in MB."""

    found: int
    look_up: float
    cpu: float
    process: float
    memory: int | None = None


def ours(folder: Path, wanted: str) -> Result:
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", LOOK_UP, folder, wanted], check=True, capture_output=True, text=True)
    count, seconds, cpu, memory = done.stdout.split()
    return Result(int(count), float(seconds), float(cpu), time.perf_counter() - started, int(memory) // 1024)


def command(arguments: list[str]) -> Result:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(arguments, check=False, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Result(len(done.stdout.splitlines()), seconds, cpu, seconds)


def measure(name: str, folder: Path, wanted: dict[str, str], arguments: argparse.Namespace, peers: bool) -> None:
    files = [str(path) for path in sorted(folder.glob("logs*.jsonl"))]
    ways = {f"aegis-otel, {name}": lambda text: ours(folder, text)}
    if peers:
        ways["grep -hF"] = lambda text: command(["grep", "-hF", text, *files])
        if shutil.which("jq") and not arguments.no_jq:
            ways["jq"] = lambda text: command(["jq", "-c", f'select(.correlationId == "{text}")', *files])
    for way, run in ways.items():
        for place, text in wanted.items():
            results = []
            for _ in range(1 if way == "jq" else arguments.rounds):
                if not arguments.warm:
                    forget(folder)
                results.append(run(text))
            right = "" if {each.found for each in results} == {0 if place == "nowhere" else 1} else " WRONG"
            look_up, cpu, process = (statistics.median(each[index] for each in results) for index in (1, 2, 3))
            memory = max((each.memory for each in results if each.memory), default="")
            print(f"| {way} | {place} | {look_up:.3f} | {cpu:.3f} | {process:.3f} | {memory} |{right}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the store is made; a temporary one is removed at the end")
    parser.add_argument("--no-jq", action="store_true", help="jq takes seconds a million records")
    parser.add_argument("--warm", action="store_true", help="leave the files in the page cache")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        collector = Collector(Path(temporary), "file", env={"AEGIS_FILE_MAX_FILES": "0"})
        folder = collector.data / "store"
        total = make(folder, arguments.records)
        files = len(list(folder.iterdir()))
        each = total / arguments.records
        print(f"{arguments.records} records, {total / 1e6:.0f} MB in {files} files, {each:.0f} bytes each")
        print("\n| what | the id is | look-up s | of it CPU s | process s | peak MB |\n|---|---|---|---|---|---|")
        wanted = {
            "in the oldest file": id_of(3),
            "in the newest file": id_of(arguments.records - 3),
            "nowhere": id_of(arguments.records),
        }
        measure("no sidecars", folder, wanted, arguments, peers=True)
        started = time.perf_counter()
        with collector:
            wait_for(lambda: len(list(folder.glob("*.idx"))) == files, seconds=600, what="the sidecars")
        seconds = time.perf_counter() - started
        measure("with sidecars", folder, wanted, arguments, peers=False)
        bytes_each = sum(path.stat().st_size for path in folder.glob("*.idx")) / arguments.records
        each = seconds / arguments.records * 1e6
        print(
            f"\nSidecars: {bytes_each:.1f} bytes a record; {each:.1f} µs a record with the Collector's start and stop"
        )


if __name__ == "__main__":
    main()
