"""A real Loki for tests, with the configuration of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from tests.support.processes import StartedProcess, free_ports

ROOT = Path(__file__).resolve().parents[2]


def binary() -> Path:
    """Loki's binary, built where the cache has none."""
    done = subprocess.run([sys.executable, ROOT / "collector/loki/build.py"], stdout=subprocess.PIPE, check=True)
    return Path(done.stdout.decode().splitlines()[-1])


class Loki:
    """One Loki; use it as a context manager.

    Args:
        folder: for its data and its log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self._grpc_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: StartedProcess | None = None

    def __enter__(self) -> Loki:
        config = ROOT / "collector/loki/loki.yaml"
        self.process = StartedProcess(
            [binary(), f"-config.file={config}", "-config.expand-env=true"],
            log=self.folder / "loki.log",
            env={
                **os.environ,
                "AEGIS_LOKI_PORT": str(self.port),
                "AEGIS_LOKI_GRPC_PORT": str(self._grpc_port),
                "AEGIS_LOKI_DATA": str(self.folder / "data"),
            },
            cwd=self.folder,
        )
        self.process.wait_until_healthy(f"{self.url}/ready", seconds=90)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.process.stop()

    def streams(self, query: str, *, limit: int = 5000, hours: int = 1) -> list[tuple[dict[str, str], str]]:
        """The lines that a LogQL query finds in the last hours, each with its labels; the oldest first."""
        now = time.time_ns()
        return [
            (stream["stream"], line)
            for stream in self._query(query, now - hours * 3_600_000_000_000, now + 60_000_000_000, limit)
            for _, line in stream["values"]
        ]

    def _query(self, query: str, start: int, end: int, limit: int) -> list[dict[str, Any]]:
        answer = httpx.get(
            f"{self.url}/loki/api/v1/query_range",
            params={"query": query, "start": start, "end": end, "limit": limit, "direction": "forward"},
            timeout=60,
        )
        answer.raise_for_status()
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result
