"""Server spans for every ASGI app, at the server: uvicorn, hypercorn, daphne, granian, uvicorn's gunicorn worker.

opentelemetry-instrumentation-asgi brings the middleware but nothing that puts it in place; framework
instrumentations do, for their framework. Here it is put around whatever app the server loads, so every
ASGI framework is covered by one hook and no package more. An app that a framework's instrumentation has
taken already keeps that one's span.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, MutableMapping
from functools import wraps
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]
from opentelemetry.util.http import ExcludeList

from aegis_otel.capture import access
from aegis_otel.capture._hooks import install
from aegis_otel.capture.excluded import ASGI, excluded_urls
from aegis_otel.capture.lean import AsgiApp, LeanRequests, LeanServer, Receive, Scope, Send

_CONTEXT: Final = "aegis_otel.context"
_MARK: Final = "_is_instrumented_by_opentelemetry"


class AsgiServerInstrumentor(BaseInstrumentor):  # type: ignore[misc]
    """Puts the middleware around the app that an ASGI server loads; imports no server itself."""

    _options: dict[str, Any] | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        """None: what is not installed is never imported, so its hook never runs."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        first = AsgiServerInstrumentor._options is None
        allowed = ("tracer_provider", "meter_provider", "exclude_spans", "lean")
        AsgiServerInstrumentor._options = {name: kwargs[name] for name in allowed if name in kwargs}
        if first:
            install(_HOOKS)

    def _uninstrument(self, **kwargs: Any) -> None:
        # The hooks stay, without effect: removing them from a server that runs would tear its requests.
        AsgiServerInstrumentor._options = None


def instrument_app(app: AsgiApp, access_logger: str | None = None) -> AsgiApp:
    """The app with the middleware around it; the app itself where we are off.

    Args:
        app: the app.
        access_logger: where the server logs its access lines outside of the request's context: their logger.
    """
    options = AsgiServerInstrumentor._options
    if options is None or isinstance(app, _ServedApp):
        return app
    if access_logger is not None:
        access.covers(access_logger)
    return _ServedApp(app, None if _has_middleware(app) else options)


class _ServedApp:
    """The app as the server sees it: inside the server span, and errors keep the request's context.

    Args:
        app: the app.
        options: for the middleware; None for an app that a framework's instrumentation has taken.
    """

    def __init__(self, app: AsgiApp, options: dict[str, Any] | None) -> None:
        self.app = app
        self._serve: AsgiApp = self._remember_at_response
        if options is not None:
            excluded = excluded_urls(ASGI) or ExcludeList(())
            options = dict(options)
            lean: LeanRequests | None = options.pop("lean", None)
            self._serve = OpenTelemetryMiddleware(self._remember_at_request, excluded_urls=excluded, **options)
            if lean is not None:
                self._serve = LeanServer(self._without_fastapis_own, lean, self._serve, excluded)

    async def _remember_at_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_CONTEXT] = otel_context.get_current()
        await self._without_fastapis_own(scope, receive, send)

    async def _without_fastapis_own(self, scope: Scope, receive: Receive, send: Send) -> None:
        # FastAPI has telemetry of its own, which would make a second server span and a second request
        # record; it lets a request be that carries this key.
        scope.setdefault("fastapi.telemetry", None)
        await self.app(scope, receive, send)

    async def _remember_at_response(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def remember(message: MutableMapping[str, Any]) -> None:
            scope[_CONTEXT] = otel_context.get_current()
            await send(message)

        await self.app(scope, receive, remember)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            await self._serve(scope, receive, send)
        except BaseException:
            # The server logs this error after the span is over. Every request runs in a task of its own,
            # so the context may stay, and the server's line carries the request's ids.
            if _CONTEXT in scope:
                otel_context.attach(scope[_CONTEXT])
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)


def _has_middleware(app: Any) -> bool:
    """Whether the app, or one that it wraps, has the middleware already."""
    for _ in range(16):
        if app is None:
            return False
        if isinstance(app, OpenTelemetryMiddleware) or getattr(app, _MARK, False):
            return True
        app = getattr(app, "__dict__", {}).get("app")
    return False


def _hook_uvicorn(module: Any) -> None:
    load = module.Config.load

    @wraps(load)
    def load_and_instrument(self: Any) -> None:
        load(self)
        self.loaded_app = instrument_app(self.loaded_app)

    module.Config.load = load_and_instrument


def _hook_hypercorn(module: Any) -> None:
    wrap_app = module.wrap_app

    @wraps(wrap_app)
    def wrap_and_instrument(app: Any, *args: Any, **kwargs: Any) -> Any:
        wrapped = wrap_app(app, *args, **kwargs)
        # hypercorn serves ASGI and WSGI apps through the same interface; only the former has `app`.
        if type(wrapped).__name__ == "ASGIWrapper":
            wrapped.app = instrument_app(wrapped.app, "hypercorn.access")
        return wrapped

    module.wrap_app = wrap_and_instrument


def _hook_daphne(module: Any) -> None:
    init = module.Server.__init__

    @wraps(init)
    def init_and_instrument(self: Any, application: Any, *args: Any, **kwargs: Any) -> None:
        init(self, instrument_app(application, "django.channels.server"), *args, **kwargs)

    module.Server.__init__ = init_and_instrument


def _hook_granian(module: Any) -> None:
    wrapper = module._callback_wrapper

    @wraps(wrapper)
    def wrap_and_instrument(callback: Any, *args: Any, **kwargs: Any) -> Any:
        return wrapper(instrument_app(callback, "granian.access"), *args, **kwargs)

    module._callback_wrapper = wrap_and_instrument


_HOOKS: Final[dict[str, Callable[[Any], None]]] = {
    "uvicorn.config": _hook_uvicorn,
    "hypercorn.utils": _hook_hypercorn,
    "daphne.server": _hook_daphne,
    "granian.asgi": _hook_granian,
}
