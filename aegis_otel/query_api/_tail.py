"""`/loki/api/v1/tail`: the newest lines of a log query, then each further one as it is written, over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from aegis_otel.query_api._errors import RequestError
from aegis_otel.query_api._parameters import HOUR, Parameters
from aegis_otel.query_api._work import Stop, StoppedError, StoppedSource
from aegis_otel.stores import StoreError, logql
from aegis_otel.stores.logql import Entry
from aegis_otel.stores.logql.embedded import EmbeddedSource

MOST: Final = 10
"""Tails at once, as in Loki."""
_POLL_SECONDS: Final = 0.5
_FRAME: Final = 1_000
"""Entries in one message."""
_LOOKED_AT: Final = 20_000
"""Arrivals between two looks at the client."""
_HISTORY_SECONDS: Final = 60.0
_NO_QUERY: Final = "parse error : only log queries can be tailed, this one gives numbers"


class Tails:
    """All tails of the store in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = 0

    async def serve(self, websocket: WebSocket) -> int:
        """One tail, until its client goes; the status that it got.

        Raises:
            RequestError: it is refused.
        """
        asked = Parameters(websocket.query_params.multi_items())
        text, limit, start = asked.query(), asked.limit(), asked.moment("start", asked.now_ns - HOUR)
        query = logql.parse(text)
        if not logql.is_log_query(query):
            raise RequestError(400, _NO_QUERY)
        if self._open >= MOST:
            raise RequestError(429, f"max concurrent tail requests limit exceeded, count > limit ({MOST + 1} > {MOST})")
        self._open += 1
        try:
            await self._tail(websocket, query, limit, start)
        except WebSocketDisconnect:
            pass
        finally:
            self._open -= 1
        return 101

    async def _tail(self, websocket: WebSocket, query: logql.Query, limit: int, start: int) -> None:
        source = EmbeddedSource(self._folder)
        with source.arrivals() as arrivals:
            stop = Stop.after(_HISTORY_SECONDS)
            before = asyncio.to_thread(_history, StoppedSource(source, stop), query, limit, start)
            history = await before
            await websocket.accept()
            gone = asyncio.ensure_future(_disconnected(websocket))
            try:
                for message in _messages(history):
                    await websocket.send_text(message)
                lines, left = logql.lines(query), arrivals.entries()
                while not gone.done():
                    seen, found = await asyncio.to_thread(_batch, left, lines)
                    for message in _messages(found):
                        await websocket.send_text(message)
                    if not seen:
                        left = arrivals.entries()
                        await asyncio.wait({gone}, timeout=_POLL_SECONDS)
            except StoreError:
                with contextlib.suppress(RuntimeError):
                    await websocket.close(1011, "the store cannot be read")
            finally:
                gone.cancel()


Found = list[tuple[int, dict[str, str], str]]


def _history(source: StoppedSource, query: logql.Query, limit: int, start: int) -> Found:
    """The newest lines of before, the oldest first."""
    try:
        answer = logql.range_(source, query.text, start_ns=start, end_ns=2**62, step_ns=1, limit=limit)
    except StoppedError:
        raise RequestError(504, "request timed out") from None
    assert isinstance(answer, logql.Streams)
    found = [(at, one.labels, line) for one in answer.streams for at, line in reversed(one.entries)]
    return sorted(found, key=lambda entry: entry[0])


def _batch(entries: Iterator[Entry], lines: Any) -> tuple[int, Found]:
    """How many arrivals were looked at, and those of them that the query wants."""
    seen, found = 0, []
    for entry in itertools.islice(entries, _LOOKED_AT):
        seen += 1
        wanted = lines(entry)
        if wanted is not None:
            found.append((entry.time_ns, *wanted))
    return seen, found


def _messages(found: Found) -> Iterator[str]:
    for begin in range(0, len(found), _FRAME):
        streams: dict[tuple[tuple[str, str], ...], list[list[str]]] = {}
        for at, labels, line in found[begin : begin + _FRAME]:
            streams.setdefault(tuple(labels.items()), []).append([str(at), line])
        shown = [{"stream": dict(labels), "values": values} for labels, values in streams.items()]
        yield json.dumps({"streams": shown, "dropped_entries": None}, separators=(",", ":"))


async def _disconnected(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def refusal(error: RequestError) -> PlainTextResponse:
    """The answer to a WebSocket that is not opened."""
    return PlainTextResponse(error.text, error.status)
