"""What a scenario found: figures, what was watched over time, and bars that are met or missed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.bars import Bar, table


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
    lines = [head, "", table((outcome.scenario, outcome.bars) for outcome in outcomes)]
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
