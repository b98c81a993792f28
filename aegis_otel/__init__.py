"""aegis_otel: logs that are correlated, redacted and delivered, with no line of the app changed.

Apps need nothing from here: the distribution is reached through OpenTelemetry's entry points. These names are for code
that wants more: to know or set the correlation id (jobs), to switch on and flush by itself (notebooks, serverless).

PYTEST_DONT_REWRITE: with the switch on this is imported before pytest, which warns of it otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_otel._version import __version__

if TYPE_CHECKING:
    from aegis_otel._process import configure, flush, redact, shutdown
    from aegis_otel.correlation import CorrelationIdFilter, correlation_scope, get_correlation_id

__all__ = [
    "CorrelationIdFilter",
    "__version__",
    "configure",
    "correlation_scope",
    "flush",
    "get_correlation_id",
    "redact",
    "shutdown",
]


def __getattr__(name: str) -> object:
    # Loaded on use: the switch in the .pth file imports this package in every Python process of its venv.
    if name in ("CorrelationIdFilter", "correlation_scope", "get_correlation_id"):
        from aegis_otel import correlation

        return getattr(correlation, name)
    if name in ("configure", "flush", "redact", "shutdown"):
        from aegis_otel import _process

        return getattr(_process, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
