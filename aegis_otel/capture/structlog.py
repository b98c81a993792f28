"""structlog's events as records: its fields as fields, whatever the app renders them to.

The hook stands where structlog runs its processors, and takes the event as it is before the last one makes a line of
text of it. What the app prints stays as it is. Where the event goes on to a logger of `logging`, that one's filters and
levels decide, so it is taken there (`aegis_otel.capture.stdlib`); any other logger prints it, so it is taken here.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType, FunctionType
from typing import Any, Final

import wrapt

from aegis_otel.capture._logrecord import LEVEL_NAME, message_of_mapping, own_level_name
from aegis_otel.capture._passed_on import EVENT, Event
from aegis_otel.capture.intake import Intake
from aegis_otel.capture.stdlib import error_info
from aegis_otel.correlation import current
from aegis_otel.schema import CodeLocation, Record, attribute_name, safe_text, severity_of_level, snapshot

_LEVELNO: Final = {
    "critical": 50,
    "fatal": 50,
    "error": 40,
    "err": 40,
    "exception": 40,
    "failure": 40,
    "warning": 30,
    "warn": 30,
    "info": 20,
    "msg": 20,
    "log": 20,
    "debug": 10,
    "notset": 10,
}
# The level's name, where the method's says something else.
_NAMES: Final = {"fatal": "CRITICAL", "err": "ERROR", "exception": "ERROR", "failure": "ERROR", "notset": "DEBUG"}
_PLAIN: Final = frozenset(("msg", "log"))

# What structlog's own processors put into an event, and what becomes of it here.
_OF_PROCESSORS: Final = frozenset(("level", "timestamp", "exception", "stack"))
# Where an `extra` has none of these, it holds the fields as the app named them: `logging`'s record says it all.
_OF_STRUCTLOG: Final = _OF_PROCESSORS | {"event", "logger", "_logger"}
_SWITCHES: Final = frozenset(("exc_info", "stack_info", "stacklevel", "positional_args", "_record", "_from_structlog"))
# Loggers of structlog's that keep what they are told, for tests.
_KEEPERS: Final = frozenset(("ReturnLogger", "CapturingLogger"))

_Process = Callable[[Any, str, Any, dict[str, Any]], tuple[Any, Any]]


def install(intake: Intake) -> None:
    """Put the hook in as soon as the app imports structlog."""

    def hook(module: Any) -> None:
        kind = module.BoundLoggerBase
        kind._process_event = _hooked(kind._process_event, intake, module)

    wrapt.register_post_import_hook(hook, "structlog._base")


def _hooked(original: _Process, intake: Intake, module: Any) -> _Process:
    standing_in, finish = _Logger, _finish

    def _process_event(self: Any, method_name: str, event: Any, event_kw: dict[str, Any]) -> tuple[Any, Any]:
        watched = standing_in(self)
        result = original(watched, method_name, event, event_kw)
        return finish(intake, watched, method_name, event_kw, result)

    # Whoever looks for the app's own frame goes past those of structlog's modules.
    made = FunctionType(_process_event.__code__, module.__dict__, original.__name__, None, _process_event.__closure__)
    made.__module__, made.__qualname__, made.__doc__ = original.__module__, original.__qualname__, original.__doc__
    return made


class _Logger:
    """A bound logger whose events are looked at between its processors."""

    def __init__(self, logger: Any) -> None:
        self._wrapped = logger
        self._context = logger._context
        self._logger = logger._logger
        look = self._look
        self._processors = [step for processor in logger._processors for step in (look, processor)]
        self.fields: dict[Any, Any] | None = None
        self.exc_info: Any = None

    def _look(self, logger: Any, method_name: str, event_dict: Any) -> Any:
        if isinstance(event_dict, Mapping):
            self.fields = dict(event_dict)
            if self.exc_info is None:
                self.exc_info = _exc_info(self.fields.get("exc_info"))
        return event_dict

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)


def _exc_info(said: Any) -> Any:
    if not said:
        return None
    if isinstance(said, (BaseException, tuple)):
        return said
    found = sys.exc_info()
    return found if found[1] is not None else None


def _finish(
    intake: Intake, watched: _Logger, method: str, given: dict[str, Any], result: tuple[Any, Any]
) -> tuple[Any, Any]:
    """Take the event, or send it on with the record of `logging` that carries it. Never raises."""
    with suppress(Exception):
        args, kwargs = result
        if type(kwargs) is dict and "event" in kwargs and not args:
            watched.fields = dict(kwargs)  # nothing rendered it
        if watched.fields is None:
            return result
        logger = watched._logger
        if isinstance(logger, logging.LoggerAdapter):
            logger = logger.logger
        levelno = _LEVELNO.get(method) or logging._nameToLevel.get(method.upper(), logging.INFO)
        if isinstance(logger, logging.Logger):
            if method not in _PLAIN and logger.isEnabledFor(levelno) and intake.takes(levelno, logger.name):
                extra = kwargs.get("extra") or {}
                if not extra or not _OF_STRUCTLOG.isdisjoint(extra):
                    return args, {**kwargs, "extra": {**extra, EVENT: _event(watched, given)}}
        elif type(logger).__name__ not in _KEEPERS:
            _take(intake, watched, method, levelno, given)
    return result


def _event(watched: _Logger, given: Mapping[str, Any]) -> Event:
    fields = watched.fields or {}
    error = error_info(watched.exc_info) if watched.exc_info is not None else None
    skipped = _skipped(fields, {**watched._context, **given}, error is not None)
    if error is None and isinstance(fields.get("error"), BaseException):
        error = error_info(fields["error"])
        skipped.add("error")
    key = next((name for name in _message_keys(watched._processors) if name in fields), None)
    message, attributes = _message(fields.get(key), fields.get("positional_args"))
    for name, value in fields.items():
        if name != key and name not in skipped:
            attributes[attribute_name(name, has_error=error is not None)] = snapshot(value)
    if isinstance(fields.get("stack"), str) and "stack" in skipped:
        attributes["stackInfo"] = fields["stack"]
    return Event(message, frozenset(safe_text(name) for name in (*fields, "_logger", "_name")), attributes, error)


def _skipped(fields: Mapping[Any, Any], bound: Mapping[Any, Any], has_error: bool) -> set[Any]:
    """The names in an event that are no fields of the app's."""
    skipped: set[Any] = {name for name in _OF_PROCESSORS if name not in bound}
    if not has_error:
        skipped.discard("exception")
    level = fields.get("level")
    if not (isinstance(level, str) and level.lower() in _LEVELNO):
        skipped.discard("level")
    if isinstance(fields.get("logger"), str):
        skipped.add("logger")
    return skipped | _SWITCHES


def _message_keys(processors: list[Any]) -> list[str]:
    renamed = [step.to for step in processors if type(step).__name__ == "EventRenamer"]
    return [*renamed, "event", "message", "msg"]


def _message(event: Any, positional: Any) -> tuple[str, dict[str, Any]]:
    if positional and isinstance(event, str):
        with suppress(Exception):
            return event % positional, {}
    if isinstance(event, Mapping):
        message, said = message_of_mapping(event)
        return message, {attribute_name(name): snapshot(value) for name, value in (said or {}).items()}
    return "" if event is None else safe_text(event), {}


def _take(intake: Intake, watched: _Logger, method: str, levelno: int, given: Mapping[str, Any]) -> None:
    fields = watched.fields or {}
    frame = _app_frame()
    name = fields.get("logger")
    if not isinstance(name, str):
        name = getattr(watched._logger, "name", None)
    if not isinstance(name, str):
        name = (frame.f_globals.get("__name__") if frame else None) or "structlog"
    if not intake.takes(levelno, name):
        return
    event = _event(watched, given)
    severity = severity_of_level(levelno)
    level = own_level_name(None if method in _PLAIN else _NAMES.get(method, method.upper()), levelno, severity)
    if level is not None:
        event.attributes.setdefault(LEVEL_NAME, level)
    context = current()
    code = None
    if intake.code_location and frame is not None:
        code = CodeLocation(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
    intake.accept(
        Record(
            time.time_ns(),
            severity,
            event.message,
            name,
            context.trace_id,
            context.span_id,
            context.trace_flags,
            context.correlation_id,
            event.attributes or None,
            code,
            event.error,
        )
    )


def _app_frame() -> FrameType | None:
    """The frame of the app that logs; in structlog's async methods the one that awaits."""
    frame: FrameType | None = sys._getframe(1)
    calling = getattr(sys.modules.get("structlog.contextvars"), "_ASYNC_CALLING_STACK", None)
    if calling is not None:
        frame = calling.get(frame)
    while frame is not None:
        name = str(frame.f_globals.get("__name__") or "")
        if name != "structlog" and not name.startswith(("structlog.", "aegis_otel.")):
            return frame
        frame = frame.f_back
    return None
