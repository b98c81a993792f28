"""Threads and locks of the operating system for our own threads, also where gevent replaces those of `threading`.

As a greenlet, a thread of ours would stop the app wherever it waits: for gRPC, for a lock, for the disk.
"""

from __future__ import annotations

import importlib.util
import threading
from typing import Any

_module: Any = threading


def keep_native() -> None:
    """Go on with a copy of `threading` that nobody knows; to be called before gevent replaces anything."""
    global _module
    spec = importlib.util.find_spec("threading")
    if _module is not threading or spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _module = module


def thread(**arguments: Any) -> threading.Thread:
    """A new `threading.Thread`."""
    found: threading.Thread = _module.Thread(**arguments)
    return found


def event() -> threading.Event:
    """A new `threading.Event`."""
    found: threading.Event = _module.Event()
    return found


def lock() -> threading.Lock:
    """A new `threading.Lock`."""
    found: threading.Lock = _module.Lock()
    return found


def condition() -> threading.Condition:
    """A new `threading.Condition` with a plain lock."""
    found: threading.Condition = _module.Condition(_module.Lock())
    return found
