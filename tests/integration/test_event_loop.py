"""Logging from coroutines holds up no event loop, whatever the Collector and the disk do."""

from __future__ import annotations

import socket

import pytest

from tests.support.apps import run_app

# Prints for how long, in seconds and all gaps together, the loop came late by more than a moment.
SCRIPT = """
import asyncio, logging, os, resource, threading, time
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

trouble = "TROUBLE"
if trouble == "disk full":
    # Every write beyond fails.
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
mended = threading.Event()
if trouble == "disk slow":
    def slow(call):
        return lambda *arguments: (mended.wait(60), call(*arguments))[1]
    os.pwrite, os.fdatasync = slow(os.pwrite), slow(os.fdatasync)
asyncio.run(main())
mended.set()
print(late)
"""


@pytest.mark.parametrize("trouble", ["no answer", "nobody there", "no spool folder", "disk full", "disk slow"])
def test_no_wait_of_ours_holds_up_the_loop(tmp_path, trouble):
    (tmp_path / "file").write_text("")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if trouble != "nobody there":
            # Takes connections and never answers.
            silent.listen(64)
        ran = run_app(
            tmp_path,
            SCRIPT.replace("TROUBLE", trouble),
            "auto",
            OTEL_LOGS_EXPORTER="otlp",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
            OTEL_BLRP_EXPORT_TIMEOUT="300000",
            AEGIS_SPOOL_DIR=str(tmp_path / ("file/spool" if trouble == "no spool folder" else "spool")),
            AEGIS_SHUTDOWN_TIMEOUT="1",
        )
    assert ran.status == 0, ran.err
    # One wait for the network would take five minutes, one for the slow disk or for who waits for it a minute. What a
    # busy machine, or the work of our threads, takes from the loop meanwhile is far less.
    assert float(ran.out) < 30, ran.err
