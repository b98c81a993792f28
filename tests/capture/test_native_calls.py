"""The extension takes the usual calls, gives the same records, and stands back wherever anybody else might look."""

from __future__ import annotations

import functools
import inspect
import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aegis_otel import correlation_scope, schema
from aegis_otel.capture.stdlib import StdlibCapture
from tests.support.examples import examples
from tests.support.native import NATIVE, needs_native

pytestmark = needs_native

log = logging.getLogger("calls.test")


@contextmanager
def capturing(native: Any, **options: Any) -> Iterator[list[schema.Record]]:
    records: list[schema.Record] = []
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    chosen: dict[str, Any] = {
        "level": schema.DEBUG,
        "code_location": True,
        "replaces_last_resort": True,
        "own_thread": lambda ident: False,
    }
    capture = StdlibCapture(options.pop("accept", records.append), native=native, **chosen | options)
    root.handlers.clear()
    root.setLevel(logging.DEBUG)
    capture.install()
    try:
        yield records
    finally:
        capture.uninstall()
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture
def made() -> Iterator[list[str]]:
    """The names of the loggers for which logging made a record of its own."""
    names: list[str] = []
    init = logging.LogRecord.__init__.__code__

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is init:
            names.append(frame.f_locals["name"])

    sys.setprofile(note)
    yield names
    sys.setprofile(None)


@pytest.fixture
def records() -> Iterator[list[schema.Record]]:
    with capturing(NATIVE) as found:
        yield found


def fields(record: schema.Record) -> dict[str, Any]:
    found = {name: getattr(record, name) for name in schema.Record.__slots__ if name != "time_ns"}
    return found | {
        "attributes": repr(record.attributes),
        "kinds": [type(v) for v in (record.attributes or {}).values()],
    }


class Hostile:
    def __str__(self) -> str:
        raise ValueError("no")

    __repr__ = __str__


class Text(str):
    __slots__ = ()


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.binary(max_size=5),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.builds(Hostile),
    st.builds(Text, st.text(max_size=5)),
    st.builds(ValueError, st.text(max_size=5)),
)
NAMES = st.one_of(
    st.sampled_from(
        ["userId", "amount", "error", "errorName", "level", "message", "name", "taskName", "otelSpanID", "args"]
    ),
    st.text(max_size=6),
)
MESSAGES = st.one_of(
    st.sampled_from(["plain", "%s", "%s %s", "%d", "100%", "%(a)s", "%5.2f|%r"]), st.text(max_size=10), VALUES
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "extra": st.one_of(st.none(), st.dictionaries(NAMES, VALUES, max_size=4), st.lists(st.integers(), max_size=1)),
        "exc_info": st.sampled_from([None, False, True, ValueError("x")]),
        "stack_info": st.just(False),
        "stacklevel": st.sampled_from([1, 2]),
    },
)


@pytest.mark.parametrize("seen_by_others", [False, True])
@settings(max_examples=examples(500), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([5, 10, 20, 25, 30, 40, 50, 99]), MESSAGES, st.lists(VALUES, max_size=2), OPTIONS)
def test_a_call_gives_the_record_that_it_gives_without_the_extension(
    seen_by_others: bool, level: int, message: Any, args: list[Any], options: dict[str, Any]
) -> None:
    found = []
    for native in (NATIVE, None):
        with capturing(native) as records, correlation_scope("job-1"):
            if seen_by_others:
                logging.getLogger().addHandler(logging.NullHandler())
            log.log(level, message, *args, **options)
        found.append([fields(record) for record in records])
    assert found[0] == found[1]
    assert len(found[0]) == (level >= 10)


def test_the_usual_call_needs_no_record_of_logging(records: list[schema.Record], made: list[str]) -> None:
    log.info("user %s did it", "Ann", extra={"userId": "123", "tags": ["a"], "n": 1.5, "no": None})
    logging.getLogger().error("on the root")
    logging.LoggerAdapter(log, {"by": "adapter"}).warning("hello")
    assert made == []
    assert [record.message for record in records] == ["user Ann did it", "on the root", "hello"]
    assert records[0].attributes == {"userId": "123", "tags": ["a"], "n": 1.5, "no": None}
    assert records[2].attributes == {"by": "adapter"}
    assert {record.code and record.code.function for record in records} == {
        "test_the_usual_call_needs_no_record_of_logging"
    }


def test_the_line_is_that_of_each_call(records: list[schema.Record], made: list[str]) -> None:
    def lines() -> list[int]:
        log.info("a")
        log.info("b"); log.info("c")  # fmt: skip  # noqa: E702
        return [record.code.line for record in records if record.code]

    start = lines.__code__.co_firstlineno
    assert lines() == [start + 1, start + 2, start + 2]
    assert made == []


def test_a_mutable_argument_changed_later_does_not_change_the_record(
    records: list[schema.Record], made: list[str]
) -> None:
    tags, nested = ["a"], {"b": ["c"]}
    log.info("tags %s", tags, extra={"tags": tags, "nested": nested})
    tags.append("z")
    nested["b"].append("z")
    assert records[0].message == "tags ['a']"
    assert records[0].attributes == {"tags": ["a"], "nested": {"b": ["c"]}}
    assert made == []


@pytest.mark.parametrize("where", ["calls.test", "calls", None])
def test_a_handler_anywhere_on_the_way_gets_its_record(
    records: list[schema.Record], made: list[str], where: str | None
) -> None:
    stream = io.StringIO()
    logger, handler = logging.getLogger(where), logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        log.info("hello")
    finally:
        logger.removeHandler(handler)
    log.info("again")
    assert stream.getvalue() == "hello\n"
    assert [record.message for record in records] == ["hello", "again"]
    assert made == ["calls.test"]


def test_a_handler_behind_a_logger_that_does_not_propagate_is_not_asked(
    records: list[schema.Record], made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "propagate", False)
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.StreamHandler(io.StringIO())])
    log.info("hello")
    assert made == []
    assert len(records) == 1


def test_a_filter_of_the_logger_decides(records: list[schema.Record]) -> None:
    def refuse(record: logging.LogRecord) -> bool:
        return "no" not in record.getMessage()

    log.addFilter(refuse)
    try:
        log.info("no")
        log.info("yes")
    finally:
        log.removeFilter(refuse)
    assert [record.message for record in records] == ["yes"]


def test_the_apps_record_factory_is_used(records: list[schema.Record]) -> None:
    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = logging.LogRecord(*args, **kwargs)
        record.tenant = "north"
        return record

    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(factory)
    try:
        log.info("hello")
    finally:
        logging.setLogRecordFactory(before)
    assert records[0].attributes == {"tenant": "north"}


@pytest.mark.parametrize("name", ["callHandlers", "handle", "makeRecord", "findCaller", "filter"])
@pytest.mark.parametrize("owner", [logging.Logger, log], ids=["class", "logger"])
def test_what_others_put_in_the_place_of_a_method_is_called(
    records: list[schema.Record], monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    calls: list[str] = []
    method = getattr(owner, name)

    @functools.wraps(method)
    def ours(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return method(*args, **kwargs)

    if owner is log:
        # Not `setattr`: before pytest 9.2 that leaves the class's method in the logger.
        monkeypatch.setitem(vars(log), name, ours)
    else:
        monkeypatch.setattr(owner, name, ours)
    log.info("hello")
    assert calls == [name]
    assert [record.message for record in records] == ["hello"]


def test_what_took_the_place_of_a_method_before_us_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    call_handlers = logging.Logger.callHandlers

    @functools.wraps(call_handlers)
    def first(self: logging.Logger, record: logging.LogRecord) -> None:
        seen.append(record.getMessage())
        call_handlers(self, record)

    monkeypatch.setattr(logging.Logger, "callHandlers", first)
    with capturing(NATIVE, replaces_last_resort=False) as records:
        log.info("hello")
    assert seen == ["hello"]
    assert [record.message for record in records] == ["hello"]


@pytest.mark.parametrize("seen_by_others", [False, True])
def test_an_apps_own_way_of_rendering_is_used(
    records: list[schema.Record], monkeypatch: pytest.MonkeyPatch, seen_by_others: bool
) -> None:
    if seen_by_others:
        logging.getLogger().addHandler(logging.NullHandler())
    monkeypatch.setattr(logging.LogRecord, "getMessage", lambda self: str(self.msg).format(*self.args))
    log.info("hello {}", "Ann")
    assert [record.message for record in records] == ["hello Ann"]


def test_a_logger_class_of_the_app_keeps_its_ways(records: list[schema.Record], made: list[str]) -> None:
    class Shouting(logging.Logger):
        def makeRecord(self, name: str, level: int, fn: str, lno: int, msg: object, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
            return super().makeRecord(name, level, fn, lno, str(msg).upper(), *args, **kwargs)

    class Plain(logging.Logger):
        pass

    Shouting("calls.loud").info("hello")
    Plain("calls.plain").info("hello")
    assert [record.message for record in records] == ["HELLO", "hello"]
    assert made == ["calls.loud"]


def test_a_disabled_logger_and_disabled_levels_are_silent(
    records: list[schema.Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "disabled", True)
    log.info("no")
    log._log(logging.INFO, "no", ())
    monkeypatch.setattr(log, "disabled", False)
    logging.disable(logging.INFO)
    try:
        log.info("no")
        log.warning("yes")
    finally:
        logging.disable(logging.NOTSET)
    assert [record.message for record in records] == ["yes"]


def test_logging_s_last_resort_still_prints_what_nobody_else_would(capsys: pytest.CaptureFixture[str]) -> None:
    with capturing(NATIVE, replaces_last_resort=False) as records:
        log.warning("printed")
        log.info("not printed")
    assert capsys.readouterr().err == "printed\n"
    assert len(records) == 2


def test_the_end_of_the_app_is_not_swallowed(records: list[schema.Record]) -> None:
    class Interrupting:
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        log.info("%s", Interrupting())
    assert records == []


def test_an_argument_that_logs_itself_does_no_harm(records: list[schema.Record]) -> None:
    class Chatty:
        def __str__(self) -> str:
            log.debug("asked")
            return "me"

    log.info("%s", Chatty(), extra={"who": Chatty()})
    assert [record.message for record in records] == ["asked", "asked", "me"]
    assert records[-1].attributes == {"who": "me"}


def test_a_failing_consumer_costs_the_line_and_one_warning(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(record: schema.Record) -> None:
        raise RuntimeError("bug")

    with capturing(NATIVE, accept=broken):
        log.error("one")
        log.error("two")
    assert capsys.readouterr().err.count("RuntimeError") == 1


def test_what_our_own_threads_and_loggers_say_is_not_taken() -> None:
    with capturing(NATIVE, own_thread=lambda ident: True) as records:
        log.info("no")
    with capturing(NATIVE) as more:
        logging.getLogger("aegis_otel.x").error("no")
        logging.getLogger("opentelemetry.sdk.trace").error("no")
        logging.getLogger("opentelemetry.other").info("no")
        logging.getLogger("opentelemetry.other").warning("yes")
    assert records == []
    assert [record.message for record in more] == ["yes"]


def test_the_method_looks_like_the_one_it_stands_for(records: list[schema.Record]) -> None:
    assert "stacklevel" in inspect.signature(inspect.unwrap(logging.Logger._log)).parameters
    logging.Logger._log(log, logging.INFO, "called on the class", ())
    log._log(level=logging.INFO, msg="by keyword", args=())
    assert [record.message for record in records] == ["called on the class", "by keyword"]
    with pytest.raises(TypeError):
        log.info("x", nonsense=1)  # type: ignore[call-arg]


def test_uninstalling_puts_the_method_back() -> None:
    before = logging.Logger._log
    with capturing(NATIVE):
        assert logging.Logger._log is not before
    assert logging.Logger._log is before


def test_an_extension_that_fails_at_the_start_is_left_alone() -> None:
    with capturing(object()) as records:
        log.info("hello")
    assert [record.message for record in records] == ["hello"]


def test_many_functions_made_at_run_time_have_their_own_lines(records: list[schema.Record]) -> None:
    """Code objects that go away must not leave their addresses to others."""
    for number in range(5_000):
        space: dict[str, Callable[[Any], None]] = {}
        exec(compile("\n" * (number % 50) + "def f(log): log.info('x')", f"file{number % 7}", "exec"), space)  # type: ignore[arg-type]
        space["f"](log)
        code = records[-1].code
        assert code is not None
        assert (code.path, code.line) == (f"file{number % 7}", number % 50 + 1)


def test_nothing_is_kept_alive_by_logging_it(records: list[schema.Record]) -> None:
    value = ["x"]
    before = sys.getrefcount(value)
    for _ in range(100):
        log.info("%s", value, extra={"value": value})
    records.clear()
    assert sys.getrefcount(value) == before
