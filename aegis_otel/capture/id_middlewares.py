"""Middlewares of the app that give each request an id: asgi-correlation-id, django-guid, starlette-context.

Such an app has one id for each request: the middleware finds ours where it would make a new one, and where it takes
another (from its own header, or after its own checks), ours follows it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, Final

import wrapt

from aegis_otel.correlation import follow, get_correlation_id

_CORRELATION_ID: Final = "x-correlation-id"
_REQUEST_ID: Final = "x-request-id"


def install() -> None:
    """Put each hook in as soon as the app imports its middleware."""
    for module, hook in _HOOKS.items():
        wrapt.register_post_import_hook(hook, module)


class _Variable:
    """A context variable whose new values are ours too."""

    def __init__(self, variable: Any) -> None:
        self._variable = variable

    def set(self, value: Any) -> Any:
        token = self._variable.set(value)
        follow(value)
        return token

    def __getattr__(self, name: str) -> Any:
        return getattr(self._variable, name)


def _ours_or(generate: Callable[..., Any], valid: Callable[[str], Any] | None) -> Callable[..., Any]:
    """What gives our id where there is one that the middleware takes, else a new one."""

    @wraps(generate)
    def ours_or_new(*args: Any, **kwargs: Any) -> Any:
        if not args and not kwargs:
            with suppress(Exception):
                ours = get_correlation_id()
                if ours is not None and (valid is None or valid(ours)):
                    return ours
        return generate(*args, **kwargs)

    return ours_or_new


def _hook_asgi_correlation_id(module: Any) -> None:
    module.correlation_id = _Variable(module.correlation_id)
    middleware = module.CorrelationIdMiddleware
    init = middleware.__init__

    @wraps(init)
    def init_with_ours(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        self.generator = _ours_or(self.generator, self.validator)

    middleware.__init__ = init_with_ours


def _hook_django_guid(module: Any) -> None:
    module.guid = _Variable(module.guid)


def _hook_django_guids_ids(module: Any) -> None:
    validate, settings = module.validate_guid, module.settings
    whole = 36  # characters; a shorter id is what the app has asked for

    def valid(value: str) -> bool:
        return settings.uuid_length >= whole and bool(validate(value))

    module.generate_guid = _ours_or(module.generate_guid, valid)


def _hook_starlette_context(module: Any) -> None:
    plugin = module.PluginUUIDBase
    init, process, new = plugin.__init__, plugin.process_request, plugin.get_new_uuid
    used: set[str] = set()

    @wraps(init)
    def init_and_remember(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        used.add(str(self.key).lower())

    @wraps(process)
    async def process_and_follow(self: Any, request: Any) -> Any:
        value = await process(self, request)
        key = str(self.key).lower()
        # An app may have both; then the correlation id is the one to follow.
        if key == _CORRELATION_ID or (key == _REQUEST_ID and _CORRELATION_ID not in used):
            follow(value)
        return value

    @wraps(new)
    def ours_or_new(self: Any) -> Any:
        ours = None if self.force_new_uuid else get_correlation_id()
        return new(self) if ours is None or (self.validate and not _is_valid(self, ours)) else ours

    plugin.__init__, plugin.process_request, plugin.get_new_uuid = init_and_remember, process_and_follow, ours_or_new


def _is_valid(plugin: Any, value: str) -> bool:
    try:
        plugin.validate_uuid(value)
    except Exception:
        return False
    return True


_HOOKS: Final[dict[str, Callable[[Any], None]]] = {
    "asgi_correlation_id.middleware": _hook_asgi_correlation_id,
    "django_guid.middleware": _hook_django_guid,
    "django_guid.utils": _hook_django_guids_ids,
    "starlette_context.plugins.base": _hook_starlette_context,
}
