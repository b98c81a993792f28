"""Methods of `logging`: ours that stand in their place, and whether one is still the standard library's."""

from __future__ import annotations

import logging
from types import FunctionType
from typing import Any


def as_loggings_own(function: Any) -> Any:
    """The same function, with a frame that counts as one of `logging`'s for whoever looks for the app's own past these.

    Some go by the file (loguru's usual way in, `findCaller`), some by the module's name (structlog).
    """
    code = function.__code__.replace(co_filename=logging.Logger.info.__code__.co_filename)
    made = FunctionType(code, logging.__dict__, function.__name__, function.__defaults__, function.__closure__)
    made.__module__, made.__qualname__ = function.__module__, function.__qualname__
    return made


def is_loggings_own(function: Any) -> bool:
    """Whether a method is that of the standard library, not one that wraps it or took its place before we came."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename == logging.Logger.info.__code__.co_filename
