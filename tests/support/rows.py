"""Small apps of many frameworks under many servers, for `tests/integration/test_served_apps.py`: one start serves all checks of a row."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.apps import clean_environment, command
from tests.support.processes import StartedProcess, free_port, wait_for

LOGGERS = {
    "logging": """
log = logging.getLogger("orders")
def say(level, text, *values, **fields):
    getattr(log, level)(text, *values, extra=fields)
""",
    "structlog": """
import structlog
structlog.configure(
    processors=[structlog.stdlib.PositionalArgumentsFormatter(), structlog.stdlib.render_to_log_kwargs],
    logger_factory=structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger)
log = structlog.get_logger("orders")
def say(level, text, *values, **fields):
    getattr(log, level)(text, *values, **fields)
""",
}

CLIENTS = {
    "requests": """
def charge(url):
    import requests
    requests.get(url, timeout=20)
""",
    "urllib": """
def charge(url):
    import urllib.request
    urllib.request.urlopen(url, timeout=20).read()
""",
    "urllib3": """
def charge(url):
    import urllib3
    urllib3.PoolManager().request("GET", url)
""",
    "http.client": """
def charge(url):
    import http.client, urllib.parse
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    connection.request("GET", parts.path)
    connection.getresponse().read()
    connection.close()
""",
    "httpx": """
def charge(url):
    import httpx
    httpx.get(url, timeout=20)
async def acharge(url):
    import httpx
    async with httpx.AsyncClient(timeout=20) as client:
        await client.get(url)
""",
    "aiohttp": """
async def acharge(url):
    import aiohttp
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        await answer.read()
""",
    "tornado": """
async def acharge(url):
    import tornado.httpclient
    await tornado.httpclient.AsyncHTTPClient().fetch(url)
""",
    "executor": """
async def acharge(url):
    import asyncio, requests
    await asyncio.get_running_loop().run_in_executor(None, lambda: requests.get(url, timeout=20))
""",
}
"""How an app calls another service: `charge` in threads, `acharge` on an event loop."""

COMMON = """
URL = os.environ.get("UPSTREAM", "") + "/charge"

def pay(number):
    say("info", "paying %s", number, orderId=number)
    charge(URL)
    say("warning", "paid %s", number)
    return b"paid"

async def apay(number):
    say("info", "paying %s", number, orderId=number)
    await acharge(URL)
    say("warning", "paid %s", number)
    return b"paid"

def broken():
    yield b"begin"
    say("info", "streaming")
    raise LookupError("broke midway")

async def abroken():
    yield b"begin"
    say("info", "streaming")
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
    say("warning", "Not Found: %s", path)
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"none"]
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
    say("warning", "Not Found")
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
    say("warning", "Not Found")
    return ""
""",
    "starlette": """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
async def paid(request): return PlainTextResponse(await apay(7))
async def fail(request): raise LookupError("a bug")
async def stream(request): return StreamingResponse(broken(), media_type="text/plain")
async def own(request): return PlainTextResponse("own", headers={"X-Correlation-ID": "the-apps-own"})
async def missing(request, error):
    say("warning", "Not Found")
    return PlainTextResponse("", 404)
routes = [Route("/pay", paid), Route("/fail", fail), Route("/stream", stream), Route("/own", own)]
app = Starlette(routes=routes, exception_handlers={404: missing})
""",
    "falcon": """
import falcon
class Pay:
    def on_get(self, request, response): response.data = pay(7)
class Fail:
    def on_get(self, request, response): raise LookupError("a bug")
class Stream:
    def on_get(self, request, response): response.stream = broken()
class Own:
    def on_get(self, request, response):
        response.text = "own"
        response.set_header("X-Correlation-ID", "the-apps-own")
def missing(request, response):
    say("warning", "Not Found")
    raise falcon.HTTPNotFound()
app = falcon.App()
for resource in (Pay, Fail, Stream, Own):
    app.add_route("/" + resource.__name__.lower(), resource())
app.add_sink(missing)
""",
    "pyramid": """
from pyramid.config import Configurator
from pyramid.response import Response
def paid(request): return Response(pay(7))
def fail(request): raise LookupError("a bug")
def stream(request): return Response(app_iter=broken())
def own(request): return Response(b"own", headerlist=[("X-Correlation-ID", "the-apps-own")])
def missing(request):
    say("warning", "Not Found")
    return Response("", 404)
with Configurator() as config:
    for name, view in {"pay": paid, "fail": fail, "stream": stream, "own": own}.items():
        config.add_route(name, "/" + name)
        config.add_view(view, route_name=name)
    config.add_notfound_view(missing)
    app = config.make_wsgi_app()
""",
    "raw asgi": """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    async def answer(status, body=b"", **headers):
        pairs = [(name.encode().replace(b"_", b"-"), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})
    path = scope["path"]
    if path == "/pay":
        await answer(200, await apay(7))
    elif path == "/fail":
        raise LookupError("a bug")
    elif path == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        async for part in abroken():
            await send({"type": "http.response.body", "body": part, "more_body": True})
    elif path == "/own":
        await answer(200, b"own", x_correlation_id="the-apps-own")
    else:
        say("warning", "Not Found")
        await answer(404)
""",
    "fastapi": """
from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
app = FastAPI()
@app.get("/pay")
async def paid(): return PlainTextResponse(await apay(7))
@app.get("/fail")
def fail(): raise LookupError("a bug")
@app.get("/stream")
async def stream(): return StreamingResponse(abroken(), media_type="text/plain")
@app.get("/own")
def own(): return PlainTextResponse("own", headers={"X-Correlation-ID": "the-apps-own"})
@app.exception_handler(404)
async def missing(request, error):
    say("warning", "Not Found")
    return PlainTextResponse("", 404)
""",
    "quart": """
from quart import Quart, Response
app = Quart("site")
@app.get("/pay")
async def paid(): return Response(await apay(7))
@app.get("/fail")
async def fail(): raise LookupError("a bug")
@app.get("/stream")
async def stream(): return Response(abroken(), content_type="text/plain")
@app.get("/own")
async def own(): return "own", 200, {"X-Correlation-ID": "the-apps-own"}
@app.errorhandler(404)
async def missing(error):
    say("warning", "Not Found")
    return "", 404
""",
    "litestar": """
from litestar import Litestar, Response, get
from litestar.exceptions import NotFoundException
from litestar.response import Stream
@get("/pay")
async def paid() -> bytes: return await apay(7)
@get("/fail")
async def fail() -> None: raise LookupError("a bug")
@get("/stream")
async def stream() -> Stream: return Stream(abroken())
@get("/own")
async def own() -> Response[str]: return Response("own", headers={"X-Correlation-ID": "the-apps-own"})
def missing(request, error):
    say("warning", "Not Found")
    return Response("", status_code=404)
app = Litestar([paid, fail, stream, own], exception_handlers={NotFoundException: missing})
""",
    "django asgi": """
import django.conf, django.core.asgi, django.http, django.urls
async def paid(request): return django.http.HttpResponse(await apay(7))
async def fail(request): raise LookupError("a bug")
async def stream(request): return django.http.StreamingHttpResponse(abroken(), content_type="text/plain")
async def own(request): return django.http.HttpResponse("own", headers={"X-Correlation-ID": "the-apps-own"})
urlpatterns = [django.urls.path(view.__name__.replace("paid", "pay"), view) for view in (paid, fail, stream, own)]
django.conf.settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", DEBUG=False)
app = django.core.asgi.get_asgi_application()
""",
    "falcon asgi": """
import falcon.asgi
class Pay:
    async def on_get(self, request, response): response.data = await apay(7)
class Fail:
    async def on_get(self, request, response): raise LookupError("a bug")
class Stream:
    async def on_get(self, request, response): response.stream = abroken()
class Own:
    async def on_get(self, request, response):
        response.text = "own"
        response.set_header("X-Correlation-ID", "the-apps-own")
async def missing(request, response, **rest):
    say("warning", "Not Found")
    raise falcon.HTTPNotFound()
app = falcon.asgi.App()
for resource in (Pay, Fail, Stream, Own):
    app.add_route("/" + resource.__name__.lower(), resource())
app.add_sink(missing)
""",
    "rsgi": """
async def app(scope, protocol):
    path = scope.path
    if path == "/pay":
        protocol.response_bytes(200, [], await apay(7))
    elif path == "/fail":
        raise LookupError("a bug")
    elif path == "/stream":
        transport = protocol.response_stream(200, [])
        async for part in abroken():
            await transport.send_bytes(part)
    elif path == "/own":
        protocol.response_str(200, [("x-correlation-id", "the-apps-own")], "own")
    else:
        say("warning", "Not Found")
        protocol.response_empty(404, [])
""",
    "aiohttp": """
from aiohttp import web
async def paid(request): return web.Response(body=await apay(7))
async def fail(request): raise LookupError("a bug")
async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    async for part in abroken():
        await response.write(part)
    return response
async def own(request): return web.Response(text="own", headers={"X-Correlation-ID": "the-apps-own"})
async def missing(request):
    say("warning", "Not Found")
    raise web.HTTPNotFound()
app = web.Application()
app.add_routes([web.get("/pay", paid), web.get("/fail", fail), web.get("/stream", stream), web.get("/own", own), web.get("/{rest:.*}", missing)])
if __name__ == "__main__":
    logging.getLogger("aiohttp.access").setLevel("INFO")
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None)
""",
    "tornado": """
import asyncio, tornado.web
class Pay(tornado.web.RequestHandler):
    async def get(self): self.write(await apay(7))
class Fail(tornado.web.RequestHandler):
    def get(self): raise LookupError("a bug")
class Stream(tornado.web.RequestHandler):
    async def get(self):
        async for part in abroken():
            self.write(part)
            await self.flush()
class Own(tornado.web.RequestHandler):
    def get(self):
        self.set_header("X-Correlation-ID", "the-apps-own")
        self.write("own")
class Missing(tornado.web.RequestHandler):
    def get(self):
        say("warning", "Not Found")
        self.set_status(404)
async def main():
    routes = [("/pay", Pay), ("/fail", Fail), ("/stream", Stream), ("/own", Own), ("/.*", Missing)]
    tornado.web.Application(routes).listen(int(os.environ["PORT"]), "127.0.0.1")
    await asyncio.Event().wait()
if __name__ == "__main__":
    asyncio.run(main())
""",
    "sanic": """
from sanic import Sanic
from sanic.exceptions import NotFound
from sanic.response import raw, text
app = Sanic("site")
@app.get("/pay")
async def paid(request): return raw(await apay(7))
@app.get("/fail")
async def fail(request): raise LookupError("a bug")
@app.get("/stream")
async def stream(request):
    response = await request.respond(content_type="text/plain")
    async for part in abroken():
        await response.send(part)
@app.get("/own")
async def own(request): return text("own", headers={"X-Correlation-ID": "the-apps-own"})
@app.exception(NotFound)
async def missing(request, error):
    say("warning", "Not Found")
    return text("", 404)
if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]), single_process=True, access_log=True, motd=False)
""",
    "http.server": """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/pay":
            self.answer(200, pay(7))
        elif path == "/fail":
            try:
                raise LookupError("a bug")
            except LookupError:
                self.answer(500)
                raise
        elif path == "/stream":
            self.send_response(200)
            self.end_headers()
            for part in broken():
                self.wfile.write(part)
        elif path == "/own":
            self.answer(200, b"own", X_Correlation_ID="the-apps-own")
        else:
            say("warning", "Not Found")
            self.answer(404)
if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
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
    "granian rsgi": ["-m", "granian", "--interface", "rsgi", "--port", "{port}", "site_app:app"],
    "uvicorn": ["-m", "uvicorn", "--port", "{port}", "site_app:app"],
    "hypercorn": ["-m", "hypercorn", "--bind", "127.0.0.1:{port}", "--access-logfile", "-", "site_app:app"],
    "gunicorn uvicorn": [*GUNICORN, "uvicorn_worker.UvicornWorker"],
    "own": ["site_app.py"],
}
"""`own`: the framework's own server."""

ASYNC = {
    "starlette",
    "raw asgi",
    "fastapi",
    "quart",
    "litestar",
    "django asgi",
    "falcon asgi",
    "rsgi",
    "aiohttp",
    "tornado",
    "sanic",
}

ACCESS_LINES = {
    "werkzeug": "werkzeug",
    "runserver": "django.server",
    "uvicorn": "uvicorn.access",
    "hypercorn": "hypercorn.access",
    **dict.fromkeys(("sync", "gthread", "gevent"), "gunicorn.access"),
    "granian": "granian.access",
    "aiohttp": "aiohttp.access",
    "tornado": "tornado.access",
    "sanic": "sanic.access",
}
"""The logger of the server's own line for each request; the others print theirs or have none."""

NO_ACCESS_LINE = {("runserver", "/stream"), ("aiohttp", "/stream"), ("uvicorn", "/stream"), ("hypercorn", "/stream")}
"""They write none for a response that broke."""

ANSWERS_ERRORS = {
    "wsgiref",
    "pywsgi",
    "werkzeug",
    "runserver",
    "sync",
    "gthread",
    "gevent",
    "waitress",
    "cheroot",
    "own",
}
"""Servers whose own answer to an app that failed can carry the header; the others make theirs without us."""

ROWS: list[tuple[str, str, str, str]] = [
    ("raw", "wsgiref", "requests", "logging"),
    ("raw", "sync", "urllib", "structlog"),
    ("raw", "gthread", "urllib3", "logging"),
    ("raw", "gevent", "http.client", "logging"),
    ("raw", "waitress", "httpx", "logging"),
    ("raw", "cheroot", "requests", "structlog"),
    ("raw", "pywsgi", "urllib3", "logging"),
    ("raw", "granian", "urllib", "logging"),
    ("raw", "hypercorn", "requests", "logging"),
    ("flask", "werkzeug", "requests", "logging"),
    ("flask", "gthread", "httpx", "structlog"),
    ("flask", "waitress", "urllib", "logging"),
    ("flask", "gevent", "urllib3", "logging"),
    ("flask", "cheroot", "http.client", "logging"),
    ("flask", "granian", "requests", "logging"),
    ("flask", "hypercorn", "urllib", "logging"),
    ("django", "runserver", "requests", "logging"),
    ("django", "sync", "urllib3", "structlog"),
    ("django", "gthread", "http.client", "logging"),
    ("django", "waitress", "httpx", "logging"),
    ("django", "granian", "urllib", "logging"),
    ("bottle", "waitress", "requests", "logging"),
    ("bottle", "wsgiref", "urllib", "structlog"),
    ("bottle", "sync", "urllib3", "logging"),
    ("falcon", "gthread", "requests", "logging"),
    ("falcon", "waitress", "http.client", "structlog"),
    ("falcon", "pywsgi", "urllib", "logging"),
    ("pyramid", "waitress", "requests", "logging"),
    ("pyramid", "sync", "httpx", "structlog"),
    ("pyramid", "cheroot", "urllib3", "logging"),
    ("raw asgi", "uvicorn", "httpx", "logging"),
    ("raw asgi", "hypercorn", "aiohttp", "logging"),
    ("raw asgi", "granian asgi", "executor", "structlog"),
    ("raw asgi", "gunicorn uvicorn", "tornado", "logging"),
    ("starlette", "uvicorn", "executor", "structlog"),
    ("starlette", "hypercorn", "httpx", "logging"),
    ("starlette", "granian asgi", "aiohttp", "logging"),
    ("fastapi", "uvicorn", "httpx", "logging"),
    ("fastapi", "gunicorn uvicorn", "aiohttp", "structlog"),
    ("fastapi", "hypercorn", "executor", "logging"),
    ("fastapi", "granian asgi", "tornado", "logging"),
    ("quart", "hypercorn", "httpx", "logging"),
    ("quart", "uvicorn", "aiohttp", "structlog"),
    ("quart", "granian asgi", "executor", "logging"),
    ("litestar", "uvicorn", "httpx", "logging"),
    ("litestar", "hypercorn", "aiohttp", "structlog"),
    ("litestar", "granian asgi", "executor", "logging"),
    ("django asgi", "uvicorn", "httpx", "logging"),
    ("falcon asgi", "uvicorn", "httpx", "structlog"),
    ("falcon asgi", "hypercorn", "executor", "logging"),
    ("sanic", "uvicorn", "httpx", "logging"),
    ("rsgi", "granian rsgi", "httpx", "logging"),
    ("rsgi", "granian rsgi", "aiohttp", "structlog"),
    ("aiohttp", "own", "aiohttp", "logging"),
    ("aiohttp", "own", "httpx", "structlog"),
    ("aiohttp", "own", "executor", "logging"),
    ("tornado", "own", "tornado", "logging"),
    ("tornado", "own", "httpx", "structlog"),
    ("tornado", "own", "executor", "logging"),
    ("sanic", "own", "httpx", "logging"),
    ("sanic", "own", "aiohttp", "structlog"),
    ("http.server", "own", "urllib", "logging"),
    ("http.server", "own", "requests", "structlog"),
]
"""Framework, server, client of the outgoing call, logger."""


def sample() -> list[tuple[str, str, str, str]]:
    """Rows in which each framework, server, client and logger is there at least once."""
    seen: set[tuple[int, str]] = set()
    found = []
    for row in ROWS:
        new = {*enumerate(row)} - seen
        if new:
            seen |= new
            found.append(row)
    return found


def table() -> str:
    """The rows as the table of docs/frameworks.md."""
    lines = ["| framework | server | client of the call | logger | own line of the server |", "|---|---|---|---|---|"]
    for app, server, client, logger in ROWS:
        served_by = app if server == "own" else server
        line = ACCESS_LINES.get(served_by)
        late = f"`{line}`, with the id" if line else "none, or printed"
        if served_by == "hypercorn" and app not in ASYNC:
            late = "`hypercorn.access`, without the id"
        lines.append(f"| {app} | {server} | {client} | {logger} | {late} |")
    return "\n".join(lines) + "\n"


CHOSEN = ROWS if os.environ.get("AEGIS_TEST_ROWS") == "all" else sample()


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

    def __init__(self, folder: Path, row: tuple[str, str, str, str], way: str, **variables: str) -> None:
        self.app, self.server, client, logger = row
        app, server = self.app, self.server
        self.upstream = Upstream()
        self.port = free_port()
        code = ("import logging, os\n", LOGGERS[logger], CLIENTS[client], COMMON, APPS[app])
        (folder / "site_app.py").write_text("".join(code))
        if server in ("wsgiref", "pywsgi"):
            (folder / "serve.py").write_text((WSGIREF if server == "wsgiref" else PYWSGI).format(port=self.port))
        argv, switch = command(way, *(argument.format(port=self.port) for argument in SERVERS[server]))
        env = clean_environment(
            OTEL_LOGS_EXPORTER="none",
            AEGIS_ACCESS_LOGS_ENABLED="true",  # the tests look at them
            LOG_CONSOLE_ENABLED="false",
            PYTHONPATH=str(folder),
            UPSTREAM=self.upstream.url,
            PORT=str(self.port),
            **switch,
            **variables,
        )
        self._file = folder / "logs" / "app.log"
        self.process = StartedProcess(argv, log=folder / "out", env=env, cwd=folder)
        self.process.wait_until_listening(self.port)

    @property
    def decodes_paths(self) -> bool:
        """Whether the request record has the path decoded, as ASGI and RSGI give it."""
        return self.app in ASYNC and self.server != "own"

    @property
    def answers_errors(self) -> bool:
        """Whether the answer to an app that failed carries the header."""
        return self.app not in ("raw", "raw asgi", "rsgi") or self.server in ANSWERS_ERRORS

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
        served_by = self.app if self.server == "own" else self.server
        wanted = None if (served_by, path) in NO_ACCESS_LINE else ACCESS_LINES.get(served_by)
        if served_by == "hypercorn" and self.app not in ASYNC:
            wanted = None  # it writes the line in another task
        if wanted is not None:
            wait_for(lambda: any(record["logger"] == wanted for record in found()), what=f"the access line of {path}")
        assert len(request_records()) == 1
        return found()

    def stop(self) -> None:
        self.process.stop(5)  # some servers wait for connections that the checks broke off
        self.upstream.stop()


if __name__ == "__main__":
    print(table(), end="")
