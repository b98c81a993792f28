"""The application without a socket: many queries at once, slow ones, clients that go, errors that tell no path."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from aegis_otel.query_api import application
from aegis_otel.query_api._work import AT_ONCE, MOST_WAITING
from aegis_otel.stores import StoreError
from aegis_otel.stores.logql import Buckets, Entry, LogExpr, Matcher

TOKEN = "a-token-of-20-letters"
QUERY = "/loki/api/v1/query_range"
SLOW = {"query": '{service="slow"}'}
QUICK = {"query": '{service="quick"}'}


class Source:
    """Has one entry; an entry of the service "slow" comes again and again until `released`."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.begun = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def entries(
        self, start_ns: int, end_ns: int, matchers: Sequence[Matcher], needles: Sequence[bytes]
    ) -> Iterator[Entry]:
        service = matchers[0].value
        entry = Entry(time.time_ns(), "{}", {"service": service}, {})
        if service == "slow":
            self.begun.release()
            try:
                while not self.released.wait(0.001):
                    yield entry
            finally:
                self.ended.release()
        yield entry

    def newest(
        self,
        start_ns: int,
        end_ns: int,
        matchers: Sequence[Matcher],
        needles: Sequence[bytes],
        floor: Callable[[], int],
    ) -> Iterator[Entry]:
        return self.entries(start_ns, end_ns, matchers, needles)

    def tallies(self, start_ns: int, end_ns: int, log: LogExpr, by: Sequence[str], buckets: Buckets) -> None:
        return None


class Failing(Source):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def newest(self, *ignored: Any) -> Iterator[Entry]:
        raise self.error


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    yield made
    made.released.set()


def client(folder: Path, source: Source, seconds: float = 60) -> httpx.AsyncClient:
    app = application(folder, TOKEN, source=lambda: source, seconds=seconds)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://localhost:3100",
        headers={"authorization": f"Bearer {TOKEN}"},
        timeout=60,
    )


async def begun(source: Source, count: int = 1) -> None:
    for _ in range(count):
        assert await asyncio.to_thread(source.begun.acquire, timeout=30)


def test_a_slow_query_holds_up_no_other(tmp_path: Path, source: Source) -> None:
    async def run() -> None:
        async with client(tmp_path, source) as asking:
            slow = asyncio.create_task(asking.get(QUERY, params=SLOW))
            await begun(source)
            assert (await asking.get(QUERY, params=QUICK)).status_code == 200
            assert not slow.done()
            source.released.set()
            assert (await slow).status_code == 200

    asyncio.run(run())


def test_a_query_that_takes_too_long_is_ended(tmp_path: Path, source: Source) -> None:
    async def run() -> None:
        async with client(tmp_path, source, seconds=0.5) as asking:
            answer = await asking.get(QUERY, params=SLOW)
            assert (answer.status_code, answer.text[:17]) == (504, "request timed out")
            assert await asyncio.to_thread(source.ended.acquire, timeout=30)

    asyncio.run(run())


def test_more_queries_than_run_at_once_wait_for_their_turn(tmp_path: Path, source: Source) -> None:
    async def run() -> None:
        async with client(tmp_path, source) as asking:
            slow = [asyncio.create_task(asking.get(QUERY, params=SLOW)) for _ in range(AT_ONCE)]
            await begun(source, AT_ONCE)
            waiting = asyncio.create_task(asking.get(QUERY, params=QUICK))
            await asyncio.sleep(0)
            source.released.set()
            assert [(await each).status_code for each in (*slow, waiting)] == [200] * (AT_ONCE + 1)

    asyncio.run(run())


def test_a_crowd_is_told_to_come_back(tmp_path: Path, source: Source) -> None:
    async def run() -> None:
        async with client(tmp_path, source) as asking:
            crowd = [asyncio.create_task(asking.get(QUERY, params=SLOW)) for _ in range(MOST_WAITING + 3)]
            done, _ = await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
            refused = done.pop().result()
            assert (refused.status_code, refused.text) == (429, "too many outstanding requests")
            source.released.set()
            statuses = sorted([(await each).status_code for each in crowd])
            assert statuses == [200] * MOST_WAITING + [429] * 3

    asyncio.run(run())


def test_the_query_of_a_client_that_goes_is_ended(tmp_path: Path, source: Source) -> None:
    gone = asyncio.Event()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    async def run() -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": QUERY,
            "query_string": b"query=%7Bservice%3D%22slow%22%7D",
            "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {TOKEN}".encode())],
        }
        app = application(tmp_path, TOKEN, source=lambda: source)
        asking = asyncio.create_task(app(scope, receive, send))  # type: ignore[arg-type]
        await begun(source)
        gone.set()
        await asking
        assert sent[0]["status"] == 499
        assert await asyncio.to_thread(source.ended.acquire, timeout=30)

    asyncio.run(run())


class Held:
    """What a query has read."""


class Hoarding(Source):
    def __init__(self) -> None:
        super().__init__()
        self.held: weakref.ref[Held] | None = None

    def newest(self, *ignored: Any) -> Iterator[Entry]:
        read = Held()
        self.held = weakref.ref(read)
        raise MemoryError
        yield


def test_a_query_that_took_all_memory_leaves_none_of_it_taken(tmp_path: Path) -> None:
    hoarding = Hoarding()

    async def run() -> None:
        async with client(tmp_path, hoarding) as asking:
            assert (await asking.get(QUERY, params=QUICK)).status_code == 500

    gc.collect()
    gc.disable()
    try:
        asyncio.run(run())
        assert hoarding.held is not None
        assert hoarding.held() is None
    finally:
        gc.enable()


SECRET_PATH = "/home/somebody/.aegis/store"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StoreError(f"the store in {SECRET_PATH} cannot be read"), "the store cannot be read"),
        (RuntimeError(f"{SECRET_PATH} is odd"), "internal error"),
        (MemoryError(), "more memory"),
    ],
)
def test_an_error_inside_tells_the_client_no_path_and_no_stack(tmp_path: Path, error: Exception, said: str) -> None:
    async def run() -> None:
        async with client(tmp_path, Failing(error)) as asking:
            answer = await asking.get(QUERY, params=QUICK)
            assert answer.status_code == 500
            assert said in answer.text
            assert SECRET_PATH not in answer.text
            assert "Traceback" not in answer.text

    asyncio.run(run())
    [line] = (tmp_path / "query.log").read_text().splitlines()
    # Whoever runs the server finds the reason.
    assert str(error) in json.loads(line)["errorMessage"]
