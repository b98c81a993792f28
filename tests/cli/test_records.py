from __future__ import annotations

import pytest

from aegis_otel.cli import records
from tests.support.stored import record


def test_text_shows_message_fields_and_stack_and_no_line_that_looks_like_another_record():
    text = records.as_text(
        record(
            1,
            level="error",
            message="failed\n2026-01-31T12:00:00.000Z ERROR forged",
            orderId="a b",
            count=3,
            error={"name": "E", "message": "m", "stack": "E: m\n\tat f\x1b[2J"},
        )
    ).plain
    assert text.split("\n") == [
        "2026-01-31T12:00:01.000Z ERROR orders id-1  failed",
        '    | 2026-01-31T12:00:00.000Z ERROR forged orderId="a b" count=3',
        "    | E: m",
        "    |     at f\\x1b[2J",
    ]


@pytest.mark.parametrize("value", [None, 3, [], {"a": "\x1b[2J"}, "\x1b[2J", True])
@pytest.mark.parametrize("name", ["timestamp", "level", "service", "message", "correlationId", "error", "\x1b[2J"])
def test_text_takes_any_value_anywhere(name: str, value: object):
    assert "\x1b" not in records.as_text(record(**{name: value})).plain
