"""WSGI apps (and an ASGI app on granian) under real servers: each request has one id, one record and the header, whatever the framework and the server.

No OpenTelemetry instrumentation of a framework is installed. One start of a server serves all checks of a row.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import clean_environment, command
from tests.support.processes import StartedProcess, free_port, wait_for

COMMON = """
import logging, os
log = logging.getLogger("orders")

def pay(number):
    import requests
    log.info("paying %s", number, extra={"orderId": number})
    requests.get(os.environ["UPSTREAM"] + "/charge", timeout=20)
    log.warning("paid %s", number)
    return b"paid"

def broken():
    yield b"begin"
    log.info("streaming")
    raise LookupError("broke midway")
"""

APPS = {
    "raw": """
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/pay":
        body = pay(7)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
    if path == "/fail":
        raise LookupError("a bug")
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return broken()
    if path == "/own":
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Correlation-ID", "the-apps-own")])
        return [b"own"]
    log.warning("Not Found: %s", path)
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []
""",
    "flask": """
from flask import Flask, Response
app = Flask("site")
@app.get("/pay")
def paid():
    return pay(7)
@app.get("/fail")
def fail():
    raise LookupError("a bug")
@app.get("/stream")
def stream():
    return Response(broken(), content_type="text/plain")
@app.get("/own")
def own():
    return "own", 200, {"X-Correlation-ID": "the-apps-own"}
@app.errorhandler(404)
def missing(error):
    log.warning("Not Found")
    return "", 404
""",
    "django": """
import django.conf, django.core.wsgi, django.http, django.urls, sys
def paid(request): return django.http.HttpResponse(pay(7))
def fail(request): raise LookupError("a bug")
def stream(request): return django.http.StreamingHttpResponse(broken(), content_type="text/plain")
def own(request): return django.http.HttpResponse("own", headers={"X-Correlation-ID": "the-apps-own"})
urlpatterns = [django.urls.path(view.__name__.replace("paid", "pay"), view) for view in (paid, fail, stream, own)]
django.conf.settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", DEBUG=False)
app = django.core.wsgi.get_wsgi_application()
if __name__ == "__main__":
    django.core.management.execute_from_command_line(sys.argv)
""",
    "bottle": """
import bottle
app = bottle.Bottle()
@app.get("/pay")
def paid():
    return pay(7)
@app.get("/fail")
def fail():
    raise LookupError("a bug")
@app.get("/stream")
def stream():
    return broken()
@app.get("/own")
def own():
    bottle.response.headers["X-Correlation-ID"] = "the-apps-own"
    return "own"
@app.error(404)
def missing(error):
    log.warning("Not Found")
    return ""
""",
    "starlette": """
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
async def paid(request): return PlainTextResponse(await run_in_threadpool(pay, 7))
async def fail(request): raise LookupError("a bug")
async def stream(request): return StreamingResponse(broken(), media_type="text/plain")
async def own(request): return PlainTextResponse("own", headers={"X-Correlation-ID": "the-apps-own"})
async def missing(request, error):
    log.warning("Not Found")
    return PlainTextResponse("", 404)
routes = [Route("/pay", paid), Route("/fail", fail), Route("/stream", stream), Route("/own", own)]
app = Starlette(routes=routes, exception_handlers={404: missing})
""",
}

WSGIREF = "from wsgiref.simple_server import make_server\nfrom site_app import app\nmake_server('127.0.0.1', {port}, app).serve_forever()\n"
PYWSGI = "from gevent.pywsgi import WSGIServer\nfrom site_app import app\nWSGIServer(('127.0.0.1', {port}), app).serve_forever()\n"

GUNICORN = [
    "-m",
    "gunicorn",
    "-b",
    "127.0.0.1:{port}",
    "--access-logfile",
    "-",
    "--timeout",
    "120",
    "site_app:app",
    "-k",
]
SERVERS = {
    "wsgiref": ["serve.py"],
    "pywsgi": ["serve.py"],
    "werkzeug": ["-m", "flask", "--app", "site_app", "run", "--port", "{port}"],
    "runserver": ["site_app.py", "runserver", "--noreload", "127.0.0.1:{port}"],
    "sync": [*GUNICORN, "sync"],
    "gthread": [*GUNICORN, "gthread", "--threads", "4"],
    "gevent": [*GUNICORN, "gevent"],
    "waitress": ["-m", "waitress", "--listen", "127.0.0.1:{port}", "site_app:app"],
    "cheroot": ["-m", "cheroot", "--bind", "127.0.0.1:{port}", "site_app:app"],
    "granian": ["-m", "granian", "--interface", "wsgi", "--port", "{port}", "--access-log", "site_app:app"],
    "granian asgi": ["-m", "granian", "--interface", "asgi", "--port", "{port}", "site_app:app"],
}

ACCESS_LINES = {"werkzeug": "werkzeug", "runserver": "django.server", "sync": "gunicorn.access"}
ACCESS_LINES |= {"gthread": "gunicorn.access", "gevent": "gunicorn.access", "granian": "granian.access"}
"""The logger of the server's own line for each request; the others print theirs or have none."""

NO_ACCESS_LINE = {("runserver", "/stream")}
"""Django's server writes none for a response that broke."""

ANSWERS_ERRORS = {"wsgiref", "pywsgi", "werkzeug", "runserver", "sync", "gthread", "gevent", "waitress", "cheroot"}
"""Servers whose own answer to an app that failed can carry the header; granian makes its in Rust."""

ROWS = [
    ("raw", "wsgiref"),
    ("raw", "sync"),
    ("raw", "gthread"),
    ("raw", "gevent"),
    ("raw", "waitress"),
    ("raw", "cheroot"),
    ("raw", "pywsgi"),
    ("raw", "granian"),
    ("starlette", "granian asgi"),
    ("flask", "werkzeug"),
    ("flask", "gthread"),
    ("django", "runserver"),
    ("django", "sync"),
    ("bottle", "waitress"),
]


class Upstream:
    """The service that the app calls: the headers of each call."""

    def __init__(self) -> None:
        self.calls: list[dict[str, str]] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                upstream.calls.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Row:
    """A served app: what it answered, called and recorded."""

    def __init__(self, folder: Path, app: str, server: str, way: str, **variables: str) -> None:
        self.app, self.server = app, server
        self.upstream = Upstream()
        self.port = free_port()
        (folder / "site_app.py").write_text(COMMON + APPS[app])
        if server in ("wsgiref", "pywsgi"):
            (folder / "serve.py").write_text((WSGIREF if server == "wsgiref" else PYWSGI).format(port=self.port))
        argv, switch = command(way, *(argument.format(port=self.port) for argument in SERVERS[server]))
        env = clean_environment(
            OTEL_LOGS_EXPORTER="none",
            AEGIS_ACCESS_LOGS_ENABLED="true",  # the tests look at them
            LOG_CONSOLE_ENABLED="false",
            PYTHONPATH=str(folder),
            UPSTREAM=self.upstream.url,
            **switch,
            **variables,
        )
        self._file = folder / "logs" / "app.log"
        self.process = StartedProcess(argv, log=folder / "out", env=env, cwd=folder)
        self.process.wait_until_listening(self.port)

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str]]:
        """Status and headers (lower case) of an answer, whose body may break off."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            found = answer.status, {name.lower(): value for name, value in answer.getheaders()}
            with contextlib.suppress(http.client.HTTPException, OSError):
                answer.read()
            return found
        finally:
            connection.close()

    def records(self) -> list[dict[str, Any]]:
        if not self._file.exists():
            return []
        return [json.loads(line) for line in self._file.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def of_request(self, path: str) -> list[dict[str, Any]]:
        """All records with the id of the request for a path, once that has its request record."""

        def request_records() -> list[dict[str, Any]]:
            return [record for record in self.records() if str(record.get("url", "")).startswith(path)]

        (request,) = wait_for(request_records, what=f"a request record of {path}")
        found = lambda: [record for record in self.records() if record.get("correlationId") == request["correlationId"]]  # noqa: E731
        wanted = None if (self.server, path) in NO_ACCESS_LINE else ACCESS_LINES.get(self.server)
        if wanted is not None:
            wait_for(lambda: any(record["logger"] == wanted for record in found()), what=f"the access line of {path}")
        assert len(request_records()) == 1
        return found()

    def stop(self) -> None:
        self.process.stop()
        self.upstream.stop()


@pytest.fixture(scope="module", params=ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def row(request, tmp_path_factory) -> Iterator[Row]:
    app, server = request.param
    way = "auto" if ROWS.index(request.param) % 2 else "instrument"
    found = Row(tmp_path_factory.mktemp(f"{app}-{server}"), app, server, way)
    yield found
    found.stop()


def messages(records: list[dict[str, Any]]) -> list[str]:
    return [record["message"] for record in records]


def test_a_request_has_one_id_everywhere(row):
    status, headers = row.get("/pay?number=7&x=%C3%BC", x_correlation_id="customers-id")
    records = row.of_request("/pay")
    assert (status, headers["x-correlation-id"]) == (200, "customers-id")
    assert {record["correlationId"] for record in records} == {"customers-id"}
    assert row.upstream.calls[-1]["x-correlation-id"] == "customers-id"
    own = [record for record in records if record["logger"] == "orders"]
    assert [(record["message"], record["level"], record.get("orderId")) for record in own] == [
        ("paying 7", "info", 7),
        ("paid 7", "warn", None),
    ]
    (completed,) = [record for record in records if record["logger"] == "aegis_otel.request"]
    assert completed["message"] == "HTTP Request Completed"
    assert (completed["method"], completed["url"], completed["statusCode"]) == ("GET", "/pay?number=7&x=%C3%BC", 200)
    assert completed["responseTime"] > 0


def test_a_request_that_fails_has_the_error_and_the_header(row):
    status, headers = row.get("/fail", x_correlation_id="fails")
    records = row.of_request("/fail")
    assert status == 500
    if row.app != "raw" or row.server in ANSWERS_ERRORS:
        assert headers["x-correlation-id"] == "fails"
    (failed,) = [record for record in records if record["logger"] == "aegis_otel.request"]
    assert failed["message"] == "HTTP Request Error"
    assert (failed["level"], failed["statusCode"]) == ("error", 500)
    assert (failed["errorName"], failed["errorMessage"]) == ("LookupError", "a bug")


def test_a_stream_that_breaks_is_an_error(row):
    row.get("/stream", x_correlation_id="streams")
    records = row.of_request("/stream")
    (failed,) = [record for record in records if record["logger"] == "aegis_otel.request"]
    assert (failed["message"], failed["statusCode"], failed["errorName"]) == ("HTTP Request Error", 200, "LookupError")
    assert "streaming" in messages(records)


def test_late_lines_have_the_id(row):
    status, headers = row.get("/nowhere%20at%20all", x_correlation_id="missing")
    # An ASGI scope has the path decoded.
    records = row.of_request("/nowhere at all" if "asgi" in row.server else "/nowhere%20at%20all")
    assert (status, headers["x-correlation-id"]) == (404, "missing")
    assert any(message.startswith("Not Found") for message in messages(records))


def test_the_id_that_the_app_answers_with_is_the_records(row):
    _, headers = row.get("/own", x_correlation_id="another")
    records = row.of_request("/own")
    assert headers["x-correlation-id"] == "the-apps-own"
    assert {record["correlationId"] for record in records} == {"the-apps-own"}


def test_ids_of_requests_never_mix(row):
    """On kept-alive connections of pooled threads, and at once."""
    before = len(row.upstream.calls)

    def ask(name: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", row.port, timeout=60)
        for number in range(5):
            given = {"X-Correlation-ID": f"{name}-{number}"} if number % 2 else {}
            connection.request("GET", f"/pay?mix={name}-{number}", headers=given)
            answer = connection.getresponse()
            answer.read()
            assert number % 2 == 0 or answer.headers["X-Correlation-ID"] == f"{name}-{number}"
        connection.close()

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def requests() -> list[dict[str, Any]]:
        return [record for record in row.records() if "mix=" in str(record.get("url", ""))]

    wait_for(lambda: len(requests()) >= 15, what="a record of each request")
    ids = [record["correlationId"] for record in requests()]
    assert len(set(ids)) == len(ids) == 15
    for correlation_id in ids:
        mine = [
            r["message"] for r in row.records() if r.get("correlationId") == correlation_id and r["logger"] == "orders"
        ]
        assert mine == ["paying 7", "paid 7"]
    assert sorted(call["x-correlation-id"] for call in row.upstream.calls[before:]) == sorted(ids)
