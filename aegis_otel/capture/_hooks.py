"""How hooks are put into other packages: by name, after the app has imported them, and never at the app's expense."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import wrapt

Method = Callable[..., Any]
Hook = Callable[[Any], None]

_told: set[str] = set()


def install(hooks: Mapping[str, Hook]) -> None:
    """Call each hook with its module once the app has imported that; at once where it has done so already."""
    for module, hook in hooks.items():
        wrapt.register_post_import_hook(_guarded(hook, module), module)


def _guarded(hook: Hook, name: str) -> Hook:
    def guarded(module: Any) -> None:
        try:
            hook(module)
        except Exception as error:  # a version that we do not know: the app's import must not fail
            fault(name, error)

    return guarded


def wrap(owner: Any, name: str, make: Callable[[Method], Method]) -> None:
    """Put what `make` returns in the place of a method or function; nothing where this version has none."""
    original = getattr(owner, name, None)
    if original is not None:
        setattr(owner, name, wraps(original)(make(original)))


def fault(where: str, error: BaseException) -> None:
    """A hook of ours failed: the app goes on, and people are told once for each place."""
    if where in _told:
        return
    _told.add(where)
    try:
        sys.stderr.write(
            f"aegis-otel: the hook at {where} failed, so some correlation ids may be missing: "
            f"{type(error).__name__}: {error}\n"
        )
    except Exception:
        return
