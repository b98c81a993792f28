"""The outcome of a check."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Verdict(enum.Enum):
    """How a check came out."""

    FINE = "ok"
    OFF = "off"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        what: the thing that was looked at.
        text: what was seen of it.
        next_step: what the reader can do; empty only where all is fine.
        cause: why it is so, where that is known; may have been written by another program.
    """

    what: str
    verdict: Verdict
    text: str
    next_step: str
    cause: str = ""

    @classmethod
    def fine(cls, what: str, text: str) -> Finding:
        """One with which nothing has to be done."""
        return cls(what, Verdict.FINE, text, next_step="")

    def __str__(self) -> str:
        """What was seen, why, and what to do, in a sentence."""
        said = f"{self.text}: {self.cause}" if self.cause else self.text
        return f"{said}; {self.next_step}" if self.next_step else said


def amount(size: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
