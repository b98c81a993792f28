"""Write the table of variables in README.md from `aegis_otel.settings.VARIABLES`: python tools/readme.py [--check]."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from aegis_otel import schema, settings

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- variables: written by tools/readme.py -->\n"
END = "<!-- end of variables -->\n"

PRESETS = ("development", "staging", "production")


def table() -> str:
    """The table, in Markdown."""
    os.environ.pop("XDG_STATE_HOME", None)  # a default must not depend on who writes it down
    rows = [
        ("`OTEL_SERVICE_NAME`, `SERVICE_NAME`", "`unknown_service`", "the `service` field"),
        (
            "`deployment.environment.name` in `OTEL_RESOURCE_ATTRIBUTES`, `ENVIRONMENT`",
            "`development`",
            "the `environment` field; also chooses the preset",
        ),
    ]
    for variable in settings.VARIABLES:
        names = ", ".join(f"`{name}`" for name in variable.names)
        rows.append((names, _default(variable), variable.help + ("; never shown" if variable.secret else "")))
    lines = ["| variable | default | what it does |", "|---|---|---|"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _default(variable: settings.Variable) -> str:
    values = [_text(variable.field, variable.default_for(settings.PRESETS[name])) for name in PRESETS]
    if len(set(values)) == 1:
        return values[0]
    # In the order of the presets, as the text above the table says.
    return " / ".join(values)


def _text(field: str, value: Any) -> str:
    if value is None or value == ():
        return ""
    if field in ("metrics_exported", "traces_exported"):
        value = "otlp" if value else "none"
    elif field == "level":
        value = schema.level_name(value)
    elif isinstance(value, bool):
        value = str(value).lower()
    elif isinstance(value, tuple):
        value = ",".join(value)
    return f"`{str(value).replace(str(Path.home()), '~')}`"


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
