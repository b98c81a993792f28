"""What goes over the wire to Loki, and what is done on each of its answers.

A second real Collector listens at Loki's path for what a request holds; for the answers, a scripted store gives them in
the words of Loki's source (pkg/validation/validate.go) and in its form, a google.rpc.Status.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.support.collector import Collector, Sink
from tests.support.otlp import Log
from tests.support.processes import wait_for
from tests.support.scripted_store import PLAIN, Answer, Request, Script, ScriptedStore, otlp_status

Start = Callable[..., Collector]
TRACE = bytes(range(16))
UUID = "00010203-0405-0607-0809-0a0b0c0d0e0f"
STREAM = '{environment="test", level="info", service="orders"}'
KEY = "dXNlcjpzZXNhbWUtNDcxMQ=="  # user:sesame-4711
REQUEST_BYTES, REQUEST_RECORDS = 32_768, 128
"""The largest request to a store (collector/config/to-loki.yaml)."""

TaughtStore = Callable[..., ScriptedStore]


@pytest.fixture
def store_that(stack: ExitStack) -> TaughtStore:
    """Start a store with a script."""
    return lambda *script: stack.enter_context(ScriptedStore(*script))


@pytest.fixture
def to(start_collector: Start) -> Callable[..., Collector]:
    """Start the Collector that sends to a store, uncompressed or nearly so."""
    return lambda store, **env: start_collector("loki", env={**PLAIN, "AEGIS_LOKI_URL": store.url, **env})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScriptedStore, Collector]]:
    """A store and the Collector that sends to it, for tests that teach the store anew and wait until all is through."""
    # Of what it says over ten times in ten seconds the Collector leaves out most, which would hide what a test looks for.
    all_said = ("--config", "yaml:service::telemetry::logs::sampling::enabled: false")
    store = ScriptedStore(204)
    env = {**PLAIN, "AEGIS_LOKI_URL": store.url}
    with store, Collector(tmp_path_factory.mktemp("running"), "loki", env=env, more=all_said) as collector:
        yield store, collector


def messages(store: ScriptedStore) -> list[str]:
    return [json.loads(line.body)["message"] for line in store.taken()]


def dead(collector: Collector) -> list[str]:
    return [json.loads(letter.body)["message"] for letter in collector.dead_letters("loki-rest")]


def reason(collector: Collector) -> str:
    """The reason that the newest dead letter tells."""
    file = collector.data / "dead-letter" / "loki-rest.jsonl"
    said = json.loads(file.read_text().splitlines()[-1])["refusal"]["reason"]
    assert isinstance(said, str)
    return said


# --- what a record is


def test_each_record_of_a_mixed_batch_has_its_own_labels(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    levels = {5: "debug", 9: "info", 13: "warn", 17: "error"}
    logs = [Log(f"{levels[n]} {i}", severity=n) for i in range(25) for n in levels]
    logs.append(Log("AUDIT: READ", attributes={"auditAction": "READ"}))
    collector.send(*logs)
    for record in loki.wait_for(101):
        line = json.loads(record.body)
        expected = {"service": "orders", "environment": "test", "level": line["message"].split()[0]}
        if line["message"].startswith("AUDIT"):
            expected.update(level="info", complianceLevel="HIPAA")
        assert record.resource == expected
        assert record.resource["level"] == line["level"]


def test_only_trace_and_correlation_id_are_structured_metadata(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    collector.send(Log("x", attributes={"a": {"b": 1}}, trace_id=TRACE, span_id=b"12345678", severity_text="INFO"))
    (record,) = loki.wait_for(1)
    assert record.attributes == {"traceId": TRACE.hex(), "correlationId": UUID}
    assert set(record.raw) <= {"timeUnixNano", "body", "attributes", "traceId", "spanId"}
    assert not record.raw.get("traceId")
    assert not record.raw.get("spanId")


def test_the_line_is_the_same_object_as_in_the_file_store(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", "file", env={"AEGIS_LOKI_URL": loki.url})
    collector.send(Log("x", attributes={"url": "/a?b=c", "nested": {"list": [1, "é\u2028", None]}}, trace_id=TRACE))
    (record,) = loki.wait_for(1)
    assert json.loads(record.body) == collector.stored()[0]


def test_a_record_without_environment_has_no_such_label(start_collector: Start, loki: Sink) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    collector.send(Log("x"), resource={"service.name": "s"})
    (record,) = loki.wait_for(1)
    assert record.resource == {"service": "s", "level": "info"}


def test_each_line_is_one_json_object_without_a_line_end(start_collector: Start, loki: Sink) -> None:
    # Of a stream in which one line is no JSON, metric queries with `| json` fail.
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    bodies = [
        "",
        "two\nlines",
        '{"a": 1}',
        "{",
        "tab\t\x00\x1b[0m",
        "\u2028\u0085",
        {"a": {"b": [1, None]}},
        7,
        b"\xff",
    ]
    collector.send(*(Log(body, attributes={"key\n": "value\n"}) for body in bodies))
    found = loki.wait_for(len(bodies))
    assert len(found) == len(bodies)
    for record in found:
        assert isinstance(record.body, str)
        assert isinstance(json.loads(record.body), dict)
        assert "\n" not in record.body
        assert "\r" not in record.body


def test_a_flood_of_different_ids_and_urls_makes_no_more_streams_than_there_are_levels(
    start_collector: Start, loki: Sink
) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    severities = {5: "debug", 9: "info", 13: "warn", 17: "error"}
    number = 0
    for _ in range(20):
        logs = []
        for severity in severities:
            for _ in range(125):
                number += 1
                fields = {"correlationId": f"c-{number}", "url": f"/users/{number}", "userId": f"u-{number}"}
                if number % 10 == 0:
                    fields["auditAction"] = "READ"
                logs.append(Log(f"m{number}", severity, fields, trace_id=number.to_bytes(16, "big")))
        collector.send(*logs)
    found = loki.wait_for(10_000)
    assert len({record.body for record in found}) == 10_000
    streams = Counter(tuple(sorted(record.resource.items())) for record in found)
    assert len(streams) <= 1 * 1 * len(severities) * 2  # services, environments, levels, audit or not
    assert {name for stream in streams for name, _ in stream} == {"service", "environment", "level", "complianceLevel"}


def test_time_stamps_keep_their_nanoseconds_and_records_of_a_stream_their_order(
    start_collector: Start, loki: Sink
) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    start = time.time_ns() // 10**9 * 10**9
    times = [start + n // 3 for n in range(600)]  # three records at each nanosecond
    for first in range(0, 600, 60):
        collector.send(*(Log(f"{n}", time_ns=times[n]) for n in range(first, first + 60)))
    found = loki.wait_for(600)
    assert [json.loads(record.body)["message"] for record in found] == [str(n) for n in range(600)]
    assert [int(record.raw["timeUnixNano"]) for record in found] == times


# --- what a request is


def test_a_request_is_a_post_of_protobuf_to_lokis_path(store_that: TaughtStore, to: Start) -> None:
    store = store_that(204)
    to(store).send(Log("x"))
    [request] = wait_for(store.requests, what="a request")
    assert (request.method, request.path) == ("POST", "/otlp/v1/logs")
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["x-scope-orgid"] is None
    assert request.headers["authorization"] is None


def test_requests_are_no_larger_than_their_limits(store_that: TaughtStore, to: Start) -> None:
    store = store_that(204)
    collector = to(store)
    for size in (10, 200, 3000, 30_000, 60_000):
        collector.send(*(Log("x" * size) for _ in range(300 if size < 30_000 else 3)))
    wait_for(lambda: len(store.taken()) == 906, seconds=120, what="all records")
    for request in store.requests():
        assert len(request.lines) <= REQUEST_RECORDS
        assert len(request.content) <= REQUEST_BYTES or len(request.lines) == 1


@pytest.mark.parametrize(
    ("setting", "header", "magic"), [("zstd", "zstd", b"\x28\xb5\x2f\xfd"), ("gzip", "gzip", b"\x1f\x8b")]
)
def test_requests_are_compressed_as_set(
    store_that: TaughtStore, start_collector: Start, setting: str, header: str, magic: bytes
) -> None:
    store = store_that(503)  # what it cannot decompress it does not take
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": store.url, "AEGIS_LOKI_COMPRESSION": setting})
    collector.send(Log("x" * 1000))
    request = wait_for(store.requests, what="a request")[0]
    assert request.headers["content-encoding"] == header
    assert request.raw.startswith(magic)
    assert len(request.raw) < 1000


def test_uncompressed_requests_say_so_by_saying_nothing(store_that: TaughtStore, to: Start) -> None:
    store = store_that(204)
    to(store, AEGIS_LOKI_COMPRESSION="none").send(Log("x" * 1000))
    request = wait_for(store.requests, what="a request")[0]
    assert request.headers["content-encoding"] is None
    assert "x" * 1000 in request.lines[0].body


@pytest.mark.parametrize("setting", ["zstd", "gzip", "lz4", "none"])
def test_another_collector_decompresses_what_is_sent(start_collector: Start, loki: Sink, setting: str) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url, "AEGIS_LOKI_COMPRESSION": setting})
    collector.send(Log("x" * 5000))
    [record] = loki.wait_for(1)
    assert json.loads(record.body)["message"] == "x" * 5000


def test_tenant_and_authorization_go_with_every_request_of_every_class(store_that: TaughtStore, to: Start) -> None:
    store = store_that(204)
    collector = to(store, AEGIS_LOKI_TENANT="clinic-7", AEGIS_LOKI_AUTHORIZATION=f"Basic {KEY}")
    collector.send(Log("x"), Log("boom", severity=17), Log("AUDIT: READ"))
    wait_for(lambda: len(store.taken()) == 3, what="the records")
    for request in store.requests():
        assert request.headers["x-scope-orgid"] == "clinic-7"
        assert request.headers["authorization"] == f"Basic {KEY}"


# --- what is delivered


def test_a_204_is_the_end_of_it(store_that: TaughtStore, to: Start) -> None:
    store = store_that(204)
    collector = to(store)
    collector.send(*(Log(f"{n}") for n in range(300)))
    wait_for(lambda: len(store.taken()) == 300, what="the records")
    collector.stop()
    assert messages(store) == [str(n) for n in range(300)]
    assert dead(collector) == []


def test_what_a_200_rejects_in_part_is_a_dead_letter_with_the_reason(store_that: TaughtStore, to: Start) -> None:
    # ExportLogsServiceResponse.partial_success (field 1): rejected_log_records (1), error_message (2).
    inner = b"\x08\x01" + otlp_status("line 2 is odd")
    store = store_that(Answer(200, b"\x0a" + bytes([len(inner)]) + inner, {"content-type": "application/x-protobuf"}))
    collector = to(store)
    collector.send(Log("a"), Log("b"))
    # Which of them is not said, so both are kept.
    wait_for(lambda: dead(collector) == ["a", "b"], what="the dead letters")
    assert reason(collector) == "1 records rejected: line 2 is odd"
    collector.stop()
    assert store.answered() == [200]


# --- what is refused for good

REFUSALS = {
    "too far behind": "entry with timestamp 2026-11-01 00:00:00 +0000 UTC ignored, reason: 'entry too far behind, entry "
    "timestamp is: 2026-11-01T00:00:00Z, oldest acceptable timestamp is: 2026-11-23T22:00:00Z',\n"
    f"user 'fake', total ignored: 1 out of 1 for stream: {STREAM}",
    "too old": f"entry for stream '{STREAM}' has timestamp too old: 2026-10-01T00:00:00Z, oldest acceptable timestamp is: "
    "2026-11-17T00:00:00Z",
    "too far in the future": f"entry for stream '{STREAM}' has timestamp too new: 2026-12-01T00:00:00Z",
    "line too long": f"Max entry size '262144' bytes exceeded for stream '{STREAM}' while adding an entry with length '300000' bytes",
    "too many labels": f"entry for stream '{STREAM}' has 16 label names; limit 15",
    "label name too long": f"stream '{STREAM}' has label name too long: 'service'",
    "label value too long": f"stream '{STREAM}' has label value too long: 'orders'",
    "no label": "error at least one label pair is required per stream",
    "no stream": "error at least one valid stream is required for ingestion",
    "no structured metadata": f"stream '{STREAM}' includes structured metadata, but this feature is disallowed. Please see "
    "`limits_config.allow_structured_metadata` or contact your Loki administrator to enable it.",
    "structured metadata too large": f"stream '{STREAM}' has structured metadata too large: '70000' bytes, limit: '65536' bytes. "
    "Please see `limits_config.max_structured_metadata_size` or contact your Loki administrator to increase it.",
    "too much structured metadata": f"stream '{STREAM}' has too many structured metadata labels: '129', limit: '128'. Please see "
    "`limits_config.max_structured_metadata_entries_count` or contact your Loki administrator to increase it.",
}


def refuse(message: str, status: int = 400, *, text: bool = False) -> Script:
    """Refuse requests with "bad" in them, and take the others."""

    def script(request: Request) -> Answer:
        if not any('"message":"bad"' in line.body for line in request.lines):
            return Answer(204)
        body = f"{message}\n".encode() if text else otlp_status(message)
        return Answer(status, body, {"content-type": "text/plain; charset=utf-8"})

    return script


@pytest.mark.parametrize("message", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_of_loki_costs_only_the_record_that_is_to_blame(
    running: tuple[ScriptedStore, Collector], message: str
) -> None:
    store, collector = running
    before = dead(collector)
    store.teach(refuse(message))
    collector.send(*(Log("bad" if n == 5 else f"{n}") for n in range(12)))
    wait_for(lambda: len(dead(collector)) > len(before) and len(messages(store)) >= 11, what="all in their places")
    assert messages(store) == [str(n) for n in range(12) if n != 5]
    assert dead(collector) == [*before, "bad"]
    assert reason(collector) == message.replace("\n", "\\n")
    wait_for(lambda: json.dumps(reason(collector)) in collector.output(), what="the reason in the log")


@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_in_plain_text_is_read_as_well(store_that: TaughtStore, to: Start, status: int) -> None:
    store = store_that(refuse("couldn't parse push request", status, text=True))
    collector = to(store)
    collector.send(Log("bad"), Log("good"))
    wait_for(lambda: dead(collector) == ["bad"] and messages(store) == ["good"], what="both in their places")
    assert reason(collector) == "couldn't parse push request"


def test_what_loki_takes_none_of_costs_a_bounded_number_of_requests(store_that: TaughtStore, to: Start) -> None:
    store = store_that(Answer(400, otlp_status(REFUSALS["no label"])))
    collector = to(store)
    collector.send(*(Log(f"{n}") for n in range(128)))
    wait_for(lambda: len(dead(collector)) == 128, what="the dead letters")
    assert sorted(dead(collector), key=int) == [str(n) for n in range(128)]
    assert len(store.requests()) <= 66


def test_a_request_that_is_too_large_is_sent_in_parts_down_to_the_record(store_that: TaughtStore, to: Start) -> None:
    message = "request body too large: 32768 bytes, limit: 500 bytes"

    def script(request: Request) -> Answer:
        return Answer(413, otlp_status(message)) if len(request.content) > 500 else Answer(204)

    store = store_that(script)
    collector = to(store)
    collector.send(*(Log("x" * 1000 if n == 3 else f"{n}") for n in range(8)))
    wait_for(lambda: dead(collector) and len(store.taken()) == 7, what="all records in their places")
    collector.stop()
    assert messages(store) == [str(n) for n in range(8) if n != 3]
    assert dead(collector) == ["x" * 1000]
    assert reason(collector) == message


def test_an_answer_that_is_hostile_shows_no_secret_and_moves_no_cursor(store_that: TaughtStore, to: Start) -> None:
    hostile = f"\x1b[2J\x1b]0;title\x07 \u202e you sent {KEY} and sesame-4711 \x9b1A" + "y" * 100_000
    store = store_that(Answer(400, otlp_status(hostile)))
    collector = to(store, AEGIS_LOKI_AUTHORIZATION=f"Basic {KEY}")
    collector.send(Log("bad"))
    wait_for(lambda: dead(collector), what="the dead letter")
    wait_for(lambda: "you sent" in collector.output(), what="the reason in the log")
    file = (collector.data / "dead-letter" / "loki-rest.jsonl").read_text()
    for text in (collector.output(), file):
        assert "you sent [hidden] and [hidden]" in text
        assert "sesame-4711" not in text
        assert KEY not in text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
        assert "y" * 2000 not in text


# --- what is tried again

LATER = {
    "tenant rate": (429, "Ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec) while attempting to ingest '12' "
     "lines totaling '1200' bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased"),
    "stream rate": (429, "entry with timestamp 2026-11-24 00:00:00 +0000 UTC ignored, reason: 'Per stream rate limit exceeded "
     f"(limit: 3MB/sec) while attempting to ingest for stream '{STREAM}' totaling 1kB, consider splitting a stream'"),
    "stream limit": (429, f"Maximum active stream limit exceeded when trying to create stream {STREAM}, reduce the number of "
     "active streams, user: 'fake'"),
    "no tenant": (401, "no org id"),
    "ingester": (503, "at least 1 live replicas required, could only find 0"),
    "internal": (500, "rpc error: code = Internal"),
    "deadline": (504, "context deadline exceeded"),
    "path": (404, "404 page not found"),
    "forbidden": (403, "forbidden"),
    "timeout": (408, "request timeout"),
}  # fmt: skip


@pytest.mark.parametrize(("status", "message"), LATER.values(), ids=LATER)
def test_what_is_no_fault_of_the_records_is_tried_again_and_said(
    running: tuple[ScriptedStore, Collector], status: int, message: str
) -> None:
    store, collector = running
    before = dead(collector)
    said = collector.output().count("takes records again")
    store.teach(Answer(status, otlp_status(message)), Answer(status, otlp_status(message)), 204)
    collector.send(*(Log(f"{n}") for n in range(12)))
    # It is said once the last answer is there, and then nothing is under way any more.
    wait_for(lambda: store.answered()[2:] and collector.output().count("takes records again") > said, what="the end")
    assert store.answered() == [status, status, 204]
    assert messages(store) == [str(n) for n in range(12)]
    assert dead(collector) == before
    assert json.dumps(message)[1:-1] in collector.output()


def test_a_refusal_that_goes_on_is_said_once_a_minute(store_that: TaughtStore, to: Start) -> None:
    store = store_that(Answer(401, otlp_status("no org id")))
    collector = to(store, AEGIS_RETRY_INITIAL="5ms", AEGIS_RETRY_MAX="10ms")
    began = time.monotonic()
    collector.send(Log("x"))
    wait_for(lambda: len(store.answered()) > 30, what="thirty tries")
    minutes = int((time.monotonic() - began) // 60)
    assert 1 <= collector.output().count("does not take records") <= 1 + minutes


def date_in(seconds: float) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_waited_for(store_that: TaughtStore, to: Start, form: str) -> None:
    def script(request: Request) -> Answer:
        # A date has no parts of a second, so of 3 at least 2 are left.
        return Answer(429, otlp_status("rate"), {"retry-after": "2" if form == "seconds" else date_in(3)})

    store = store_that(script, 204)
    collector = to(store, AEGIS_RETRY_INITIAL="1ms", AEGIS_RETRY_MAX="2ms")
    collector.send(Log("x"))
    wait_for(lambda: len(store.answered()) == 2, what="the second try")
    first, second = store.requests()
    assert second.at - first.at >= 1.9
    assert messages(store) == ["x"]


@pytest.mark.parametrize("value", ["0", "-5", "soon", "", "1.5", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_costs_nothing(running: tuple[ScriptedStore, Collector], value: str) -> None:
    store, collector = running
    store.teach(Answer(429, headers={"retry-after": value}), 204)
    collector.send(Log("x"))
    wait_for(lambda: messages(store) == ["x"], seconds=60, what="the record")


@pytest.mark.parametrize("value", ["9223372037", "9" * 100, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_absurd_retry_after_is_no_reason_to_try_at_once(store_that: TaughtStore, to: Start, value: str) -> None:
    # That it is bounded by five minutes is a test of the exporter's own (TestTheStoresWishToWaitIsRead).
    store = store_that(Answer(429, headers={"retry-after": value}), 204)
    collector = to(store, AEGIS_RETRY_INITIAL="1ms", AEGIS_RETRY_MAX="2ms")
    collector.send(Log("x"))
    wait_for(lambda: "does not take records" in collector.output(), what="the refusal in the log")
    collector.stop()
    assert store.answered() == [429]
    collector.start()  # nothing of it is kept: an operator who restarts the Collector need not wait
    wait_for(lambda: messages(store) == ["x"], what="the record")


def test_a_page_of_html_from_a_proxy_is_not_quoted(store_that: TaughtStore, to: Start) -> None:
    page = Answer(502, b"<html><body>nginx says sorry</body></html>", {"content-type": "text/html"})
    store = store_that(page, 204)
    collector = to(store)
    collector.send(Log("x"))
    wait_for(lambda: messages(store) == ["x"], what="the record")
    assert "502 Bad Gateway" in collector.output()
    assert "nginx" not in collector.output()


def test_a_page_of_html_with_a_200_is_no_delivery(store_that: TaughtStore, to: Start) -> None:
    # A log-in page, or any other server at a wrong address, answers all with 200.
    page = Answer(200, b"<html>log in</html>", {"content-type": "text/html; charset=utf-8"})
    store = store_that(page, page, 204)
    collector = to(store)
    collector.send(Log("x"))
    wait_for(lambda: store.answered() == [200, 200, 204], what="the third try")
    assert "is the address right?" in collector.output()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/octet-stream", ""])
def test_a_success_of_another_type_is_a_delivery(running: tuple[ScriptedStore, Collector], kind: str) -> None:
    store, collector = running
    before = dead(collector)
    store.teach(Answer(200, b"{}", {"content-type": kind} if kind else {}))
    collector.send(Log("x"))
    wait_for(lambda: messages(store) == ["x"], what="the record")
    # What comes after it comes alone: the first was through.
    collector.send(Log("y"))
    wait_for(lambda: "y" in messages(store), what="the next record")
    assert messages(store) == ["x", "y"]
    assert dead(collector) == before


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_with_our_credentials(store_that: TaughtStore, to: Start, status: int) -> None:
    stranger = store_that(204)
    location = stranger.url.replace("http://", "http://user:sesame-4712@") + "/otlp/v1/logs?key=sesame-4713"
    store = store_that(Answer(status, headers={"location": location}), 204)
    collector = to(store, AEGIS_LOKI_TENANT="clinic-7", AEGIS_LOKI_AUTHORIZATION=f"Basic {KEY}")
    collector.send(Log("x"))
    wait_for(lambda: messages(store) == ["x"], what="the record, by the address that is set")
    assert stranger.requests() == []
    assert f"if {stranger.url}/otlp/v1/logs is right, name it as the address" in collector.output()
    assert "sesame" not in collector.output()


@pytest.mark.parametrize("how", ["hang", "reset", "cut"])
def test_an_answer_that_does_not_come_is_asked_for_again(store_that: TaughtStore, to: Start, how: str) -> None:
    store = store_that(Answer(200, b"x", how=how), Answer(200, b"x", how=how), 204)  # type: ignore[arg-type]
    collector = to(store, AEGIS_EXPORT_TIMEOUT="500ms")
    collector.send(*(Log(f"{n}") for n in range(12)))
    wait_for(lambda: 204 in store.answered(), what="the try that is answered")
    collector.stop()
    assert messages(store)[-12:] == [str(n) for n in range(12)]
    assert dead(collector) == []
    # What came again was the same to the last nanosecond, so that Loki drops what it had taken before.
    assert len({request.content for request in store.requests()}) == 1


def test_a_slow_answer_is_waited_for(store_that: TaughtStore, to: Start) -> None:
    store = store_that(Answer(204, delay=2.0))
    collector = to(store)
    collector.send(Log("x"))
    wait_for(lambda: messages(store) == ["x"], what="the record")
    collector.stop()
    assert store.answered() == [204]


def test_a_store_that_listens_later_gets_what_waited(start_collector: Start, tmp_path: Path, stack: ExitStack) -> None:
    sink = Sink(tmp_path / "loki", "/otlp/v1/logs")
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": sink.url})
    collector.send(*(Log(f"{n}") for n in range(12)))
    wait_for(lambda: "connection refused" in collector.output(), what="the refusal in the log")
    stack.enter_context(sink)
    assert [json.loads(record.body)["message"] for record in sink.wait_for(12)] == [str(n) for n in range(12)]


def test_a_password_in_the_address_is_sent_and_never_said(store_that: TaughtStore, start_collector: Start) -> None:
    store = store_that(Answer(401, otlp_status("sesame-4711 is wrong")))
    url = store.url.replace("http://", "http://user:sesame-4711@")
    collector = start_collector("loki", env={**PLAIN, "AEGIS_LOKI_URL": url})
    collector.send(Log("x"))
    wait_for(lambda: "[hidden] is wrong" in collector.output(), what="the refusal in the log")
    assert store.requests()[0].headers["authorization"] == f"Basic {KEY}"
    assert "sesame-4711" not in collector.output()


def test_order_is_kept_through_an_outage(store_that: TaughtStore, to: Start) -> None:
    store = store_that(503, 503, 503, 204)
    collector = to(store)
    for n in range(50):
        collector.send(Log(f"{n}"))
    wait_for(lambda: len(store.taken()) == 50, what="all records")
    assert messages(store) == [str(n) for n in range(50)]
