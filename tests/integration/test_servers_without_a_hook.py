"""A WSGI app on a server that nobody knows (as uWSGI and mod_wsgi, which call it from C) has ids by the hook at its framework."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.apps import run_app
from tests.support.rows import APPS, COMMON, LOGGERS

SERVER = """
import io

def serve(path, **headers):
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "x=1", "SERVER_NAME": "shop", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
        "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False, **headers,
    }
    answered = []
    body = app(environ, lambda status, headers, exc_info=None: answered.append(dict(headers)) or (lambda data: None))
    try:
        b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    return {name.lower(): value for name, value in answered[-1].items()}

def charge(url):
    pass

first = serve("/pay", HTTP_X_CORRELATION_ID="customers-id")
second = serve("/pay")
print(first["x-correlation-id"], second["x-correlation-id"])
"""


@pytest.mark.parametrize("framework", ["flask", "django", "bottle", "falcon", "pyramid"])
def test_requests_have_ids_and_records(framework: str, tmp_path: Path):
    code = "".join(("import logging, os\n", LOGGERS["logging"], COMMON, APPS[framework]))
    code = code.replace('if __name__ == "__main__":', "if False:")
    ran = run_app(tmp_path, code + SERVER, "auto")
    assert ran.status == 0, ran.err
    first, second = ran.out.split()
    assert first == "customers-id"
    assert second not in ("", "customers-id")
    for correlation_id in (first, second):
        mine = [record for record in ran.records() if record.get("correlationId") == correlation_id]
        assert [record["message"] for record in mine] == ["paying 7", "paid 7", "HTTP Request Completed"]
        assert (mine[-1]["url"], mine[-1]["statusCode"]) == ("/pay?x=1", 200)
