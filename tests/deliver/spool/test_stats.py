"""What processes say of their delivery is there while they or their records are, and costs nothing when idle."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource

from aegis_otel import schema
from aegis_otel.deliver.otlp import OtlpSink, _availability, _exporter
from aegis_otel.deliver.spool import STATS_NAME, Spool, read_stats, write_stats
from aegis_otel.schema import Record
from tests.deliver.receivers import GrpcReceiver
from tests.support.processes import free_port, wait_for


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> GrpcReceiver:
    receiver = GrpcReceiver()
    receiver.port = free_port()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
    return receiver


def start(root: Path) -> OtlpSink:
    return OtlpSink(
        Resource.create({"service.name": "orders"}), spool_dir=root, schedule_delay=0.01, warn=lambda text: None
    )


def batch(count: int) -> list[Record]:
    return [Record(time.time_ns(), schema.INFO, str(number), "app") for number in range(count)]


def said(root: Path, name: str) -> list[float]:
    return [process.counts[name] for process in read_stats(root)]


def test_the_last_counts_are_written_though_nothing_happens_any_more(
    receiver: GrpcReceiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_exporter, "_NOTE_EVERY", 0.2)
    receiver.start()
    sink = start(tmp_path)
    try:
        for count in range(1, 11):
            sink.write(batch(10))
            assert sink.flush(time.monotonic() + 60)
            assert sink.stats()["delivered"] == 10 * count
        wait_for(lambda: said(tmp_path, "delivered") == [100], what="the last counts")
        (process,) = read_stats(tmp_path)
        assert process[:3] == ("orders", os.getpid(), True)
        (path,) = tmp_path.glob(f"*/{STATS_NAME}")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        wait_for(
            lambda: sink._exporter._note_due is None and sink._exporter._due is None, what="the exporter to be at rest"
        )
    finally:
        sink.close(time.monotonic() + 60)
        receiver.stop()
    assert read_stats(tmp_path) == []


def test_a_process_that_ended_with_records_left_is_shown_until_another_takes_them(
    receiver: GrpcReceiver, tmp_path: Path
) -> None:
    first = start(tmp_path)
    first.write(batch(10))
    first.close(time.monotonic() + 60)
    (process,) = read_stats(tmp_path)
    assert (process.alive, process.counts["pending"]) == (False, 10)
    receiver.start()
    second = start(tmp_path)
    wait_for(lambda: len(receiver.bodies()) == 10, what="what the first one left")
    wait_for(lambda: not any(not process.alive for process in read_stats(tmp_path)), what="the first one's to go")
    second.close(time.monotonic() + 60)
    receiver.stop()


def test_writing_counts_down_makes_no_attempt_to_send(
    receiver: GrpcReceiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_exporter, "_NOTE_EVERY", 0.05)
    monkeypatch.setattr(_availability, "BACKOFF_FIRST", 600.0)
    monkeypatch.setattr(_availability, "BACKOFF_MOST", 600.0)
    sink = start(tmp_path)
    sink.write(batch(10))
    wait_for(lambda: said(tmp_path, "away") == [1], what="the counts of a failed attempt")
    wait_for(lambda: sink._exporter._note_due is None, what="the exporter to be at rest")
    assert sink.stats()["retried"] == 10
    sink.close(time.monotonic() + 60)


def test_an_empty_folder_of_a_dead_process_of_another_service_is_removed(tmp_path: Path) -> None:
    dead, waits = Spool(tmp_path, "billing"), Spool(tmp_path, "mail")
    for spool in (dead, waits):
        spool.append(b"x", 1, audit=False)
        assert spool.folder is not None
        write_stats(spool.folder, {"accepted": 1})
    batch = dead.take(10)
    assert batch is not None
    dead.done(batch)
    living = Spool(tmp_path, "orders")
    living.adopt()
    assert [process.service for process in read_stats(tmp_path)] == ["billing", "mail"]
    for spool in (dead, waits):
        spool.abandon()  # as the end of the process would
    living.adopt()
    assert [process.service for process in read_stats(tmp_path)] == ["mail"]
    living.close()


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"pid": "x", "time": 1}', '{"pid": 1}', "null"])
def test_what_is_not_a_process_s_file_is_left_out(tmp_path: Path, content: str) -> None:
    spool = Spool(tmp_path, "orders")
    spool.open()
    assert spool.folder is not None
    (spool.folder / STATS_NAME).write_text(content)
    assert read_stats(tmp_path) == []
    spool.close()
