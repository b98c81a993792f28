"""The real Loki for tests, with this repository's configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.support.processes import StartedProcess, free_ports

FOLDER = Path(__file__).parents[2] / "collector" / "loki"


def binary() -> Path:
    """Loki as this repository pins it, built on first use."""
    done = subprocess.run([sys.executable, FOLDER / "build.py"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.splitlines()[-1])


class Loki:
    """A Loki of one process; its data and its output go to `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port, grpc_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "AEGIS_LOKI_PORT": str(self.port),
            "AEGIS_LOKI_GRPC_PORT": str(grpc_port),
            "AEGIS_LOKI_DATA": str(folder / "data"),
        }
        self.process: StartedProcess | None = None

    @classmethod
    def at(cls, url: str) -> Loki:
        """One that runs already."""
        running = cls.__new__(cls)
        running.url, running.process = url, None
        return running

    def start(self) -> Loki:
        self.process = StartedProcess(
            [binary(), f"-config.file={FOLDER / 'loki.yaml'}", "-config.expand-env=true"],
            log=self.folder / "loki.log",
            env=self.env,
            cwd=self.folder,
        )
        self.process.wait_until_healthy(f"{self.url}/ready", seconds=120)
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON answer to a GET; what Loki says is in the error where it refuses."""
        url = f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {parameters}: {error.code} {error.read().decode()}") from None

    def config(self, section: str) -> Any:
        """A section of the configuration that Loki runs with."""
        with urllib.request.urlopen(f"{self.url}/config", timeout=60) as answer:
            return yaml.safe_load(answer)[section]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of a metric query, now."""
        return self.get("/loki/api/v1/query", query=expression)["data"]["result"]

    def streams(self, query: str, *, limit: int = 5000, hours: float = 1) -> list[tuple[dict[str, str], str]]:
        """The lines that a log query finds in the last hours, each with its labels; the oldest first."""
        now = time.time_ns()
        answer = self.get(
            "/loki/api/v1/query_range",
            query=query,
            start=now - int(hours * 3600e9),
            end=now + 60 * 10**9,
            limit=limit,
            direction="forward",
        )
        found = [
            (int(at), stream["stream"], line) for stream in answer["data"]["result"] for at, line in stream["values"]
        ]
        return [(labels, line) for _, labels, line in sorted(found, key=lambda entry: entry[0])]

    def lines(self, query: str, *, hours: float = 1) -> list[str]:
        """The same without labels."""
        return [line for _, line in self.streams(query, hours=hours)]

    def __enter__(self) -> Loki:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
