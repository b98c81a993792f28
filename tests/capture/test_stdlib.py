"""Every line of stdlib logging is captured once, whatever the app does with its handlers."""

from __future__ import annotations

import io
import logging
import logging.config
import threading

import pytest

from aegis_otel import correlation_scope, schema
from aegis_otel.capture.stdlib import StdlibCapture


@pytest.fixture
def records(native):
    """What is captured; the root logger is left as it was."""
    captured: list[schema.Record] = []
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    capture = StdlibCapture(
        captured.append,
        level=schema.DEBUG,
        code_location=True,
        replaces_last_resort=False,
        own_thread=lambda ident: False,
        native=native,
    )
    root.setLevel(logging.DEBUG)
    capture.install()
    try:
        yield captured
    finally:
        capture.uninstall()
        root.handlers[:] = handlers
        root.setLevel(level)


log = logging.getLogger("capture.test")


def test_a_line_with_its_extra(records):
    log.info("user %s did it", "Ann", extra={"userId": "123", "tags": ["a"]})
    (record,) = records
    assert record.message == "user Ann did it"
    assert record.severity == schema.INFO
    assert record.logger == "capture.test"
    assert record.attributes == {"userId": "123", "tags": ["a"]}
    assert record.code is not None
    assert record.code.path == __file__
    assert record.code.function == "test_a_line_with_its_extra"


def test_the_correlation_id_is_that_of_the_moment(records):
    with correlation_scope("job-1"):
        log.info("in")
    log.info("out")
    assert [record.correlation_id for record in records] == ["job-1", None]


def test_a_logger_that_does_not_propagate_is_captured_once(records):
    quiet = logging.getLogger("capture.quiet")
    quiet.propagate = False
    quiet.addHandler(logging.StreamHandler(io.StringIO()))
    quiet.info("hello")
    quiet.propagate = True
    quiet.handlers.clear()
    assert [record.message for record in records] == ["hello"]


def test_dict_config_after_start_loses_and_doubles_nothing(records):
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"null": {"class": "logging.NullHandler"}},
        "root": {"handlers": ["null"], "level": "INFO"},
    }
    logging.config.dictConfig(config)
    log.info("one")
    logging.config.dictConfig(config)
    log.info("two")
    assert [record.message for record in records] == ["one", "two"]


def test_basic_config_of_the_app_still_works(records):
    logging.getLogger().handlers.clear()
    stream = io.StringIO()
    logging.basicConfig(stream=stream, format="%(message)s")
    log.warning("seen twice, by each its own way")
    assert stream.getvalue() == "seen twice, by each its own way\n"
    assert len(records) == 1


def test_a_mutable_argument_changed_later_does_not_change_the_record(records):
    basket = {"items": [1]}
    log.info("basket %s", basket, extra={"basket": basket})
    basket["items"].append(2)
    assert records[0].message == "basket {'items': [1]}"
    assert records[0].attributes == {"basket": {"items": [1]}}


@pytest.mark.parametrize("name", ["message", "asctime", "name", "args", "levelname", "process"])
def test_an_extra_that_takes_loggings_own_field_does_not_raise_and_is_kept(records, name):
    log.info("hello", extra={name: "mine", "other": 1})
    assert records[0].message == "hello"
    assert records[0].logger == "capture.test"
    assert records[0].attributes == {"extra." + name: "mine", "other": 1}


def test_an_extra_that_is_no_mapping_does_not_raise(records):
    log.info("hello", extra=["a", "b"])
    assert records[0].attributes == {"extra": ["a", "b"]}


def test_an_extra_that_takes_a_field_of_the_record_is_renamed(records):
    log.info("hello", extra={"level": 3, "service": "s", "correlationId": "c"})
    assert records[0].attributes == {"extra.level": 3, "extra.service": "s", "extra.correlationId": "c"}


class Hostile:
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("message", "args"),
    [(Hostile(), ()), ("%d", ("x",)), ("%s %s", ("one",)), ("%s", (Hostile(),)), ("100%", (1,)), ("%(a)s", ({},))],
)
def test_a_message_that_cannot_be_rendered_still_arrives(records, message, args, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    log.error(message, *args)
    assert len(records) == 1
    assert isinstance(records[0].message, str)


def test_an_exception_comes_with_name_message_and_stack(records):
    try:
        raise KeyError("missing")
    except KeyError:
        log.exception("failed")
    error = records[0].error
    assert error is not None
    assert error.name == "KeyError"
    assert error.message == "'missing'"
    assert "test_an_exception_comes" in error.stack


def test_an_exception_in_extra_is_the_records_error(records):
    log.error("Database connection failed", extra={"error": ConnectionError("timeout"), "database": "postgres"})
    assert records[0].error is not None
    assert records[0].error.name == "ConnectionError"
    assert records[0].attributes == {"database": "postgres"}


def test_exc_info_without_an_exception_is_harmless(records):
    log.error("nothing raised", exc_info=True)
    assert records[0].error is None


def test_what_the_delivery_itself_logs_is_not_captured(records):
    logging.getLogger("opentelemetry.exporter.otlp").error("down")
    logging.getLogger("aegis_otel.deliver").error("down")
    logging.getLogger("opentelemetry.instrumentation").debug("instrumented x")
    logging.getLogger("opentelemetry.instrumentation").warning("worth knowing")
    assert [record.message for record in records] == ["worth knowing"]


def test_a_failing_consumer_costs_the_line_and_one_warning(capsys):
    def broken(record):
        raise RuntimeError("bug")

    capture = StdlibCapture(
        broken, level=0, code_location=False, replaces_last_resort=False, own_thread=lambda ident: False
    )
    capture.install()
    try:
        log.error("one")
        log.error("two")
    finally:
        capture.uninstall()
    assert capsys.readouterr().err.count("RuntimeError") == 1


def test_levels_below_the_chosen_one_are_not_captured():
    captured: list[schema.Record] = []
    capture = StdlibCapture(
        captured.append, level=schema.WARN, code_location=False, replaces_last_resort=False, own_thread=lambda i: False
    )
    capture.install()
    try:
        log.info("no")
        log.warning("yes")
    finally:
        capture.uninstall()
    assert [record.message for record in captured] == ["yes"]


def test_many_threads_at_once(records):
    def work(number):
        for count in range(200):
            log.info("%d-%d", number, count)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({record.message for record in records}) == 1600


def test_uninstalling_leaves_logging_as_it_was():
    before = (logging.Logger.callHandlers, logging.Logger.makeRecord)
    capture = StdlibCapture(
        lambda record: None, level=0, code_location=False, replaces_last_resort=False, own_thread=lambda ident: False
    )
    capture.install()
    capture.install()
    assert before[0] is not logging.Logger.callHandlers
    capture.uninstall()
    assert before == (logging.Logger.callHandlers, logging.Logger.makeRecord)
