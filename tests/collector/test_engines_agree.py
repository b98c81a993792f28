"""Python, Python with the extension and the real Collector make the same of each record."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from aegis_otel.redaction import Redactor
from aegis_otel.schema import Record
from tests.redaction.generated import Generator
from tests.support.collector import Collector
from tests.support.examples import examples
from tests.support.native import NATIVE
from tests.support.otlp import Log, request

pytestmark = pytest.mark.integration

SEED = 20261125
NUMBER = "recordNumber"
COUNT = examples(2_000)
OWN = frozenset(["timestamp", "level", "message", "service", "environment", "logger", "complianceLevel", NUMBER])
"""Fields that the Collector writes."""

Made = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def given() -> list[Made]:
    return list(Generator(SEED).records(COUNT))


def in_the_process(given: list[Made], *, native: bool) -> list[Made]:
    redactor = Redactor()
    screen = redactor.native_screen(NATIVE, 2**20) if native else None
    made = []
    for message, attributes in given:
        record = Record(1, 9, message, "orders", attributes=copy.deepcopy(attributes))
        if screen is None or screen.left([record]):
            redactor.redact_record(record)
        made.append((record.message, record.attributes or {}))
    return made


def in_the_collector(given: list[Made], folder: Path) -> list[Made]:
    with Collector(folder, "file") as collector:
        for start in range(0, len(given), 500):
            logs = [
                Log(message, attributes={**attributes, NUMBER: number}, time_ns=1_700_000_000 * 10**9)
                for number, (message, attributes) in enumerate(given[start : start + 500], start)
            ]
            collector.send_request(request(logs))
        stored = {record[NUMBER]: record for record in collector.stored()}
    assert len(stored) == len(given)
    return [
        (record["message"], {name: value for name, value in record.items() if name not in OWN})
        for _, record in sorted(stored.items())
    ]


def differences(given: list[Made], one: list[Made], other: list[Made]) -> list[str]:
    return [
        f"{asked!r}\n  {ours!r}\n  {theirs!r}"
        for asked, ours, theirs in zip(given, one, other, strict=True)
        if normal(ours) != normal(theirs)
    ]


def normal(made: Made) -> Any:
    """Numbers as JSON has them: an engine may write 1e20 as it likes."""
    return json.loads(json.dumps(made), parse_float=lambda text: float(text), parse_int=lambda text: float(text))


@pytest.fixture(scope="module")
def python(given: list[Made]) -> list[Made]:
    return in_the_process(given, native=False)


def test_much_of_it_is_masked_and_much_is_not(given: list[Made], python: list[Made]) -> None:
    changed = sum(before != after for before, after in zip(given, python, strict=True))
    assert 0.3 < changed / len(given) < 0.95


@pytest.mark.skipif(NATIVE is None, reason="the extension is optional")
def test_the_extension_changes_nothing(given: list[Made], python: list[Made]) -> None:
    found = differences(given, python, in_the_process(given, native=True))
    assert not found, f"{len(found)} of {len(given)}:\n" + "\n".join(found[:10])


def test_the_collector_does_the_same(given: list[Made], python: list[Made], tmp_path: Path) -> None:
    found = differences(given, python, in_the_collector(given, tmp_path))
    assert not found, f"{len(found)} of {len(given)}:\n" + "\n".join(found[:10])
