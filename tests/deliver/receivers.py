"""Real OTLP log receivers for tests: gRPC (grpcio and opentelemetry-proto's service) and HTTP/protobuf."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import (
    LogsServiceServicer,
    add_LogsServiceServicer_to_server,
)

Verdict = Callable[[ExportLogsServiceRequest], str]
"""What to answer: "" to accept, "refuse", "busy", "partial" or "too large"."""


class Receiver:
    """What arrived, and how to answer. Subclasses listen; `start` and `stop` may be called again and again."""

    protocol = ""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[ExportLogsServiceRequest] = []
        self.metadata: list[dict[str, str]] = []
        self.verdict: Verdict = lambda request: ""
        self._lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, request: ExportLogsServiceRequest, metadata: dict[str, str]) -> str:
        verdict = self.verdict(request)
        with self._lock:
            self.metadata.append(metadata)
            if verdict in ("", "partial"):
                self.requests.append(request)
        return verdict

    def logs(self) -> list[Any]:
        with self._lock:
            requests = list(self.requests)
        return [log for request in requests for log in logs_of(request)]

    def bodies(self) -> list[str]:
        return [log.body.string_value for log in self.logs()]

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Receiver:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def logs_of(request: ExportLogsServiceRequest) -> list[Any]:
    return [log for resource in request.resource_logs for scope in resource.scope_logs for log in scope.log_records]


def partial(request: ExportLogsServiceRequest) -> ExportLogsServiceResponse:
    return ExportLogsServiceResponse(
        partial_success=ExportLogsPartialSuccess(rejected_log_records=1, error_message="one is bad")
    )


class GrpcReceiver(Receiver):
    protocol = "grpc"

    def start(self) -> None:
        receiver = self

        class Service(LogsServiceServicer):
            def Export(self, request: ExportLogsServiceRequest, context: grpc.ServicerContext) -> Any:  # noqa: N802
                verdict = receiver.take(request, {k: str(v) for k, v in context.invocation_metadata()})
                if verdict == "refuse":
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "bad data")
                if verdict == "busy":
                    context.abort(grpc.StatusCode.UNAVAILABLE, "busy")
                if verdict == "too large":
                    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (1 vs. 2)")
                return partial(request) if verdict == "partial" else ExportLogsServiceResponse()

        self._server = grpc.server(futures.ThreadPoolExecutor(4), options=(("grpc.so_reuseport", 0),))
        add_LogsServiceServicer_to_server(Service(), self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()

    def stop(self) -> None:
        self._server.stop(0).wait()


class HttpReceiver(Receiver):
    protocol = "http/protobuf"

    def start(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if not self.path.endswith("/v1/logs"):
                    self._answer(200)
                    return
                request = ExportLogsServiceRequest.FromString(body)
                metadata = {key.lower(): value for key, value in self.headers.items()}
                verdict = receiver.take(request, metadata | {":path": self.path})
                content = partial(request).SerializeToString() if verdict == "partial" else b""
                self._answer({"refuse": 400, "busy": 503, "too large": 413}.get(verdict, 200), content)

            def _answer(self, status: int, content: bytes = b"") -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            # Of those that connect at once, none has to try again after a second.
            request_queue_size = 128
            connections: list[Any] = []  # noqa: RUF012

            def process_request(self, request: Any, address: Any) -> None:
                self.connections.append(request)
                super().process_request(request, address)

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for connection in self._server.connections:
            # A kept-alive connection would go on being served.
            try:
                connection.shutdown(2)
            except OSError:
                continue
        self._server.connections.clear()
        self._thread.join()
