"""The same promises at the size that the design asks for: many records, several kills, a full disk, a flood."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.collector import Collector, Sink
from tests.support.otlp import Log, post, request
from tests.support.processes import wait_for

Start = Callable[..., Collector]
BATCH = 500


def send_until_taken(collector: Collector, message: object) -> None:
    """Send as a sender that never gives up does: again, until the Collector has answered 200."""

    def taken() -> bool:
        return post(collector.port, message) == 200  # type: ignore[arg-type]

    wait_for(taken, seconds=120, what="the Collector to take a batch")


def test_a_hundred_thousand_records_survive_five_kills(start_collector: Start, loki: Sink) -> None:
    total, kills = 100_000, 5
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    next_kill = total // (kills + 1)
    for sent in range(0, total, BATCH):
        send_until_taken(collector, request([Log("m", attributes={"n": n}) for n in range(sent, sent + BATCH)]))
        if sent >= next_kill:
            next_kill += total // (kills + 1)
            collector.kill()
            collector.start()

    def numbers() -> list[int]:
        return [json.loads(record.body)["n"] for record in loki.received()]

    # Some come twice, so what counts is how many different ones are here.
    wait_for(lambda: len(set(numbers())) == total, seconds=120, what="all records")
    assert len(numbers()) - total < total / 100


def test_audit_records_pass_through_a_flood_of_debug_records(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    stop = threading.Event()
    flood = request([Log("debug line of a flood", severity=5, attributes={"n": n}) for n in range(1000)])

    def send_flood() -> None:
        while not stop.is_set():
            post(collector.port, flood)

    thread = threading.Thread(target=send_flood)
    thread.start()
    try:
        for number in range(50):
            collector.send(Log("AUDIT: READ", attributes={"auditAction": "READ", "n": number}))
        audits = wait_for(
            lambda: [r for r in loki.received() if "complianceLevel" in r.resource][49:],
            seconds=120,
            what="the audit records, while the flood goes on",
        )
        assert audits
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MiB (a tmpfs), which only root can mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_told_to_the_sender_and_recovers(start_collector: Start, loki: Sink, small_disk: Path) -> None:
    collector = start_collector("loki", "file", env={"AEGIS_LOKI_URL": loki.url, "AEGIS_DATA_DIR": str(small_disk)})
    collector.data = small_disk
    loki.stop()
    filler = small_disk / "filler"
    accepted: list[int] = []
    refused = 0
    number = 0
    while refused < 5:
        status = post(
            collector.port, request([Log("x" * 2000, attributes={"n": n}) for n in range(number, number + 100)])
        )
        if status == 200:
            accepted.extend(range(number, number + 100))
        else:
            assert status == 503, "the sender must be told to try again"
            refused += 1
        number += 100
        if number == 1000:
            filler.write_bytes(b"x" * (2 << 20))
    collector.kill()
    filler.unlink()
    loki.start()
    collector.start()
    collector.send(Log("after", attributes={"n": -1}))
    wait_for(
        lambda: set(accepted) | {-1} <= {json.loads(record.body)["n"] for record in loki.received()},
        seconds=120,
        what="all that was acknowledged",
    )
    assert set(accepted) <= {record["n"] for record in collector.stored()}


def test_a_store_that_is_away_costs_no_memory(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url, "AEGIS_MEMORY_LIMIT_MIB": "256"})
    loki.stop()
    total = 60_000
    for sent in range(0, total, BATCH):
        send_until_taken(collector, request([Log("m" * 200, attributes={"n": n}) for n in range(sent, sent + BATCH)]))
    assert collector.process is not None
    status = Path(f"/proc/{collector.process.pid}/status").read_text()
    peak_kib = int(status.split("VmHWM:")[1].split()[0])
    assert peak_kib < 256 * 1024
    loki.start()
    wait_for(lambda: len(loki.received()) >= total, seconds=120, what="all records")
