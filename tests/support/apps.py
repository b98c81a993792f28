"""Apps under the distribution, as users run them: a real process, switched on from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OURS = ("OTEL_", "AEGIS_", "LOG_", "SEQ_", "SERVICE_NAME", "ENVIRONMENT", "STRUCTURED_LOGGING_ENABLED")

BIN = Path(sys.executable).parent
WAYS = ("instrument", "auto")
"""The two ways to switch it on: `opentelemetry-instrument`, and a variable alone."""

PATIENT_FORKS = """
from aegis_otel.deliver.otlp import _availability
from aegis_otel.deliver.queue import _queue
from aegis_otel.lifecycle import _forks
_queue._FORK_SECONDS = _availability._FORK_SECONDS = 3600.0
for exporter in _forks._exporters:
    exporter.availability.fork_patience = 3600.0
"""
"""Part of an app: its forks wait for our threads, however late a busy machine lets them end.

Else a fork gives up the call of gRPC that is under way, and what the receiver has taken already is sent again. A fork that
waits for nothing is one that never ends.
"""


_CLIENTS = ("celery", "httpx", "requests")


def lean(folder: Path) -> dict[str, str]:
    """Variables that leave out the instrumentations of clients that no Python file of an app's folder names.

    They import their clients, which is half of an app's start. Services, servers and the demo run with all of them.
    """
    code = "".join(file.read_text(errors="replace") for file in folder.glob("*.py"))
    return {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ",".join(name for name in _CLIENTS if name not in code)}


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without any setting of the instrumentation, and `more`."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)} | more


def command(way: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command and the variables that start `arguments` under the distribution.

    Args:
        way: one of `WAYS`, or ``plain`` for the app as it is.
        arguments: what follows ``python``.
    """
    plain = [sys.executable, *arguments]
    if way == "instrument":
        return [str(BIN / "opentelemetry-instrument"), *plain], {}
    return plain, {"AEGIS_AUTO_ENABLE": "true"} if way == "auto" else {}


@dataclass
class Ran:
    """What an app left behind."""

    status: int
    out: str
    err: str
    folder: Path

    def records(self, name: str = "app.log") -> list[dict[str, Any]]:
        """The records of its log file, the rotated files' first."""
        live = self.folder / "logs" / name
        files = [*sorted(live.parent.glob(name + ".2*")), live]
        return [json.loads(line) for file in files if file.exists() for line in file.read_text().splitlines()]

    def messages(self) -> list[str]:
        return [record["message"] for record in self.records()]


def run_app(folder: Path, script: str, way: str = "instrument", *, seconds: float = 120, **variables: str) -> Ran:
    """Run a script to its end; by default records go to its log file and nowhere else."""
    file = folder / "app.py"
    file.write_text(script)
    argv, more = command(way, str(file))
    env = clean_environment(
        **{"OTEL_LOGS_EXPORTER": "none", "LOG_CONSOLE_ENABLED": "false", **lean(folder), **more, **variables}
    )
    done = subprocess.run(
        argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode(), folder)
