"""A server span that ends is a request record, whatever made the span and whatever sampling says."""

from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider, sampling
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from aegis_otel import schema
from aegis_otel.capture.requests import RequestCapture, RequestSampler
from aegis_otel.correlation import CorrelationPropagator, CorrelationSpanProcessor

HTTP = {"http.request.method": "POST", "url.path": "/orders", "url.query": "a=1", "http.response.status_code": 201}


@pytest.fixture
def served():
    records: list[schema.Record] = []
    provider = TracerProvider(sampler=RequestSampler(sampling.ALWAYS_ON))
    provider.add_span_processor(CorrelationSpanProcessor())
    provider.add_span_processor(RequestCapture(records.append, level=schema.DEBUG))
    return provider.get_tracer("test"), records


def serve(tracer, attributes, **options):
    span = tracer.start_span("POST /orders", kind=SpanKind.SERVER, attributes=attributes, **options)
    span.end()
    return span


def test_a_request_that_was_answered(served):
    tracer, records = served
    span = serve(tracer, HTTP, context=CorrelationPropagator().extract({"x-correlation-id": "abc"}))
    (record,) = records
    assert record.message == "HTTP Request Completed"
    assert record.severity == schema.INFO
    assert record.correlation_id == "abc"
    assert record.trace_id == span.context.trace_id
    assert record.span_id == span.context.span_id
    assert record.attributes is not None
    assert record.attributes.pop("responseTime") >= 0
    assert record.attributes == {"method": "POST", "url": "/orders?a=1", "statusCode": 201}


def test_older_attribute_names_are_understood(served):
    tracer, records = served
    serve(tracer, {"http.method": "GET", "http.url": "http://host:80/a/b?c=d", "http.status_code": 404})
    serve(tracer, {"http.method": "GET", "http.target": "/x", "http.status_code": 200})
    assert [record.attributes["url"] for record in records] == ["/a/b?c=d", "/x"]
    assert [record.message for record in records] == ["HTTP Request Completed"] * 2


def test_a_request_that_raised(served):
    tracer, records = served
    with (
        pytest.raises(KeyError),
        tracer.start_as_current_span("s", kind=SpanKind.SERVER, attributes={"http.method": "GET", "http.target": "/"}),
    ):
        raise KeyError("stock")
    (record,) = records
    assert record.message == "HTTP Request Error"
    assert record.severity == schema.ERROR
    assert record.error is not None
    assert (record.error.name, record.error.message) == ("KeyError", "'stock'")
    assert "Traceback" in record.error.stack
    assert record.attributes["statusCode"] == 500


def test_a_500_page_made_while_an_exception_is_handled(served):
    tracer, records = served
    try:
        raise LookupError("nothing there")
    except LookupError:
        serve(tracer, {**HTTP, "http.response.status_code": 500})
    assert records[0].error is not None
    assert records[0].error.name == "LookupError"


def test_a_plain_503(served):
    tracer, records = served
    serve(tracer, {**HTTP, "http.response.status_code": 503})
    assert records[0].message == "HTTP Request Error"
    assert records[0].error == schema.ErrorInfo("HTTPError", "Service Unavailable", "")


def test_a_status_set_to_error_is_an_error(served):
    tracer, records = served
    span = tracer.start_span("s", kind=SpanKind.SERVER, attributes=HTTP)
    span.set_status(Status(StatusCode.ERROR, "backend gone"))
    span.end()
    assert records[0].error is not None
    assert records[0].error.message == "backend gone"


def test_only_servers_make_records_and_each_request_one(served):
    tracer, records = served
    with tracer.start_as_current_span("server", kind=SpanKind.SERVER, attributes=HTTP):
        serve(tracer, HTTP)  # a framework's own span inside the server's
        tracer.start_span("client", kind=SpanKind.CLIENT, attributes=HTTP).end()
        tracer.start_span("internal").end()
    assert len(records) == 1


def test_a_remote_parent_is_a_request(served):
    tracer, records = served
    remote = SpanContext(5, 6, is_remote=True, trace_flags=TraceFlags(1))
    serve(tracer, HTTP, context=trace.set_span_in_context(trace.NonRecordingSpan(remote)))
    assert records[0].trace_id == 5


@pytest.mark.parametrize(
    "sampler", [sampling.ALWAYS_OFF, sampling.TraceIdRatioBased(0.0), sampling.ParentBased(sampling.ALWAYS_OFF)]
)
def test_a_span_that_sampling_drops_makes_its_record_and_is_not_exported(sampler):
    records: list[schema.Record] = []
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=RequestSampler(sampler))
    provider.add_span_processor(RequestCapture(records.append, level=schema.DEBUG))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    serve(tracer, HTTP)
    tracer.start_span("internal").end()
    assert [record.message for record in records] == ["HTTP Request Completed"]
    assert records[0].attributes["url"] == "/orders?a=1"
    assert exporter.get_finished_spans() == ()


def test_the_level_holds_for_request_records():
    records: list[schema.Record] = []
    provider = TracerProvider()
    provider.add_span_processor(RequestCapture(records.append, level=schema.WARN))
    tracer = provider.get_tracer("test")
    serve(tracer, HTTP)
    serve(tracer, {**HTTP, "http.response.status_code": 500})
    assert [record.message for record in records] == ["HTTP Request Error"]


def test_a_server_span_of_another_protocol_is_named_by_its_operation(served):
    tracer, records = served
    tracer.start_span("grpc.health/Check", kind=SpanKind.SERVER, attributes={"rpc.system": "grpc"}).end()
    assert records[0].message == "Request Completed"
    assert records[0].attributes["operation"] == "grpc.health/Check"
