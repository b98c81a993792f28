"""Checks of the log file, and what the other checks ask of folders."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from aegis_otel.health._finding import Finding, Verdict
from aegis_otel.settings import Settings


class Obstacle(NamedTuple):
    """Why a file or a folder cannot be used."""

    text: str
    cause: str = ""


def check_log_file(current: Settings) -> list[Finding]:
    """Whether the app's log file can be written."""
    what = "log file"
    if not current.file_enabled:
        text = "LOG_FILE_ENABLED is not true"
        return [Finding(what, Verdict.OFF, text, next_step="set it to true to have records in LOG_FILE_PATH as well")]
    path = current.file_path
    if _exists(path):
        usable = path.is_file() and os.access(path, os.W_OK)
        problem = None if usable else Obstacle(f"{path} cannot be written")
    else:
        problem = unwritable(path.parent)
    if problem is not None:
        next_step = "set LOG_FILE_PATH, or LOG_FILE_ENABLED=false"
        return [Finding(what, Verdict.WRONG, problem.text, next_step=next_step, cause=problem.cause)]
    return [Finding.fine(what, f"{path.absolute()} can be written")]


def unwritable(folder: Path) -> Obstacle | None:
    """Why no file can be made in `folder`; None where one can, or where the folder could be made."""
    place = folder.absolute()
    while not _exists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        return Obstacle(f"{place} is no folder")
    try:
        with tempfile.TemporaryFile(dir=place):
            return None
    except OSError as error:
        return Obstacle(f"{place} cannot be written", error.strerror or type(error).__name__)


def contents(folder: Path) -> tuple[int, int]:
    """How many files are below `folder`, and their bytes; none where it is not there."""
    count = size = 0
    with contextlib.suppress(OSError):
        for path in folder.rglob("*"):
            try:
                if path.is_file():
                    count, size = count + 1, size + path.stat().st_size
            except OSError:
                continue  # sent and removed meanwhile
    return count, size


def _exists(path: Path) -> bool:
    """Whether it is there, as far as this user may know: `Path.exists` raises where it is forbidden to look."""
    try:
        path.stat()
    except OSError:
        return False
    return True
