"""The lean span does for the log what the full one does, and steps aside when somebody looks at spans."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from opentelemetry import propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.http import ExcludeList

from aegis_otel import get_correlation_id, schema
from aegis_otel.capture.lean import LeanRequests, LeanServer
from aegis_otel.correlation import CorrelationPropagator

TRACEPARENT = b"00-30da77f5faef490b92181db2628d4764-00f067aa0ba902b7-01"


@pytest.fixture
def propagators():
    before = propagate.get_global_textmap()
    ours = [TraceContextTextMapPropagator(), W3CBaggagePropagator(), CorrelationPropagator()]
    propagate.set_global_textmap(CompositePropagator(ours))
    yield
    propagate.set_global_textmap(before)


@pytest.fixture
def served(propagators):
    return Served()


class Served:
    """An app inside lean spans: what it answered, recorded and saw."""

    def __init__(self, *, level=schema.DEBUG, excluded=(), request_logs=True):
        self.records: list[schema.Record] = []
        self.full_used = 0
        self.provider = TracerProvider()
        self.requests = LeanRequests(
            accept=self.records.append if request_logs else None,
            level=level,
            header="x-correlation-id",
            provider=self.provider,
            own_processors=0,
        )
        self.excluded = ExcludeList(excluded)

    def get(self, app, *, path="/orders", query=b"", headers=(), kind="http"):
        """Serve one request; the headers of the response, lower case."""
        sent: list[dict] = []

        async def send(message):
            sent.append(message)

        async def receive():
            return {"type": "http.request"}

        async def full(scope, receive, send):
            self.full_used += 1

        scope = {"type": kind, "method": "GET", "path": path, "query_string": query, "headers": list(headers)}
        server = LeanServer(app, self.requests, full, self.excluded)
        asyncio.run(server(scope, receive, send))
        start = next((message for message in sent if message["type"] == "http.response.start"), {})
        return {name.decode().lower(): value.decode() for name, value in start.get("headers", ())}


def answering(status=200, headers=(), seen=None):
    async def app(scope, receive, send):
        if seen is not None:
            seen.append((get_correlation_id(), trace.get_current_span().get_span_context()))
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        await send({"type": "http.response.body", "body": b"k"})

    return app


def test_an_incoming_id_is_in_the_context_the_record_and_the_response(served):
    seen: list = []
    headers = served.get(answering(seen=seen), query=b"a=1", headers=[(b"x-correlation-id", b"abc")])
    (record,) = served.records
    assert headers["x-correlation-id"] == "abc"
    assert seen[0][0] == record.correlation_id == "abc"
    assert record.message == "HTTP Request Completed"
    assert record.attributes.pop("responseTime") >= 0
    assert record.attributes == {"method": "GET", "url": "/orders?a=1", "statusCode": 200}
    assert (record.trace_id, record.span_id) == (seen[0][1].trace_id, seen[0][1].span_id)


@pytest.mark.parametrize("value", [None, b"<script>", b"x" * 129, b"\xff\xfe"])
def test_without_an_acceptable_id_it_is_the_trace_id(served, value):
    headers = served.get(answering(), headers=[(b"x-correlation-id", value)] if value else ())
    assert uuid.UUID(headers["x-correlation-id"]).int == served.records[0].trace_id


def test_an_incoming_trace_goes_on(served):
    seen: list = []
    headers = served.get(answering(seen=seen), headers=[(b"traceparent", TRACEPARENT), (b"tracestate", b"a=b")])
    span = seen[0][1]
    assert format(span.trace_id, "032x") == "30da77f5faef490b92181db2628d4764"
    assert format(span.span_id, "016x") != "00f067aa0ba902b7"
    assert span.trace_flags.sampled
    assert span.trace_state.get("a") == "b"
    assert headers["x-correlation-id"] == "30da77f5-faef-490b-9218-1db2628d4764"


def test_a_damaged_traceparent_starts_a_new_trace(served):
    served.get(answering(), headers=[(b"traceparent", b"00-zz-11-01")])
    assert served.records[0].trace_id


def test_the_apps_own_header_stays(served):
    headers = served.get(answering(headers=[(b"X-Correlation-ID", b"mine")]))
    assert headers["x-correlation-id"] == "mine"


def test_the_apps_own_header_is_the_requests_id_from_then_on(served):
    seen: list = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Correlation-ID", b"mine")]})
        seen.append(get_correlation_id())
        await send({"type": "http.response.body", "body": b""})

    served.get(app, headers=[(b"x-correlation-id", b"theirs")])
    assert seen[0] == served.records[0].correlation_id == "mine"


def test_a_header_of_the_app_that_is_no_acceptable_id_changes_no_record(served):
    served.get(answering(headers=[(b"x-correlation-id", b"a b")]), headers=[(b"x-correlation-id", b"theirs")])
    assert served.records[0].correlation_id == "theirs"


@pytest.mark.parametrize(
    ("error", "message"),
    [(LookupError("midway"), "HTTP Request Error"), (asyncio.CancelledError(), "HTTP Request Completed")],
)
def test_a_stream_that_the_app_breaks_is_an_error(served, error, message):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        raise error

    with pytest.raises(type(error)):
        served.get(app)
    (record,) = served.records
    assert (record.message, record.attributes["statusCode"]) == (message, 200)
    assert record.error is None or record.error[:2] == ("LookupError", "midway")


def test_a_client_that_goes_away_is_no_error_of_the_app(served):
    async def gone(message):
        raise BrokenPipeError

    async def receive():
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    server = LeanServer(answering(), served.requests, None, ExcludeList(()))
    with pytest.raises(BrokenPipeError):
        asyncio.run(server(scope, receive, gone))
    assert served.records[0].message == "HTTP Request Completed"


def test_a_response_without_headers_gets_one(served):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    assert "x-correlation-id" in served.get(app)
    assert served.records[0].attributes["statusCode"] == 204


def test_an_exception_goes_up_and_is_the_records_error(served):
    async def app(scope, receive, send):
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        served.get(app)
    (record,) = served.records
    assert record.message == "HTTP Request Error"
    assert record.severity == schema.ERROR
    assert record.error.name == "LookupError"
    assert record.attributes["statusCode"] == 500


def test_a_500_page_made_while_an_exception_is_handled_names_it(served):
    async def app(scope, receive, send):
        try:
            raise LookupError("a bug")
        except LookupError:
            await answering(500)(scope, receive, send)
            raise

    with pytest.raises(LookupError):
        served.get(app)
    (record,) = served.records
    assert (record.message, record.error.name) == ("HTTP Request Error", "LookupError")


def test_a_client_error_is_a_completed_request(served):
    served.get(answering(404))
    assert (served.records[0].message, served.records[0].error) == ("HTTP Request Completed", None)


def test_work_after_the_response_does_not_count_as_response_time(served):
    async def app(scope, receive, send):
        await answering()(scope, receive, send)
        assert served.records, "the record is made with the last part of the body"
        await asyncio.sleep(0)

    served.get(app)
    assert len(served.records) == 1


def test_levels_and_switches_hold(propagators):
    quiet = Served(level=schema.WARN)
    quiet.get(answering())
    quiet.get(answering(503))
    assert [record.message for record in quiet.records] == ["HTTP Request Error"]
    off = Served(request_logs=False)
    assert "x-correlation-id" in off.get(answering())
    assert off.records == []


def test_an_excluded_url_is_left_alone(propagators):
    served = Served(excluded=("health",))
    assert served.get(answering(), path="/health") == {}
    assert served.records == []


def test_whoever_adds_a_span_processor_gets_full_spans(served):
    served.get(answering())
    served.provider.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    served.get(answering())
    assert served.full_used == 1


def test_a_websocket_gets_the_full_span(served):
    served.get(answering(), kind="websocket")
    assert served.full_used == 1


def test_many_requests_at_once_do_not_mix(served):
    async def app(scope, receive, send):
        before = get_correlation_id()
        await asyncio.sleep(0)
        assert get_correlation_id() == before == scope["headers"][0][1].decode()
        await answering()(scope, receive, send)

    async def run():
        async def send(message):
            pass

        server = LeanServer(app, served.requests, app, served.excluded)
        scopes = [
            {"type": "http", "method": "GET", "path": "/", "headers": [(b"x-correlation-id", f"id-{n}".encode())]}
            for n in range(100)
        ]
        await asyncio.gather(*(asyncio.create_task(server(scope, None, send)) for scope in scopes))

    asyncio.run(run())
    assert {record.correlation_id for record in served.records} == {f"id-{n}" for n in range(100)}
