"""The fixture that apps use in their own tests."""

from __future__ import annotations

import logging


def test_the_fixture_holds_what_the_test_logged(aegis_records):
    logging.getLogger("shop").debug("sold", extra={"price": 3})
    assert [(record.logger, record.message, record.attributes) for record in aegis_records] == [
        ("shop", "sold", {"price": 3})
    ]
