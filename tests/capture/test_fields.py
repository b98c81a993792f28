"""No field of the app is lost or bent on its way from `logging`'s record to ours."""

from __future__ import annotations

import collections
import http
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from aegis_otel import schema
from aegis_otel.capture.stdlib import StdlibCapture

log = logging.getLogger("fields.test")
STANDARD = sorted(set(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) - {"levelno", "msg", "args", "name"})


@pytest.fixture(params=[False, True], ids=["unseen", "seen"])
def records(native: Any, request: pytest.FixtureRequest) -> Iterator[list[schema.Record]]:
    """What is captured, where handlers of the app see each record too and where none does."""
    captured: list[schema.Record] = []
    root = logging.getLogger()
    level = root.level
    capture = StdlibCapture(
        captured.append,
        level=schema.DEBUG,
        code_location=True,
        replaces_last_resort=True,
        own_thread=lambda ident: False,
        native=native,
    )
    root.setLevel(logging.DEBUG)
    handler = logging.NullHandler()
    if request.param:
        log.addHandler(handler)
    capture.install()
    try:
        yield captured
    finally:
        capture.uninstall()
        log.removeHandler(handler)
        root.setLevel(level)


@pytest.mark.parametrize("name", STANDARD)
def test_a_filter_that_removes_a_field_of_loggings_costs_no_extra(records: list[schema.Record], name: str) -> None:
    def remove(record: logging.LogRecord) -> bool:
        delattr(record, name)
        return True

    log.addFilter(remove)
    try:
        log.info("hello", extra={"first": 1, "second": 2})
    finally:
        log.removeFilter(remove)
    (record,) = records
    assert record.message == "hello"
    assert record.attributes == {"first": 1, "second": 2}


def test_a_filter_that_removes_a_field_and_adds_one_costs_neither(records: list[schema.Record]) -> None:
    def change(record: logging.LogRecord) -> bool:
        del record.processName
        record.tenant = "north"
        return True

    log.addFilter(change)
    try:
        log.info("hello")
    finally:
        log.removeFilter(change)
    assert records[0].attributes == {"tenant": "north"}


def test_what_a_factory_from_before_us_adds_is_the_apps(native: Any) -> None:
    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = logging.LogRecord(*args, **kwargs)
        record.tenant = "north"
        return record

    captured: list[schema.Record] = []
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(factory)
    capture = StdlibCapture(
        captured.append,
        level=0,
        code_location=True,
        replaces_last_resort=True,
        own_thread=lambda ident: False,
        native=native,
    )
    capture.install()
    try:
        log.error("hello")
    finally:
        capture.uninstall()
        logging.setLogRecordFactory(before)
    assert captured[0].attributes == {"tenant": "north"}


def test_the_apps_own_task_name_is_kept_under_every_python(records: list[schema.Record]) -> None:
    log.info("hello", extra={"taskName": "nightly"})
    assert records[0].attributes == {"taskName": "nightly"}


def test_a_status_is_a_number(records: list[schema.Record]) -> None:
    log.info("hello", extra={"statusCode": http.HTTPStatus.NOT_FOUND})
    assert repr(records[0].attributes) == "{'statusCode': 404}"


@pytest.mark.parametrize(
    ("level", "name", "expected"),
    [
        (logging.INFO, "INFO", None),
        (logging.WARNING, "WARNING", None),
        (logging.WARNING, "WARN", None),
        (logging.WARNING, "\x1b[33mWARNING\x1b[0m", None),
        (logging.ERROR, "ERROR", None),
        (logging.CRITICAL, "CRITICAL", "CRITICAL"),
        (25, "NOTICE", "NOTICE"),
        (25, "SUCCESS", "SUCCESS"),
        (20, "NOTE", "NOTE"),
        (10, "TRACE", "TRACE"),
    ],
)
def test_a_level_that_aegisx_does_not_have_keeps_its_name(
    records: list[schema.Record], level: int, name: str, expected: str | None
) -> None:
    before = logging.getLevelName(level)
    logging.addLevelName(level, name)
    try:
        log.log(level, "hello")
    finally:
        logging.addLevelName(level, before)
    assert (records[0].attributes or {}).get("levelName") == expected


def test_an_app_s_own_level_name_field_stays(records: list[schema.Record]) -> None:
    log.critical("hello", extra={"levelName": "mine"})
    assert records[0].attributes == {"levelName": "mine"}


@pytest.mark.parametrize("kind", [dict, collections.OrderedDict, lambda fields: collections.ChainMap(fields)])
@pytest.mark.parametrize("key", ["message", "msg", "event"])
def test_a_mapping_as_the_message_is_its_message_and_its_fields(
    records: list[schema.Record], key: str, kind: Any
) -> None:
    log.info(kind({key: "paid", "n": 1, "level": "info", "name": "Ann", "args": [1]}), extra={"userId": 7})
    (record,) = records
    assert record.message == "paid"
    assert record.attributes == {"n": 1, "extra.level": "info", "name": "Ann", "args": [1], "userId": 7}


def test_a_mapping_without_a_message_is_json(records: list[schema.Record]) -> None:
    log.info({"n": 1, "status": http.HTTPStatus.OK, "names": ["ä"]})
    assert records[0].message == '{"n":1,"status":200,"names":["ä"]}'
