"""The ASGI application: its paths, and what becomes of errors."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from aegis_otel.query_api import _answers
from aegis_otel.query_api._errors import RequestError
from aegis_otel.query_api._guard import Guard, credentials
from aegis_otel.query_api._journal import NAME, Journal
from aegis_otel.query_api._parameters import Parameters
from aegis_otel.query_api._tail import Tails, refusal
from aegis_otel.query_api._work import SECONDS, Stop, StoppedError, StoppedSource, Work
from aegis_otel.stores import StoreError
from aegis_otel.stores.logql import IndexedSource, LogQLError
from aegis_otel.stores.logql.embedded import EmbeddedSource

LONGEST_BODY: Final = 2**20
"""Bytes of a form."""
_BODY_SECONDS: Final = 30.0
_BOTH: Final = ["GET", "POST"]
_V1: Final = "/loki/api/v1"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def application(
    data_dir: Path, token: str, *, source: Callable[[], IndexedSource] | None = None, seconds: float = SECONDS
) -> ASGIApp:
    """The application for the store below `data_dir`, for clients that show `token`.

    Args:
        data_dir: holds the folder `store`; requests are logged in its `query.log`.
        token: what clients must show.
        source: what queries read, one for each; the embedded store where None.
        seconds: how long a query may take.
    """
    folder = data_dir / "store"
    journal = Journal(data_dir / NAME)
    work = Work(seconds)
    paths = _Paths(folder, journal, source or (lambda: EmbeddedSource(folder)), work)
    routes = [
        Route("/ready", _ready),
        Route(f"{_V1}/query", paths.of(_answers.query), methods=_BOTH),
        Route(f"{_V1}/query_range", paths.of(_answers.query_range), methods=_BOTH),
        Route(f"{_V1}/labels", paths.of(_answers.labels), methods=_BOTH),
        Route(f"{_V1}/label", paths.of(_answers.labels), methods=_BOTH),
        Route(f"{_V1}/label/{{name}}/values", paths.label_values, methods=_BOTH),
        Route(f"{_V1}/series", paths.of(_answers.all_series), methods=_BOTH),
        Route(f"{_V1}/index/stats", paths.of(_answers.index_stats), methods=_BOTH),
        Route(f"{_V1}/index/volume", paths.of(_answers.index_volume), methods=_BOTH),
        Route(f"{_V1}/status/buildinfo", paths.of(_answers.build_info)),
        WebSocketRoute(f"{_V1}/tail", paths.tail),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        work.close()

    inner = Starlette(routes=routes, exception_handlers={HTTPException: _refused}, lifespan=lifespan)
    return Guard(GZipMiddleware(inner, minimum_size=1024), token, lambda *refused: _note_refusal(journal, *refused))


class _Paths:
    """The functions behind the paths, with what they share."""

    def __init__(self, folder: Path, journal: Journal, source: Callable[[], IndexedSource], work: Work) -> None:
        self._journal = journal
        self._source = source
        self._work = work
        self._tails = Tails(folder)

    def of(self, answer: _answers.Answer) -> Callable[[Request], Any]:
        """The endpoint that gives this answer."""

        async def endpoint(request: Request) -> Response:
            return await self._answered(request, answer)

        return endpoint

    async def label_values(self, request: Request) -> Response:
        """The endpoint of one label."""
        return await self._answered(request, _answers.label_values(request.path_params["name"]))

    async def tail(self, websocket: WebSocket) -> None:
        """The endpoint of tails; logged when it ends."""
        begun = time.monotonic()
        try:
            status = await self._tails.serve(websocket)
        except (RequestError, LogQLError, StoreError) as error:
            refused = _request_error(error)
            status = refused.status
            await websocket.send_denial_response(refusal(refused))
        self._note(websocket, "GET", Parameters(websocket.query_params.multi_items()), status, begun)

    async def _answered(self, request: Request, answer: _answers.Answer) -> Response:
        begun, asked, cause = time.monotonic(), Parameters(()), ""
        response: Response
        try:
            asked = Parameters([*request.query_params.multi_items(), *await _form(request)])
            content = await self._work.run(request, lambda stop: self._content(answer, asked, stop))
            response = Response(content, 200, _HEADERS, "application/json; charset=UTF-8")
        except Exception as error:
            refused = _request_error(error)
            cause = f"{type(error).__name__}: {error}" if refused.status == 500 else ""
            response = PlainTextResponse(refused.text, refused.status, _HEADERS)
        self._note(request, request.method, asked, response.status_code, begun, cause)
        return response

    def _content(self, answer: _answers.Answer, asked: Parameters, stop: Stop) -> bytes:
        return _answers.as_bytes(answer(StoppedSource(self._source(), stop), asked))

    def _note(
        self, connection: HTTPConnection, method: str, asked: Parameters, status: int, begun: float, cause: str = ""
    ) -> None:
        self._journal.write(
            message="query",
            **_who(connection),
            method=method,
            query=asked.get("query") or " ".join(asked.all("match[]", "match")),
            start=asked.get("start"),
            end=asked.get("end"),
            statusCode=status,
            responseTime=round((time.monotonic() - begun) * 1000, 1),
            errorMessage=cause,
        )


def _note_refusal(journal: Journal, connection: HTTPConnection, status: int) -> None:
    journal.write(message="refused", **_who(connection), statusCode=status)


def _who(connection: HTTPConnection) -> dict[str, str]:
    client, headers = connection.client, connection.headers
    return {
        "client": f"{client.host}:{client.port}" if client is not None else "",
        "user": credentials(headers.get("authorization", ""))[0],
        "grafanaUser": headers.get("x-grafana-user", ""),
        "path": connection.scope["path"],
    }


def _request_error(error: Exception) -> RequestError:
    """What the client is told."""
    if isinstance(error, RequestError):
        return error
    if isinstance(error, LogQLError):
        return RequestError(400, _logql_error(error))
    if isinstance(error, StoppedError):
        return RequestError(504, "request timed out")
    if isinstance(error, MemoryError):
        return RequestError(500, "the query needs more memory than the server may use; ask for less")
    if isinstance(error, StoreError):
        return RequestError(500, f"the store cannot be read; {NAME} in the data folder says why")
    return RequestError(500, f"internal error; {NAME} in the data folder says which")


def _logql_error(error: LogQLError) -> str:
    """As Loki says it. What is wrong with the data has no place in the query."""
    if type(error) is not LogQLError:
        return error.reason
    before = error.text[: error.position]
    column = error.position - (before.rfind("\n") + 1) + 1
    return f"parse error at line {before.count(chr(10)) + 1}, col {column}: {error.reason}"


async def _form(request: Request) -> list[tuple[str, str]]:
    """The parameters in the body of a POST.

    Raises:
        RequestError: it is too long, comes too slowly, or is no form.
    """
    if request.method != "POST" or "application/x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        return []
    body = bytearray()

    async def read() -> None:
        async for part in request.stream():
            body.extend(part)
            if len(body) > LONGEST_BODY:
                raise RequestError(413, f"the body is longer than {LONGEST_BODY} bytes")

    try:
        await asyncio.wait_for(read(), _BODY_SECONDS)
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200)
    except asyncio.TimeoutError:
        raise RequestError(408, "the body comes too slowly") from None
    except ValueError:
        raise RequestError(400, "the body is no form, or has too many fields") from None


async def _ready(request: Request) -> Response:
    return PlainTextResponse("ready\n")


async def _refused(request: Request, error: Exception) -> Response:
    """A path or method that there is not."""
    assert isinstance(error, HTTPException)
    text = "404 page not found\n" if error.status_code == 404 else f"{error.detail}\n"
    return PlainTextResponse(text, error.status_code, {**_HEADERS, **(error.headers or {})})
