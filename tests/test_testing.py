"""The fixture that apps use in their own tests."""

from __future__ import annotations

import logging

import pytest


def test_the_fixture_holds_what_the_test_logged(aegis_records):
    logging.getLogger("shop").debug("sold", extra={"price": 3})
    assert [(record.logger, record.message, record.attributes) for record in aegis_records] == [
        ("shop", "sold", {"price": 3})
    ]


def test_the_fixture_holds_records_as_they_were_logged(aegis_records):
    logging.getLogger("shop").info("password=hunter2Zq9", extra={"ssn": "536-22-1874"})
    assert aegis_records[0].message == "password=hunter2Zq9"
    assert aegis_records[0].attributes == {"ssn": "536-22-1874"}


@pytest.mark.aegis_records(redacted=True)
def test_or_as_they_would_be_delivered(aegis_records):
    logging.getLogger("shop").info("password=hunter2Zq9" + "x" * 10**6, extra={"ssn": "536-22-1874"})
    [record] = aegis_records
    assert "hunter2Zq9" not in record.message
    assert len(record.message) < 10**5
    assert "536" not in str(record.attributes)
