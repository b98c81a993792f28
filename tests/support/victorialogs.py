"""The real VictoriaLogs for tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.processes import StartedProcess, free_port

FOLDER = Path(__file__).parents[2] / "collector" / "victorialogs"

# What is not said to be a form is not read as one.
_PLAIN = {"content-type": "application/stream+json"}


@cache
def binary(program: str = "victoria-logs") -> Path:
    """VictoriaLogs or vmalert as this repository pins them, built on first use."""
    command = [sys.executable, FOLDER / "build.py", program]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.splitlines()[-1])


class VictoriaLogs:
    """A VictoriaLogs of one process; `kill` and `start` again as often as needed. Its data and output go to `folder`.

    Args:
        folder: for its data and its output.
        flags: further command-line flags; those here come first, so a flag given again wins.
    """

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.flags = [
            f"-httpListenAddr=127.0.0.1:{port}",
            f"-storageDataPath={folder / 'data'}",
            "-retentionPeriod=100y",
            "-memory.allowedBytes=256MiB",
            *flags,
        ]
        self.process: StartedProcess | None = None

    @classmethod
    def at(cls, url: str) -> VictoriaLogs:
        """One that runs already."""
        running = cls.__new__(cls)
        running.url, running.process = url, None
        return running

    def start(self) -> VictoriaLogs:
        self.process = StartedProcess([binary(), *self.flags], log=self.folder / "victorialogs.log", cwd=self.folder)
        self.process.wait_until_healthy(f"{self.url}/health", seconds=120)
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()

    def post(self, path: str, content: bytes = b"", **parameters: Any) -> str:
        """The answer to a POST; what VictoriaLogs says is in the error where it refuses."""
        url = f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, content, _PLAIN), timeout=60) as answer:
                text: str = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {parameters}: {error.code} {error.read().decode()}") from None
        return text

    def insert(self, *records: dict[str, Any]) -> None:
        """Records of text fields, with `_time` and `_msg`, by the JSON lines API; they can be found when this returns."""
        lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)
        self.post("/insert/jsonline", lines, _stream_fields="service,environment,level,complianceLevel")
        self.flush()

    def flush(self) -> None:
        """Make what was taken so far ready to be found."""
        self.post("/internal/force_flush")

    def query(self, query: str, **parameters: Any) -> list[dict[str, str]]:
        """What a LogsQL query finds, in no order."""
        text = self.post("/select/logsql/query", query=query, **parameters)
        return [json.loads(line) for line in text.split("\n") if line]

    def count(self, query: str) -> int:
        """How many records a LogsQL filter finds."""
        (row,) = self.query(f"{query} | stats count() as found")
        return int(row["found"])

    def rows_in_memory(self) -> int:
        """How many records a kill would lose, by VictoriaLogs' own metrics."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=60) as answer:
            metrics = answer.read().decode()
        kept = re.findall(r'(?m)^vl_storage_rows\{type="storage/inmemory"\} (\d+)$', metrics)
        pending = re.findall(r'(?m)^vl_pending_rows\{type="storage"\} (\d+)$', metrics)
        return int(kept[0]) + int(pending[0])

    def __enter__(self) -> VictoriaLogs:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
