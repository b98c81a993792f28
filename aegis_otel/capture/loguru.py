"""loguru's records as ours, besides the sinks that the app adds and removes; those print what they ever did.

A record is taken if one of the app's sinks takes its level, or, where the app has removed all sinks, from our own level
on. What the app's intercepting handler brings to loguru from `logging`, or a sink of loguru's from there to `logging`,
is taken once, where it was logged.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from types import FrameType, FunctionType
from typing import Any, Final

import wrapt

from aegis_otel.capture._logrecord import LEVEL_NAME, own_level_name
from aegis_otel.capture._passed_on import recorded
from aegis_otel.capture.intake import Intake
from aegis_otel.capture.stdlib import error_info
from aegis_otel.correlation import current
from aegis_otel.schema import CodeLocation, Record, attribute_name, safe_text, severity_of_level, snapshot

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NEAR: Final = 8
"""Frames above loguru's in which a handler that intercepts records of `logging` is looked for."""

_HANDLERS: Final = frozenset(("emit", "handle", "callHandlers"))


def install(intake: Intake) -> None:
    """Put the hooks in as soon as the app imports loguru."""

    def hook_logger(module: Any) -> None:
        module.Logger._log = _as(_hooked(module.Logger._log, _Ours(intake)), module.Logger._log, module)

    def hook_sink(module: Any) -> None:
        write = module.StandardSink.write

        def write_recorded(self: Any, message: Any) -> Any:
            with recorded(message.record["extra"]):
                return write(self, message)

        module.StandardSink.write = _as(write_recorded, write, module)

    wrapt.register_post_import_hook(hook_logger, "loguru._logger")
    wrapt.register_post_import_hook(hook_sink, "loguru._simple_sinks")


def _as(function: Any, original: Any, module: Any) -> Any:
    """The same function, with a frame that counts as one of loguru's."""
    code = function.__code__.replace(co_filename=original.__code__.co_filename)
    made = FunctionType(code, {**module.__dict__, "recorded": recorded}, original.__name__, None, function.__closure__)
    made.__module__, made.__qualname__, made.__doc__ = original.__module__, original.__qualname__, original.__doc__
    return made


def _hooked(log: Callable[..., None], ours: _Ours) -> Callable[..., None]:
    standing_in, one_deeper, lazy = _Logger, _one_deeper, _is_lazy

    def _log(self: Any, *call: Any) -> None:
        logger = standing_in(self, ours)
        if logger._core.alone and lazy(call):
            log(self, *call)  # which is for nobody, so that no argument is made
        elif logger._core.alone:
            # The app would not even have its arguments formatted: it must not see what goes wrong there.
            try:
                log(logger, *one_deeper(call))
            except Exception:
                return
        else:
            log(logger, *one_deeper(call))

    return _log


def _options(call: tuple[Any, ...]) -> int:
    """The place of the options (exception, depth, record, lazy, …) in a call; -1 where there are none."""
    return next((place for place, value in enumerate(call) if isinstance(value, (tuple, list))), -1)


def _one_deeper(call: tuple[Any, ...]) -> tuple[Any, ...]:
    """The call's arguments, whose depth counts our own frame too."""
    place = _options(call)
    if place < 0:
        return call
    options = call[place]
    return (*call[:place], (options[0], options[1] + 1, *options[2:]), *call[place + 1 :])


def _is_lazy(call: tuple[Any, ...]) -> bool:
    place = _options(call)
    return place >= 0 and bool(call[place][3])


class _Logger:
    """A logger whose core has one handler more."""

    def __init__(self, logger: Any, ours: _Ours) -> None:
        self._wrapped = logger
        self._core = _Core(logger._core, ours)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)


class _Core:
    """What loggers have in common, as it is, and our handler before the app's."""

    def __init__(self, core: Any, ours: _Ours) -> None:
        self._core = core
        handlers = core.handlers
        self.alone = not handlers
        self.handlers = {"aegis_otel": ours, **handlers}
        if self.alone:
            self.min_level = ours.min_level

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)


class _Ours:
    """The handler that takes records; never raises."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.min_level = max(intake.levels.least_level, logging.DEBUG)

    def emit(self, record: dict[str, Any], *_: object) -> None:
        """Take one of loguru's records."""
        with suppress(Exception):
            name, levelno = record["name"], record["level"].no
            name = name if type(name) is str else safe_text(name or "loguru")
            if self._intake.takes(levelno, name) and not _comes_from_logging(record["message"]):
                self._intake.accept(_record(record, name, levelno, self._intake.code_location))


def _comes_from_logging(message: str) -> bool:
    """Whether a handler of the app passes a record of `logging` on to loguru."""
    for frame in _app_frames():
        code = frame.f_code
        if code.co_name in _HANDLERS:
            for value in frame.f_locals.values():
                if isinstance(value, logging.LogRecord):
                    return value.getMessage() in message
    return False


def _app_frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    near = 0
    while frame is not None and near < _NEAR:
        name = str(frame.f_globals.get("__name__") or "")
        if name.partition(".")[0] not in ("loguru", "aegis_otel"):
            near += 1
            yield frame
        frame = frame.f_back


def _record(record: dict[str, Any], name: str, levelno: int, code_location: bool) -> Record:
    exception = record["exception"]
    error = None if exception is None else error_info(tuple(exception))
    extra = record["extra"]
    skipped = None
    if error is None and isinstance(extra.get("error"), BaseException):
        error, skipped = error_info(extra["error"]), "error"
    attributes = {
        attribute_name(key, has_error=error is not None): snapshot(value)
        for key, value in extra.items()
        if key != skipped
    }
    severity = severity_of_level(levelno)
    level = own_level_name(record["level"].name, levelno, severity)
    if level is not None:
        attributes.setdefault(LEVEL_NAME, level)
    passed = record["time"] - _EPOCH
    context = current()
    return Record(
        ((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds) * 1_000,
        severity,
        safe_text(record["message"]).removesuffix("\n"),
        name,
        context.trace_id,
        context.span_id,
        context.trace_flags,
        context.correlation_id,
        attributes or None,
        CodeLocation(record["file"].path, record["line"], record["function"]) if code_location else None,
        error,
    )
