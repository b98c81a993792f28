"""Django's instrumentation, at the moment when Django's settings are there.

It adds a middleware to the settings. Started before `manage.py` or `wsgi.py` has named them, it would set Django up
with empty ones, and the app would break; it would also import the app's settings before the app does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import wrapt


def when_configured(instrument: Callable[[], None]) -> None:
    """Call `instrument` once, when Django is about to load its middleware.

    Args:
        instrument: must not raise.
    """

    def hook(module: Any) -> None:
        load = module.BaseHandler.load_middleware
        waiting = [instrument]

        @wraps(load)
        def load_middleware(*args: Any, **kwargs: Any) -> Any:
            while waiting:
                waiting.pop()()
            return load(*args, **kwargs)

        module.BaseHandler.load_middleware = load_middleware

    wrapt.register_post_import_hook(hook, "django.core.handlers.base")
