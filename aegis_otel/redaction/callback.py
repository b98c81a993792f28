"""An app's own say about matches: a function that keeps or masks what the rules found."""

from __future__ import annotations

import importlib
from collections.abc import Callable

Callback = Callable[[str, str], str | None]
"""Gets the kind and the text of a match. Returns the text to show (the same text keeps it), or None to mask it."""


class CallbackError(ValueError):
    """The function can't be had; the text says why."""


def load_callback(name: str) -> Callback:
    """The function that `module:function` names. Raises CallbackError."""
    module_name, _, function_name = name.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), function_name)
    except Exception as error:
        # A module may raise anything when it is imported.
        raise CallbackError(f"{name!r} can't be loaded: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise CallbackError(f"{name!r} is no function, but {type(found).__name__}")
    function: Callback = found
    return function
