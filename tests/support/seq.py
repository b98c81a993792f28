"""Seq for tests: the contract, and where AEGIS_TEST_SEQ_URL names one, a Seq of your own.

By contract a second real Collector stands at Seq's OTLP path. A server of your own is only added to and asked: each test
uses a service name that no other has, and nothing is deleted. An API key that may ingest and read is the URL's password:
`https://:key@seq.example.com`.
"""

from __future__ import annotations

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.support.collector import Sink

PATH = "/ingest/otlp/v1/logs"
VARIABLE = "AEGIS_TEST_SEQ_URL"


@dataclass(frozen=True)
class Event:
    """One record as Seq has it: the message, and its properties."""

    message: str
    properties: dict[str, Any]


class Store(Protocol):
    """Where records arrive, the contract or a real Seq.

    Attributes:
        variables: what the Collector needs to send there.
    """

    variables: dict[str, str]

    def events(self, service: str) -> list[Event]:
        """What it has of a service."""
        ...


class Contract:
    """A second Collector at Seq's path."""

    def __init__(self, sink: Sink) -> None:
        self.variables = {"SEQ_URL": sink.url}
        self._sink = sink

    def events(self, service: str) -> list[Event]:
        return [
            Event(received.body, received.attributes)
            for received in self._sink.received()
            if received.attributes.get("service") == service
        ]


class Seq:
    """A Seq that runs already."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url.rstrip("/"))
        self._base = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        key = urllib.parse.unquote(parts.password or "")
        self._headers = {"X-Seq-ApiKey": key} if key else {}
        self.variables = {"SEQ_URL": self._base, "SEQ_API_KEY": key}

    def events(self, service: str) -> list[Event]:
        query = urllib.parse.urlencode({"filter": f"service = '{service}'", "count": 1000, "render": "true"})
        request = urllib.request.Request(f"{self._base}/api/events?{query}", headers=self._headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return [
                Event(event["RenderedMessage"], {each["Name"]: each["Value"] for each in event["Properties"]})
                for event in json.load(answer)
            ]


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
        yield Seq(server_url() or "")
        return
    with Sink(folder, PATH) as sink:
        yield Contract(sink)


def summary() -> str:
    """Which Seq the tests ran on, for the end of their output. No key in it."""
    named = server_url()
    if named is None:
        return f"Seq: by contract only, none was run ({VARIABLE} names none; it never was)"
    return (
        f"Seq: by contract, and on the server of {VARIABLE}, {urllib.parse.urlsplit(named).netloc.rpartition('@')[2]}"
    )
