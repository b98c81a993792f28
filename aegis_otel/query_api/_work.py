"""Queries run in a few threads: further ones wait, a slow one is ended, and so is one whose client is gone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.requests import Request

from aegis_otel.query_api._errors import RequestError
from aegis_otel.stores.logql import Buckets, Entry, IndexedSource, LogExpr, Matcher, Tallies

T = TypeVar("T")

AT_ONCE: Final = 4
"""Queries that run at once."""
MOST_WAITING: Final = 64
"""Queries that run or wait."""
SECONDS: Final = 60.0
"""How long a query may take, with its waiting."""
_CHECKED: Final = 256
"""Entries between two looks at the clock."""


class StoppedError(Exception):
    """A query was ended: it took too long, or its client is gone."""


@dataclass
class Stop:
    """Whether a query must end; any thread may ask and say so."""

    deadline: float
    asked: bool = False

    @classmethod
    def after(cls, seconds: float) -> Stop:
        """One that says so by itself after so long."""
        return cls(time.monotonic() + seconds)

    def check(self) -> None:
        """Go on.

        Raises:
            StoppedError: no.
        """
        if self.asked or time.monotonic() > self.deadline:
            raise StoppedError


@dataclass
class StoppedSource:
    """A source whose reading ends when `stop` says so.

    Attributes:
        handed_out: how many entries were read.
    """

    source: IndexedSource
    stop: Stop
    handed_out: int = 0

    def entries(
        self, start_ns: int, end_ns: int, matchers: Sequence[Matcher], needles: Sequence[bytes]
    ) -> Iterator[Entry]:
        """See `aegis_otel.stores.logql.Source`."""
        return self._until_stopped(self.source.entries(start_ns, end_ns, matchers, needles))

    def newest(
        self,
        start_ns: int,
        end_ns: int,
        matchers: Sequence[Matcher],
        needles: Sequence[bytes],
        floor: Callable[[], int],
    ) -> Iterator[Entry]:
        """See `aegis_otel.stores.logql.IndexedSource`."""
        return self._until_stopped(self.source.newest(start_ns, end_ns, matchers, needles, floor))

    def tallies(self, start_ns: int, end_ns: int, log: LogExpr, by: Sequence[str], buckets: Buckets) -> Tallies | None:
        """See `aegis_otel.stores.logql.IndexedSource`."""
        self.stop.check()
        return self.source.tallies(start_ns, end_ns, log, by, buckets)

    def _until_stopped(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        try:
            self.stop.check()
            for entry in entries:
                self.handed_out += 1
                if self.handed_out % _CHECKED == 0:
                    self.stop.check()
                yield entry
        finally:
            # At once: the files that it reads would stay open for as long as somebody looks at the error.
            if isinstance(entries, Generator):
                entries.close()


class Work:
    """The threads.

    Args:
        seconds: how long a query may take, with its waiting.
        at_once: how many run at once.
    """

    def __init__(self, seconds: float = SECONDS, at_once: int = AT_ONCE) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="aegis-query")
        self._running: list[Stop] = []

    async def run(self, request: Request, work: Callable[[Stop], T]) -> T:
        """What `work` gives.

        Raises:
            RequestError: too many wait; it takes too long; the client is gone.
        """
        if len(self._running) >= MOST_WAITING:
            raise RequestError(429, "too many outstanding requests")
        stop = Stop.after(self._seconds)
        self._running.append(stop)
        # Counted until it has ended, not until its client is answered.
        future = asyncio.get_running_loop().run_in_executor(self._threads, self._one, work, stop)
        future.add_done_callback(lambda done: self._ended(done, stop))
        gone = asyncio.ensure_future(_disconnected(request))
        try:
            both: set[asyncio.Future[Any]] = {future, gone}
            await asyncio.wait(both, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
            if not future.done():
                stop.asked = True
                if gone.done():
                    raise RequestError(499, "the client is gone")
                raise _too_slow(self._seconds)
            return future.result()
        except StoppedError:
            raise _too_slow(self._seconds) from None
        finally:
            stop.asked = True
            gone.cancel()

    def close(self) -> None:
        """Take no more work, and end all that runs."""
        for stop in self._running:
            stop.asked = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _one(work: Callable[[Stop], T], stop: Stop) -> T:
        stop.check()
        try:
            return work(stop)
        except Exception as error:
            # Its traceback holds all that the query has read.
            failure = error.with_traceback(None)
            failure.__context__ = None
        raise failure

    def _ended(self, future: asyncio.Future[T], stop: Stop) -> None:
        self._running = [one for one in self._running if one is not stop]
        with contextlib.suppress(asyncio.CancelledError):
            future.exception()  # looked at, so nobody complains that it was not


def _too_slow(seconds: float) -> RequestError:
    return RequestError(
        504,
        f"request timed out after {seconds:g} s: ask for a shorter time, or add label matchers (= rather than =~)",
    )


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
