"""A store that answers as it is told, for all that a Collector which receives cannot be made to answer.

It reads OTLP over HTTP as Loki and Seq do, keeps each request, and counts as taken what it has answered with 2xx.
"""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

PLAIN = {"AEGIS_LOKI_COMPRESSION": "gzip", "AEGIS_SEQ_COMPRESSION": "gzip"}
"""What the scripted store can decompress."""


@dataclass(frozen=True)
class Line:
    """One log record of a request: its resource's attributes, its time (ns), its body, its own attributes."""

    labels: Mapping[str, str]
    time_ns: int
    body: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """What came. `raw` is the body as it was sent, `lines` what it says once it is decompressed."""

    path: str
    headers: Message
    raw: bytes
    at: float
    method: str = "POST"

    @property
    def content(self) -> bytes:
        return gzip.decompress(self.raw) if self.headers["content-encoding"] == "gzip" else self.raw

    @property
    def lines(self) -> list[Line]:
        return [
            Line(
                {each.key: each.value.string_value for each in of_resource.resource.attributes},
                record.time_unix_nano,
                record.body.string_value,
                {each.key: each.value.string_value for each in record.attributes},
            )
            for of_resource in ExportLogsServiceRequest.FromString(self.content).resource_logs
            for of_scope in of_resource.scope_logs
            for record in of_scope.log_records
        ]


@dataclass(frozen=True)
class Answer:
    """What the store does with a request.

    Attributes:
        how: "answer"; "hang": never answer; "reset": break the connection instead; "cut": break it within the body.
        delay: seconds before that.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    how: Literal["answer", "hang", "reset", "cut"] = "answer"
    delay: float = 0.0


Script = Callable[[Request], Answer]


class ScriptedStore:
    """Listens on a port of its own; use it as a context manager.

    Args:
        script: the answers in turn, as statuses or `Answer`s, the last one from then on; or a function of the request.
    """

    def __init__(self, *script: int | Answer | Script) -> None:
        self._script = script
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._requests: list[Request] = []
        self._taken: list[Line] = []
        self._answered: list[int] = []
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                store._handle(self)

            def do_GET(self) -> None:  # of a redirect that is followed
                store._handle(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def teach(self, *script: int | Answer | Script) -> None:
        """Answer by another script from now on, and forget what came so far."""
        with self._lock:
            self._script = script
            self._requests, self._taken, self._answered = [], [], []

    def requests(self) -> list[Request]:
        with self._lock:
            return list(self._requests)

    def answered(self) -> list[int]:
        """The statuses so far; 0 stands for none."""
        with self._lock:
            return list(self._answered)

    def taken(self) -> list[Line]:
        """The records of the requests that got a 2xx, in their order."""
        with self._lock:
            return list(self._taken)

    def _answer(self, request: Request, number: int) -> Answer:
        step = self._script[min(number, len(self._script) - 1)]
        if isinstance(step, int):
            return Answer(step)
        return step if isinstance(step, Answer) else step(request)

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        request = Request(handler.path, handler.headers, raw, time.monotonic(), handler.command)
        with self._lock:
            self._requests.append(request)
            number = len(self._requests) - 1
        answer = self._answer(request, number)
        if self._stopping.wait(answer.delay) or (answer.how == "hang" and self._stopping.wait()):
            handler.close_connection = True
            return
        if answer.how == "answer" and 200 <= answer.status <= 299 and request.method == "POST":
            lines = request.lines
            with self._lock:
                self._taken += lines
        with self._lock:
            self._answered.append(0 if answer.how == "reset" else answer.status)
        if answer.how != "reset":
            handler.send_response(answer.status)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            if answer.status != 204:
                headers.setdefault("content-length", str(len(answer.body) + (1 if answer.how == "cut" else 0)))
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(answer.body)
            handler.wfile.flush()
        if answer.how in ("reset", "cut"):
            # Closing with this option sends a reset instead of an orderly end (SO_LINGER of zero seconds).
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True

    def __enter__(self) -> ScriptedStore:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def otlp_status(message: str) -> bytes:
    """A google.rpc.Status with no more than a message, as Loki answers: field 2, a string (Protocol Buffers, "Encoding")."""
    text = message.encode()
    length, size = len(text), bytearray()
    while length >= 0x80:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    return b"\x12" + bytes([*size, length]) + text
