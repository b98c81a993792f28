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


def test_of_several_headers_the_first_acceptable_id_counts_and_the_first_header_sends_it():
    propagator = correlation.CorrelationPropagator(("x-correlation-id", "x-request-id"))
    assert correlation.in_context(propagator.extract({"x-request-id": "r1"})) == "r1"
    assert correlation.in_context(propagator.extract({"x-request-id": "r1", "x-correlation-id": "c1"})) == "c1"
    context = propagator.extract({"x-request-id": "r1", "x-correlation-id": "not valid"})
    assert (correlation.in_context(context), correlation.replaced_in(context)) == ("r1", "not valid")
    carrier: dict[str, str] = {}
    propagator.inject(carrier, context)
    assert carrier == {"x-correlation-id": "r1"}


@given(st.text(min_size=1))
def test_what_is_told_of_a_replaced_id_is_short_and_printable(value):
    told = correlation.replaced_in(PROPAGATOR.extract({"x-correlation-id": value}))
    if correlation.accept(value) is None:
        assert told is not None
        assert told.isascii()
        assert told.isprintable()
        assert len(told) <= 256


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("30da77f5-faef-490b-9218-1db2628d4764", True),
        ("30DA77F5FAEF490B92181DB2628D4764", True),
        ("30da77f5-faef490b-9218-1db2628d4764", False),
        ("30da77f5-faef-490b-9218-1db2628d476", False),
        ("order-17", False),
    ],
)
def test_where_only_uuids_are_wanted_others_are_replaced(value, taken):
    context = correlation.CorrelationPropagator(only_uuids=True).extract({"x-correlation-id": value})
    assert correlation.in_context(context) == (value if taken else None)


def test_generated_trace_ids_are_uuids_of_version_4_and_random():
    generator = correlation.UuidTraceIds()
    made = [generator.generate_trace_id() for _ in range(2_000)]
    assert len(set(made)) == 2_000
    for trace_id in made:
        found = uuid.UUID(schema.trace_id_as_uuid(trace_id))
        assert (found.version, found.variant) == (4, uuid.RFC_4122)
    assert generator.is_trace_id_random()
    # Each of the 56 bits that W3C calls random is set in about half of the ids.
    for bit in range(56):
        assert 800 < sum(trace_id >> bit & 1 for trace_id in made) < 1_200


class Shown(logging.Handler):
    """Keeps what a format makes of records."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(form))
        self.addFilter(aegis_otel.CorrelationIdFilter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def test_the_filter_gives_the_apps_own_formats_the_id():
    handler = Shown("[%(correlationId)s] %(message)s")
    log = logging.getLogger("filter.test")
    log.addHandler(handler)
    log.propagate = False
    try:
        log.error("outside")
        with aegis_otel.correlation_scope("job-1"):
            log.error("inside")
    finally:
        log.removeHandler(handler)
    assert handler.lines == ["[-] outside", "[job-1] inside"]


def test_a_filter_on_a_logger_makes_no_field_of_the_id(aegis_records):
    log = logging.getLogger("filter.test")
    added = aegis_otel.CorrelationIdFilter()
    log.addFilter(added)
    try:
        with aegis_otel.correlation_scope("job-1"):
            log.error("inside", extra={"n": 1})
        log.error("outside")
    finally:
        log.removeFilter(added)
    assert [record.attributes for record in aegis_records] == [{"n": 1}, None]


@pytest.mark.parametrize(
    ("headers", "exposed"),
    [
        ([], None),
        ([("Access-Control-Allow-Origin", "*")], "x-correlation-id"),
        (
            [("access-control-allow-origin", "a"), ("Access-Control-Expose-Headers", "X-Total")],
            "X-Total,x-correlation-id",
        ),
        (
            [("access-control-allow-origin", "a"), ("Access-Control-Expose-Headers", "X-Correlation-ID, x")],
            "X-Correlation-ID, x",
        ),
        ([("access-control-allow-origin", "*"), ("access-control-expose-headers", "*")], "*"),
    ],
)
@pytest.mark.parametrize("kind", [str, bytes])
def test_a_response_to_another_origin_exposes_the_header(headers, exposed, kind):
    convert = (lambda text: text) if kind is str else (lambda text: text.encode())
    given_headers = [(convert(name), convert(value)) for name, value in headers]
    correlation.expose(given_headers, convert("x-correlation-id"))
    found = [value for name, value in given_headers if name.lower() == convert("access-control-expose-headers")]
    assert found == ([] if exposed is None else [convert(exposed)])


def test_baggage_from_outside_is_not_passed_on_and_the_apps_own_is():
    from opentelemetry import baggage

    ours = correlation.OwnBaggage()
    context = ours.extract({"baggage": "tenant=evil"})
    assert baggage.get_all(context) == {}
    carrier: dict[str, str] = {}
    ours.inject(carrier, baggage.set_baggage("tenant", "mine", context))
    assert carrier == {"baggage": "tenant=mine"}
