"""Outgoing calls carry the current id, whatever the client; what the app has set stays, and without an id nothing is added."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import run_app

CALLS = {
    "http.client": """
import http.client
connection = http.client.HTTPConnection(HOST, timeout=20)
connection.request("GET", "/", headers=GIVEN)
connection.getresponse().read()
""",
    "urllib": """
import urllib.request
urllib.request.urlopen(urllib.request.Request(URL, headers=GIVEN), timeout=20).read()
""",
    "urllib3": """
import urllib3
urllib3.PoolManager().request("GET", URL, headers=GIVEN)
""",
    "requests": """
import requests
requests.get(URL, headers=GIVEN, timeout=20)
""",
    "httpx": """
import httpx
httpx.get(URL, headers=GIVEN, timeout=20)
""",
    "httpx asynchronous": """
import asyncio, httpx
async def main():
    async with httpx.AsyncClient() as client:
        await client.get(URL, headers=GIVEN, timeout=20)
asyncio.run(main())
""",
    "aiohttp": """
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession() as session, session.get(URL, headers=GIVEN) as answer:
        await answer.read()
asyncio.run(main())
""",
    "tornado": """
import asyncio, tornado.httpclient
async def main():
    await tornado.httpclient.AsyncHTTPClient().fetch(URL, headers=GIVEN)
asyncio.run(main())
""",
}

SCRIPT = """
import os
from aegis_otel import correlation_scope
URL = os.environ["UPSTREAM"]
HOST = URL.removeprefix("http://").rstrip("/")

def call(GIVEN):
{call}

with correlation_scope("current"):
    call({{}})
    call({{}})
    call({{"X-Correlation-ID": "the-apps-own"}})
call({{"X-Last": "1"}})
"""


@pytest.fixture(scope="module")
def upstream() -> Any:
    seen: list[list[tuple[str, str]]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append([(name.lower(), value) for name, value in self.headers.items()])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", seen
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("instrumented", [False, True], ids=["alone", "beside OpenTelemetry's instrumentation"])
@pytest.mark.parametrize("client", CALLS)
def test_calls_carry_the_current_id_once(client: str, instrumented: bool, upstream: Any, tmp_path: Path):
    url, seen = upstream
    seen.clear()
    body = "\n".join("    " + line for line in CALLS[client].strip().splitlines())
    off = {} if instrumented else {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "requests,httpx"}
    ran = run_app(tmp_path, SCRIPT.format(call=body), "auto", UPSTREAM=url, **off)
    assert ran.status == 0, ran.err
    ids = [[value for name, value in headers if name == "x-correlation-id"] for headers in seen]
    assert ids[:2] == [["current"], ["current"]]
    if not (instrumented and client in ("requests", "httpx", "httpx asynchronous")):
        assert ids[2:] == [["the-apps-own"], []]
