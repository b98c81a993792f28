"""For tests of apps: a pytest fixture that holds what would have been delivered.

Installed as a pytest plugin with the package; nothing is imported before a test asks for the fixture.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from aegis_otel.schema import Record


def pytest_configure(config: pytest.Config) -> None:
    """Make the fixture's option known."""
    config.addinivalue_line(
        "markers",
        "aegis_records(redacted=False): redacted=True has the fixture hold records as they would be delivered",
    )


@pytest.fixture
def aegis_records(request: pytest.FixtureRequest) -> Iterator[list[Record]]:
    """The records of everything logged during the test, in order (`aegis_otel.schema.Record`).

    As they were logged; with ``@pytest.mark.aegis_records(redacted=True)`` as they would be delivered: redacted by the
    rules that the variables choose, and cut to the limits. The root logger lets everything through for the time of the
    test. Nothing is delivered.
    """
    from aegis_otel import distro, settings
    from aegis_otel.capture.stdlib import StdlibCapture
    from aegis_otel.schema import DEBUG

    records: list[Record] = []
    keep: Callable[[Record], None] = records.append
    marker = request.node.get_closest_marker("aegis_records")
    if marker is not None and marker.kwargs.get("redacted"):
        prepare = distro.preparation(settings.read())

        def keep(record: Record) -> None:
            records.extend(prepare.batch([record]))

    capture = StdlibCapture(
        keep,
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


@pytest.fixture
def aegis_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, object]]]:
    """The audit records of the test, in order, each with its seal: what `audit()` and sealed log lines have recorded.

    They are in a trail of the test's own, which is verified when the test ends. Nothing is delivered, and the disk is
    not waited for.
    """
    from aegis_otel import settings
    from aegis_otel.audit import harness, runtime

    folder = tmp_path / "aegis-audit"
    chosen = settings.read(given={"audit_dir": folder / "trail", "audit_on_failure": "raise", "audit_enabled": True})
    found = harness.for_tests(chosen)
    before = runtime.use(found.runtime)
    try:
        yield found.records
        found.check()
    finally:
        runtime.use(before)
