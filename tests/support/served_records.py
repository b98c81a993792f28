"""Reads the log file of a process that still writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def records_of(file: Path) -> list[dict[str, Any]]:
    """The records of all whole lines; none where the file is not there yet."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]
