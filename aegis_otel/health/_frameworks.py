"""Which installed frameworks, servers, clients and queues have correlation ids, and what to do about the others."""

from __future__ import annotations

from aegis_otel.capture.coverage import covered, missing
from aegis_otel.health._finding import Finding, Verdict
from aegis_otel.settings import Settings


def check_frameworks(current: Settings) -> list[Finding]:
    """One finding for all that is covered, and one for each package that is not."""
    if not current.enabled:
        return []
    names = covered()
    found = [Finding.fine("correlation ids", ", ".join(names))] if names else []
    for one in missing():
        text = "installed, and its messages carry no correlation id"
        found.append(Finding(one.distribution, Verdict.NOTE, text, next_step=one.next_step()))
    return found
