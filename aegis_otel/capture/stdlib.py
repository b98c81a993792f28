"""Records of stdlib logging, from every logger, once each, whatever the app configures.

The hook sits where `logging.Logger` hands a record to its handlers. So a record is seen exactly once,
also when its logger does not propagate (uvicorn, gunicorn) and when the app replaces the root logger's
handlers after start (`dictConfig`), and `logging.basicConfig` keeps working in the app, which a handler on
the root logger would prevent.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from _thread import get_ident  # that of the system, also when gevent has replaced it
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from aegis_otel.capture import Accept, access
from aegis_otel.capture._loggings_own import as_loggings_own, is_loggings_own
from aegis_otel.capture._logrecord import (
    FOREIGN,
    LEVEL_NAME,
    PROCESS,
    USUAL_LEVELS,
    mark_of,
    message_of,
    origin,
    own_level_name,
    split_extra,
    usual,
)
from aegis_otel.capture._native_calls import CallConfig
from aegis_otel.capture._passed_on import EVENT, EXTRA, Event, was_recorded
from aegis_otel.capture.levels import LoggerLevels
from aegis_otel.correlation import context_getter, current, get_correlation_id
from aegis_otel.schema import (
    RESERVED,
    CodeLocation,
    ErrorInfo,
    Record,
    attribute_name,
    safe_text,
    severity_of_level,
    snapshot,
)

if TYPE_CHECKING:
    from aegis_otel_native import Calls

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

# The app's own field of this name, where logging has one of its own (from Python 3.12 on), which says nothing here.
_TASK_NAME: Final = "extra.taskName"
_CORRELATION_ID: Final = "correlationId"
_RENAMED: Final = RESERVED | {_TASK_NAME}

_SEVERITY: Final = {level: severity_of_level(level) for level in (10, 20, 30, 40, 50)}
_REMEMBERED: Final = 4_096

# What a call passes through on its way to the handlers: where others put something in the place of one of these, the
# extension must not go round it.
_PASSED: Final = ("callHandlers", "findCaller", "filter", "handle", "makeRecord")
_RECORDS: Final = ("__init__", "getMessage")

_Handle = Callable[[logging.Logger, logging.LogRecord], None]


class StdlibCapture:
    """The hook in `logging`; one for a process.

    Args:
        accept: takes each record; must be quick.
        level: least OpenTelemetry severity that is taken, or the levels by logger.
        access_lines: tells which access lines of servers are left out; None: none of them.
        code_location: whether records say where they were logged.
        replaces_last_resort: whether records that no handler takes reach an output of ours, so that logging must not
            print them raw to stderr as its last resort.
        own_thread: tells whether a thread (by ident of `_thread`) is one of ours: what it logs is not taken.
        native: the extension's module (`aegis_otel._native`), which takes the usual calls; None to take all here.
    """

    def __init__(
        self,
        accept: Accept,
        *,
        level: int | LoggerLevels,
        code_location: bool,
        replaces_last_resort: bool,
        own_thread: Callable[[int | None], bool],
        native: Any = None,
        access_lines: access.AccessLines | None = None,
    ) -> None:
        self._accept = accept
        self._levels = LoggerLevels(level) if isinstance(level, int) else level
        self._level = self._levels.least_severity
        self._access_lines = access_lines
        self._code_location = code_location
        self._replaces_last_resort = replaces_last_resort
        self._own_thread = own_thread
        self._native = native
        # Not `makeLogRecord`, which would take what a factory of the app adds for logging's own.
        in_order = tuple(logging.LogRecord("", 0, "", 0, "", (), None).__dict__)
        own_fields = frozenset(in_order)
        self._last_standard = in_order[-1]
        self._standard = own_fields | FOREIGN
        self._standard_count = len(own_fields)
        self._names: dict[str, int] = {}
        self._sites: dict[tuple[str, int, str | None], CodeLocation] = {}
        self._refused = own_fields | {"message", "asctime"}
        self._unusual = self._refused | self._standard | RESERVED | {_TASK_NAME, EVENT, EXTRA}
        self._broken = False
        self._call_handlers: _Handle | None = None
        self._make_record: Callable[..., logging.LogRecord] | None = None
        self._log: Callable[..., None] | None = None
        self._calls: Calls | None = None

    def install(self) -> None:
        """Put the hook in; a second call does nothing."""
        if self._call_handlers is not None:
            return
        call_handlers: _Handle = logging.Logger.callHandlers
        make_record: Callable[..., logging.LogRecord] = logging.Logger.makeRecord
        self._call_handlers, self._make_record = call_handlers, make_record
        capture = self.capture
        replaces = self._replaces_last_resort
        refused = self._refused
        split = split_extra

        def callHandlers(self: logging.Logger, record: logging.LogRecord) -> None:  # noqa: N802
            taken = capture(record)
            if taken and replaces and not self.hasHandlers():
                return
            call_handlers(self, record)

        def makeRecord(  # noqa: N802
            self: logging.Logger,
            name: str,
            level: int,
            fn: str,
            lno: int,
            msg: object,
            args: Any,
            exc_info: Any,
            func: str | None = None,
            extra: Any = None,
            sinfo: str | None = None,
        ) -> logging.LogRecord:
            # logging raises for an extra that is no mapping or overwrites one of its own fields.
            if extra and not (isinstance(extra, dict) and refused.isdisjoint(extra)):
                extra, taken = split(extra, refused)
                made = make_record(self, name, level, fn, lno, msg, args, exc_info, func, extra, sinfo)
                made.__dict__.update(taken)
                return made
            return make_record(self, name, level, fn, lno, msg, args, exc_info, func, extra, sinfo)

        logging.Logger.callHandlers = as_loggings_own(callHandlers)  # type: ignore[method-assign]
        logging.Logger.makeRecord = as_loggings_own(makeRecord)  # type: ignore[method-assign]
        if self._native is not None:
            with suppress(Exception):  # then the hook above sees every call
                self._take_calls(self._native)

    def _take_calls(self, native: Any) -> None:
        """Let the extension take the calls after which nobody but our hook would see logging's own record."""
        resort = logging.lastResort
        # Without one, logging itself complains, once.
        least = -1 if resort is None else resort.level
        logger, record = logging.Logger, logging.LogRecord
        config = CallConfig(
            accept=self._accept,
            level=self._level,
            last_resort=None if self._replaces_last_resort else (resort, least),
            code_location=self._code_location,
            skip_first=sys.version_info < (3, 11),  # `findCaller` began one frame further up
            logging=logging.__dict__,
            factory=logging.LogRecord,
            source=logging._srcfile,
            methods=[(name, getattr(logger, name)) for name in _PASSED],
            record_methods=[(name, getattr(record, name)) for name in _RECORDS],
            refused=self._unusual,
            last_standard=self._last_standard,
            levels=logging._levelToName,
            names=self._names,
            least_level=self._native_least,
            own_thread=self._own_thread,
            this_thread=get_ident,
            frame=sys._getframe,
            context=context_getter(),
            current=current,
            snapshot=snapshot,
            record=Record,
            location=CodeLocation,
            places=self._sites,
            code=self._code,
        )
        calls: Calls = native.Calls(config)
        self._calls = calls
        originals = [
            self._call_handlers,
            self._make_record,
            logger._log,
            logger.findCaller,
            logger.filter,
            logger.handle,
        ]
        if all(map(is_loggings_own, [*originals, *(getattr(record, name) for name in _RECORDS)])):
            self._log = logger._log
            logger._log = native.LogMethod(calls, self._log)  # type: ignore[method-assign]

    def uninstall(self) -> None:
        """Take the hook out (what others wrapped around it later goes with it)."""
        if self._call_handlers is not None and self._make_record is not None:
            logging.Logger.callHandlers, logging.Logger.makeRecord = self._call_handlers, self._make_record  # type: ignore[method-assign, assignment]
            self._call_handlers = self._make_record = None
            if self._log is not None:
                logging.Logger._log = self._log  # type: ignore[method-assign]
                self._log = self._calls = None

    def capture(self, record: logging.LogRecord) -> bool:
        """Turn one of logging's records into ours and pass it on. Never raises. False: it is left to `logging`."""
        calls = self._calls
        if calls is not None and calls.capture(record, self._standard_count):
            return True
        try:
            level = record.levelno
            if not isinstance(level, int):
                level = logging.INFO  # `makeLogRecord` of fields without one
            severity = _SEVERITY.get(level) or severity_of_level(level)
            if severity < self._level or self._ignored(record, level):
                return not self._is_silent(record)
            fields = record.__dict__
            mark = mark_of(fields)
            if mark is None or mark != fields["relativeCreated"]:
                self._accept(self._translate(record, severity))
                if mark is not None:
                    fields["relativeCreated"] = mark
        except Exception as error:
            self._report(record, error)
            return False
        return True

    def _is_silent(self, record: logging.LogRecord) -> bool:
        # What exporters complain of is for people: no record of it would arrive.
        return self._levels.least(str(record.name)) == sys.maxsize and record.levelno >= logging.WARNING

    def _ignored(self, record: logging.LogRecord, level: int) -> bool:
        name = record.name if type(record.name) is str else safe_text(record.name)
        least = self._names.get(name)
        if least is None:
            least = self._levels.least(name)
            lines = self._access_lines
            if (lines is None or name not in access.LOGGERS) and least != sys.maxsize:
                self._remember(name, least)
            elif lines is not None and lines.repeats(record, level):
                return True
        if level < least or self._own_thread(get_ident()):
            return True
        return EXTRA in record.__dict__ and was_recorded(record.__dict__[EXTRA])

    def _remember(self, name: str, least: int) -> None:
        if len(self._names) < _REMEMBERED:
            self._names[name] = least

    def _native_least(self, name: str) -> int:
        if self._access_lines is not None and name in access.LOGGERS:
            raise LookupError  # then the record is left to `_ignored`
        least = self._levels.least(name)
        if least == sys.maxsize:
            raise LookupError
        self._remember(name, least)
        return least

    def _code(self, record: logging.LogRecord) -> CodeLocation | None:
        try:
            key = (record.pathname, record.lineno, record.funcName)
        except AttributeError:  # a filter has removed it
            return None
        site = self._sites.get(key)
        if site is None:
            site = CodeLocation(record.pathname, record.lineno, record.funcName or "")
            if len(self._sites) < _REMEMBERED:
                self._sites[key] = site
        return site

    def _translate(self, record: logging.LogRecord, severity: int) -> Record:
        found = usual(record, self._standard_count, self._last_standard, self._unusual)
        if found is None:
            return self._translate_closely(record, severity)
        context = current()
        return Record(
            int(record.created * 1e9),
            severity,
            found[0],
            record.name if type(record.name) is str else safe_text(record.name),
            *context,
            found[1] or None,
            self._code(record) if self._code_location else None,
        )

    def _translate_closely(self, record: logging.LogRecord, severity: int) -> Record:
        fields = record.__dict__
        attributes: dict[str, Any] = {}
        process = fields.get("process")
        if process is None or process == PROCESS.ident:
            context = current()
        else:
            context, attributes = origin(record)
        exc_info, stack_info = fields.get("exc_info"), fields.get("stack_info")
        event: Event | None = fields.pop(EVENT, None)
        error = error_info(exc_info) if exc_info else event.error if event is not None else None
        skipped = self._standard
        if event is not None:
            attributes.update(event.attributes)
            skipped = skipped | event.fields
        if error is None and isinstance(fields.get("error"), BaseException):
            error = error_info(fields["error"])
            skipped = skipped | {"error"}
        message, said = message_of(record) if event is None else (event.message, None)
        if said is not None:
            self._add(attributes, said.items(), error, ())
        extras = islice(fields.items(), self._standard_count - 1, None)
        last = next(extras, None)
        if last is None or last[0] != self._last_standard or type(record) is not logging.LogRecord:
            # Logging's own fields are not all there, or not in front.
            extras = islice(fields.items(), 0, None)
        given = fields.get(_CORRELATION_ID)
        if type(given) is str and given in (context.correlation_id, get_correlation_id(), "-"):
            skipped = skipped | {_CORRELATION_ID}  # `origin` has read it, or a filter of ours has set it
        self._add(attributes, extras, error, skipped)
        if stack_info:
            attributes["stackInfo"] = safe_text(stack_info)
        if USUAL_LEVELS.get(record.levelno) != fields.get("levelname"):
            level = own_level_name(fields.get("levelname"), record.levelno, severity)
            if level is not None:
                attributes.setdefault(LEVEL_NAME, level)
        created = fields.get("created")
        return Record(
            int(created * 1e9) if created is not None else time.time_ns(),
            severity,
            message,
            record.name if type(record.name) is str else safe_text(record.name),
            *context,
            attributes or None,
            self._code(record) if self._code_location else None,
            error,
        )

    @staticmethod
    def _add(
        attributes: dict[str, Any],
        fields: Iterable[tuple[Any, Any]],
        error: ErrorInfo | None,
        skipped: Collection[str],
    ) -> None:
        for name, value in fields:
            if name in skipped:
                continue
            if name in _RENAMED or type(name) is not str:
                name = "taskName" if name == _TASK_NAME else attribute_name(name, has_error=error is not None)
            kind = type(value)
            attributes[name] = value if kind is str or kind is bool or value is None else snapshot(value)

    def _report(self, record: logging.LogRecord, error: Exception) -> None:
        # A fault of ours costs the app this line and one warning, not an exception.
        if self._broken:
            return
        self._broken = True
        try:
            name = safe_text(record.name)
            sys.stderr.write(f"aegis-otel: a record of logger {name!r} was lost: {type(error).__name__}\n")
        except Exception:
            return


def error_info(exc_info: Any) -> ErrorInfo | None:
    """An exception, or logging's ``exc_info`` in any of its forms, as text; None where there is none."""
    if isinstance(exc_info, BaseException):
        exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
    if not isinstance(exc_info, tuple) or len(exc_info) != 3 or exc_info[1] is None:
        return None
    kind, error, trace_back = exc_info
    name = getattr(kind, "__name__", None) or type(error).__name__
    message = safe_text(error)
    try:
        stack = "".join(traceback.format_exception(kind, error, trace_back))
    except Exception:
        stack = f"{name}: {message}"
    return ErrorInfo(name, message, stack)
