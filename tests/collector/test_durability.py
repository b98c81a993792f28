"""Nothing that was acknowledged is lost: a store that is away, refuses, or is slow; a Collector that is killed.

What is done on each answer of a store: `test_loki_wire.py`.
"""

from __future__ import annotations

import stat
from collections.abc import Callable

from tests.support.collector import Collector, Sink
from tests.support.otlp import Log, post, request
from tests.support.processes import wait_for
from tests.support.scripted_store import PLAIN, ScriptedStore

Start = Callable[..., Collector]

REQUEST_BYTES, REQUEST_RECORDS = 32_768, 128
"""The largest request to a store (collector/config/to-loki.yaml)."""


def test_what_a_store_refuses_for_good_is_in_the_dead_letter_file(start_collector: Start) -> None:
    with ScriptedStore(400) as store:
        collector = start_collector("loki", env={**PLAIN, "AEGIS_LOKI_URL": store.url})
        collector.send(Log("refused", attributes={"orderId": 7}), Log("AUDIT: refused"))
        for exporter, message in (("loki-rest", "refused"), ("loki-audit", "AUDIT: refused")):
            (letter,) = wait_for(lambda name=exporter: collector.dead_letters(name), what="a dead letter")
            assert f'"message":"{message}"' in letter.body
        file = collector.data / "dead-letter" / "loki-rest.jsonl"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_store_that_was_away_gets_everything(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    loki.stop()
    for batch in range(20):
        collector.send(*(Log(f"{batch * 50 + n}") for n in range(50)))
    loki.start()
    # One that comes twice does not stand for another.
    wait_for(lambda: len({record.body for record in loki.received()}) == 1000, seconds=120, what="every record")


def test_the_queue_survives_kills_with_next_to_no_duplicates(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    sent, per_batch = 0, 100
    for round_ in range(5):
        for _ in range(20):
            collector.send(*(Log("m", attributes={"n": sent + n}) for n in range(per_batch)))
            sent += per_batch
        if round_ % 2:
            loki.stop()
        collector.kill()
        if round_ % 2:
            loki.start()
        collector.start()
    # Some come twice, so what counts is how many different ones are here.
    wait_for(lambda: len({record.body for record in loki.received()}) >= sent, seconds=120, what="every record")
    # One request at most was under way at each kill, and comes twice.
    assert len(loki.received()) - sent <= 5 * REQUEST_RECORDS


def test_a_flipped_bit_in_the_queue_is_counted_and_costs_no_other_request(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    loki.stop()
    for batch in range(50):
        collector.send(*(Log(f"AUDIT: {batch * 20 + n}") for n in range(20)))
    collector.kill()
    (segment,) = (collector.data / "queue" / "loki-audit").glob("*.segment")
    content = bytearray(segment.read_bytes())
    content[content.index(b"AUDIT: 500")] ^= 1
    segment.write_bytes(content)
    loki.start()
    collector.start()
    wait_for(
        lambda: len({record.body for record in loki.received()}) >= 980, seconds=120, what="all records but 20 at most"
    )
    kept = segment.with_name(segment.name + ".damaged")
    assert "The disk damaged records of the queue." in collector.output()
    assert '"lost_records": 20' in collector.output()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_queue_files_are_for_their_owner_only(start_collector: Start) -> None:
    collector = start_collector("loki", "seq")
    queue = collector.data / "queue"
    assert sorted(folder.name for folder in queue.iterdir()) == [
        f"{store}-{kind}" for store in ("loki", "seq") for kind in ("audit", "error", "rest")
    ]
    assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 for folder in (queue, *queue.iterdir()))
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in queue.glob("*/*"))


def fill(collector: Collector) -> int:
    """Send until the queue is full and the Collector makes the sender wait; how many batches it took."""
    message = request([Log("x" * 1000, attributes={"n": n}) for n in range(100)])
    accepted = 0
    for _ in range(100):
        try:
            assert post(collector.port, message, seconds=2) == 200
            accepted += 1
        except TimeoutError:
            # A busy machine may answer late as well. A full queue has no room for one more request to the store.
            if collector.free_bytes_of_queue("loki-rest") < REQUEST_BYTES:
                return accepted
    raise AssertionError("the queue never got full")


def test_a_full_queue_makes_the_sender_wait_instead_of_dropping(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url, "AEGIS_QUEUE_MAX_MB": "1"})
    loki.stop()
    accepted = fill(collector)
    assert accepted > 0
    loki.start()
    loki.wait_for(accepted * 100)
    collector.send(Log("and on it goes"))


def test_audit_records_pass_while_the_rest_waits(start_collector: Start, loki: Sink) -> None:
    with ScriptedStore(503) as store:
        collector = start_collector("loki", env={**PLAIN, "AEGIS_LOKI_URL": store.url, "AEGIS_QUEUE_MAX_MB": "1"})
        fill(collector)
        assert post(collector.port, request([Log("AUDIT: READ")])) == 200
