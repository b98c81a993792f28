"""Loki for tests: the contract, and where AEGIS_TEST_LOKI_URL names one, a Loki of your own.

By contract a second real Collector stands at Loki's OTLP path. A server of your own is only added to and asked: each test
uses a service name that no other has, and nothing is deleted.
"""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.support.collector import Sink

FOLDER = Path(__file__).parents[2] / "collector" / "loki"
PATH = "/otlp/v1/logs"
LABELS = ("service", "environment", "level", "complianceLevel")
"""Loki's index labels, by `collector/loki/loki.yaml`."""
LAST_RUN = "Loki 3.7.8 on 2026-11-24"
"""When these tests last ran on a real Loki, and on which."""
VARIABLE = "AEGIS_TEST_LOKI_URL"


@dataclass(frozen=True)
class Entry:
    """One record as Loki has it: index labels, time (ns), line, structured metadata."""

    labels: dict[str, str]
    time_ns: int
    line: str
    metadata: dict[str, str]

    @property
    def record(self) -> dict[str, Any]:
        return json.loads(self.line)


class Store(Protocol):
    """Where records arrive, the contract or a real Loki."""

    url: str

    def entries(self, service: str) -> list[Entry]:
        """What it has of a service, the oldest first."""
        ...


class Contract:
    """A second Collector at Loki's path."""

    def __init__(self, sink: Sink) -> None:
        self.url = sink.url
        self._sink = sink

    def entries(self, service: str) -> list[Entry]:
        found = [
            Entry(
                received.resource,
                int(received.raw.get("timeUnixNano", 0)),
                # Of a body that is a map Loki makes one JSON object.
                received.body if isinstance(received.body, str) else json.dumps(received.body),
                received.attributes,
            )
            for received in self._sink.received()
            if received.resource.get("service") == service
        ]
        for entry in found:
            entry.metadata.pop("header", None)
        return sorted(found, key=lambda entry: entry.time_ns)


class Loki:
    """A Loki that runs already, at a URL that may hold user and password."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        parts = urllib.parse.urlsplit(self.url)
        self._base = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        user, password = (urllib.parse.unquote(part or "") for part in (parts.username, parts.password))
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"} if parts.username else {}

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON answer to a GET; what Loki says is in the error where it refuses."""
        url = f"{self._base}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=self._headers), timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {parameters}: {error.code} {error.read().decode()}") from None

    def push(self, service: str, level: str, *entries: tuple[int, str, str]) -> None:
        """Entries (ns, line, correlation id) as the Collector has them in Loki, by its own push API."""
        values = [[str(moment), line, {"correlationId": correlation_id}] for moment, line, correlation_id in entries]
        body = json.dumps({"streams": [{"stream": {"service": service, "level": level}, "values": values}]})
        headers = {**self._headers, "content-type": "application/json"}
        request = urllib.request.Request(f"{self._base}/loki/api/v1/push", body.encode(), headers)
        urllib.request.urlopen(request, timeout=60).close()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of a metric query, now."""
        return self.get("/loki/api/v1/query", query=expression)["data"]["result"]

    def lines(self, query: str, *, hours: float = 1) -> list[str]:
        """The lines that a log query finds in the last hours, the oldest first."""
        found = [(int(at), line) for stream in self._streams(query, hours) for at, line in stream["values"]]
        return [line for _, line in sorted(found, key=lambda entry: entry[0])]

    def _streams(self, query: str, hours: float) -> list[dict[str, Any]]:
        now = time.time_ns()
        answer = self.get(
            "/loki/api/v1/query_range",
            query=query,
            start=now - int(hours * 3600e9),
            end=now + 60 * 10**9,
            limit=5000,
            direction="forward",
        )
        return answer["data"]["result"]

    def entries(self, service: str, *, hours: float = 24 * 25) -> list[Entry]:
        # The answer has index labels and structured metadata in one; records that come late have one label of Loki's own.
        found = [
            Entry(
                {name: value for name, value in stream["stream"].items() if name in LABELS},
                int(at),
                line,
                {n: value for n, value in stream["stream"].items() if n not in LABELS and not n.startswith("__")},
            )
            for stream in self._streams(f'{{service="{service}"}}', hours)
            for at, line in stream["values"]
        ]
        return sorted(found, key=lambda entry: entry.time_ns)


def server_url() -> str | None:
    """The server that the person who runs the tests has named."""
    return os.environ.get(VARIABLE) or None


def ways() -> list[str]:
    """On what the tests of the contract run."""
    return ["contract", "server"] if server_url() else ["contract"]


@contextmanager
def started(way: str, folder: Path) -> Iterator[Store]:
    """The store of one of the ways."""
    if way == "server":
        yield Loki(server_url() or "")
        return
    with Sink(folder, PATH) as sink:
        yield Contract(sink)


def summary() -> str:
    """Which Loki the tests ran on, for the end of their output. No user and no password in it."""
    named = server_url()
    if named is None:
        return f"Loki: by contract only, none was run ({VARIABLE} names none; last on {LAST_RUN})"
    return (
        f"Loki: by contract, and on the server of {VARIABLE}, {urllib.parse.urlsplit(named).netloc.rpartition('@')[2]}"
    )
