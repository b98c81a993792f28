"""The hook at WSGI servers: the server span around any app, by the letter of PEP 3333, and nothing left behind."""

from __future__ import annotations

import io
import threading
import uuid
from types import SimpleNamespace
from urllib.parse import unquote_to_bytes
from wsgiref.handlers import SimpleHandler
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.http import ExcludeList

from aegis_otel import get_correlation_id, schema
from aegis_otel.capture import handled, wsgi
from aegis_otel.capture._wsgi_request import url
from aegis_otel.capture.lean import LeanRequests
from aegis_otel.capture.lean_wsgi import ServedWsgi, Turn
from aegis_otel.correlation import CorrelationPropagator, CorrelationSpanProcessor

TRACEPARENT = "00-30da77f5faef490b92181db2628d4764-00f067aa0ba902b7-01"
TEXT = [("Content-Type", "text/plain")]


@pytest.fixture
def propagators():
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(CompositePropagator([TraceContextTextMapPropagator(), CorrelationPropagator()]))
    yield
    propagate.set_global_textmap(before)


@pytest.fixture
def served(propagators):
    return Served()


class Answer:
    """What the server got, and what came back from the app."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: dict[str, str] = {}
        self.body = b""
        self.error: BaseException | None = None
        self.starts: list[tuple] = []
        self.written: list[bytes] = []


class Served:
    """An app inside server spans under a server that does all a server may do, and validates the app."""

    def __init__(self, *, level=schema.DEBUG, excluded=None, request_logs=True, own_span=False):
        self.records: list[schema.Record] = []
        self.provider = TracerProvider()
        self.requests = LeanRequests(
            accept=self.records.append if request_logs else None,
            level=level,
            header="x-correlation-id",
            provider=self.provider,
            own_processors=0,
        )
        self.excluded = excluded
        self.own_span = own_span

    def wrap(self, app):
        return ServedWsgi(app, self.requests, self.excluded, lambda app: self.own_span)

    def get(self, app, *, turn=True, **environ) -> Answer:
        """Serve one request, inside of a turn or as a server that is not hooked."""
        if not turn:
            return self._get(app, environ)
        with Turn():
            answer = self._get(app, environ)
            answer.late_id = get_correlation_id()
        return answer

    def _get(self, app, environ):
        answer = Answer()
        setup_testing_defaults(environ)
        environ.setdefault("QUERY_STRING", "")

        def start_response(status, headers, exc_info=None):
            if exc_info and answer.body:
                raise exc_info[1].with_traceback(exc_info[2])
            answer.starts.append((status, headers, exc_info))
            answer.status, answer.headers = status, {name.lower(): value for name, value in headers}
            return answer.written.append

        try:
            parts = self.wrap(app)(environ, start_response)
            try:
                for part in parts:
                    answer.body += part
            finally:
                if hasattr(parts, "close"):
                    parts.close()
        except Exception as error:
            answer.error = error
        return answer

    @property
    def record(self) -> schema.Record:
        (record,) = self.records
        return record


def answering(body=(b"ok",), status="200 OK", headers=TEXT, seen=None):
    def app(environ, start_response):
        if seen is not None:
            seen.append((get_correlation_id(), trace.get_current_span().get_span_context()))
        start_response(status, list(headers))
        return body

    return app


class Parts:
    """A response that the app makes on the way, and counts how often it is closed."""

    def __init__(self, *parts) -> None:
        self.parts = parts
        self.closed = 0
        self.ids: list[str | None] = []

    def __iter__(self):
        for part in self.parts:
            self.ids.append(get_correlation_id())
            if isinstance(part, BaseException):
                raise part
            yield part

    def close(self) -> None:
        self.ids.append(get_correlation_id())
        self.closed += 1


def test_an_incoming_id_is_in_the_context_the_record_and_the_response(served):
    seen: list = []
    answer = served.get(answering(seen=seen), HTTP_X_CORRELATION_ID="abc", PATH_INFO="/orders", QUERY_STRING="a=1")
    record = served.record
    assert answer.headers["x-correlation-id"] == "abc"
    assert seen[0][0] == record.correlation_id == "abc"
    assert record.message == "HTTP Request Completed"
    assert record.attributes.pop("responseTime") >= 0
    assert record.attributes == {"method": "GET", "url": "/orders?a=1", "statusCode": 200}
    assert (record.trace_id, record.span_id) == (seen[0][1].trace_id, seen[0][1].span_id)


@pytest.mark.parametrize("value", [None, "<script>", "x" * 129, "\xff"])
def test_without_an_acceptable_id_it_is_the_trace_id(served, value):
    answer = served.get(answering(), **({"HTTP_X_CORRELATION_ID": value} if value else {}))
    assert uuid.UUID(answer.headers["x-correlation-id"]).int == served.record.trace_id


def test_an_incoming_trace_goes_on(served):
    answer = served.get(answering(), HTTP_TRACEPARENT=TRACEPARENT)
    assert format(served.record.trace_id, "032x") == "30da77f5faef490b92181db2628d4764"
    assert format(served.record.span_id, "016x") != "00f067aa0ba902b7"
    assert answer.headers["x-correlation-id"] == "30da77f5-faef-490b-9218-1db2628d4764"


def test_the_servers_late_lines_have_the_id_and_the_next_request_does_not(served):
    assert served.get(answering(), HTTP_X_CORRELATION_ID="abc").late_id == "abc"
    assert get_correlation_id() is None
    assert served.get(answering()).late_id != "abc"


def test_an_app_that_leaves_its_context_attached_leaves_it_to_nobody(served):
    def app(environ, start_response):
        otel_context.attach(otel_context.set_value("left", "behind"))
        start_response("200 OK", TEXT)
        return [b"ok"]

    served.get(app)
    assert otel_context.get_value("left") is None


def test_the_requests_of_one_connection_have_a_record_each_and_their_own_ids(served):
    with Turn():
        for name in ("first", "second"):
            served._get(answering(), {"HTTP_X_CORRELATION_ID": name})
    assert [record.correlation_id for record in served.records] == ["first", "second"]


def test_an_app_that_calls_another_served_app_is_one_request(served):
    inner = served.wrap(answering())
    assert served.get(lambda environ, start_response: inner(environ, start_response)).headers["x-correlation-id"]
    assert len(served.records) == 1


def test_an_exception_goes_up_and_is_the_records_error(served):
    def app(environ, start_response):
        raise LookupError("a bug")

    answer = served.get(app, HTTP_X_CORRELATION_ID="abc")
    assert isinstance(answer.error, LookupError)
    assert served.record.message == "HTTP Request Error"
    assert served.record.error[:2] == ("LookupError", "a bug")
    assert "in app" in served.record.error.stack
    assert served.record.attributes["statusCode"] == 500
    assert answer.late_id == "abc"


def test_an_exception_after_start_response_is_a_500_as_long_as_nothing_was_sent(served):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        raise LookupError("a bug")

    served.get(app)
    assert served.record.attributes["statusCode"] == 500


def test_an_error_page_of_the_app_is_an_error_record(served):
    served.get(answering(status="503 Service Unavailable"))
    assert served.record.message == "HTTP Request Error"
    assert served.record.error[:2] == ("HTTPError", "Service Unavailable")


@pytest.mark.parametrize("turn", [True, False], ids=["in a turn", "unknown server"])
def test_a_stream_runs_with_the_id_and_is_closed_once(served, turn):
    parts = Parts(b"a", b"b")
    answer = served.get(answering(parts), turn=turn, HTTP_X_CORRELATION_ID="abc")
    assert (answer.body, parts.closed) == (b"ab", 1)
    assert parts.ids == ["abc"] * 3
    assert get_correlation_id() is None
    assert served.record.message == "HTTP Request Completed"


@pytest.mark.parametrize("turn", [True, False], ids=["in a turn", "unknown server"])
def test_a_stream_that_breaks_is_an_error_with_the_status_that_was_sent(served, turn):
    parts = Parts(b"a", LookupError("midway"))
    answer = served.get(answering(parts), turn=turn)
    assert isinstance(answer.error, LookupError)
    assert parts.closed == 1
    assert served.record.error[:2] == ("LookupError", "midway")
    assert served.record.attributes["statusCode"] == 200


def test_an_error_while_closing_is_the_requests(served):
    class Bad(Parts):
        def close(self):
            raise LookupError("closing")

    served.get(answering(Bad(b"a")))
    assert served.record.error[:2] == ("LookupError", "closing")


def test_a_client_that_goes_away_is_no_error_of_the_app(served):
    parts = Parts(b"a", b"b")
    with Turn():
        environ: dict = {}
        setup_testing_defaults(environ)
        body = served.wrap(answering(parts))(environ, lambda *_: None)
        assert next(iter(body)) == b"a"
        body.close()
    assert parts.closed == 1
    assert served.record.message == "HTTP Request Completed"


def test_a_client_that_goes_away_during_write_is_no_error_of_the_app(served):
    def gone(data):
        raise BrokenPipeError

    def app(environ, start_response):
        start_response("200 OK", TEXT)(b"a")

    environ: dict = {}
    setup_testing_defaults(environ)
    with Turn(), pytest.raises(BrokenPipeError):
        served.wrap(app)(environ, lambda *_: gone)
    assert served.record.message == "HTTP Request Completed"


def test_what_the_app_writes_reaches_the_server(served):
    def app(environ, start_response):
        write = start_response("200 OK", TEXT)
        write(b"written")
        return [b"returned"]

    answer = served.get(app)
    assert (answer.written, answer.body) == ([b"written"], b"returned")


def test_start_response_again_with_an_exception_replaces_the_answer(served):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        try:
            raise LookupError("a bug")
        except LookupError as error:
            start_response("500 Oops", TEXT, (LookupError, error, error.__traceback__))
        return [b"sorry"]

    answer = served.get(app)
    assert [start[0] for start in answer.starts] == ["200 OK", "500 Oops"]
    assert answer.headers["x-correlation-id"]
    assert served.record.error[:2] == ("LookupError", "a bug")


def test_start_response_is_called_with_two_arguments_where_the_app_gave_two(served):
    environ: dict = {}
    setup_testing_defaults(environ)
    given: list = []
    with Turn():
        served.wrap(answering())(environ, lambda status, headers: given.append(status))
    assert given == ["200 OK"]


def test_the_apps_own_header_stays_and_is_the_requests_id_from_then_on(served):
    answer = served.get(answering(headers=[("X-Correlation-ID", "mine")]), HTTP_X_CORRELATION_ID="theirs")
    assert answer.headers["x-correlation-id"] == "mine"
    assert [name for name, _ in answer.starts[0][1]] == ["X-Correlation-ID"]
    assert answer.late_id == served.record.correlation_id == "mine"


def test_a_header_of_the_app_that_is_no_acceptable_id_stays_and_changes_no_record(served):
    answer = served.get(answering(headers=[("X-Correlation-ID", "a b")]), HTTP_X_CORRELATION_ID="theirs")
    assert answer.headers["x-correlation-id"] == "a b"
    assert served.record.correlation_id == "theirs"


def test_the_headers_of_the_app_are_not_changed(served):
    own = list(TEXT)
    served.get(lambda environ, start_response: (start_response("200 OK", own) and []) or [])
    assert own == TEXT


@pytest.mark.parametrize("headers", [None, "text", [("a",)]])
def test_headers_that_are_none_reach_the_server_as_they_are(served, headers):
    environ: dict = {}
    setup_testing_defaults(environ)
    given: list = []

    def app(environ, start_response):
        start_response("200 OK", headers)
        return []

    with Turn():
        served.wrap(app)(environ, lambda status, headers: given.append(headers))
    assert given == [headers]


@pytest.mark.parametrize("body", [[b"a"], (b"a",), [], ()])
def test_lists_stay_what_they_are(served, body):
    environ: dict = {}
    setup_testing_defaults(environ)
    with Turn():
        assert served.wrap(answering(body))(environ, lambda *_: None) is body


def test_a_response_of_known_length_keeps_it(served):
    class Sized(Parts):
        def __len__(self):
            return len(self.parts)

    environ: dict = {}
    setup_testing_defaults(environ)
    with Turn():
        assert len(served.wrap(answering(Sized(b"a")))(environ, lambda *_: None)) == 1
        assert not hasattr(served.wrap(answering(Parts(b"a")))(environ, lambda *_: None), "__len__")


def test_a_file_for_the_server_to_send_stays_what_it_is(served):
    file = FileWrapper(io.BytesIO(b"file"))
    environ: dict = {"wsgi.file_wrapper": FileWrapper}
    setup_testing_defaults(environ)
    with Turn():
        assert served.wrap(answering(file))(environ, lambda *_: None) is file
    assert served.record.message == "HTTP Request Completed"


def test_a_mark_of_the_server_stays_what_it_is(served):
    mark = object()
    environ: dict = {}
    setup_testing_defaults(environ)
    with Turn():
        assert served.wrap(answering(mark))(environ, lambda *_: None) is mark


def test_an_unknown_server_may_read_the_response_in_another_thread(served):
    parts = Parts(b"a", b"b")
    environ: dict = {"HTTP_X_CORRELATION_ID": "abc"}
    setup_testing_defaults(environ)
    body = served.wrap(answering(parts))(environ, lambda *_: None)
    assert get_correlation_id() is None
    assert served.records == []
    thread = threading.Thread(target=lambda: (list(body), body.close()))
    thread.start()
    thread.join()
    assert parts.ids == ["abc"] * 3
    assert served.record.correlation_id == "abc"


@pytest.mark.parametrize("turn", [True, False], ids=["in a turn", "unknown server"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_app_and_server_keep_to_pep_3333_with_us_between_them(served, method, turn):
    body = b"" if method == "HEAD" else b"ok"

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return iter([body] if body else [])

    out = io.BytesIO()
    environ: dict = {"REQUEST_METHOD": method, "QUERY_STRING": ""}
    setup_testing_defaults(environ)
    del environ["wsgi.input"], environ["wsgi.errors"]
    handler = SimpleHandler(io.BytesIO(), out, io.StringIO(), environ)
    served_app = validator(served.wrap(validator(app)))
    if turn:
        with Turn():
            handler.run(served_app)
    else:
        handler.run(served_app)
    assert out.getvalue().startswith(b"Status: 200 OK") or b"200 OK" in out.getvalue()
    assert b"x-correlation-id" in out.getvalue()
    assert served.record.attributes["method"] == method


@pytest.mark.parametrize(
    ("level", "status", "kept"),
    [(schema.INFO, "200 OK", 1), (schema.WARN, "200 OK", 0), (schema.WARN, "500 Oops", 1)],
)
def test_records_below_the_level_are_not_made(propagators, level, status, kept):
    served = Served(level=level)
    served.get(answering(status=status))
    assert len(served.records) == kept


def test_without_request_records_the_id_is_there_all_the_same(propagators):
    served = Served(request_logs=False)
    assert served.get(answering(), HTTP_X_CORRELATION_ID="abc").headers["x-correlation-id"] == "abc"


def test_an_excluded_url_gets_no_span_and_no_record(propagators):
    served = Served(excluded=ExcludeList(["/health$"]))
    seen: list = []
    answer = served.get(answering(seen=seen), PATH_INFO="/health", QUERY_STRING="a=1")
    assert "x-correlation-id" not in answer.headers
    assert served.records == []
    assert not seen[0][1].is_valid


def test_where_somebody_looks_at_spans_there_is_one_and_its_ids_are_the_logs(propagators):
    served, spans, seen = Served(), InMemorySpanExporter(), []
    served.provider.add_span_processor(CorrelationSpanProcessor())
    served.provider.add_span_processor(SimpleSpanProcessor(spans))
    environ = {
        "HTTP_TRACEPARENT": TRACEPARENT,
        "HTTP_X_CORRELATION_ID": "abc",
        "PATH_INFO": "/a b",
        "QUERY_STRING": "c=d",
    }
    answer = served.get(answering(seen=seen), **environ)
    (span,) = spans.get_finished_spans()
    assert span.context == seen[0][1]
    assert span.kind is trace.SpanKind.SERVER
    assert format(span.parent.span_id, "016x") == "00f067aa0ba902b7"
    assert span.attributes["url.path"] == "/a%20b"
    assert (span.attributes["url.query"], span.attributes["http.response.status_code"]) == ("c=d", 200)
    assert answer.headers["x-correlation-id"] == span.attributes["correlationId"] == "abc"
    assert served.records == []


def test_a_stream_that_breaks_breaks_the_span(propagators):
    served, spans = Served(), InMemorySpanExporter()
    served.provider.add_span_processor(SimpleSpanProcessor(spans))
    served.get(answering(Parts(b"a", LookupError("midway"))))
    (span,) = spans.get_finished_spans()
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.events[0].attributes["exception.message"] == "midway"


@pytest.mark.parametrize("given", [{}, {"HTTP_X_CORRELATION_ID": "abc"}, {"HTTP_TRACEPARENT": TRACEPARENT}])
def test_a_framework_with_a_span_of_its_own_finds_the_id_and_no_span(propagators, given):
    served, spans, seen = Served(own_span=True), InMemorySpanExporter(), []
    served.provider.add_span_processor(SimpleSpanProcessor(spans))
    answer = served.get(answering(seen=seen), **given)
    assert spans.get_finished_spans() == ()
    assert not seen[0][1].is_valid
    assert answer.headers["x-correlation-id"] == seen[0][0] == answer.late_id
    assert served.records == []


def test_an_exception_that_the_framework_answers_is_the_records_error(served):
    class App:
        def handle(self, error):
            return str(error)

    module = SimpleNamespace(App=App)
    handled._hook("App", "handle", lambda self, error: error)(module)

    def app(environ, start_response):
        module.App().handle(LookupError("a bug"))
        start_response("500 Oops", TEXT)
        return [b"sorry"]

    served.get(app)
    assert served.record.error[:2] == ("LookupError", "a bug")


def test_an_exception_that_the_framework_answers_with_a_404_is_no_error(served):
    def app(environ, start_response):
        handled.note(LookupError("a bug"))
        start_response("404 Not Found", TEXT)
        return [b"sorry"]

    served.get(app)
    assert served.record.error is None


def test_a_framework_of_another_version_is_left_alone():
    module = SimpleNamespace()
    handled._hook("App", "handle", lambda self, error: error)(module)
    assert vars(module) == {}


def test_switched_off_the_app_stays_as_it_is():
    app = answering()
    assert wsgi.instrument_app(app) is app


def test_an_app_is_taken_once_and_shows_its_attributes(served, monkeypatch):
    monkeypatch.setattr(wsgi.WsgiServerInstrumentor, "_requests", served.requests)
    app = answering()
    app.name = "own"
    once = wsgi.instrument_app(app)
    assert once is not app
    assert wsgi.instrument_app(once) is once
    assert once.name == "own"


def test_the_servers_answer_carries_the_header_first():
    sent: list[bytes] = []
    answer = wsgi._Answer(SimpleNamespace(sendall=sent.append, timeout=1), "x-correlation-id", "abc")
    answer.sendall(b"HTTP/1.1 500 Oops\r\nA: b\r\n\r\nbody")
    answer.sendall(b"body\r\nmore")
    assert sent == [b"HTTP/1.1 500 Oops\r\nx-correlation-id: abc\r\nA: b\r\n\r\nbody", b"body\r\nmore"]
    assert answer.timeout == 1


@given(script=st.binary(max_size=20), path=st.binary(max_size=40), query=st.binary(max_size=40))
def test_any_path_is_percent_encoded_and_means_the_same(script, path, query):
    environ = {
        "SCRIPT_NAME": script.decode("latin-1"),
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
    }
    found_path, mark, found_query = url(environ).partition("?")
    assert url(environ).isascii()
    assert url(environ).isprintable()
    assert " " not in url(environ)
    assert unquote_to_bytes(found_path) == (script + path or b"/")
    assert bool(mark) == bool(query)
    assert unquote_to_bytes(found_query) == unquote_to_bytes(query)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "/"),
        ({"PATH_INFO": "/"}, "/"),
        ({"SCRIPT_NAME": "/api", "PATH_INFO": "/a b"}, "/api/a%20b"),
        ({"PATH_INFO": "/\xc3\xbc"}, "/%C3%BC"),
        ({"PATH_INFO": "/100%"}, "/100%25"),
        ({"PATH_INFO": "/a?b#c"}, "/a%3Fb%23c"),
        ({"PATH_INFO": "/a", "QUERY_STRING": "x=%20&y=a+b"}, "/a?x=%20&y=a+b"),
        ({"PATH_INFO": "/a\r\nb"}, "/a%0D%0Ab"),
        ({"PATH_INFO": "/\u20ac"}, "/%E2%82%AC"),
    ],
)
def test_the_url_is_what_the_client_asked_for(environ, expected):
    assert url(environ) == expected
