"""Requests a second of Flask and Django apps on gunicorn's sync worker, one log line a request, by what watches them.

    python -m benchmarks.wsgi [--rounds 9] [--seconds 2]

The client is a process of its own with 4 connections at a time, a new one for each request, as the sync worker closes
them. `none` is the app alone, `otel` stock OpenTelemetry with its WSGI middleware and OTLP logs, `aegis` ours with
correlation, request record and OTLP logs; neither exports traces. Variants take turns; a share is the median of
those of the rounds, and µs are CPU of the server a request.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.asgi import VARIANTS
from benchmarks.receiver import receiving
from tests.support.processes import StartedProcess, free_port

CONNECTIONS = 4

APPS = {
    "flask": """
import logging, os
from flask import Flask
app = Flask("orders")
log = logging.getLogger("orders.api")
log.setLevel(logging.INFO)

@app.get("/order")
def order():
    log.info("order %s was read", 7, extra={"orderId": 7})
    return {"order": 7}
""",
    "django": """
import logging, os
import django.conf, django.core.wsgi, django.http, django.urls
log = logging.getLogger("orders.api")
log.setLevel(logging.INFO)

def order(request):
    log.info("order %s was read", 7, extra={"orderId": 7})
    return django.http.JsonResponse({"order": 7})

urlpatterns = [django.urls.path("order", order)]
django.conf.settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", LOGGING_CONFIG=None)
app = django.core.wsgi.get_wsgi_application()
""",
}
STOCK = """
if os.environ.get("OTEL_PYTHON_DISTRO") == "distro":
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
    app = OpenTelemetryMiddleware(app)
"""


async def _client(port: int, until: float) -> int:
    request = b"GET /order HTTP/1.1\r\nHost: localhost\r\n\r\n"
    count = 0
    while time.monotonic() < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode(errors="replace"))
        count += 1
    return count


async def load(port: int, seconds: float) -> float:
    """Requests a second, answered with 200."""
    until = time.monotonic() + seconds
    return sum(await asyncio.gather(*(_client(port, until) for _ in range(CONNECTIONS)))) / seconds


Rates = dict[str, list[tuple[float, float]]]
"""By variant and round: requests a second, and µs of CPU of the server a request."""


def measure(endpoint: str, seconds: float, rounds: int, folder: Path) -> dict[str, Rates]:
    """Both figures of every round, by app and by variant."""
    found: dict[str, Rates] = {}
    for app, source in APPS.items():
        (folder / f"{app}_served.py").write_text(source + STOCK)
        with ExitStack() as started:
            servers = {name: _serve(started, app, name, endpoint, folder) for name in VARIANTS}
            rates: Rates = {name: [] for name in VARIANTS}
            for port, _ in servers.values():
                _from_elsewhere(port, 1.0)
            for _ in range(rounds):
                for name, (port, process) in servers.items():
                    before = _cpu_seconds(process.pid)
                    rate = _from_elsewhere(port, seconds)
                    cpu = (_cpu_seconds(process.pid) - before) / (rate * seconds)
                    rates[name].append((rate, cpu * 1e6))
            found[app] = rates
    return found


def _serve(started: ExitStack, app: str, name: str, endpoint: str, folder: Path) -> tuple[int, StartedProcess]:
    port = free_port()
    scripts = Path(sys.executable).parent
    argv = [str(scripts / "gunicorn"), "-k", "sync", "-b", f"127.0.0.1:{port}", f"{app}_served:app"]
    settings = VARIANTS[name]
    environ = os.environ | settings | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "PYTHONPATH": str(folder)}
    environ["AEGIS_SPOOL_DIR"] = str(folder / "spool")
    wrapper = [str(scripts / "opentelemetry-instrument")] if settings else []
    process = StartedProcess([*wrapper, *argv], log=folder / f"{app}-{name}.log", env=environ, cwd=folder)
    started.enter_context(process).wait_until_listening(port)
    return port, process


def _cpu_seconds(group: int) -> float:
    """User and system time of the processes of a group that run (Linux: proc(5))."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _from_elsewhere(port: int, seconds: float) -> float:
    argv = [sys.executable, "-m", "benchmarks.wsgi", "--port", str(port), "--seconds", str(seconds)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=True)
    return float(done.stdout)


def share(rates: Rates, of: str, to: str) -> float:
    """The median of a variant's rate against another's of the same round: what else runs on the machine moves both."""
    return statistics.median(one[0] / other[0] for one, other in zip(rates[of], rates[to], strict=True))


def table(found: dict[str, Rates]) -> str:
    """Markdown: requests a second, the share of the app alone, CPU a request, and ours against stock OpenTelemetry."""
    out = ["| | " + " | ".join(VARIANTS) + " | aegis / otel |", "|---" * (len(VARIANTS) + 2) + "|"]
    for app, rates in found.items():
        cells = []
        for name in VARIANTS:
            rate, cpu = (statistics.median(column) for column in zip(*rates[name], strict=True))
            cells.append(f"{rate:.0f} ({100 * share(rates, name, 'none'):.0f} %), {cpu:.0f} µs")
        out.append(f"| {app} | " + " | ".join(cells) + f" | {share(rates, 'aegis', 'otel'):.2f} |")
    return "\n".join(out)


def main() -> None:
    """Measure, or be the client of one measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="per variant")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.port:
        print(asyncio.run(load(options.port, options.seconds)))
        return
    with tempfile.TemporaryDirectory() as name, receiving(Path(name)) as receiver:
        print(table(measure(receiver.grpc, options.seconds, options.rounds, Path(name))))


if __name__ == "__main__":
    main()
