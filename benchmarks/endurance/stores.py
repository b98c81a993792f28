"""Reads back what arrived: from the file store as it grows, and from VictoriaLogs."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from benchmarks.endurance.watch import say
from tests.support.victorialogs import VictoriaLogs


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


def numbers(store: VictoriaLogs, query: str, pattern: re.Pattern[bytes], since_ns: int) -> tuple[set[int], int]:
    """The numbers that `pattern` finds in the messages of what a LogsQL filter finds, and how many these are."""
    found = [
        int(match[1])
        for record in store.query(f"{query} | fields _msg", start=since_ns)
        if (match := pattern.search(record["_msg"].encode()))
    ]
    return set(found), len(found)


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
