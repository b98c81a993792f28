"""An output that hangs holds up no other one, and what it does not take is counted and told."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from aegis_otel import schema
from aegis_otel.deliver.outputs import FileSink
from aegis_otel.deliver.queue import RecordQueue
from tests.support.processes import wait_for
from tests.support.sinks import Collected

IDENTITY = schema.Identity("orders", "test")


@pytest.fixture
def fifo(tmp_path: Path) -> FileSink:
    """A log file that is a FIFO which nobody reads: opening it hangs, as a network file system does that is gone."""
    os.mkfifo(tmp_path / "app.log")
    return FileSink(tmp_path / "app.log", IDENTITY, max_bytes=10**6, keep=1, daily=False, warn=lambda text: None)


@pytest.fixture
def told():
    return []


@pytest.fixture
def make(told):
    made = []

    def queue(*sinks, queue_size=1000):
        made.append(RecordQueue(sinks, prepare=None, queue_size=queue_size, max_text=100, warn=told.append))
        return made[-1]

    yield queue
    for one in made:
        one.close(5)


def put(queue, first, end, **fields):
    for number in range(first, end):
        queue.put(schema.Record(number + 1, schema.INFO, str(number), "app", **fields))


def messages(sink):
    return [each.message for each in sink.records]


def test_the_other_outputs_get_everything_while_one_hangs(make, fifo):
    before, after = Collected(), Collected()
    queue = make(before, fifo, after)
    for round_ in range(5):
        put(queue, round_ * 10, round_ * 10 + 10)
        wait_for(lambda: len(before.records) == len(after.records) == round_ * 10 + 10, what="the records")  # noqa: B023
    assert messages(before) == messages(after) == [str(number) for number in range(50)]


@pytest.mark.parametrize("alone", [True, False])
def test_a_flush_keeps_its_time_out_while_an_output_hangs(make, fifo, alone):
    queue = make(fifo) if alone else make(fifo, Collected())
    for round_ in range(3):
        put(queue, round_, round_ + 1)
        started = time.monotonic()
        assert not queue.flush(0.3)
        assert not queue.drain(0.3)
        assert time.monotonic() - started < 30


@pytest.mark.parametrize("alone", [True, False])
def test_the_end_says_how_many_records_did_not_reach_an_output_that_hangs(make, fifo, told, alone):
    other = Collected()
    queue = make(fifo) if alone else make(fifo, other)
    put(queue, 0, 30)
    if not alone:
        wait_for(lambda: len(other.records) == 30, what="the records")
    queue.close(0.5)
    [text] = told
    assert "30 records" in text
    assert "app.log" in text
    assert other.closed != alone


def test_a_full_backlog_of_an_output_that_hangs_is_cut_and_told_and_audit_records_go_last(make, fifo, told, tmp_path):
    other = Collected()
    queue = make(fifo, other, queue_size=200)
    put(queue, 0, 1)
    wait_for(lambda: len(other.records) == 1, what="the first record, which hangs")
    put(queue, 1, 6, attributes={"auditAction": "READ", "complianceLevel": "HIPAA"})
    for number in range(10, 1010):
        put(queue, number, number + 1)
    wait_for(lambda: len(other.records) == 1006, what="all records at the other output")
    wait_for(lambda: any("takes nothing" in text for text in told), what="the word about it")
    content: list[str] = []
    reader = threading.Thread(target=lambda: content.extend((tmp_path / "app.log").open()), daemon=True)
    reader.start()
    wait_for(lambda: queue.flush(1), what="the output to take all that waits")
    queue.close(60)  # and with it the FIFO
    reader.join(60)
    assert len(content) < 300
    assert "".join(content).count("auditAction") == 5


def test_an_output_that_is_slow_and_goes_on_gets_everything(make):
    slow, other = Collected(0.01), Collected()
    queue = make(slow, other, queue_size=100)
    put(queue, 0, 3000)
    assert queue.flush(60)
    assert messages(slow) == messages(other) == [str(number) for number in range(3000)]


def test_the_end_keeps_its_time_out_with_an_output_that_is_slow(make, told):
    slow, other = Collected(0.2), Collected()
    queue = make(slow, other, queue_size=8)
    for number in range(100):
        put(queue, number, number + 1)
    started = time.monotonic()
    queue.close(0.5)
    assert time.monotonic() - started < 15
    assert len(other.records) == 100
    assert "records did not reach it" in told[-1]
    assert 0 < len(slow.records) < 100


def test_a_forked_child_starts_empty_while_an_output_hangs(make, fifo):
    other = Collected()
    queue = make(fifo, other)
    put(queue, 0, 1)
    wait_for(lambda: len(other.records) == 1, what="the first record")
    read, write = os.pipe()
    queue.before_fork()
    child = os.fork()
    if child == 0:
        try:
            queue.after_fork_in_child()
            put(queue, 1, 2)
            wait_for(lambda: other.records, what="the record of the child")
            os.write(write, str(messages(other)).encode())
        finally:
            os._exit(0)
    queue.after_fork_in_parent()
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() == "['1']"
    put(queue, 2, 3)
    wait_for(lambda: messages(other) == ["0", "2"], what="the record after the fork")


def test_both_outputs_go_on_after_a_fork(make):
    others = set(threading.enumerate())
    one, other = Collected(), Collected()
    queue = make(one, other)
    put(queue, 0, 10)
    queue.before_fork()
    assert set(threading.enumerate()) <= others
    queue.after_fork_in_parent()
    put(queue, 10, 20)
    assert queue.flush(60)
    assert messages(one) == messages(other) == [str(number) for number in range(20)]
