"""What people are shown of the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aegis_otel.settings._environment import first_time
from aegis_otel.settings._instrumentation import Settings
from aegis_otel.settings._variable import variables_of


def report(settings: Settings, write: Callable[[str], object]) -> None:
    """Show the problems, once for this process and its children.

    Args:
        write: takes the text, newline included.
    """
    if settings.problems and first_time("settings"):
        write("".join(f"aegis-otel: {problem}\n" for problem in settings.problems))


def effective(*groups: Any) -> list[tuple[str, str, str]]:
    """For people: the name of each variable of these groups, its value in force (secrets hidden) and its help."""
    rows = []
    for group in groups:
        for variable in variables_of(type(group)):
            value = getattr(group, variable.field)
            shown = ("(set)" if value else "") if variable.secret else variable.text_of(value)
            rows.append((variable.names[-1], shown, variable.help))
    return rows
