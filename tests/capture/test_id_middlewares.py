"""An app with a correlation middleware of its own has one id: on the response, in the records, on outgoing calls."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import Ran, run_app

pytestmark = pytest.mark.integration

ASKED = "11111111-2222-4333-8444-555555555555"

ASGI = """
import asyncio, json, logging, urllib.request
import uvicorn
from opentelemetry import propagate
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route

{middleware}

async def page(request):
    logging.getLogger("app").warning("in the app")
    carrier = {{}}
    propagate.inject(carrier)
    return JSONResponse({{"theirs": theirs(), "sent": carrier["x-correlation-id"]}})

app = Starlette(
    routes=[Route("/page", page)],
    middleware=[Middleware(CORSMiddleware, allow_origins=["*"]), Middleware(*MIDDLEWARE[0], **MIDDLEWARE[1])],
)

def ask(port, headers):
    url = f"http://127.0.0.1:{{port}}/page"
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        found = {{name.lower(): value for name, value in answer.headers.items()}}
        print(json.dumps({{"headers": found, **json.load(answer)}}))

async def main():
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    for headers in json.loads({asked!r}):
        await asyncio.to_thread(ask, port, headers)
    server.should_exit = True
    await serving

asyncio.run(main())
"""

MIDDLEWARES = {
    "asgi-correlation-id": """
from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
MIDDLEWARE = ((CorrelationIdMiddleware,), {})
theirs = correlation_id.get
""",
    "starlette-context": """
from starlette_context import context, plugins
from starlette_context.middleware import RawContextMiddleware
MIDDLEWARE = ((RawContextMiddleware,), {"plugins": (plugins.RequestIdPlugin(),)})
theirs = lambda: context["X-Request-ID"]
""",
}

DJANGO = """
import json, logging, threading, urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server
import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import path
from opentelemetry import propagate

def page(request):
    from django_guid import get_guid
    logging.getLogger("app").warning("in the app")
    carrier = {}
    propagate.inject(carrier)
    return JsonResponse({"theirs": get_guid(), "sent": carrier["x-correlation-id"]})

urlpatterns = [path("page", page)]
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", INSTALLED_APPS=["django_guid"], LOGGING_CONFIG=None,
    MIDDLEWARE=["django_guid.middleware.guid_middleware"],
    DJANGO_GUID={"GUID_HEADER_NAME": "X-Request-ID", "UUID_LENGTH": 36, "UUID_FORMAT": "string"},
)
django.setup()
from django.core.wsgi import get_wsgi_application

class Quiet(WSGIRequestHandler):
    def log_message(self, *args): pass

server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
for headers in json.loads(ASKED):
    url = f"http://127.0.0.1:{server.server_port}/page"
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        found = {name.lower(): value for name, value in answer.headers.items()}
        print(json.dumps({"headers": found, **json.load(answer)}))
server.shutdown()
"""

REQUESTS: dict[str, dict[str, str]] = {
    "no id": {},
    "theirs alone": {"X-Request-ID": ASKED},
    "ours alone": {"X-Correlation-ID": ASKED},
    "both": {"X-Request-ID": ASKED, "X-Correlation-ID": "other-1"},
    "theirs is refused": {"X-Request-ID": "not valid"},
    "another origin": {"Origin": "https://shop.example"},
}


def script(name: str) -> str:
    asked = json.dumps(list(REQUESTS.values()))
    if name == "django-guid":
        return DJANGO.replace("ASKED", repr(asked))
    return ASGI.format(middleware=MIDDLEWARES[name], asked=asked)


@pytest.fixture(scope="module", params=["asgi-correlation-id", "starlette-context", "django-guid"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    # starlette-context answers an id that is not valid with an error of its own.
    source = script(request.param)
    if request.param == "starlette-context":
        source = source.replace('{"X-Request-ID": "not valid"}', "{}")
    found = run_app(tmp_path_factory.mktemp("app"), source)
    assert found.status == 0, found.err
    return found


def of(ran: Ran, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What was answered to one of the requests, and the records of it."""
    answers = [json.loads(line) for line in ran.out.splitlines()]
    place = list(REQUESTS).index(name)
    requests = [number for number, record in enumerate(ran.records()) if record["message"] == "HTTP Request Completed"]
    records = ran.records()
    before = requests[place - 1] + 1 if place else 0
    near = records[before : requests[place] + 1]
    return answers[place], [record for record in near if record["message"] in ("in the app", "HTTP Request Completed")]


@pytest.mark.parametrize("name", REQUESTS)
def test_there_is_one_id(ran: Ran, name: str) -> None:
    answer, records = of(ran, name)
    assert len(records) == 2
    ids = {record["correlationId"] for record in records}
    ids |= {answer["theirs"], answer["sent"], answer["headers"]["x-correlation-id"], answer["headers"]["x-request-id"]}
    assert len(ids) == 1, ids


@pytest.mark.parametrize("name", ["theirs alone", "ours alone", "both"])
def test_it_is_the_one_that_was_asked_for(ran: Ran, name: str) -> None:
    answer, _ = of(ran, name)
    assert answer["theirs"] == ASKED


def test_the_id_that_was_not_taken_is_told(ran: Ran) -> None:
    _, records = of(ran, "both")
    assert [record.get("replacedCorrelationId") for record in records] == [None, "other-1"]


def test_a_made_one_is_a_uuid_of_version_4(ran: Ran) -> None:
    answer, _ = of(ran, "no id")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", answer["theirs"])


def test_scripts_of_another_origin_may_read_it(ran: Ran) -> None:
    answer, _ = of(ran, "another origin")
    if "access-control-allow-origin" in answer["headers"]:
        assert "x-correlation-id" in answer["headers"]["access-control-expose-headers"].lower()


def test_aliases_bring_the_id_and_the_first_header_sends_it(tmp_path: Path) -> None:
    source = ASGI.format(
        middleware="MIDDLEWARE = ((CORSMiddleware,), {})\ntheirs = lambda: None",
        asked=json.dumps(list(REQUESTS.values())),
    )
    found = run_app(tmp_path, source, AEGIS_CORRELATION_HEADER="X-Correlation-ID, x-request-id")
    assert found.status == 0, found.err
    sent = {name: of(found, name)[0]["sent"] for name in REQUESTS}
    assert (sent["theirs alone"], sent["ours alone"], sent["both"]) == (ASKED, ASKED, "other-1")
    assert of(found, "theirs is refused")[1][-1]["replacedCorrelationId"] == "not valid"


def test_only_uuids_are_taken_where_that_is_asked_for(tmp_path: Path) -> None:
    source = ASGI.format(
        middleware="MIDDLEWARE = ((CORSMiddleware,), {})\ntheirs = lambda: None",
        asked=json.dumps(list(REQUESTS.values())),
    )
    found = run_app(tmp_path, source, AEGIS_CORRELATION_ONLY_UUIDS="true")
    assert found.status == 0, found.err
    assert of(found, "ours alone")[0]["sent"] == ASKED
    assert of(found, "both")[1][-1]["replacedCorrelationId"] == "other-1"
