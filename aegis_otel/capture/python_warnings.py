"""Warnings of Python (`warnings.warn`) that are shown to people, as records; they are shown as ever.

`logging.captureWarnings` would take them from stderr; where the app calls it, they come in through `logging`.
"""

from __future__ import annotations

import logging
import time
import warnings
from contextlib import suppress
from functools import wraps
from typing import Any, Final

from aegis_otel.capture.intake import Intake
from aegis_otel.correlation import current
from aegis_otel.schema import WARN, CodeLocation, Record, safe_text

LOGGER: Final = "py.warnings"
"""As `logging` names it."""


def install(intake: Intake) -> None:
    """Put the hook in where Python shows a warning that nobody has taken."""
    # Not `warnings.showwarning`: others look whether that one was replaced.
    show = getattr(warnings, "_showwarnmsg_impl", None)
    if show is None:
        return

    @wraps(show)
    def show_and_record(message: Any) -> Any:
        with suppress(Exception):
            _take(intake, message)
        return show(message)

    warnings._showwarnmsg_impl = show_and_record  # type: ignore[attr-defined]


def _take(intake: Intake, warning: Any) -> None:
    if not intake.takes(logging.WARNING, LOGGER):
        return
    context = current()
    intake.accept(
        Record(
            time.time_ns(),
            WARN,
            safe_text(warning.message),
            LOGGER,
            context.trace_id,
            context.span_id,
            context.trace_flags,
            context.correlation_id,
            {"category": warning.category.__name__},
            CodeLocation(str(warning.filename), int(warning.lineno), "") if intake.code_location else None,
        )
    )
