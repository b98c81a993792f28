"""Checks of the variables."""

from __future__ import annotations

from aegis_otel.health._finding import Finding, Verdict
from aegis_otel.settings import Settings


def check_settings(current: Settings) -> list[Finding]:
    """Whether each variable has a value that can be used."""
    what = "settings"
    if current.problems:
        return [
            Finding(what, Verdict.WRONG, problem, next_step="correct the variable or unset it")
            for problem in current.problems
        ]
    return [Finding.fine(what, f"service {current.service}, environment {current.environment}")]
