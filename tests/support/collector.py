"""The real Collector for tests: ours with its composed configuration, and a second one that receives.

The receiving one stands where Loki or Seq would: it accepts OTLP at their path and writes what came, with the
headers that matter, as OTLP JSON lines.
"""

from __future__ import annotations

import json
import os
import re
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.support.otlp import Log, Received, otlp_json_records, post, read_otlp_json, request
from tests.support.processes import StartedProcess, free_ports, wait_for

CONFIG = Path(__file__).parents[2] / "collector" / "config"
ALWAYS = ("receive", "redact", "route", "tuning")


def binary() -> Path:
    """Our Collector: the installed wheel's, or the one that AEGIS_OTELCOL_BINARY names."""
    named = os.environ.get("AEGIS_OTELCOL_BINARY")
    if named:
        return Path(named)
    from aegis_otelcol import binary_path

    return Path(binary_path())


def pieces(*names: str) -> list[str]:
    """The arguments that compose a configuration of the named files."""
    return [part for name in names for part in ("--config", f"file:{CONFIG / name}.yaml")]


class Collector:
    """Our Collector with the configuration of this repository; `kill` and `start` again as often as needed.

    Args:
        folder: for its data and its output.
        stores: which of file, loki, seq are on.
        env: further environment variables.
        more: further configuration arguments.
    """

    def __init__(
        self,
        folder: Path,
        *stores: str,
        env: Mapping[str, str] | None = None,
        more: Iterable[str] = (),
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.grpc_port, self.port, health, self.metrics_port = free_ports(4)
        self.health = f"http://127.0.0.1:{health}"
        self.arguments = [*pieces(*ALWAYS, *(f"to-{store}" for store in stores)), *more]
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AEGIS_", "SEQ_", "OTEL_"))},
            "AEGIS_OTLP_GRPC_ENDPOINT": f"127.0.0.1:{self.grpc_port}",
            "AEGIS_OTLP_HTTP_ENDPOINT": f"127.0.0.1:{self.port}",
            "AEGIS_HEALTH_ENDPOINT": f"127.0.0.1:{health}",
            "AEGIS_METRICS_PORT": str(self.metrics_port),
            "AEGIS_DATA_DIR": str(self.data),
            "AEGIS_RETRY_INITIAL": "100ms",
            "AEGIS_RETRY_MAX": "500ms",
            **(env or {}),
        }
        self.process: StartedProcess | None = None

    def validate(self) -> StartedProcess:
        """Run the Collector's own check of its configuration, to its end."""
        process = self._run("validate")
        process.wait()
        return process

    def start(self) -> Collector:
        self.process = self._run()
        self.process.wait_until_healthy(self.health, seconds=120)
        return self

    def start_in_vain(self) -> str:
        """Start it where it must refuse to; what it says."""
        process = self._run()
        try:
            assert process.wait(120) != 0
        finally:
            process.kill()
        return process.output()

    def _run(self, *command: str) -> StartedProcess:
        return StartedProcess(
            [binary(), *command, *self.arguments], log=self.folder / "collector.log", env=self.env, cwd=self.folder
        )

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()

    def output(self) -> str:
        return (self.folder / "collector.log").read_text(encoding="utf-8", errors="replace")

    def send(self, *logs: Log, **request_options: Any) -> None:
        self.send_request(request(logs, **request_options))

    def send_request(self, message: ExportLogsServiceRequest) -> None:
        status = post(self.port, message)
        assert status == 200, f"the Collector answered {status}"

    def free_bytes_of_queue(self, exporter: str) -> int:
        """How much more the queue of an exporter such as "loki-rest" takes, by the Collector's own metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=60) as answer:
            metrics = answer.read().decode()
        capacity, size = (
            float(re.findall(rf'(?m)^otelcol_aegis_queue_{name}{{.*exporter="[^"]*/{exporter}".*}} (\S+)$', metrics)[0])
            for name in ("capacity", "size")
        )
        return int(capacity - size)

    def stored(self) -> list[dict[str, Any]]:
        """The records of the file store: audit records, then all others; of each the rotated files first."""
        folder = self.data / "store"
        files = [
            file
            for kind in ("audit", "logs")
            for file in [*sorted(folder.glob(f"{kind}-*.jsonl")), folder / f"{kind}.jsonl"]
        ]
        # What follows the last line feed is being written.
        lines = [line for file in files if file.exists() for line in file.read_text().split("\n")[:-1]]
        return [json.loads(line) for line in lines]

    def dead_letters(self, exporter: str) -> list[Received]:
        """What the dead-letter file of an exporter such as "loki-rest" holds."""
        return read_otlp_json(self.data / "dead-letter" / f"{exporter}.jsonl")

    def __enter__(self) -> Collector:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Sink:
    """A second Collector that accepts logs at a store's path and writes them down.

    Args:
        folder: for what it writes.
        path: the URL path of the store's OTLP endpoint.
        header: a request header that is written with each record, as its attribute `header`.
        tls: the receiver's settings for TLS; None listens without.
    """

    def __init__(
        self, folder: Path, path: str, header: str = "x-nothing", tls: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port, health = free_ports(2)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self.health = f"http://127.0.0.1:{health}"
        self.received_file = folder / "received.jsonl"
        self._read_to = 0
        self._received: list[Received] = []
        config = {
            "receivers": {
                "otlp": {
                    "protocols": {
                        "http": {
                            "endpoint": f"127.0.0.1:{self.port}",
                            "logs_url_path": path,
                            "include_metadata": True,
                            **({"tls": dict(tls)} if tls else {}),
                        }
                    }
                }
            },
            "processors": {
                "attributes": {"actions": [{"key": "header", "from_context": f"metadata.{header}", "action": "insert"}]}
            },
            "exporters": {"file": {"path": str(self.received_file), "append": True, "flush_interval": "50ms"}},
            "extensions": {"health_check": {"endpoint": f"127.0.0.1:{health}"}},
            "service": {
                "extensions": ["health_check"],
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {"logs": {"receivers": ["otlp"], "processors": ["attributes"], "exporters": ["file"]}},
            },
        }
        self.config_file = folder / "sink.yaml"
        self.config_file.write_text(json.dumps(config))
        self.process: StartedProcess | None = None

    def start(self) -> Sink:
        self.process = StartedProcess(
            [binary(), "--config", f"file:{self.config_file}"],
            log=self.folder / "sink.log",
            cwd=self.folder,
            env={**os.environ, "AEGIS_ALLOW_UNREDACTED": "logs"},  # it shows what came
        )
        self.process.wait_until_healthy(self.health, seconds=120)
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()

    def received(self) -> list[Received]:
        """All records so far; only what was written since the last call is read, as there may be very many."""
        if self.received_file.exists():
            with self.received_file.open("rb") as file:
                file.seek(self._read_to)
                content = file.read()
            whole = content.rfind(b"\n") + 1  # what follows is being written
            self._received += otlp_json_records(content[:whole].decode(errors="replace"))
            self._read_to += whole
        return list(self._received)

    def wait_for(self, count: int, *, seconds: float = 120.0) -> list[Received]:
        """Wait until at least `count` records are here."""

        def enough() -> list[Received]:
            records = self.received()
            return records if len(records) >= count else []

        return wait_for(enough, seconds=seconds, what=f"{count} records at the sink")

    def __enter__(self) -> Sink:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
