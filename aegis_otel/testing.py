"""For tests of apps: a pytest fixture that holds what would have been delivered.

Installed as a pytest plugin with the package; nothing is imported before a test asks for the fixture.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from aegis_otel.schema import Record


@pytest.fixture
def aegis_records() -> Iterator[list[Record]]:
    """The records of everything logged during the test, in order (`aegis_otel.schema.Record`).

    The root logger lets everything through for the time of the test. Nothing is delivered or redacted.
    """
    from aegis_otel.capture.stdlib import StdlibCapture
    from aegis_otel.schema import DEBUG

    records: list[Record] = []
    capture = StdlibCapture(
        records.append,
        level=DEBUG,
        code_location=True,
        replaces_last_resort=False,
        own_thread=lambda ident: False,
    )
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    capture.install()
    try:
        yield records
    finally:
        capture.uninstall()
        root.setLevel(level)
