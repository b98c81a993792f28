"""The context goes with the work: into threads, pools of threads and processes, and the event loop's last words.

Tasks, callbacks and `asyncio.to_thread` take the context along by themselves. Here the rest is made to do so: threads
from where they are started, jobs of executors (also those of `loop.run_in_executor`) from where they are submitted.
What the event loop says of an exception that nobody fetched is said in the context of the task.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from types import FunctionType
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import propagate
from opentelemetry.context import Context

from aegis_otel.capture._hooks import Hook, Method, fault, install, wrap

_CONTEXT: Final = "_aegis_otel_context"

# Threads that outlive the request which happens to start them, and work for others: by the module of their target, or
# of their class.
_OF_MANY: Final = ("aegis_otel.", "concurrent.futures.", "grpc.", "logging.", "multiprocessing.", "opentelemetry.")


def instrument() -> None:
    """Put the hooks in, once for a process; imports nothing of what they stand in."""
    install(_HOOKS)


def _hook_threading(module: Any) -> None:
    def start(original: Method) -> Method:
        def start(self: Any) -> Any:
            if not _serves_many(self):
                with suppress(Exception):  # a subclass that allows no attributes goes without
                    setattr(self, _CONTEXT, otel_context.get_current())
            return original(self)

        return start

    def bootstrap(original: Method) -> Method:
        def bootstrap_inner(self: Any) -> Any:
            context = self.__dict__.pop(_CONTEXT, None)
            if context is not None:
                otel_context.attach(context)
            return original(self)

        return bootstrap_inner

    wrap(module.Thread, "start", start)
    wrap(module.Thread, "_bootstrap_inner", bootstrap)


def _serves_many(thread: Any) -> bool:
    target = getattr(getattr(thread, "_target", None), "__module__", None) or ""
    return f"{target}.".startswith(_OF_MANY) or f"{type(thread).__module__}.".startswith(_OF_MANY)


def _hook_thread_pool(module: Any) -> None:
    def submit(original: Method) -> Method:
        def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            return original(self, _InContext(fn, otel_context.get_current()), *args, **kwargs)

        return submit

    wrap(module.ThreadPoolExecutor, "submit", submit)


def _as_pools_own(function: Any) -> Any:
    """The same function, with a frame that counts as the pool's: loguru names a caller by its frame."""
    names = {**globals(), "__name__": "concurrent.futures.thread"}
    made = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    made.__module__, made.__qualname__ = function.__module__, function.__qualname__
    return made


class _InContext:
    """A function that runs in the context of whoever asked for it."""

    __slots__ = ("_context", "_function")

    def __init__(self, function: Callable[..., Any], context: Context) -> None:
        self._function = function
        self._context = context

    @_as_pools_own
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        token = otel_context.attach(self._context)
        try:
            return self._function(*args, **kwargs)
        finally:
            otel_context.detach(token)


def _hook_process_pool(module: Any) -> None:
    def submit(original: Method) -> Method:
        def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            carrier: dict[str, str] = {}
            try:
                propagate.inject(carrier)
            except Exception as error:
                fault("ProcessPoolExecutor", error)
            return original(self, _Carried(fn, carrier), *args, **kwargs)

        return submit

    wrap(module.ProcessPoolExecutor, "submit", submit)


class _Carried:
    """A function for another process, with the ids of whoever asked for it."""

    __slots__ = ("_carrier", "_function")

    def __init__(self, function: Callable[..., Any], carrier: dict[str, str]) -> None:
        self._function = function
        self._carrier = carrier

    def __reduce__(self) -> Any:
        return _Carried, (self._function, self._carrier)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _InContext(self._function, propagate.extract(self._carrier, Context()))(*args, **kwargs)


def _hook_event_loop(module: Any) -> None:
    loop = module.BaseEventLoop

    def call_exception_handler(original: Method) -> Method:
        def call_exception_handler(self: Any, context: Any) -> Any:
            found = _context_of(context)
            if found is None:
                return original(self, context)
            return found.run(original, self, context)

        return call_exception_handler

    wrap(loop, "call_exception_handler", call_exception_handler)
    if sys.version_info < (3, 12):  # a task does not tell its context there
        wrap(loop, "create_task", _create_task)


def _create_task(original: Method) -> Method:
    from contextvars import copy_context

    def create_task(self: Any, *args: Any, **kwargs: Any) -> Any:
        task = original(self, *args, **kwargs)
        with suppress(Exception):  # a task of another kind may take no attributes
            setattr(task, _CONTEXT, kwargs.get("context") or copy_context())
        return task

    return create_task


def _context_of(said: Any) -> Any:
    """The context (of `contextvars`) of the task or handle that an event loop speaks of."""
    try:
        for name in ("task", "future", "handle"):
            source = said.get(name)
            if source is not None:
                found: Any = getattr(source, _CONTEXT, None) or getattr(source, "_context", None)
                get = getattr(source, "get_context", None)
                found = get() if found is None and get is not None else found
                if hasattr(found, "run"):
                    return found.copy()  # the context itself may be entered already
    except Exception:
        return None
    return None


_HOOKS: Final[dict[str, Hook]] = {
    "threading": _hook_threading,
    "concurrent.futures.thread": _hook_thread_pool,
    "concurrent.futures.process": _hook_process_pool,
    "asyncio.base_events": _hook_event_loop,
}
