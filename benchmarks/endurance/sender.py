"""Sends OTLP requests at a rate, from a process of its own, for next to no CPU.

    python -m benchmarks.endurance.sender PORT RATE SECONDS [CONNECTIONS]

A request is encoded once; for each further one only the times and the numbers are written into its bytes. Every
record is sent until the Collector has taken it, as a sender that never gives up does, and has a message
"cache lookup <number> missed" with a number of its own. Prints what it did as JSON.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import sys
import threading
import time
from typing import Any

from tests.support.otlp import Log, request

CONNECTIONS = 10
"""As many apps; each sends what it has every 200 ms, as ours do."""

PERIOD = 0.2
SERVICE = "flood"
MESSAGE = re.compile(rb"cache lookup (\d{10}) missed")

_NUMBER = b"0000000000"
_TIME = 0x1122334455667788
_DEBUG = 5


class Template:
    """The bytes of a request with `count` records, to be filled in again and again."""

    def __init__(self, count: int) -> None:
        rng = random.Random(1)
        logs = [
            Log(
                f"cache lookup {_NUMBER.decode()} missed",
                _DEBUG,
                {"cache": "sessions", "shard": rng.randrange(16), "tookMs": round(rng.random() * 5, 3)},
                rng.randbytes(16),
                rng.randbytes(8),
                time_ns=_TIME,
            )
            for _ in range(count)
        ]
        resource = {"service.name": SERVICE, "deployment.environment.name": "benchmark"}
        self._bytes = bytearray(request(logs, resource=resource).SerializeToString())
        self._times = self._places(_TIME.to_bytes(8, "little"))
        self._numbers = self._places(_NUMBER)
        assert len(self._numbers) == count
        assert len(self._times) == 2 * count
        self.count = count

    def _places(self, part: bytes) -> list[int]:
        return [match.start() for match in re.finditer(re.escape(part), self._bytes)]

    def fill(self, first: int) -> bytes:
        """The request with the numbers from `first` on, each record with a time of its own."""
        content = self._bytes
        now = time.time_ns()
        times = iter(self._times)
        for offset, place in enumerate(self._numbers):
            content[place : place + 10] = b"%010d" % (first + offset)
            stamp = (now + offset).to_bytes(8, "little")
            for _ in range(2):
                at = next(times)
                content[at : at + 8] = stamp
        return bytes(content)


class Sender:
    """Sends from several connections at once; each has every CONNECTIONS-th request."""

    def __init__(self, port: int, rate: float, seconds: float, connections: int) -> None:
        self._port = port
        self._connections = connections
        self._per_request = max(1, round(rate * PERIOD / connections))
        self._period = self._per_request * connections / rate
        self._requests = max(connections, round(rate * seconds / self._per_request))
        self._lock = threading.Lock()
        self._refused = 0
        self._slowest = 0.0

    def run(self) -> dict[str, Any]:
        started = time.monotonic()
        threads = [threading.Thread(target=self._send, args=(index, started)) for index in range(self._connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - started
        sent = self._requests * self._per_request
        return {
            "sent": sent,
            "seconds": round(took, 2),
            "rate": round(sent / took),
            "refused": self._refused,
            "slowest_answer_ms": round(self._slowest * 1e3),
        }

    def _send(self, index: int, started: float) -> None:
        template = Template(self._per_request)
        connection: http.client.HTTPConnection | None = None
        for turn, number in enumerate(range(index, self._requests, self._connections)):
            # Spread over the period, as apps are that know nothing of each other.
            due = started + (turn + index / self._connections) * self._period
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            payload = template.fill(number * self._per_request)
            while True:
                before = time.monotonic()
                try:
                    if connection is None:
                        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
                    headers = {"content-type": "application/x-protobuf"}
                    connection.request("POST", "/v1/logs", payload, headers)
                    response = connection.getresponse()
                    response.read()
                    taken = response.status == 200
                except (OSError, http.client.HTTPException):
                    taken, connection = False, None
                with self._lock:
                    self._refused += not taken
                    self._slowest = max(self._slowest, time.monotonic() - before)
                if taken:
                    break
                time.sleep(0.1)


if __name__ == "__main__":
    _, port, rate, seconds, *rest = sys.argv
    connections = int(rest[0]) if rest else CONNECTIONS
    print(json.dumps(Sender(int(port), float(rate), float(seconds), connections).run()), flush=True)
