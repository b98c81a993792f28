"""A record has AegisX's fields and nothing in it can break an output."""

from __future__ import annotations

import json
import math
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel import schema

IDENTITY = schema.Identity("aegisx-api", "development")


def test_a_record_is_aegisxs_standard_log_entry():
    record = schema.Record(
        1_750_897_341_578_123_456,
        schema.INFO,
        "HTTP Request Completed",
        "app",
        trace_id=0x30DA77F5FAEF490B92181DB2628D4764,
        span_id=0xABC,
        attributes={"method": "POST", "url": "/api/v1/auth/login", "statusCode": 401, "responseTime": 7},
    )
    assert list(schema.to_mapping(record, IDENTITY).items()) == [
        ("timestamp", "2025-06-26T00:22:21.578Z"),
        ("level", "info"),
        ("message", "HTTP Request Completed"),
        ("service", "aegisx-api"),
        ("environment", "development"),
        ("correlationId", "30da77f5-faef-490b-9218-1db2628d4764"),
        ("traceId", "30da77f5faef490b92181db2628d4764"),
        ("spanId", "0000000000000abc"),
        ("logger", "app"),
        ("method", "POST"),
        ("url", "/api/v1/auth/login"),
        ("statusCode", 401),
        ("responseTime", 7),
    ]


def test_an_error_is_aegisxs_error_log_entry():
    error = schema.ErrorInfo("UnauthorizedError", "Invalid username", "UnauthorizedError: …\n  at x")
    fields = schema.to_mapping(schema.Record(0, schema.ERROR, "m", "app", error=error), IDENTITY)
    assert fields["level"] == "error"
    assert fields["errorName"] == "UnauthorizedError"
    assert fields["errorMessage"] == "Invalid username"
    assert fields["error"] == {"name": error.name, "message": error.message, "stack": error.stack}


@pytest.mark.parametrize(
    ("levelno", "level"),
    [
        (5, "debug"),
        (10, "debug"),
        (20, "info"),
        (25, "info"),
        (30, "warn"),
        (40, "error"),
        (50, "error"),
        (99, "error"),
    ],
)
def test_stdlib_levels_map_to_four(levelno, level):
    assert schema.level_name(schema.severity_of_level(levelno)) == level


def test_an_incoming_id_beats_the_trace_id():
    record = schema.Record(0, schema.INFO, "m", "app", trace_id=1, correlation_id="abc")
    assert schema.correlation_id_of(record) == "abc"
    assert schema.correlation_id_of(schema.Record(0, schema.INFO, "m", "app")) is None


@given(st.integers(min_value=0, max_value=2**128 - 1))
def test_the_uuid_form_of_a_trace_id_can_be_computed_back(trace_id):
    text = schema.trace_id_as_uuid(trace_id)
    assert [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
    assert int(text.replace("-", ""), 16) == trace_id


@given(st.integers(min_value=0, max_value=4_102_444_800_000_000_000))
def test_a_timestamp_is_iso_with_milliseconds(time_ns):
    text = schema.iso_timestamp(time_ns)
    assert len(text) == 24
    assert text.endswith("Z")
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert round(parsed.timestamp() * 1000) == time_ns // 1_000_000


def test_a_time_out_of_range_does_not_raise():
    assert schema.iso_timestamp(2**80).startswith("1970-01-01")


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class Endless(dict):
    def items(self):
        raise RuntimeError("no")


def test_hostile_values_become_text():
    cycle: list[object] = []
    cycle.append(cycle)
    assert schema.snapshot(Hostile()) == "<Hostile that cannot be written as text>"
    assert schema.snapshot(cycle) == ["[cycle]"]
    assert schema.snapshot(float("nan")) == "NaN"
    assert schema.snapshot([float("-inf")]) == ["-Infinity"]
    assert schema.snapshot(b"\x00\xff") == "AP8="
    assert schema.snapshot(2**64) == str(2**64)
    assert schema.snapshot({1: {2, 3} & {2}}) == {"1": [2]}
    assert isinstance(schema.snapshot(Endless(a=1)), str)
    assert schema.snapshot(ValueError("x")) == {"name": "ValueError", "message": "x"}


def test_deep_and_wide_values_are_cut_and_say_so():
    deep: object = "bottom"
    for _ in range(100):
        deep = [deep]
    assert len(json.dumps(schema.snapshot(deep))) < 1_000
    wide = schema.snapshot(list(range(5_000)))
    assert wide[-1] == "[4000 more]"
    assert len(wide) == schema.MAX_ITEMS + 1
    assert schema.snapshot({str(n): n for n in range(1_001)})["…"] == "[1 more]"


def test_a_snapshot_does_not_follow_later_changes():
    value = {"items": [1, 2]}
    copy = schema.snapshot(value)
    value["items"].append(3)
    assert copy == {"items": [1, 2]}


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(JSON_LIKE)
def test_every_snapshot_is_valid_json(value):
    text = json.dumps(schema.snapshot(value), allow_nan=False)
    assert json.loads(text) == schema.snapshot(value)


def test_an_attribute_that_takes_a_records_field_is_renamed():
    assert schema.attribute_name("message") == "extra.message"
    assert schema.attribute_name("userId") == "userId"
    assert schema.attribute_name(7) == "7"
    assert schema.attribute_name("error") == "error"
    assert schema.attribute_name("error", has_error=True) == "extra.error"


def test_text_is_cut_and_encodes():
    assert schema.clean_text("a" * 20, 10) == "a" * 10 + "… [10 more characters]"
    assert schema.clean_text("x\ud800y").encode() == b"x\\ud800y"
    assert schema.clean_text("größe") == "größe"


def test_audit_records_are_recognised():
    assert schema.is_audit(schema.Record(0, schema.INFO, "AUDIT: CREATE", "app"))
    assert schema.is_audit(schema.Record(0, schema.INFO, "m", "app", attributes={"complianceLevel": "HIPAA"}))
    assert not schema.is_audit(schema.Record(0, schema.INFO, "an AUDIT: no", "app"))


def test_floats_survive():
    assert schema.snapshot(1.5) == 1.5
    assert math.isclose(schema.snapshot([0.1])[0], 0.1)
