"""The same promises at the size that the design asks for: many records, several kills, a full disk, a flood."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.collector import Collector, Sink
from tests.support.otlp import Log, post, request
from tests.support.processes import wait_for
from tests.support.proxy import Proxy
from tests.support.victorialogs import VictoriaLogs

Start = Callable[..., Collector]
BATCH = 500


def send_until_taken(collector: Collector, message: object) -> None:
    """Send as a sender that never gives up does: again, until the Collector has answered 200."""

    def taken() -> bool:
        return post(collector.port, message) == 200  # type: ignore[arg-type]

    wait_for(taken, seconds=120, what="the Collector to take a batch")


TOTAL, KILLS = 100_000, 5


@pytest.fixture
def victorialogs(tmp_path: Path, stack: ExitStack) -> VictoriaLogs:
    return stack.enter_context(VictoriaLogs(tmp_path / "victorialogs", "-inmemoryDataFlushInterval=1s"))


def send_all(collector: Collector, kill: Callable[[], None]) -> None:
    """Send TOTAL numbered records; `kill` is called KILLS times meanwhile."""
    next_kill = TOTAL // (KILLS + 1)
    for sent in range(0, TOTAL, BATCH):
        send_until_taken(collector, request([Log("m", attributes={"n": n}) for n in range(sent, sent + BATCH)]))
        if sent >= next_kill:
            next_kill += TOTAL // (KILLS + 1)
            kill()


def numbers(store: VictoriaLogs) -> tuple[int, int]:
    """How many different records there are, and how many in all: some come twice."""
    (found,) = store.query("* | stats count_uniq(n) as different, count() as all")
    return int(found["different"]), int(found["all"])


def wait_until_nothing_waits(collector: Collector) -> None:
    """Until VictoriaLogs has acknowledged all."""
    wait_for(
        lambda: collector.free_bytes_of_queue("victorialogs-rest") == 1024 << 20, seconds=120, what="an empty queue"
    )


def is_read(queue: Path) -> bool:
    """Whether all that a queue on disk holds was dealt with (docs/formats.md)."""
    segment, offset = struct.unpack("<QQ", (queue / "position").read_bytes()[:16])
    last = max(queue.glob("*.v2.segment"), key=lambda path: int(path.name[:16], 16))
    return int(last.name[:16], 16) == segment and last.stat().st_size <= offset


def test_a_hundred_thousand_records_survive_five_kills_of_the_collector(
    start_collector: Start, victorialogs: VictoriaLogs
) -> None:
    collector = start_collector("victorialogs", env={"AEGIS_VICTORIALOGS_URL": victorialogs.url})

    def kill() -> None:
        collector.kill()
        collector.start()

    send_all(collector, kill)
    wait_for(lambda: numbers(victorialogs)[0] == TOTAL, seconds=120, what="all records")
    assert numbers(victorialogs)[1] - TOTAL < TOTAL / 100


def test_five_stops_of_victorialogs_lose_nothing(start_collector: Start, victorialogs: VictoriaLogs) -> None:
    # With what is sent again for fear of a kill, more would come twice.
    env = {"AEGIS_VICTORIALOGS_URL": victorialogs.url, "AEGIS_VICTORIALOGS_SETTLE": "0s"}
    collector = start_collector("victorialogs", env=env)

    def stop() -> None:
        victorialogs.stop()
        victorialogs.start()

    send_all(collector, stop)
    wait_for(lambda: numbers(victorialogs)[0] == TOTAL, seconds=120, what="all records")
    assert numbers(victorialogs)[1] - TOTAL < TOTAL / 100


def test_a_hundred_thousand_records_survive_five_kills_of_victorialogs(
    start_collector: Start, victorialogs: VictoriaLogs
) -> None:
    env = {"AEGIS_VICTORIALOGS_URL": victorialogs.url, "AEGIS_VICTORIALOGS_SETTLE": "4s"}
    collector = start_collector("victorialogs", env=env)

    def kill() -> None:
        # It tells when it was started in whole seconds.
        second = int(time.time())
        wait_for(lambda: int(time.time()) > second, what="the next second")
        victorialogs.kill()
        victorialogs.start()

    send_all(collector, kill)
    wait_until_nothing_waits(collector)
    kill()
    wait_for(lambda: numbers(victorialogs)[0] == TOTAL, seconds=120, what="all records")
    print(f"{numbers(victorialogs)[1] - TOTAL} of {TOTAL} records twice")


def test_a_victorialogs_that_was_only_cut_off_gets_each_record_once(
    start_collector: Start, victorialogs: VictoriaLogs
) -> None:
    with Proxy(int(victorialogs.url.rpartition(":")[2])) as proxy:
        env = {"AEGIS_VICTORIALOGS_URL": f"http://127.0.0.1:{proxy.port}", "AEGIS_VICTORIALOGS_SETTLE": "2s"}
        collector = start_collector("victorialogs", env=env)

        def send(first: int) -> None:
            for sent in range(first, first + 10_000, BATCH):
                send_until_taken(collector, request([Log("m", attributes={"n": n}) for n in range(sent, sent + BATCH)]))

        total = 0
        for _ in range(3):
            send(total)
            # A request without its answer would be sent again; that is another case.
            wait_until_nothing_waits(collector)
            proxy.cut()
            send(total + 10_000)
            wait_for(lambda: "does not take records" in collector.output(), what="the Collector to see it")
            proxy.mend()
            total += 20_000
        wait_until_nothing_waits(collector)
        kept = collector.data / "queue" / "victorialogs-rest-settling"
        wait_for(lambda: is_read(kept), what="nothing to be kept any longer")
        wait_until_nothing_waits(collector)
        wait_for(lambda: numbers(victorialogs)[0] == total, seconds=120, what="all records")
        assert numbers(victorialogs) == (total, total)


def test_what_a_kill_of_victorialogs_loses_can_be_sent_again_from_the_files(
    start_collector: Start, tmp_path: Path, stack: ExitStack
) -> None:
    # The way that docs/victorialogs.md shows, for who has switched off what sends it again by itself.
    late = stack.enter_context(VictoriaLogs(tmp_path / "late", "-inmemoryDataFlushInterval=1h"))
    env = {"AEGIS_VICTORIALOGS_URL": late.url, "AEGIS_VICTORIALOGS_SETTLE": "0s"}
    collector = start_collector("victorialogs", "file", env=env)
    collector.send(*(Log("m", attributes={"n": n}) for n in range(1000)))
    wait_for(lambda: late.count("*") == len(collector.stored()) == 1000, what="all records")
    wait_until_nothing_waits(collector)
    late.kill()
    late.start()
    assert late.count("*") < 1000
    lines = "".join(json.dumps(record) + "\n" for record in collector.stored())
    fields = {"_time_field": "timestamp", "_msg_field": "message"}
    streams = {"_stream_fields": "service,environment,level,complianceLevel"}
    late.post("/insert/jsonline", lines.encode(), **fields, **streams)
    wait_for(lambda: numbers(late)[0] == 1000, what="all records")


def test_a_victorialogs_without_room_on_its_disk_gets_the_records_once_it_has(
    start_collector: Start, tmp_path: Path, stack: ExitStack
) -> None:
    full = stack.enter_context(VictoriaLogs(tmp_path / "full", "-storage.minFreeDiskSpaceBytes=1000TB"))
    collector = start_collector("victorialogs", env={"AEGIS_VICTORIALOGS_URL": full.url})
    collector.send(*(Log("m", attributes={"n": n}) for n in range(1000)))
    wait_for(lambda: '"http_status":429' in collector.output().replace(" ", ""), what="the refusal in its log")
    assert full.count("*") == 0
    full.stop()
    full.flags.append("-storage.minFreeDiskSpaceBytes=10MB")
    full.start()
    wait_for(lambda: numbers(full) == (1000, 1000), what="all records")


def test_records_that_victorialogs_has_on_disk_survive_its_kill(
    start_collector: Start, victorialogs: VictoriaLogs
) -> None:
    env = {"AEGIS_VICTORIALOGS_URL": victorialogs.url, "AEGIS_VICTORIALOGS_SETTLE": "0s"}
    collector = start_collector("victorialogs", env=env)
    collector.send(*(Log("m", attributes={"n": n}) for n in range(1000)))
    wait_for(lambda: victorialogs.count("*") == 1000, what="all records")
    wait_for(lambda: victorialogs.rows_in_memory() == 0, what="VictoriaLogs to write them to disk")
    victorialogs.kill()
    victorialogs.start()
    assert numbers(victorialogs) == (1000, 1000)


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
