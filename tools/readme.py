"""Write the table of variables in README.md from `aegis_otel.settings.DOCUMENTED`: python tools/readme.py [--check]."""

from __future__ import annotations

import sys
from pathlib import Path

from aegis_otel import settings

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- variables: written by tools/readme.py -->\n"
END = "<!-- end of variables -->\n"

PRESETS = ("development", "staging", "production")


def table() -> str:
    """The table, in Markdown."""
    rows = [
        (variable.label, _default(variable), variable.help + ("; never shown" if variable.secret else ""))
        for variable in settings.DOCUMENTED
    ]
    lines = ["| variable | default | what it does |", "|---|---|---|"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _default(variable: settings.Variable) -> str:
    texts = [variable.text_of(variable.default_for(settings.PRESETS[name])) for name in PRESETS]
    values = [f"`{text.replace(str(Path.home()), '~')}`" if text else "" for text in texts]
    if len(set(values)) == 1:
        return values[0]
    # In the order of the presets, as the text above the table says.
    return " / ".join(values)


def updated(text: str) -> str:
    """The README with the table as it must be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    present = README.read_text(encoding="utf-8")
    wanted = updated(present)
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if present == wanted else "README.md is not up to date: run python tools/readme.py")
    README.write_text(wanted, encoding="utf-8")
