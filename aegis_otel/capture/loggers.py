"""Starts the capture of `logging`, structlog, loguru, of warnings and of prints, as the settings say."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from aegis_otel.capture import Accept, access, excluded, loguru, prints, python_warnings, structlog
from aegis_otel.capture.intake import Intake
from aegis_otel.capture.levels import ALL, LoggerLevels
from aegis_otel.capture.otel_logs import ForeignProcessors, LogsApiCapture
from aegis_otel.capture.stdlib import StdlibCapture
from aegis_otel.schema import DEBUG, ERROR, INFO, WARN, Record
from aegis_otel.settings import Settings

_LEVELNO: Final = {ERROR: logging.ERROR, WARN: logging.WARNING, INFO: logging.INFO, DEBUG: logging.DEBUG}


def start(
    settings: Settings,
    accept: Accept,
    logs_api: LogsApiCapture,
    own_thread: Callable[[int | None], bool],
    native: Any,
) -> None:
    """Take the records of all loggers from now on.

    Args:
        settings: what is taken.
        accept: takes each record; must be quick.
        logs_api: our processor at the logger provider in force.
        own_thread: tells whether a thread (by ident of `_thread`) is one of ours: what it logs is not taken.
        native: the extension's module, or None.
    """
    foreign = ForeignProcessors.of_global_provider(logs_api)

    def accept_and_show(record: Record) -> None:
        if foreign is not None and foreign.present():
            foreign.emit(record)
        accept(record)

    given = dict(settings.logger_levels)
    levels = LoggerLevels(settings.level, given)
    StdlibCapture(
        accept_and_show,
        level=levels,
        code_location=settings.code_location,
        replaces_last_resort=settings.console_enabled or settings.file_enabled or settings.otlp_enabled,
        own_thread=own_thread,
        native=native,
        access_lines=_access_lines(settings),
    ).install()
    logging.getLogger().setLevel(_LEVELNO[min(settings.level, ERROR)])
    _let_through(given)
    intake = Intake(accept_and_show, levels, settings.code_location, own_thread)
    structlog.install(intake)
    loguru.install(intake)
    python_warnings.install(intake)
    if settings.capture_stdout:
        prints.install(intake)


def _access_lines(settings: Settings) -> access.AccessLines | None:
    if settings.access_logs or not settings.request_logs:
        return None
    excludes = excluded.excluded_urls((*excluded.ASGI, *excluded.WSGI)) is not None
    return access.AccessLines(level=settings.level, excludes=excludes)


def _let_through(given: dict[str, int]) -> None:
    """Have `logging` make the records that were asked for, where a logger above would stop them."""
    for name, least in given.items():
        logger = logging.getLogger(None if name == ALL else name)
        if least < logger.getEffectiveLevel():
            logger.setLevel(max(least, logging.DEBUG))
