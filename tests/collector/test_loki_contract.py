"""What arrives in Loki by the contract: what each test asks here, a real Loki 3.7.8 answered so on 2026-11-24.

The store is a second real Collector at Loki's path, and the Loki that AEGIS_TEST_LOKI_URL names, where it names one.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.collector import Collector, Sink, pieces
from tests.support.loki import Entry, Loki, Store, server_url, ways
from tests.support.otlp import Log, request
from tests.support.processes import wait_for
from tests.support.scripted_store import PLAIN, Answer, Request, ScriptedStore, otlp_status

Start = Callable[..., Collector]
HOUR = 3600 * 10**9
DAY = 24 * HOUR
AUDIT = {"auditAction": "CREATE", "complianceLevel": "HIPAA"}


def resource(service: str) -> dict[str, str]:
    return {"service.name": service, "deployment.environment.name": "test", "host.name": "somewhere"}


def arrived(store: Store, service: str, count: int) -> list[Entry]:
    """Wait until that many different records are there; one that comes twice does not stand for another."""

    def enough() -> list[Entry]:
        entries = store.entries(service)
        return entries if len({entry.line for entry in entries}) >= count else []

    return wait_for(enough, seconds=120, what=f"{count} records of {service}")


def test_four_labels_and_no_others_are_index_labels(start_collector: Start, loki_store: Store, service: str) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki_store.url})
    collector.send(Log("hello"), Log("AUDIT: CREATE", attributes=AUDIT), resource=resource(service))
    labels = {entry.record["message"]: entry.labels for entry in arrived(loki_store, service, 2)}
    common = {"service": service, "environment": "test", "level": "info"}
    assert labels == {"hello": common, "AUDIT: CREATE": {**common, "complianceLevel": "HIPAA"}}


def test_a_record_is_found_by_its_correlation_id_without_parsing(
    start_collector: Start, loki_store: Store, service: str
) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki_store.url})
    collector.send(
        *(Log(name, attributes={"correlationId": name}) for name in ("one", "two")), resource=resource(service)
    )
    found = arrived(loki_store, service, 2)
    assert {entry.metadata["correlationId"]: entry.record["message"] for entry in found} == {"one": "one", "two": "two"}


def test_a_region_stays_out_of_loki_and_goes_to_the_others(
    start_collector: Start, loki_store: Store, seq: Sink, service: str
) -> None:
    collector = start_collector(
        "loki",
        "seq",
        env={
            "AEGIS_LOKI_URL": loki_store.url,
            "SEQ_URL": seq.url,
            "AEGIS_RESIDENCY": '[{attribute: region, values: ["eu-*"], stores: [loki]}]',
        },
    )
    logs = [
        Log(f"{region} {severity}", severity=severity, attributes={"region": region})
        for region in ("eu-west", "us-east", "eu-central")
        for severity in (5, 9, 17)
    ]
    logs.append(Log("AUDIT: READ", attributes={"region": "eu-west", "auditAction": "READ"}))
    collector.send(*logs, resource=resource(service))
    assert len(seq.wait_for(10)) == 10
    arrived(loki_store, service, 3)
    collector.stop()  # it has handed over what it held, so nothing can come later
    stored = {entry.record["message"] for entry in loki_store.entries(service)}
    assert stored == {"us-east 5", "us-east 9", "us-east 17"}


def test_sampling_keeps_whole_traces(start_collector: Start, loki_store: Store, service: str) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki_store.url, "AEGIS_SAMPLING_RATE": "0.25"})
    traces = [os.urandom(16) for _ in range(200)]
    for severity in (5, 9, 13, 17):
        collector.send(*(Log("x", severity=severity, trace_id=each) for each in traces), resource=resource(service))

    def of(level: str) -> set[str]:
        return {
            entry.metadata["traceId"] for entry in loki_store.entries(service) if entry.labels.get("level") == level
        }

    wait_for(lambda: len(of("warn")) == len(of("error")) == 200, seconds=120, what="all warnings and errors")
    collector.stop()
    assert of("debug") == of("info")
    assert 20 < len(of("info")) < 85  # 50 expected; far beyond what chance does
    assert of("info") < of("warn") == of("error") == {each.hex() for each in traces}


@pytest.mark.parametrize("hours", [5, 30, 24 * 20])
def test_a_late_record_arrives_with_its_own_time(
    start_collector: Start, loki_store: Store, service: str, hours: int
) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki_store.url})
    collector.send(Log("new"), resource=resource(service))
    arrived(loki_store, service, 1)
    then = time.time_ns() - hours * HOUR
    collector.send(Log("old", time_ns=then), resource=resource(service))
    found = arrived(loki_store, service, 2)
    assert [entry.record["message"] for entry in found] == ["old", "new"]
    assert found[0].time_ns == then


def test_a_long_record_arrives_whole(start_collector: Start, loki_store: Store, service: str) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki_store.url})
    collector.send(Log("x" * 1_000_000), resource=resource(service))
    [entry] = arrived(loki_store, service, 1)
    assert entry.record["message"] == "x" * 1_000_000


def test_what_comes_again_after_a_crash_is_the_same_record_in_every_part(
    start_collector: Start, loki_store: Store, service: str
) -> None:
    # Loki drops a record that is equal in labels, time, line and structured metadata: so it keeps one of each.
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki_store.url})
    same = request(
        [Log(f"m{n}", attributes={"correlationId": f"c{n}"}) for n in range(300)], resource=resource(service)
    )
    for _ in range(2):
        collector.send_request(same)
        collector.kill()
        collector.start()
    collector.send(Log("last"), resource=resource(service))
    found = arrived(loki_store, service, 301)
    different = {(str(entry.labels), entry.time_ns, entry.line, str(entry.metadata)) for entry in found}
    assert len(different) == 301
    if isinstance(loki_store, Loki):
        assert len(found) == 301


def test_a_burst_arrives_whole_and_is_not_refused(start_collector: Start, loki_store: Store, service: str) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki_store.url})
    for batch in range(4):
        logs = [Log(f"{batch} {number} {'x' * 2_000}") for number in range(1000)]
        collector.send(*logs, resource=resource(service))
    arrived(loki_store, service, 4000)
    assert collector.dead_letters("loki-rest") == []


def refuse_the_future(request: Request) -> Answer:
    """Take a request as Loki does that has nothing of tomorrow in it (`creation_grace_period`)."""
    for line in request.lines:
        if line.time_ns > time.time_ns() + DAY:
            said = f"entry for stream '{{service=\"{line.labels['service']}\"}}' has timestamp too new: {line.time_ns}"
            return Answer(400, otlp_status(said))
    return Answer(204)


@pytest.mark.parametrize("way", ways())
def test_of_a_request_with_one_record_that_is_refused_the_others_arrive_once(
    start_collector: Start, stack: ExitStack, service: str, way: str
) -> None:
    scripted = None if way == "server" else stack.enter_context(ScriptedStore(refuse_the_future))
    url = scripted.url if scripted else server_url() or ""
    collector = start_collector("loki", env={**PLAIN, "AEGIS_LOKI_URL": url})
    logs = [Log(f"good {n}") for n in range(40)]
    logs.insert(20, Log("of tomorrow", time_ns=time.time_ns() + 2 * DAY))
    collector.send(*logs, resource=resource(service))

    def letters() -> list[str]:
        return [letter.body for letter in collector.dead_letters("loki-rest")]

    def stored() -> list[str]:
        lines = [line.body for line in scripted.taken()] if scripted else [e.line for e in Loki(url).entries(service)]
        return [line.split('"message":"')[1].split('"')[0] for line in lines]

    [letter] = wait_for(letters, what="the dead letter")
    assert '"message":"of tomorrow"' in letter
    wait_for(lambda: len(stored()) >= 40, what="the others")
    assert Counter(stored()) == {f"good {n}": 1 for n in range(40)}
    assert "timestamp too new" in (collector.data / "dead-letter" / "loki-rest.jsonl").read_text()

    # Sent again as docs/collector.md says, it is refused again and comes back.
    folder = collector.data / "dead-letter"
    (folder / "resend").mkdir()
    (folder / "loki-rest.jsonl").rename(folder / "resend" / "loki-rest.jsonl")
    wait_for(lambda: letters() == [letter], what="the dead letter again")
    wait_for(lambda: not list((folder / "resend").iterdir()), what="the file to go")


def test_the_configuration_for_the_public_image_sends_the_same_labels_and_lines(
    loki_store: Store, tmp_path: Path, service: str
) -> None:
    env = {"AEGIS_LOKI_URL": loki_store.url, "AEGIS_ALLOW_UNREDACTED": "logs/in"}
    collector = Collector(tmp_path / "stock", env=env)
    collector.arguments = pieces("receive-stock", "redact-stock", "tuning")
    trace = bytes(range(16))
    with collector:
        collector.send(
            Log("login password=hunter2", severity=17, attributes={"user": {"password": "hunter2"}}, trace_id=trace),
            Log("AUDIT: READ", attributes={"auditAction": "READ", "correlationId": "c-1"}),
            Log('{"token": "s3cret-t0ken"}', severity=5),
            resource={"service.name": service, "deployment.environment.name": "test"},
        )
        found = arrived(loki_store, service, 3)
    by_level = {entry.labels["level"]: entry for entry in found}
    assert set(by_level) == {"error", "info", "debug"}
    assert "hunter2" not in str(found)
    assert "s3cret-t0ken" not in str(found)
    assert all(entry.record["level"] == level for level, entry in by_level.items())
    assert by_level["error"].metadata["traceId"] == trace.hex()
    assert by_level["error"].record["environment"] == by_level["error"].labels["environment"] == "test"
    assert by_level["info"].labels["complianceLevel"] == "HIPAA"
    assert by_level["info"].record["auditAction"] == "READ"
    assert by_level["info"].metadata["correlationId"] == "c-1"
