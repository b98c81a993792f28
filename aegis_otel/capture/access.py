"""Access lines of servers: left out where the record of the request says the same.

uvicorn, gunicorn and others log a line for each request, with its method, URL and status. So does our request record.
"""

from __future__ import annotations

import logging
import re
from typing import Final

from aegis_otel.correlation import current
from aegis_otel.schema import INFO

LOGGERS: Final = frozenset(
    (
        "aiohttp.access",
        "cherrypy.access",
        "django.channels.server",
        "django.server",
        "granian.access",
        "gunicorn.access",
        "hypercorn.access",
        "sanic.access",
        "tornado.access",
        "uvicorn.access",
        "werkzeug",
    )
)
"""Loggers of access lines. Some log other lines too, which `_REQUEST` tells apart."""

# "GET /x HTTP/1.1", perhaps in quotation marks or colours, or Daphne's "HTTP GET /x 200".
_REQUEST: Final = re.compile(r"(?<![A-Z])[A-Z]{3,10} \S*/")

_covered: set[str] = set()


def covers(logger: str) -> None:
    """Note that a server that logs outside of the request's context serves an app whose requests are recorded."""
    _covered.add(logger)


class AccessLines:
    """Tells which access lines are left out, where requests are recorded.

    Args:
        level: least OpenTelemetry severity that is taken; request records are of severity INFO, ERROR if they failed.
        excludes: whether some URLs get no request record.
    """

    def __init__(self, *, level: int, excludes: bool) -> None:
        self._level = level
        self._excludes = excludes

    def repeats(self, record: logging.LogRecord, level: int) -> bool:
        """Whether a record of one of `LOGGERS` only repeats what a request's record says."""
        if (level < logging.ERROR and self._level > INFO) or record.exc_info:
            return False
        context = current()
        if not (context.trace_id or context.correlation_id or (record.name in _covered and not self._excludes)):
            return False
        return _REQUEST.search(record.getMessage()) is not None
