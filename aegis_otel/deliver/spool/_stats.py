"""Each process's counters: a small file in its folder of the spool, for `aegis-otel doctor`.

The folder goes when its records have been delivered, and the file with it; so what lies there is of living processes
and of dead ones that left something. Whether a process lives is told by the folder's lock, not by its number, which
another container may use as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from aegis_otel.deliver.spool._shared import folders, is_owned

STATS_NAME: Final = "stats.json"
_LARGEST: Final = 16 * 1024


class ProcessStats(NamedTuple):
    """What one process said last."""

    service: str
    pid: int
    alive: bool
    age: float
    """Seconds since it said so."""
    counts: Mapping[str, int | float]
    """See `aegis_otel.deliver.otlp.OtlpSink.stats`."""


def write_stats(folder: Path, counts: Mapping[str, int | float]) -> None:
    """Replace a process's file at once: who reads it sees the old or the new one. Never raises."""
    said = {"pid": os.getpid(), "time": time.time(), **counts}
    making = folder / f".{STATS_NAME}"
    with contextlib.suppress(OSError):
        fd = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(said, file)
        making.replace(folder / STATS_NAME)


def read_stats(root: Path) -> list[ProcessStats]:
    """Of all processes below a spool's folder, by service and number; changes nothing."""
    found = []
    for folder, service in folders(root):
        said = _read(folder / STATS_NAME)
        pid, moment = said.pop("pid", None), said.pop("time", None)
        if type(pid) is int and isinstance(moment, (int, float)):
            age = max(time.time() - moment, 0.0)
            found.append(ProcessStats(service, pid, is_owned(folder), age, said))
    return sorted(found)


def _read(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError), path.open(encoding="utf-8") as file:
        said = json.loads(file.read(_LARGEST))
        if isinstance(said, dict):
            return {name: value for name, value in said.items() if isinstance(value, (int, float))}
    return {}
