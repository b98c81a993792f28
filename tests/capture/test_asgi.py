"""The hook at ASGI servers puts the server span around any app, once, and leaves other traffic alone."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aegis_otel.capture import asgi

HTTP = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "path": "/a",
    "raw_path": b"/a",
    "query_string": b"",
    "root_path": "",
    "scheme": "http",
    "headers": [(b"host", b"localhost")],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 2),
}


@pytest.fixture
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi.AsgiServerInstrumentor, "_options", {"tracer_provider": TracerProvider()})


def call(app: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
    """What the app sends for one request."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(dict(scope), receive, send))
    return sent


class App:
    """An app that notes the span it runs in."""

    name = "the app's own attribute"

    def __init__(self, error: Exception | None = None) -> None:
        self.spans: list[Any] = []
        self.error = error

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.spans.append(trace.get_current_span().get_span_context())
        if self.error is not None:
            raise self.error
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})


def test_switched_off_the_app_stays_as_it_is():
    app = App()
    assert asgi.instrument_app(app) is app


def test_a_request_runs_in_a_server_span(switched_on):
    app = App()
    sent = call(asgi.instrument_app(app), HTTP)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert app.spans[0].is_valid


def test_an_app_is_taken_once(switched_on):
    once = asgi.instrument_app(App())
    assert asgi.instrument_app(once) is once


def test_an_app_of_a_framework_that_is_instrumented_gets_no_second_span(switched_on):
    app = App()
    provider, spans = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    framework = OpenTelemetryMiddleware(app, tracer_provider=provider)

    async def served(scope: Any, receive: Any, send: Any) -> None:
        await framework(scope, receive, send)

    served.app = framework  # type: ignore[attr-defined]
    call(asgi.instrument_app(served), HTTP)
    (server,) = [span for span in spans.get_finished_spans() if span.kind is trace.SpanKind.SERVER]
    assert (server.parent, server.context) == (None, app.spans[0])


def test_lifespan_passes_without_a_span(switched_on):
    app = App()
    call(asgi.instrument_app(app), {"type": "lifespan"})
    assert not app.spans[0].is_valid


def test_an_error_of_the_app_reaches_the_server_in_the_context_of_the_request(switched_on):
    app = App(LookupError("a bug"))
    after: list[Any] = []

    async def serve() -> None:
        async def nothing(*_: Any) -> dict[str, Any]:
            return {"type": "http.request"}

        try:
            await asgi.instrument_app(app)(dict(HTTP), nothing, nothing)
        except LookupError:
            after.append(trace.get_current_span().get_span_context())

    asyncio.run(serve())
    assert after[0].trace_id == app.spans[0].trace_id


def test_the_server_finds_the_attributes_of_the_app(switched_on):
    assert asgi.instrument_app(App()).name == "the app's own attribute"


def test_fastapis_own_telemetry_is_told_that_the_request_is_taken(switched_on):
    scopes: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    call(asgi.instrument_app(app), HTTP)
    assert scopes[0]["fastapi.telemetry"] is None


class Uvicorn:
    class Config:
        def __init__(self, app: Any) -> None:
            self.loaded_app = None
            self.app = app

        def load(self) -> None:
            self.loaded_app = self.app


class Daphne:
    class Server:
        def __init__(self, application: Any, port: int) -> None:
            self.application, self.port = application, port


def test_uvicorns_loaded_app_is_taken(switched_on, monkeypatch):
    monkeypatch.setattr(Uvicorn.Config, "load", Uvicorn.Config.load)
    asgi._hook_uvicorn(Uvicorn)
    config = Uvicorn.Config(App())
    config.load()
    assert isinstance(config.loaded_app, asgi._ServedApp)


def test_daphnes_application_is_taken(switched_on, monkeypatch):
    monkeypatch.setattr(Daphne.Server, "__init__", Daphne.Server.__init__)
    asgi._hook_daphne(Daphne)
    server = Daphne.Server(App(), port=8)
    assert isinstance(server.application, asgi._ServedApp)
    assert server.port == 8


@pytest.mark.parametrize(("kind", "taken"), [("ASGIWrapper", True), ("WSGIWrapper", False)])
def test_hypercorns_asgi_apps_are_taken_and_its_wsgi_apps_are_not(switched_on, kind, taken):
    module = SimpleNamespace(wrap_app=lambda app: type(kind, (), {"app": app})())
    asgi._hook_hypercorn(module)
    wrapped = module.wrap_app(App())
    assert isinstance(wrapped.app, asgi._ServedApp) == taken
