"""What a scenario found: figures, what was watched over time, and bars that are met or missed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


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


@dataclass
class Outcome:
    """Of one scenario.

    Attributes:
        figures: by what they say, with the unit in it.
        bars: what had to hold.
        watched: figures once a second, each row with its seconds since the start.
    """

    scenario: str
    figures: dict[str, Any]
    bars: list[Bar]
    watched: list[dict[str, float]] = field(default_factory=list)

    @property
    def met(self) -> bool:
        return all(bar.met for bar in self.bars)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed (nearest rank); infinite where there are none."""
    return sorted(values)[max(math.ceil(len(values) * share) - 1, 0)] if values else math.inf


def over_time(rows: Sequence[dict[str, float]], name: str, points: int = 9) -> str:
    """A watched figure as a line of text: its value at evenly spaced moments."""
    if not rows:
        return ""
    chosen = [rows[round(index * (len(rows) - 1) / (points - 1))] for index in range(points)]
    return " → ".join(f"{row[name]:.0f}" for row in chosen)


def markdown(head: str, outcomes: Sequence[Outcome]) -> str:
    """The bars of all scenarios in one table, then the figures of each."""
    lines = [head, "", "| scenario | what | measured | bar | |", "|---|---|---|---|---|"]
    for outcome in outcomes:
        for bar in outcome.bars:
            verdict = "met" if bar.met else "**missed**"
            lines.append(f"| {outcome.scenario} | {bar.what} | {bar.measured:,.6g} | {bar.limit} | {verdict} |")
    for outcome in outcomes:
        lines += ["", f"## {outcome.scenario}", "", "| figure | value |", "|---|---|"]
        lines += [f"| {name} | {_text(value)} |" for name, value in outcome.figures.items()]
        lines += [
            f"| {name} over time | {over_time(outcome.watched, name)} |"
            for name in (outcome.watched[0] if outcome.watched else ())
            if name != "seconds"
        ]
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def write(folder: Path, head: str, outcomes: Sequence[Outcome]) -> str:
    """Write endurance.md and endurance.json to `folder`; the Markdown."""
    folder.mkdir(exist_ok=True)
    text = markdown(head, outcomes)
    (folder / "endurance.md").write_text(text, encoding="utf-8")
    content = {"head": head, "outcomes": [asdict(outcome) | {"met": outcome.met} for outcome in outcomes]}
    (folder / "endurance.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return text
