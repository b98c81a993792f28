"""The access lines of servers are left out where the record of the request says the same."""

from __future__ import annotations

import http.client
import logging
from pathlib import Path
from typing import Any

import pytest

from aegis_otel import correlation_scope, schema
from aegis_otel.capture import access
from tests.support.apps import clean_environment, command
from tests.support.processes import StartedProcess, free_port, wait_for

pytestmark = pytest.mark.integration

APP = """
import logging

async def asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 404 if "missing" in scope["path"] else 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})

def wsgi(environ, start_response):
    start_response("404 Not Found" if "missing" in environ["PATH_INFO"] else "200 OK", [("Content-Length", "2")])
    return [b"ok"]

if __name__ == "__main__":
    import sys
    from werkzeug.serving import run_simple
    run_simple("127.0.0.1", int(sys.argv[1]), wsgi)
"""
SERVERS = {
    "uvicorn": ["-m", "uvicorn", "app:asgi", "--lifespan", "off", "--port", "{port}"],
    "gunicorn": ["-m", "gunicorn", "app:wsgi", "-b", "127.0.0.1:{port}", "--access-logfile", "-"],
    "uvicorn-worker": [
        "-m",
        "gunicorn",
        "app:asgi",
        "-k",
        "uvicorn_worker.UvicornWorker",
        "-b",
        "127.0.0.1:{port}",
        "--access-logfile",
        "-",
    ],
    "werkzeug": ["app.py", "{port}"],
}


def served(folder: Path, server: str, **variables: str) -> list[dict[str, Any]]:
    """The records of a server that is asked for two pages."""
    import json

    (folder / "app.py").write_text(APP)
    port = free_port()
    argv, switch = command("auto", *(argument.format(port=port) for argument in SERVERS[server]))
    environment = clean_environment(
        OTEL_LOGS_EXPORTER="none", LOG_CONSOLE_ENABLED="false", PYTHONPATH=str(folder), **switch, **variables
    )
    log = folder / "logs" / "app.log"
    with StartedProcess(argv, log=folder / "out", env=environment, cwd=folder) as process:
        process.wait_until_listening(port)
        for path in ("/page", "/missing"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", path)
            connection.getresponse().read()
            connection.close()
        wait_for(lambda: log.exists() and log.read_text().count("HTTP Request") >= 2, what="both request records")
    return [json.loads(line) for line in log.read_text().splitlines()]


def lines(records: list[dict[str, Any]]) -> list[str]:
    return [record["message"] for record in records if "/page" in record["message"] or "/missing" in record["message"]]


@pytest.mark.parametrize("server", SERVERS)
def test_a_request_makes_one_record(tmp_path: Path, server: str) -> None:
    records = served(tmp_path, server)
    assert lines(records) == []
    assert [record["url"] for record in records if "url" in record] == ["/page", "/missing"]


def test_a_setting_brings_them_back(tmp_path: Path) -> None:
    assert len(lines(served(tmp_path, "uvicorn", AEGIS_ACCESS_LOGS_ENABLED="true"))) == 2


def record_of(name: str, message: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, message, (), None)


def test_a_line_of_a_url_that_gets_no_record_stays() -> None:
    lines = access.AccessLines(level=schema.INFO, excludes=False)
    assert not lines.repeats(record_of("uvicorn.access", '127.0.0.1 - "GET /health HTTP/1.1" 200'), logging.INFO)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("werkzeug", " * Running on http://127.0.0.1:5000"),
        ("werkzeug", "WARNING: This is a development server."),
        ("django.server", "Broken pipe from ('127.0.0.1', 4711)"),
    ],
)
def test_another_line_of_such_a_logger_stays(name: str, message: str) -> None:
    with correlation_scope("r1"):
        assert not access.AccessLines(level=schema.INFO, excludes=False).repeats(record_of(name, message), logging.INFO)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("uvicorn.access", '127.0.0.1:1 - "GET / HTTP/1.1" 200'),
        ("gunicorn.access", '127.0.0.1 - - [25/Nov/2026:10:00:00 +0000] "POST /a?b=c HTTP/1.1" 201 2 "-" "curl"'),
        ("django.server", '"GET /missing HTTP/1.1" 404 179'),
        ("aiohttp.access", '127.0.0.1 [25/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 170 "-" "x"'),
        ("tornado.access", "200 GET /x (127.0.0.1) 0.51ms"),
        ("django.channels.server", "HTTP GET /x 200 [0.01, 127.0.0.1:1]"),
    ],
)
def test_the_usual_forms_are_known(name: str, message: str) -> None:
    lines = access.AccessLines(level=schema.INFO, excludes=False)
    with correlation_scope("r1"):
        assert lines.repeats(record_of(name, message), logging.INFO)


def test_a_line_stays_where_the_request_record_is_below_the_level() -> None:
    lines = access.AccessLines(level=schema.WARN, excludes=False)
    with correlation_scope("r1"):
        assert not lines.repeats(record_of("tornado.access", "404 GET /x (::1) 1ms", logging.WARNING), logging.WARNING)
        assert lines.repeats(record_of("tornado.access", "500 GET /x (::1) 1ms", logging.ERROR), logging.ERROR)
