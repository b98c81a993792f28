"""What capture needs to know to take the records of a logging library that is not `logging`."""

from __future__ import annotations

from _thread import get_ident  # that of the system, also when gevent has replaced it
from collections.abc import Callable
from dataclasses import dataclass

from aegis_otel.capture import Accept
from aegis_otel.capture.levels import LoggerLevels


@dataclass(frozen=True)
class Intake:
    """Who takes records, and which.

    Attributes:
        accept: takes each record; must be quick.
        levels: from which level on, by logger.
        code_location: whether records say where they were logged.
        own_thread: tells whether a thread (by ident of `_thread`) is one of ours: what it logs is not taken.
    """

    accept: Accept
    levels: LoggerLevels
    code_location: bool
    own_thread: Callable[[int | None], bool]

    def takes(self, levelno: int, name: str) -> bool:
        """Whether a record of this level (a number of `logging`) and logger is wanted."""
        return levelno >= self.levels.least(name) and not self.own_thread(get_ident())
