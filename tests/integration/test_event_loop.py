"""Logging from coroutines holds up no event loop, whatever the Collector and the disk do."""

from __future__ import annotations

import socket

import pytest

from tests.support.apps import run_app

# Prints for how long, in seconds and all gaps together, the loop came late by more than a moment.
SCRIPT = """
import asyncio, logging, resource, time
log = logging.getLogger("app")
LATE = 0.02
late = 0.0

async def probe():
    global late
    while True:
        before = time.monotonic()
        await asyncio.sleep(0.005)
        late += max(0.0, time.monotonic() - before - 0.005 - LATE)

async def work(name):
    for number in range(100):
        log.info("line %d.%d", name, number, extra={"text": "x" * 200})
        if number % 10 == 0:
            log.info("AUDIT", extra={"auditAction": "READ"})
        await asyncio.sleep(0.01)

async def main():
    probing = asyncio.create_task(probe())
    await asyncio.gather(*(work(name) for name in range(10)))
    probing.cancel()

limit = BYTES
if limit:
    # A disk that takes no more: every write beyond fails.
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
asyncio.run(main())
print(late)
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> float:
    """How late the same loop comes without us."""
    ran = run_app(tmp_path_factory.mktemp("control"), SCRIPT.replace("BYTES", "0"), "plain")
    return float(ran.out)


@pytest.mark.parametrize("trouble", ["no answer", "nobody there", "no spool folder", "disk full"])
def test_the_loop_comes_hardly_later_than_without_us(tmp_path, undisturbed, trouble):
    (tmp_path / "file").write_text("")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if trouble != "nobody there":
            # Takes connections and never answers.
            silent.listen(64)
        ran = run_app(
            tmp_path,
            SCRIPT.replace("BYTES", "65536" if trouble == "disk full" else "0"),
            "auto",
            OTEL_LOGS_EXPORTER="otlp",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
            AEGIS_SPOOL_DIR=str(tmp_path / ("file/spool" if trouble == "no spool folder" else "spool")),
            AEGIS_SHUTDOWN_TIMEOUT="1",
        )
    assert ran.status == 0, ran.err
    # One wait for the network would take 10 s, one for the disk at each audit record as much together.
    assert float(ran.out) < 2 * undisturbed + 2, ran.err
