"""Records reach a real OTLP receiver, whatever happens to it, to the process or to the network."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk.resources import Resource

from aegis_otel import schema
from aegis_otel.deliver.otlp import OtlpSink, _availability
from aegis_otel.deliver.otlp._exporter import THREAD_NAME
from aegis_otel.deliver.spool import find_dead_letters, hand_back_dead_letters, waiting
from aegis_otel.schema import Record
from tests.deliver.receivers import GrpcReceiver, HttpReceiver, Receiver, logs_of
from tests.support.apps import PATIENT_FORKS
from tests.support.processes import free_port, wait_for

RESOURCE = Resource.create({"service.name": "orders"})

Start = Callable[..., OtlpSink]


@pytest.fixture(params=[GrpcReceiver, HttpReceiver], ids=["grpc", "http"])
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    found: Receiver = request.param()
    found.port = free_port()
    yield found
    if hasattr(found, "_server"):
        found.stop()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def start(receiver: Receiver, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
    started: list[OtlpSink] = []

    def new(**options: Any) -> OtlpSink:
        # An attempt that a busy machine makes late is not given up: it would be made again.
        patient = {"spool_dir": tmp_path / "spool", "schedule_delay": 0.01, "export_timeout": 60.0}
        settings: dict[str, Any] = patient | options
        sink = OtlpSink(RESOURCE, protocol=receiver.protocol, warn=told.append, **settings)  # type: ignore[arg-type]
        started.append(sink)
        return sink

    yield new
    for sink in started:
        sink.close(time.monotonic() + 2)


def soon(seconds: float = 60) -> float:
    return time.monotonic() + seconds


def batch(first: int, count: int = 100, **fields: Any) -> list[Record]:
    return [Record(time.time_ns(), schema.INFO, str(number), "app", **fields) for number in range(first, first + count)]


def numbers(receiver: Receiver) -> list[int]:
    return [int(body) for body in receiver.bodies()]


def test_what_is_written_arrives_once_and_in_order(receiver: Receiver, start: Start) -> None:
    receiver.start()
    sink = start()
    for first in range(0, 5_000, 500):
        sink.write(batch(first, 500))
    assert sink.flush(soon())
    assert numbers(receiver) == list(range(5_000))
    assert sink.stats()["delivered"] == sink.stats()["accepted"] == 5_000
    (resource,) = {str(request.resource_logs[0].resource) for request in receiver.requests}
    assert "orders" in resource


@pytest.mark.parametrize("spool", [True, False])
def test_what_is_written_while_the_collector_is_away_arrives_when_it_is_back(
    receiver: Receiver, start: Start, told: list[str], spool: bool
) -> None:
    receiver.start()
    sink = start() if spool else start(spool_dir=None)
    sink.write(batch(0))
    assert sink.flush(soon())
    receiver.stop()
    for first in range(100, 2_100, 100):
        sink.write(batch(first))
        sink.flush(soon(0.05))
    wait_for(lambda: told, what="word of the Collector that is away")
    assert sink.stats()["away"]
    assert len(told) == 1
    assert "does not take log records" in told[0]
    receiver.start()
    wait_for(lambda: not sink.stats()["pending"], what="everything delivered")
    assert numbers(receiver) == list(range(2_100))
    wait_for(lambda: len(told) == 2)
    assert "takes log records again" in told[1]
    assert sink.stats()["dropped"] == 0
    assert sink.stats()["spooled"] >= 1_900
    assert sink.stats()["retried"] > 0


def test_a_later_process_sends_what_an_earlier_one_could_not(
    receiver: Receiver, start: Start, told: list[str], tmp_path: Path
) -> None:
    first = start()
    first.write(batch(0))
    deadline = soon(120)
    first.close(deadline)
    assert time.monotonic() < deadline - 60
    assert len(told) == 1
    receiver.start()
    second = start()
    wait_for(lambda: len(receiver.bodies()) == 100, what="inherited records delivered without any new one")
    second.write(batch(100))
    assert second.flush(soon())
    assert numbers(receiver) == list(range(200))
    second.close(soon())
    assert list((tmp_path / "spool").iterdir()) == []


def records_in(request: ExportLogsServiceRequest) -> int:
    return len(list(logs_of(request)))


def test_a_request_has_no_more_records_than_the_batch_size(receiver: Receiver, start: Start) -> None:
    receiver.start()
    sink = start(batch_size=30, schedule_delay=60.0)
    sink.write(batch(0, 100))
    sink.write([*batch(100, 50), *batch(150, 50, attributes={"auditAction": "READ"})])
    assert sink.flush(soon())
    assert sorted(numbers(receiver)) == list(range(200))
    assert {records_in(request) for request in receiver.requests} <= set(range(1, 31))


def test_a_large_batch_size_fills_requests_across_writes(receiver: Receiver, start: Start) -> None:
    sink = start(batch_size=100, schedule_delay=60.0)
    receiver.start()
    for first in range(0, 400, 40):
        sink.write(batch(first, 40))
    assert sink.flush(soon())
    assert numbers(receiver) == list(range(400))
    assert max(records_in(request) for request in receiver.requests) == 80


def test_a_batch_size_bounds_what_is_kept_in_memory_too(receiver: Receiver, start: Start) -> None:
    receiver.start()
    sink = start(batch_size=30, spool_dir=None, schedule_delay=60.0)
    sink.write(batch(0, 100))
    assert sink.flush(soon())
    assert numbers(receiver) == list(range(100))
    assert max(records_in(request) for request in receiver.requests) <= 30


def test_a_refused_record_costs_no_other(receiver: Receiver, start: Start, told: list[str]) -> None:
    sink = start(schedule_delay=60.0)
    receiver.verdict = lambda request: (
        "refuse" if any(log.body.string_value == "13" for log in logs_of(request)) else ""
    )
    receiver.start()
    for number in range(40):
        sink.write(batch(number, 1))
    assert sink.flush(soon())
    assert numbers(receiver) == [number for number in range(40) if number != 13]
    assert sink.stats()["dropped"] == 1
    assert "refused 1 log records" in told[0]


def refuses(*bad: int) -> Callable[[ExportLogsServiceRequest], str]:
    """A verdict: a request with one of these records is refused as a whole."""
    names = {str(number) for number in bad}
    return lambda request: "refuse" if any(log.body.string_value in names for log in logs_of(request)) else ""


def refused_numbers(root: Path) -> dict[str, list[int]]:
    return {
        found.kind: [
            int(log.body.string_value)
            for payload in found.requests
            for log in logs_of(ExportLogsServiceRequest.FromString(payload))
        ]
        for found in find_dead_letters(root)
    }


def test_refused_records_of_one_request_are_found_and_kept_as_dead_letters(
    receiver: Receiver, start: Start, told: list[str], tmp_path: Path
) -> None:
    sink = start()
    receiver.verdict = refuses(13, 57, 160)
    receiver.start()
    sink.write([*batch(0), *batch(100, attributes={"auditAction": "READ"})])
    assert sink.flush(soon())
    assert sorted(numbers(receiver)) == [number for number in range(200) if number not in (13, 57, 160)]
    assert refused_numbers(tmp_path / "spool") == {"rest": [13, 57], "audit": [160]}
    stats = sink.stats()
    assert (stats["delivered"], stats["dropped"], stats["refused"]) == (197, 3, 3)
    (warning,) = told
    assert "dead-letter" in warning


def test_a_receiver_that_refuses_everything_is_not_asked_for_each_record(
    receiver: Receiver, start: Start, tmp_path: Path
) -> None:
    sink = start(schedule_delay=60.0)
    receiver.verdict = lambda request: "refuse"
    receiver.start()
    for first in range(0, 400, 20):
        sink.write(batch(first, 20))
    assert sink.flush(soon())
    assert len(receiver.metadata) < 80
    assert refused_numbers(tmp_path / "spool") == {"rest": list(range(400))}


def test_a_receiver_that_goes_away_while_a_request_is_cut_costs_nothing(
    receiver: Receiver, start: Start, tmp_path: Path
) -> None:
    refuse = refuses(13)
    seen = iter(range(10**6))
    receiver.verdict = lambda request: "busy" if next(seen) == 2 else refuse(request)
    receiver.start()
    sink = start()
    sink.write(batch(0))
    wait_for(lambda: not sink.stats()["pending"], what="delivered after all")
    assert set(numbers(receiver)) == set(range(100)) - {13}
    assert refused_numbers(tmp_path / "spool") == {"rest": [13]}
    assert sink.stats()["refused"] == 1


def test_without_a_spool_refused_records_are_told_to_be_lost(receiver: Receiver, start: Start, told: list[str]) -> None:
    receiver.verdict = lambda request: "refuse"
    receiver.start()
    sink = start(spool_dir=None)
    sink.write(batch(0, 1))
    assert sink.flush(soon())
    assert "they are lost" in told[0]


def test_what_was_refused_is_sent_by_the_next_process_once_it_is_handed_back(
    receiver: Receiver, start: Start, tmp_path: Path
) -> None:
    receiver.verdict = refuses(13)
    receiver.start()
    first = start()
    first.write(batch(0, 20))
    assert first.flush(soon())
    first.close(soon())
    assert 13 not in numbers(receiver)
    receiver.verdict = lambda request: ""
    assert hand_back_dead_letters(tmp_path / "spool") == {"orders": 1}
    start()
    wait_for(lambda: 13 in numbers(receiver), what="the refused record")
    assert sorted(numbers(receiver)) == list(range(20))
    assert hand_back_dead_letters(tmp_path / "spool") == {}


def test_a_receiver_that_takes_small_requests_only_gets_small_ones(receiver: Receiver, start: Start) -> None:
    sink = start(schedule_delay=60.0)
    receiver.verdict = lambda request: "too large" if request.ByteSize() > 5_000 else ""
    receiver.start()
    for number in range(100):
        sink.write(batch(number, 1, attributes={"text": "x" * 500}))
    assert sink.flush(soon())
    assert numbers(receiver) == list(range(100))


def test_records_that_a_receiver_leaves_out_are_counted(
    receiver: Receiver, start: Start, told: list[str], tmp_path: Path
) -> None:
    receiver.verdict = lambda request: "partial"
    receiver.start()
    sink = start()
    sink.write(batch(0))
    assert sink.flush(soon())
    assert sink.stats()["dropped"] == 1
    assert sink.stats()["delivered"] == 99
    assert "one is bad" in told[0]
    # Which one is not known: the request is kept to look at, and is never sent again.
    assert refused_numbers(tmp_path / "spool") == {"partial": list(range(100))}
    assert hand_back_dead_letters(tmp_path / "spool") == {}


def test_a_busy_receiver_gets_the_records_later(receiver: Receiver, start: Start) -> None:
    answers = iter(["busy", "busy"])
    receiver.verdict = lambda request: next(answers, "")
    receiver.start()
    sink = start()
    sink.write(batch(0))
    wait_for(lambda: not sink.stats()["pending"], what="delivered after all")
    assert numbers(receiver) == list(range(100))


def test_headers_and_compression_of_the_standard_variables_are_used(
    receiver: Receiver, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc,x-tenant=t1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "gzip")
    receiver.start()
    sink = start()
    sink.write(batch(0))
    assert sink.flush(soon())
    assert numbers(receiver) == list(range(100))
    metadata = receiver.metadata[0]
    assert metadata["authorization"] == "Bearer abc"
    assert metadata["x-tenant"] == "t1"
    if receiver.protocol != "grpc":
        assert metadata["content-encoding"] == "gzip"
        assert metadata[":path"] == "/v1/logs"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener.getsockname()[1]


def test_a_collector_that_never_answers_holds_up_neither_writing_nor_the_exit(
    receiver: Receiver, start: Start, told: list[str], silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent_port}")
    # Whoever waited for an attempt would wait for five minutes.
    sink = start(export_timeout=300.0)
    started = time.monotonic()
    for first in range(0, 1_000, 100):
        sink.write(batch(first))
    assert not sink.flush(soon(0.3))
    sink.close(soon(0.5))
    assert time.monotonic() - started < 60
    assert len(told) == 1
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
    receiver.start()
    later = start()
    wait_for(lambda: len(receiver.bodies()) == 1_000, what="inherited records delivered")
    assert numbers(receiver) == list(range(1_000))
    later.close(soon())


def test_a_collector_that_never_answers_holds_up_no_fork(
    receiver: Receiver, start: Start, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent_port}")
    monkeypatch.setattr(_availability, "_FORK_SECONDS", 0.5)
    sink = start(export_timeout=300.0)
    exporter = sink._exporter
    sink.write(batch(0))
    started = time.monotonic()
    for _ in range(2):
        wait_for(lambda: exporter._sender.transport is not None and exporter._thread is not None, what="a call")
        exporter.before_fork()
        exporter.after_fork_in_parent()
    assert time.monotonic() - started < 60
    assert exporter.availability.fork_patience < 0.5
    sink.close(soon(0.1))


def test_closing_leaves_no_thread(receiver: Receiver, start: Start) -> None:
    receiver.start()
    before = set(threading.enumerate())
    sink = start()
    sink.write(batch(0))
    assert sink.flush(soon())
    assert [thread.name for thread in threading.enumerate() if thread not in before].count(THREAD_NAME) == 1
    sink.close(soon())
    assert THREAD_NAME not in {thread.name for thread in threading.enumerate() if thread not in before}


def test_the_end_may_interrupt_a_flush(receiver: Receiver, start: Start, tmp_path: Path) -> None:
    """As it does where the handler of a SIGTERM calls it: what the flush holds is held until the end has ended."""
    sink = start()
    sink.write(batch(0))

    def end() -> None:
        with sink._exporter._changed:
            sink.close(soon(0.2))

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert [*waiting(tmp_path / "spool")] == ["orders"]


def test_without_a_writable_spool_records_are_held_in_memory(
    receiver: Receiver, start: Start, told: list[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    receiver.start()
    sink = start(spool_dir=tmp_path / "file" / "spool")
    sink.write(batch(0))
    sink.write(batch(100))
    assert sink.flush(soon())
    assert numbers(receiver) == list(range(200))
    assert len(told) == 1
    assert "cannot be written" in told[0]


def test_exporting_logs_nothing_even_at_debug(
    receiver: Receiver, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.start()
    sink = start()
    sink.write(batch(0))
    assert sink.flush(soon())
    receiver.stop()
    sink.write(batch(100))
    assert not sink.flush(soon())
    assert [record for record in caplog.records if record.threadName == "aegis-otel-export"] == []
    receiver.start()


def test_at_the_spools_limit_audit_records_stay_and_the_loss_is_told_once(
    receiver: Receiver, start: Start, told: list[str]
) -> None:
    sink = start(spool_bytes=2**20)
    sink.write(batch(0, 10, attributes={"auditAction": "READ"}))
    for first in range(10, 5_010, 100):
        sink.write(batch(first, attributes={"text": "x" * 1_000}))
    assert sink.stats()["dropped"] > 0
    assert len([text for text in told if "were dropped" in text]) == 1
    receiver.start()
    wait_for(lambda: not sink.stats()["pending"], what="the rest delivered")
    found = numbers(receiver)
    assert found[:10] == list(range(10))
    assert found[-1] == 5_009
    assert len(found) == sink.stats()["accepted"] - sink.stats()["dropped"]


def test_a_durable_write_is_on_disk_when_it_returns(receiver: Receiver, start: Start, tmp_path: Path) -> None:
    sink = start()
    assert sink.write_durable(batch(7, 1))
    (path,) = tmp_path.rglob("*.audit")
    data = path.read_bytes()
    request = ExportLogsServiceRequest.FromString(data[16 + 24 :])
    assert [log.body.string_value for log in logs_of(request)] == ["7"]


# In processes of their own.

APP = """
import os, sys, time
from pathlib import Path
from opentelemetry.sdk.resources import Resource
from aegis_otel.deliver.otlp import OtlpSink
from aegis_otel.schema import Record
sink = OtlpSink(
    Resource.create({"service.name": "orders"}), protocol=sys.argv[1], spool_dir=Path(sys.argv[2]),
    schedule_delay=0.02, export_timeout=60.0, warn=lambda text: print(text, file=sys.stderr, flush=True),
)
def write(first, count):
    sink.write([Record(time.time_ns(), 9, str(n), "app") for n in range(first, first + count)])
def flush():
    return sink.flush(time.monotonic() + 60)
def settle():
    # Also what earlier processes have left.
    assert flush()
    while sink.stats()["pending_bytes"]:
        time.sleep(0.01)
def end():
    sink.close(time.monotonic() + 100)
"""


def app(receiver: Receiver, tmp_path: Path, code: str) -> subprocess.Popen[str]:
    environ = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [
            sys.executable,
            "-W",
            "ignore::DeprecationWarning",
            "-c",
            APP + code,
            receiver.protocol,
            str(tmp_path / "spool"),
        ],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], seconds: float = 120) -> tuple[str, str]:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, err
    return out, err


def test_nothing_written_is_lost_when_the_process_is_killed(receiver: Receiver, tmp_path: Path) -> None:
    # Up, then away, then up again, with a kill in each state.
    receiver.start()
    written = 0
    for state in ("up", "away", "up"):
        if state == "away":
            receiver.stop()
        process = app(
            receiver,
            tmp_path,
            f"""
for first in range({written}, 10**9, 10):
    write(first, 10)
    print(first + 10, flush=True)
    time.sleep(0.001)
""",
        )
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= written + 3_000:
                break
        process.kill()
        rest = process.stdout.read().split("\n")[:-1]
        process.communicate()
        # The one batch that it had written and not yet told of may be there as well.
        written = int(rest[-1] if rest else line) + 10
        if state == "away":
            receiver.start()
    ended(app(receiver, tmp_path, "write(10**9, 1); settle(); end()"))
    missing = set(range(written)) - set(numbers(receiver))
    assert len(missing) <= 30
    # What arrives twice is the request that was under way at a kill.
    found: set[str] = set()
    again = 0
    for request in reversed(receiver.requests):
        bodies = {log.body.string_value for log in logs_of(request)}
        again += bool(bodies & found)
        found |= bodies
    assert again <= 3


def test_an_exit_without_ceremony_leaves_the_records_in_the_spool(receiver: Receiver, tmp_path: Path) -> None:
    receiver.start()
    ended(app(receiver, tmp_path, "write(0, 100); os._exit(0)"))
    ended(app(receiver, tmp_path, "write(100, 100); settle(); end()"))
    assert set(numbers(receiver)) == set(range(200))


FORK = """
write(0, 100)
if {settle}:
    flush()
children = []
for child in range(1, 4):
    pid = os.fork()
    if pid == 0:
        sink.after_fork()
        write(child * 1000, 100)
        flush()
        write(child * 1000 + 100, 100)
        end()
        os._exit(0)
    children.append(pid)
    write(child * 100, 100)
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
end()
"""

FORKED = sorted([*range(400), *range(1_000, 1_200), *range(2_000, 2_200), *range(3_000, 3_200)])


@pytest.mark.parametrize("settle", [True, False], ids=["quiet parent", "busy parent"])
def test_parent_and_forked_children_deliver_each_their_own_once(
    receiver: Receiver, tmp_path: Path, settle: bool
) -> None:
    receiver.start()
    _, err = ended(app(receiver, tmp_path, PATIENT_FORKS + FORK.format(settle=settle)))
    assert err == ""
    assert sorted(numbers(receiver)) == FORKED


def test_a_fork_while_a_call_is_under_way_neither_hangs_nor_doubles(receiver: Receiver, tmp_path: Path) -> None:
    slow = threading.Event()

    def verdict(request: ExportLogsServiceRequest) -> str:
        slow.wait(0.4)
        return ""

    receiver.verdict = verdict
    receiver.start()
    ended(app(receiver, tmp_path, PATIENT_FORKS + FORK.format(settle=False)))
    assert sorted(numbers(receiver)) == FORKED


MULTIPROCESSING = """
import multiprocessing
def work(number):
    write(number * 1000, 100)
    assert flush()
    end()
os.register_at_fork(after_in_child=sink.after_fork)
write(0, 100)
context = multiprocessing.get_context("fork")
children = [context.Process(target=work, args=(number,)) for number in range(1, 4)]
for child in children: child.start()
for child in children:
    child.join()
    assert child.exitcode == 0
end()
"""


def test_multiprocessing_children_deliver_too(receiver: Receiver, tmp_path: Path) -> None:
    receiver.start()
    ended(app(receiver, tmp_path, PATIENT_FORKS + MULTIPROCESSING))
    expected = sorted([*range(100), *range(1_000, 1_100), *range(2_000, 2_100), *range(3_000, 3_100)])
    assert sorted(numbers(receiver)) == expected


def test_an_app_whose_collector_is_away_ends_at_once_and_says_so_once(receiver: Receiver, tmp_path: Path) -> None:
    _, err = ended(
        app(
            receiver,
            tmp_path,
            "write(0, 10); assert not flush(); assert sink.stats()['away']; write(10, 10)\n"
            "started = time.monotonic(); end(); assert time.monotonic() - started < 50",
        )
    )
    assert len(err.strip().splitlines()) == 1
    assert str(receiver.port) in err
