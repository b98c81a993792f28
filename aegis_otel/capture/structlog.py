"""structlog beside its OpenTelemetry instrumentation: a line that goes on to stdlib logging is not taken twice."""

from __future__ import annotations

import logging
import sys
from functools import wraps
from typing import Any


def only_without_logging(instrumentor: Any) -> None:
    """Keep the instrumentation's processor for loggers that are not of stdlib logging, whose lines are captured there.

    Args:
        instrumentor: the class `StructlogInstrumentor`.
    """
    processor = getattr(sys.modules.get(instrumentor.__module__), "StructlogProcessor", None)
    if processor is None:
        return
    emit = processor.__call__

    @wraps(emit)
    def emit_once(self: Any, logger: Any, method_name: str, event_dict: Any) -> Any:
        if isinstance(logger, logging.Logger):
            return event_dict
        return emit(self, logger, method_name, event_dict)

    processor.__call__ = emit_once
