"""Records reach every sink in order; a bad sink or a bad record costs nothing else; the end waits, but not long."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time

import pytest

from aegis_otel import schema
from aegis_otel.deliver.queue import RecordQueue
from aegis_otel.deliver.queue import _queue as queue_module
from tests.support.processes import wait_for
from tests.support.sinks import Collected


class Blocked(Collected):
    """A sink that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()
        self.entered = threading.Event()

    def write(self, records):
        self.entered.set()
        self.release.wait(120)
        super().write(records)


class Broken(Collected):
    def write(self, records):
        raise OSError("no")


def record(message="m", **fields):
    return schema.Record(1, schema.INFO, message, "app", **fields)


@pytest.fixture
def make():
    made: list[RecordQueue] = []

    def queue(*sinks, **options):
        options = {"prepare": None, "queue_size": 1000, "max_text": 100, "warn": lambda text: None, **options}
        made.append(RecordQueue(sinks, **options))
        return made[-1]

    yield queue
    for one in made:
        one.close(5)


def messages(sink):
    return [item.message for item in sink.records]


def test_every_sink_gets_every_record_in_order(make):
    first, second = Collected(), Collected()
    queue = make(first, second, queue_size=100_000)
    for number in range(10_000):
        queue.put(record(str(number)))
    assert queue.flush(60)
    assert messages(first) == messages(second) == [str(number) for number in range(10_000)]


def test_a_record_put_after_a_long_silence_is_written_without_a_flush(make):
    sink = Collected()
    queue = make(sink)
    for message in ("one", "two"):
        queue.put(record(message))
        wait_for(lambda message=message: message in messages(sink), what=message)


def test_a_broken_sink_does_not_keep_records_from_the_others(make):
    warnings: list[str] = []
    sink = Collected()
    queue = make(Broken(), sink, warn=warnings.append)
    queue.put(record())
    assert queue.flush(60)
    assert messages(sink) == ["m"]
    assert "Broken" in warnings[0]


def test_put_does_not_wait_for_a_sink_that_blocks(make):
    sink = Blocked()
    queue = make(sink)
    queue.put(record("first"))
    assert sink.entered.wait(60)
    for number in range(500):
        queue.put(record(str(number)))
    assert sink.records == []
    sink.release.set()
    assert queue.flush(60)
    assert len(sink.records) == 501


def test_beyond_the_limit_the_oldest_go_and_audit_records_stay(make):
    warnings: list[str] = []
    sink = Blocked()
    queue = make(sink, queue_size=10, warn=warnings.append)
    queue.put(record("first"))
    assert sink.entered.wait(60)
    queue.put(record("AUDIT: CREATE"))
    for number in range(50):
        queue.put(record(str(number)))
    sink.release.set()
    assert queue.flush(60)
    assert "AUDIT: CREATE" in messages(sink)
    assert "49" in messages(sink)
    assert "5" not in messages(sink)
    assert queue.dropped == 52 - len(sink.records)
    # Whoever finds the loss says it, maybe the writer thread, for which a flush does not wait.
    wait_for(lambda: any(str(queue.dropped) in text for text in warnings), what="word of the loss")


@pytest.mark.parametrize("queue_size", [5, 100])
def test_threads_that_log_faster_than_can_be_written_lose_nothing(make, monkeypatch, queue_size):
    monkeypatch.setattr(queue_module, "PATIENCE", 60.0)

    class Slow(Collected):
        def write(self, records):
            super().write(records)
            for _ in records:
                sum(range(200))

    sink = Slow()
    queue = make(sink, queue_size=queue_size)

    def log(name):
        for number in range(500):
            queue.put(record(f"{name} {number}"))

    threads = [threading.Thread(target=log, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert queue.flush(60)
    assert queue.dropped == 0
    for name in range(8):
        own = [message for message in messages(sink) if message.startswith(f"{name} ")]
        assert own == [f"{name} {number}" for number in range(500)]


def test_an_output_that_hangs_stops_holding_threads_back(make, monkeypatch):
    monkeypatch.setattr(queue_module, "PATIENCE", 0.05)
    monkeypatch.setattr(queue_module, "HOLD", 60.0)
    sink = Blocked()
    queue = make(sink, queue_size=10)
    queue.put(record("first"))
    assert sink.entered.wait(60)
    wait_for(lambda: not queue._can_catch_up(), what="patience to end")
    for number in range(100):
        queue.put(record(str(number)))
    assert queue.waiting == 10
    assert queue.dropped == 90
    sink.release.set()


def test_records_of_one_moment_get_times_that_rise_in_their_order(make):
    sink = Collected()
    queue = make(sink)
    now = 1_700_000_000_000_000_000
    for number, moment in enumerate([now, now, now, now - 5_000, now + 2, now + 900]):
        made = record(str(number))
        made.time_ns = moment
        queue.put(made)
    assert queue.flush(60)
    assert [each.message for each in sink.records] == ["0", "1", "2", "3", "4", "5"]
    assert [each.time_ns - now for each in sink.records] == [0, 1, 2, 3, 4, 900]


def test_a_record_of_an_earlier_time_keeps_it(make):
    sink = Collected()
    queue = make(sink)
    for moment in (5_000_000_000, 1_000_000_000, 5_000_000_000):
        made = record()
        made.time_ns = moment
        queue.put(made)
    assert queue.flush(60)
    assert [each.time_ns for each in sink.records] == [5_000_000_000, 1_000_000_000, 5_000_000_000]


def test_what_was_put_is_handed_over_before_the_process_is_gone(make):
    sink = Collected()
    queue = make(sink)
    for number in range(5_000):
        queue.put(record(str(number)))
    assert queue.drain(60)
    assert [each.message for each in sink.records] == [str(number) for number in range(5_000)]
    queue.put(record("and on it goes"))
    assert queue.drain(60)
    assert sink.records[-1].message == "and on it goes"


def test_an_output_that_hangs_holds_up_a_hand_over_for_its_timeout_only(make):
    sink = Blocked()
    queue = make(sink)
    queue.put(record("first"))
    assert sink.entered.wait(60)
    queue.put(record("second"))
    assert not queue.drain(0.05)
    assert sink.records == []
    sink.release.set()


def test_an_event_loop_is_not_held_back_while_there_is_room(make, monkeypatch):
    monkeypatch.setattr(queue_module, "PATIENCE", 600.0)
    monkeypatch.setattr(queue_module, "HOLD", 600.0)
    sink = Blocked()
    queue = make(sink, queue_size=100)
    queue.put(record("first"))
    assert sink.entered.wait(60)

    async def app():
        for number in range(100):
            queue.put(record(str(number)))

    asyncio.run(app())
    assert queue.waiting == 100
    sink.release.set()


def test_of_large_records_fewer_may_wait(make, monkeypatch):
    monkeypatch.setattr(queue_module, "MEMORY", 100_000)
    sink = Blocked()
    sink.release.set()
    queue = make(sink, queue_size=1000, max_text=100_000)
    monkeypatch.setattr(queue_module, "PATIENCE", 0.0)
    queue.put(record("x" * 9_300))
    assert queue.flush(60)
    sink.release.clear()
    sink.entered.clear()
    queue.put(record("first"))
    assert sink.entered.wait(60)
    for _ in range(1000):
        queue.put(record("x" * 9_300))
    assert 5 <= queue.waiting <= 40
    sink.release.set()


def test_close_writes_what_waits_and_ends_in_time_with_a_sink_that_blocks(make):
    sink, blocked = Collected(), Blocked()
    queue = make(sink, blocked)
    queue.put(record())
    assert blocked.entered.wait(60)
    started = time.monotonic()
    queue.close(0.2)
    assert time.monotonic() - started < 60
    blocked.release.set()
    assert messages(sink) == ["m"]
    assert sink.closed


def test_threads_that_go_on_logging_neither_delay_the_end_nor_push_out_earlier_records(make, monkeypatch):
    monkeypatch.setattr(queue_module, "PATIENCE", 60.0)
    sink = Collected()
    queue = make(sink, queue_size=100)
    ended = threading.Event()

    def log(name):
        number = 0
        while not ended.is_set():
            queue.put(record(f"{name} {number}"))
            number += 1

    threads = [threading.Thread(target=log, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(sink.records) > 1000, what="records")
    queue.close(60)
    ended.set()
    for thread in threads:
        thread.join()
    assert queue.dropped == 0
    for name in range(4):
        own = [message for message in messages(sink) if message.startswith(f"{name} ")]
        assert own == [f"{name} {number}" for number in range(len(own))]


def test_the_end_may_interrupt_a_put_at_any_point(make):
    """As it does where the handler of a SIGTERM calls it."""

    def is_interrupted(point: int) -> bool:
        sink = Collected()
        queue = make(sink)
        queue.put(record("first"))
        wait_for(lambda: queue._idle, what="a writer at rest")
        lines = 0

        def trace(frame, event, argument):
            nonlocal lines
            lines += event == "line"
            if event == "line" and lines == point:
                queue.close(60)
            return trace

        def put() -> None:
            sys.settrace(trace)
            queue.put(record("second"))
            sys.settrace(None)

        thread = threading.Thread(target=put, daemon=True)
        thread.start()
        thread.join(30)
        assert not thread.is_alive(), f"it hangs at line {point}"
        assert messages(sink)[0] == "first"
        return lines >= point

    point = 1
    while is_interrupted(point):
        point += 1
    assert point > 5


def test_what_cannot_be_prepared_is_replaced_not_let_through(make):
    def prepare(item):
        raise ValueError("secret in here: hunter2")

    sink = Collected()
    queue = make(sink, prepare=prepare)
    queue.put(record("password is hunter2", attributes={"password": "hunter2"}, trace_id=7))
    assert queue.flush(60)
    (written,) = sink.records
    assert written.message == "[REDACTION FAILED]"
    assert "hunter2" not in str(schema.to_mapping(written, schema.Identity("s", "e")))
    assert written.trace_id == 7


def test_texts_are_cut_and_made_encodable_at_any_depth(make):
    sink = Collected()
    queue = make(sink)
    queue.put(
        record(
            "a" * 1000,
            attributes={"deep": [{"b": "\ud800" + "b" * 1000}]},
            error=schema.ErrorInfo("E", "\udfff", "s" * 1000),
        )
    )
    assert queue.flush(60)
    text = str(schema.to_mapping(sink.records[0], schema.Identity("s", "e")))
    text.encode("utf-8")
    assert "900 more characters" in text
    assert len(text) < 1500


def test_a_forked_child_starts_empty_and_the_parent_goes_on(make):
    sink = Blocked()
    queue = make(sink)
    queue.put(record("parent"))
    assert sink.entered.wait(60)
    sink.release.set()
    assert queue.flush(60)
    read, write = os.pipe()
    queue.before_fork()
    child = os.fork()
    if child == 0:
        try:
            queue.after_fork_in_child()
            queue.put(record("child"))
            flushed = queue.flush(60)
            os.write(write, f"{flushed} {messages(sink)}".encode())
        finally:
            os._exit(0)
    queue.after_fork_in_parent()
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as pipe:
        assert pipe.read() == "True ['child']"
    queue.put(record("again"))
    assert queue.flush(60)
    assert messages(sink) == ["parent", "again"]


def test_the_end_may_come_in_the_midst_of_a_fork(make):
    sink = Collected()
    queue = make(sink)
    queue.put(record())
    queue.before_fork()
    queue.put(record("last"))
    queue.close(60)
    queue.after_fork_in_parent()
    assert messages(sink) == ["m", "last"]


def test_an_idle_queue_has_no_thread_before_its_first_record(make):
    before = set(threading.enumerate())
    make(Collected())
    assert set(threading.enumerate()) <= before
