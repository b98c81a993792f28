"""Requests a second of a FastAPI app on uvicorn, by what watches it.

The app logs 0, 1 or 10 lines a request; the client is a process of its own with 16 kept-alive connections. `none`
is plain uvicorn, `otel` stock OpenTelemetry with OTLP logs, `aegis` ours with correlation, request record and OTLP
logs; neither exports traces.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.support.processes import StartedProcess, free_port

CONNECTIONS = 16

APP = """
import logging
from fastapi import FastAPI
app = FastAPI()
log = logging.getLogger("orders.api")
log.setLevel(logging.INFO)

@app.get("/{lines}")
async def answer(lines: int):
    for number in range(lines):
        log.info("order %s was read", number, extra={"orderId": number})
    return {"lines": lines}
"""

OFF = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_SERVICE_NAME": "benchmark"}
VARIANTS: dict[str, dict[str, str]] = {
    "none": {},
    "otel": OFF
    | {
        "OTEL_PYTHON_DISTRO": "distro",
        "OTEL_PYTHON_CONFIGURATOR": "configurator",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "aegis_asgi",
        "AEGIS_ENABLED": "false",
    },
    "aegis": OFF
    | {"OTEL_PYTHON_DISTRO": "aegis", "OTEL_PYTHON_CONFIGURATOR": "aegis"}
    | {"LOG_CONSOLE_ENABLED": "false", "LOG_FILE_ENABLED": "false"},
}


async def _client(port: int, path: str, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    count = 0
    while time.monotonic() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode(errors="replace"))
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        count += 1
    writer.close()
    return count


async def load(port: int, path: str, seconds: float) -> float:
    """Requests a second, answered with 200."""
    until = time.monotonic() + seconds
    counts = await asyncio.gather(*(_client(port, path, until) for _ in range(CONNECTIONS)))
    return sum(counts) / seconds


def measure(endpoint: str, seconds: float, folder: Path) -> dict[str, dict[int, float]]:
    """Requests a second by variant and by log lines a request."""
    (folder / "served.py").write_text(APP)
    scripts = Path(sys.executable).parent
    serve = [str(scripts / "uvicorn"), "served:app", "--no-access-log", "--log-level", "warning", "--port"]
    found: dict[str, dict[int, float]] = {}
    for name, settings in VARIANTS.items():
        port = free_port()
        argv = [*([str(scripts / "opentelemetry-instrument")] if settings else []), *serve, str(port)]
        environ = os.environ | settings | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "PYTHONPATH": str(folder)}
        environ["AEGIS_SPOOL_DIR"] = str(folder / "spool")
        with StartedProcess(argv, log=folder / f"{name}.log", env=environ, cwd=folder) as process:
            process.wait_until_listening(port)
            found[name] = {}
            for lines in (0, 1, 10):
                _from_elsewhere(port, f"/{lines}", 1.0)
                found[name][lines] = _from_elsewhere(port, f"/{lines}", seconds)
    return found


def _from_elsewhere(port: int, path: str, seconds: float) -> float:
    argv = [sys.executable, "-m", "benchmarks.asgi", str(port), path, str(seconds)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=True)
    return float(done.stdout)


def table(found: dict[str, dict[int, float]]) -> str:
    """Markdown: requests a second, and the share of the uncovered app's."""
    out = ["| | 0 lines | 1 line | 10 lines |", "|---|---|---|---|"]
    for name, by_lines in found.items():
        cells = [f"{rate:.0f} ({100 * rate / found['none'][lines]:.0f} %)" for lines, rate in by_lines.items()]
        out.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(out)


if __name__ == "__main__":
    print(asyncio.run(load(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]))))
