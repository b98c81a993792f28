"""The URLs whose requests get no span and no record, as OpenTelemetry's variables name them.

The hooks stand at the server, where the framework is not known. So the variables of all frameworks hold for every app.
"""

from __future__ import annotations

from typing import Final

from opentelemetry.util.http import ExcludeList, get_excluded_urls

ASGI: Final = ("ASGI", "FASTAPI", "STARLETTE", "DJANGO", "FALCON")
WSGI: Final = ("WSGI", "FLASK", "DJANGO", "FALCON", "PYRAMID")
SERVERS: Final = ("AIOHTTP_SERVER", "TORNADO", "SANIC", "HTTP_SERVER")


def excluded_urls(names: tuple[str, ...]) -> ExcludeList | None:
    """What ``OTEL_PYTHON_<name>_EXCLUDED_URLS`` of all names exclude; None where they exclude nothing.

    A name whose variable is not set takes ``OTEL_PYTHON_EXCLUDED_URLS``, as in OpenTelemetry's own instrumentations.
    """
    patterns = {pattern: None for name in names for pattern in get_excluded_urls(name)._excluded_urls if pattern}
    return ExcludeList(list(patterns)) if patterns else None
