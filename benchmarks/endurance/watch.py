"""Looks at processes and folders once a second while a scenario runs."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

MEGABYTE = 1 << 20


def say(text: str) -> None:
    """Progress, on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """Resident memory of a process now, or with ``VmHWM`` at its most; 0 where the process is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        return int(status.split(f"{field}:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def folder_mb(folder: Path) -> float:
    """What the files below a folder hold."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(path, name).stat().st_size
            except OSError:
                continue
    return total / MEGABYTE


class Watch:
    """Calls each of `figures` once a second until the block ends; the rows are in `rows`."""

    def __init__(self, what: str, figures: Mapping[str, Callable[[], float]]) -> None:
        self._what = what
        self._figures = figures
        self._stop = threading.Event()
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.rows: list[dict[str, float]] = []

    def _run(self) -> None:
        while True:
            row = {"seconds": round(time.monotonic() - self._started, 1)}
            row |= {name: round(figure(), 2) for name, figure in self._figures.items()}
            self.rows.append(row)
            if len(self.rows) % 15 == 0:
                say(f"{self._what}: " + ", ".join(f"{name} {value:g}" for name, value in row.items()))
            if self._stop.wait(1.0):
                return

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
