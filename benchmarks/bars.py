"""Promises as figures: what was measured, and whether it is what it has to be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Bar:
    """One promise.

    Attributes:
        what: the figure, with its unit.
        measured: what it was.
        limit: what it has to be, in words.
        met: whether it was that.
    """

    what: str
    measured: float
    limit: str
    met: bool


def at_most(what: str, measured: float, limit: float) -> Bar:
    return Bar(what, measured, f"at most {limit:,g}", measured <= limit)


def under(what: str, measured: float, limit: float) -> Bar:
    return Bar(what, measured, f"under {limit:,g}", measured < limit)


def at_least(what: str, measured: float, limit: float) -> Bar:
    return Bar(what, measured, f"at least {limit:,g}", measured >= limit)


def none(what: str, measured: int) -> Bar:
    return Bar(what, measured, "0", measured == 0)


def table(groups: Iterable[tuple[str, Iterable[Bar]]]) -> str:
    """Markdown: a line for each bar of each group."""
    lines = ["| | what | measured | bar | |", "|---|---|---|---|---|"]
    for group, bars in groups:
        for bar in bars:
            verdict = "met" if bar.met else "**missed**"
            measured = f"{bar.measured:,.0f}" if bar.measured >= 1000 else f"{bar.measured:.3g}"
            lines.append(f"| {group} | {bar.what} | {measured} | {bar.limit} | {verdict} |")
    return "\n".join(lines)
