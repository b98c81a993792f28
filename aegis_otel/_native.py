"""The optional extension `aegis-otel-native`: finds it, and says why it is not used.

It makes the common record cheap; each thing it does can be done by the Python code as well, which does it where
the extension is missing, switched off (`AEGIS_NATIVE=false`) or of another version.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

MODULE: Final = "aegis_otel_native"
INTERFACE: Final = 7
"""The version of the interface that this package knows; the extension names its own."""

MISSING: Final = "not installed"


def load() -> tuple[Any, str]:
    """The extension's module and its version; or None and why it cannot be used. Never raises."""
    try:
        module = importlib.import_module(MODULE)
        interface, version = module.INTERFACE, str(module.VERSION)
    except ModuleNotFoundError:
        return None, MISSING
    except Exception as error:
        return None, f"does not load: {type(error).__name__}: {error}"
    if interface != INTERFACE:
        return None, f"version {version} has interface {interface}, and this aegis-otel knows {INTERFACE}"
    return module, version
