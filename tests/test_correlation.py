"""The correlation id comes in, holds in its scope, and goes out."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import asgi_setter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

import aegis_otel
from aegis_otel import correlation, schema

PROPAGATOR = correlation.CorrelationPropagator()


@pytest.mark.parametrize("value", ["test-123", "30da77f5-faef-490b-9218-1db2628d4764", "a", "A._:/+=@-9", "x" * 128])
def test_an_acceptable_id_is_taken_as_it_is(value):
    context = PROPAGATOR.extract({"x-correlation-id": value})
    assert correlation.get_correlation_id(context) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "x" * 129,
        "a b",
        "a\n",
        "a\r\nset-cookie: b",
        "<script>",
        "ü",
        "a,b",
        'a"',
        "a\x00",
        "{}",
        "../../etc\\",
    ],
)
def test_a_hostile_id_is_not(value):
    context = PROPAGATOR.extract({"x-correlation-id": value})
    assert correlation.in_context(context) is None


@given(st.text())
def test_whatever_is_accepted_is_safe_in_a_header(value):
    accepted = correlation.accept(value)
    if accepted is not None:
        assert accepted == value
        assert accepted.isascii()
        assert accepted.isprintable()
        assert " " not in accepted
        assert 1 <= len(accepted) <= 128


def test_without_a_header_the_id_is_the_trace_id_as_a_uuid():
    with TracerProvider().get_tracer("t").start_as_current_span("s") as span:
        trace_id = span.get_span_context().trace_id
        value = aegis_otel.get_correlation_id()
        assert value is not None
        assert uuid.UUID(value).int == trace_id
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier)
        assert carrier == {"x-correlation-id": value}


def test_outside_of_everything_there_is_none():
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier)
    assert carrier == {}
    assert aegis_otel.get_correlation_id() is None


def test_a_scope_holds_inside_and_nests():
    with aegis_otel.correlation_scope("outer") as outer:
        assert outer == "outer"
        with aegis_otel.correlation_scope("inner"):
            assert aegis_otel.get_correlation_id() == "inner"
        assert aegis_otel.get_correlation_id() == "outer"
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier)
        assert carrier["x-correlation-id"] == "outer"
    assert aegis_otel.get_correlation_id() is None


def test_a_scope_without_an_id_makes_one():
    with aegis_otel.correlation_scope() as made:
        assert uuid.UUID(made)
        assert aegis_otel.get_correlation_id() == made


@pytest.mark.parametrize("value", ["not acceptable", "", "s3cret\n"])
def test_a_scope_replaces_an_id_that_is_not_acceptable_and_says_so_without_it(value):
    with warnings.catch_warnings(record=True) as warned, aegis_otel.correlation_scope(value) as made:
        assert uuid.UUID(made)
        assert aegis_otel.get_correlation_id() == made
    [warning] = warned
    assert (warning.category, warning.filename) == (UserWarning, __file__)
    assert "not acceptable" in str(warning.message)
    assert "s3cret" not in str(warning.message)


def test_an_incoming_id_that_is_replaced_is_told_at_debug_level_only(caplog):
    caplog.set_level(logging.INFO)
    PROPAGATOR.extract({"x-correlation-id": "s3 cret"})
    assert caplog.records == []
    caplog.set_level(logging.DEBUG)
    PROPAGATOR.extract({"x-correlation-id": "good"})
    PROPAGATOR.extract({"x-correlation-id": "s3 cret"})
    [record] = caplog.records
    assert record.levelno == logging.DEBUG
    assert "s3" not in record.getMessage()


def test_a_scope_ends_also_when_its_block_raises():
    with pytest.raises(ValueError), aegis_otel.correlation_scope("a"):
        raise ValueError
    assert aegis_otel.get_correlation_id() is None


def test_scopes_of_tasks_and_threads_do_not_mix():
    async def task(name: str) -> str | None:
        with aegis_otel.correlation_scope(name):
            await asyncio.sleep(0)
            return aegis_otel.get_correlation_id()

    async def run() -> list[str | None]:
        return await asyncio.gather(*(task(f"t{number}") for number in range(50)))

    assert asyncio.run(run()) == [f"t{number}" for number in range(50)]
    seen: list[str | None] = []
    with aegis_otel.correlation_scope("main"):
        thread = threading.Thread(target=lambda: seen.append(aegis_otel.get_correlation_id()))
        thread.start()
        thread.join()
    assert seen == [None]


def span_with(context=None):
    provider = TracerProvider()
    provider.add_span_processor(correlation.CorrelationSpanProcessor())
    return provider.get_tracer("t").start_span("s", context=context, kind=SpanKind.SERVER)


def test_the_id_is_an_attribute_of_the_span():
    span = span_with(PROPAGATOR.extract({"x-correlation-id": "abc"}))
    assert span.attributes["correlationId"] == "abc"
    own = span_with()
    assert own.attributes["correlationId"] == schema.trace_id_as_uuid(own.context.trace_id)


def respond(message, context, header="x-correlation-id"):
    correlation.CorrelationResponsePropagator(header).inject(message, context=context, setter=asgi_setter)
    return message


def test_the_response_carries_the_id_of_its_span():
    span = span_with(PROPAGATOR.extract({"x-correlation-id": "abc"}))
    context = trace.set_span_in_context(span, otel_context.Context())
    message = respond({"type": "http.response.start", "status": 200, "headers": []}, context)
    assert message["headers"] == [[b"x-correlation-id", b"abc"]]


def test_the_response_keeps_the_header_that_the_app_has_set():
    context = trace.set_span_in_context(span_with(), otel_context.Context())
    headers = [(b"X-Correlation-Id", b"mine")]
    message = respond({"type": "http.response.start", "status": 200, "headers": headers}, context)
    assert message["headers"] == [(b"X-Correlation-Id", b"mine")]


def test_a_chunk_of_the_body_gets_no_header():
    context = trace.set_span_in_context(span_with(), otel_context.Context())
    assert respond({"type": "http.response.body", "body": b""}, context) == {"type": "http.response.body", "body": b""}


def test_another_header_can_be_chosen():
    propagator = correlation.CorrelationPropagator("x-request-id")
    assert propagator.fields == {"x-request-id"}
    context = propagator.extract({"x-request-id": "r1", "x-correlation-id": "c1"})
    assert correlation.get_correlation_id(context) == "r1"


def test_an_id_that_would_have_to_be_masked_is_not_taken():
    from aegis_otel.redaction import Redactor

    redactor = Redactor()
    propagator = correlation.CorrelationPropagator(harmless=lambda value: redactor.redact_text(value) == value)
    for value in ("ann.smith@example.com", "123-45-6789"):
        assert correlation.in_context(propagator.extract({"x-correlation-id": value})) is None
    for value in ("test-123", "30da77f5-faef-490b-9218-1db2628d4764", "1f7a0c3d9b2e4f60", "order:2026-11-24/00017"):
        assert correlation.in_context(propagator.extract({"x-correlation-id": value})) == value
