"""What receives the benchmark's records: our Collector where it is installed, else a gRPC and HTTP server in Python.

Either is a process of its own, so that receiving costs the measured process nothing. `python -m benchmarks.receiver`
is the Python one.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import StartedProcess, free_ports

_CONFIG = """
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}", max_recv_msg_size_mib: 16}}
      http: {{endpoint: "127.0.0.1:{http}"}}
exporters:
  debug: {{verbosity: basic}}
service:
  telemetry:
    logs: {{level: error}}
    metrics:
      level: basic
      readers:
        - pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}
  pipelines:
    logs: {{receivers: [otlp], exporters: [debug]}}
"""


class Receiving:
    """A running receiver.

    Attributes:
        grpc, http: the endpoints.
        what: what it is.
    """

    def __init__(self, grpc: str, http: str, metrics: str, what: str) -> None:
        self.grpc = grpc
        self.http = http
        self.what = what
        self._metrics = metrics

    def count(self) -> int:
        """Log records received since it started."""
        with urllib.request.urlopen(self._metrics, timeout=10) as response:
            text = response.read().decode()
        found = re.findall(r"^otelcol_receiver_accepted_log_records(?:_total)?\{[^}]*\} (\S+)", text, re.MULTILINE)
        return int(sum(map(float, found)))


@contextmanager
def receiving(folder: Path) -> Iterator[Receiving]:
    """Start a receiver; it stops with the block."""
    grpc, http, metrics = free_ports(3)
    try:
        from aegis_otelcol import binary_path

        config = folder / "collector.yaml"
        config.write_text(_CONFIG.format(grpc=grpc, http=http, metrics=metrics))
        argv = [str(binary_path()), "--config", str(config)]
        what = "aegis-otelcol (otlp receiver -> debug exporter)"
    except (ImportError, FileNotFoundError):
        argv = [sys.executable, "-m", "benchmarks.receiver", str(grpc), str(http), str(metrics)]
        what = "a Python gRPC/HTTP server (aegis-otelcol is not installed)"
    env = {**os.environ, "AEGIS_ALLOW_UNREDACTED": "logs"}
    with StartedProcess(argv, log=folder / "receiver.log", env=env) as process:
        found = Receiving(
            f"http://127.0.0.1:{grpc}", f"http://127.0.0.1:{http}", f"http://127.0.0.1:{metrics}/metrics", what
        )
        for port in (grpc, http, metrics):
            process.wait_until_listening(port)
        yield found


def _serve(grpc: int, http: int, metrics: int) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    from tests.deliver.receivers import GrpcReceiver, HttpReceiver, logs_of

    counted = 0

    def count(request: object) -> str:
        nonlocal counted
        counted += len(logs_of(request))  # type: ignore[arg-type]
        return "discard"

    receivers = (GrpcReceiver(), HttpReceiver())
    for receiver, port in zip(receivers, (grpc, http), strict=True):
        receiver.port = port
        receiver.verdict = count
        receiver.start()

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f'otelcol_receiver_accepted_log_records{{receiver="python"}} {counted}\n'.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", metrics), Metrics)
    Thread(target=server.serve_forever, daemon=True).start()
    signal.sigwait([signal.SIGTERM, signal.SIGINT])


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    _serve(*map(int, sys.argv[1:4]))
