"""The log file: JSON lines, private, rotated, shared by processes, and never torn for long."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel import schema
from aegis_otel.deliver.outputs import FileSink, json_line

IDENTITY = schema.Identity("svc", "test")


def record(message="m", **fields):
    return schema.Record(1_700_000_000_000_000_000, schema.INFO, message, "app", **fields)


def sink(path, *, max_bytes=10**9, keep=100, daily=False, warn=lambda text: None):
    return FileSink(path, IDENTITY, max_bytes=max_bytes, keep=keep, daily=daily, warn=warn)


def lines(path: Path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def everything(path: Path):
    files = [item for item in path.parent.iterdir() if item.name.startswith(path.name)]
    return [line["message"] for item in files for line in lines(item)]


def test_a_line_for_each_record_and_nobody_else_can_read_it(tmp_path):
    path = tmp_path / "logs" / "app.log"
    sink(path).write([record("one"), record("zwei ü\nnext")])
    assert [line["message"] for line in lines(path)] == ["one", "zwei ü\nnext"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_is_there_is_appended_to_and_made_private(tmp_path):
    path = tmp_path / "app.log"
    path.write_text('{"message": "old"}\n')
    path.chmod(0o644)
    sink(path).write([record("new")])
    assert everything(path) == ["old", "new"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_rotation_by_size_keeps_every_line_and_only_so_many_files(tmp_path):
    path = tmp_path / "app.log"
    target = sink(path, max_bytes=2_000)
    for number in range(100):
        target.write([record(str(number))])
    assert sorted(map(int, everything(path))) == list(range(100))
    assert len(target.rotated()) > 3
    assert all(item.stat().st_size <= 2_000 for item in target.rotated())
    few = sink(path, max_bytes=2_000, keep=2)
    for number in range(100):
        few.write([record(str(number))])
    assert len(few.rotated()) == 2
    assert all(stat.S_IMODE(item.stat().st_mode) == 0o600 for item in few.rotated())


def test_rotation_by_day(tmp_path):
    path = tmp_path / "app.log"
    target = sink(path, daily=True)
    target.write([record("yesterday")])
    past = time.time() - 86_400
    os.utime(path, (past, past))
    target.write([record("today")])
    assert [line["message"] for line in lines(path)] == ["today"]
    (rotated,) = target.rotated()
    assert [line["message"] for line in lines(rotated)] == ["yesterday"]
    assert time.strftime("%Y-%m-%d", time.gmtime(past)) in rotated.name


def test_a_file_that_somebody_moved_away_is_made_again(tmp_path):
    path = tmp_path / "app.log"
    target = sink(path)
    target.write([record("one")])
    path.rename(tmp_path / "moved")
    target.write([record("two")])
    assert [line["message"] for line in lines(path)] == ["two"]


def _write_many(path, name, count, max_bytes):
    target = sink(path, max_bytes=max_bytes)
    for number in range(count):
        target.write([record(f"{name}-{number}-{part}") for part in range(5)])


def test_several_processes_lose_and_mix_nothing_while_the_file_rotates(tmp_path):
    path = tmp_path / "app.log"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_many, args=(path, name, 100, 20_000)) for name in "abcd"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    expected = {f"{name}-{number}-{part}" for name in "abcd" for number in range(100) for part in range(5)}
    written = everything(path)
    assert len(written) == len(expected)
    assert set(written) == expected


def test_a_file_that_cannot_be_opened_is_said_once_and_costs_nothing_else(tmp_path):
    (tmp_path / "file").write_text("")
    said: list[str] = []
    target = sink(tmp_path / "file" / "app.log", warn=said.append)
    target.write([record()])
    target.write([record(), record()])
    assert target.dropped == 3
    assert len(said) == 1
    assert "app.log" in said[0]


def test_a_full_disk_tears_at_most_one_line(tmp_path):
    path = tmp_path / "app.log"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            import signal

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            target = sink(path)
            target.write([record("before")])
            size = path.stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
            target.write([record("torn")])
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            target._next_try = 0.0
            target.write([record("after")])
            code = 0 if target.dropped == 1 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    whole = []
    for line in path.read_text().splitlines():
        try:
            whole.append(json.loads(line)["message"])
        except ValueError:
            continue
    assert whole == ["before", "after"]


def test_a_path_that_is_no_regular_file_is_written_and_not_rotated(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    target = sink(fifo, max_bytes=1)
    target.write([record("one")])
    target.write([record("two")])
    data = os.read(reader, 100_000).decode()
    os.close(reader)
    assert [json.loads(line)["message"] for line in data.splitlines()] == ["one", "two"]
    assert target.rotated() == []


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",))))
def test_whatever_a_message_holds_its_line_is_one_line_and_reads_back(message):
    line = json_line(record(message), IDENTITY)
    assert "\n" not in line
    assert json.loads(line)["message"] == message


@pytest.mark.parametrize("keep", [0, 1])
def test_keeping_few_files_keeps_the_newest(tmp_path, keep):
    path = tmp_path / "app.log"
    target = sink(path, max_bytes=4096, keep=keep)
    for number in range(60):
        target.write([record(f"{number:03}" + "x" * 300)])
    assert len(target.rotated()) == keep
    assert lines(path)[-1]["message"].startswith("059")
