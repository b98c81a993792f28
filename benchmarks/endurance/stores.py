"""Reads back what arrived: from the file store as it grows, and from Loki."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from benchmarks.endurance.watch import say
from tests.support.loki import Loki

PAGE = 20_000


def files(data: Path) -> list[Path]:
    """The files of the embedded store, the oldest first."""
    live = data / "store" / "logs.jsonl"
    return [*sorted(live.parent.glob("logs-*.jsonl")), live]


def matches(data: Path, pattern: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """What `pattern` finds in each line of the embedded store, in the order of arrival."""
    for file in files(data):
        if file.exists():
            with file.open("rb") as lines:
                yield from filter(None, map(pattern.search, lines))


class Tail:
    """Follows the live file of the embedded store across rotations; `lines` is what came since the last call."""

    def __init__(self, data: Path) -> None:
        self._path = data / "store" / "logs.jsonl"
        self._file: BinaryIO | None = None
        self._rest = b""

    def read(self) -> bytes:
        """The whole lines that are new."""
        parts = [self._rest]
        if self._file is None and self._path.exists():
            self._file = self._path.open("rb")
        if self._file is not None:
            parts.append(self._file.read())
            try:
                rotated = self._path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
            except OSError:
                rotated = False
            if rotated:
                parts.append(self._file.read())
                self.close()
        content = b"".join(parts)
        whole = content.rfind(b"\n") + 1
        self._rest = content[whole:]
        return content[:whole]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def loki_count(loki: Loki, selector: str) -> int:
    """Lines that a selector finds in the last hours."""
    series = loki.query(f"sum(count_over_time({selector}[6h]))")
    return int(series[0]["value"][1]) if series else 0


def loki_numbers(loki: Loki, selector: str, pattern: re.Pattern[bytes], since_ns: int) -> tuple[set[int], int]:
    """The numbers that `pattern` finds in the lines of a selector, and how many lines there are.

    Pages by time: two lines of one nanosecond are told apart by their number only.
    """
    found: set[int] = set()
    lines = 0
    start, end = since_ns, time.time_ns() + 10**9
    while True:
        answer = loki.get(
            "/loki/api/v1/query_range", query=selector, start=start, end=end, limit=PAGE, direction="forward"
        )
        page = [
            (int(at), int(match[1]))
            for stream in answer["data"]["result"]
            for at, line in stream["values"]
            if (match := pattern.search(line.encode()))
        ]
        lines += len(page)
        found.update(number for _, number in page)
        if len(page) < PAGE:
            return found, lines
        last = max(at for at, _ in page)
        lines -= sum(at == last for at, _ in page)
        start = last


def settled(what: str, count: Callable[[], int], expected: int, *, patience: float = 30) -> float:
    """Wait until `count` is `expected`, or has not grown for `patience` seconds; the seconds that took."""
    started = grew = time.monotonic()
    best = -1
    while best < expected and time.monotonic() - grew < patience:
        found = count()
        if found > best:
            best, grew = found, time.monotonic()
        if found < expected:
            time.sleep(0.5)
    say(f"{what}: {best:,} of {expected:,}")
    return time.monotonic() - started


def result(output: str) -> dict[str, float]:
    """The JSON on the last line of a process's output."""
    found: dict[str, float] = json.loads(output.strip().splitlines()[-1])
    return found
