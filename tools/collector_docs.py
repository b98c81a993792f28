"""Writes docs/collector.md: every variable of the Collector's configuration, read off collector/config/*.yaml,
and the one that its guard reads.

    python tools/collector_docs.py            # write it
    python tools/collector_docs.py --check    # exit 1 when it is not up to date

A variable is described by the comment on its line, or else by the last comment above it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "collector" / "config"
GUARD = ROOT / "collector" / "components" / "aegisguard" / "guard.go"
PAGE = ROOT / "docs" / "collector.md"

_VARIABLE = re.compile(r"\$\{env:([A-Z0-9_]+)(?::-((?:[^{}]|\{[^{}]*\})*))?\}")
_READ_IN_GO = re.compile(r'// \w+ ((?:.+\n)(?://.+\n)*)const \w+ = "(AEGIS_\w+)"')
_COMMENT = re.compile(r"\s#\s(.*)$")
_BEGIN = "<!-- begin: written by tools/collector_docs.py -->"
_END = "<!-- end -->"


class Knob(NamedTuple):
    """A variable: its name, its default, what it does, and the files that read it."""

    name: str
    default: str
    meaning: str
    files: tuple[str, ...]


def knobs() -> list[Knob]:
    """All variables in the order of the files, each once.

    Raises:
        ValueError: for a variable without a description, or with two defaults.
    """
    found: dict[str, Knob] = {}
    fallback: dict[str, str] = {}
    for file in sorted(CONFIG.glob("*.yaml"), key=_place):
        above: list[str] = []
        commenting = False
        for line in file.read_text(encoding="utf-8").splitlines():
            text = line.strip()
            if text.startswith("#"):
                above = [*above, text.lstrip("# ").strip()] if commenting else [text.lstrip("# ").strip()]
                commenting = True
                continue
            commenting = False
            comment = _COMMENT.search(line)
            said = comment[1] if comment else ""
            for name, default in _VARIABLE.findall(line):
                known = found.get(name, Knob(name, default, "", ()))
                if known.default != default:
                    raise ValueError(f"{name} has the defaults {known.default!r} and {default!r} ({file.name})")
                files = known.files if file.name in known.files else (*known.files, file.name)
                found[name] = known._replace(meaning=known.meaning or said, files=files)
                fallback.setdefault(name, " ".join(above))
    for knob in found.values():
        if not (knob.meaning or fallback[knob.name]):
            raise ValueError(f"{knob.name} in {knob.files[0]} has no comment that says what it is")
    return [
        *(knob._replace(meaning=knob.meaning or fallback[knob.name]) for knob in found.values()),
        *(
            Knob(name, "", " ".join(said.replace("//", "").split()), ("every configuration",))
            for said, name in _READ_IN_GO.findall(GUARD.read_text(encoding="utf-8"))
        ),
    ]


def _place(file: Path) -> tuple[int, str]:
    order = ("receive", "redact", "route", "tuning", "to-")
    return next((i for i, prefix in enumerate(order) if file.name.startswith(prefix)), len(order)), file.name


def table() -> str:
    """The knobs as a Markdown table."""
    rows = ["| variable | default | what it is | file |", "|---|---|---|---|"]
    for knob in knobs():
        default = f"`{knob.default}`" if knob.default else ""
        rows.append(
            f"| `{knob.name}` | {default} | {knob.meaning.replace('|', chr(92) + '|')} | {', '.join(knob.files)} |"
        )
    return "\n".join(rows)


def page() -> str:
    """The page with its table as it should be now."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(_BEGIN, 1)
    _, tail = rest.split(_END, 1)
    return f"{head}{_BEGIN}\n{table()}\n{_END}{tail}"


def main(arguments: list[str]) -> int:
    """Write or check the page; the exit status."""
    wanted = page()
    if PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    if "--check" in arguments:
        print(f"{PAGE.relative_to(ROOT)} is not what collector/config says: run python tools/collector_docs.py")
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
