"""What the embedded store holds: AegisX's JSON, one object a line, private, safe on disk."""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from aegis_otel.stores import Query, _sidecar
from aegis_otel.stores.embedded import EmbeddedStore
from aegis_otel.stores.sql import run
from tests.support.collector import Collector
from tests.support.otlp import Log
from tests.support.processes import wait_for

Start = Callable[..., Collector]
TRACE = bytes(range(16))
SPAN = bytes(range(8))


def test_a_record_has_the_fields_in_the_order_of_the_aegisx_page(start_collector: Start) -> None:
    collector = start_collector("file")
    collector.send(
        Log(
            "HTTP Request Completed",
            attributes={"correlationId": "abc-1", "method": "POST", "statusCode": 401, "responseTime": 7},
            trace_id=TRACE,
            span_id=SPAN,
            time_ns=1_750_897_341_578_999_999,
        )
    )
    assert list(collector.stored()[0].items()) == [
        ("timestamp", "2025-06-26T00:22:21.578Z"),
        ("level", "info"),
        ("message", "HTTP Request Completed"),
        ("service", "orders"),
        ("environment", "test"),
        ("correlationId", "abc-1"),
        ("traceId", TRACE.hex()),
        ("spanId", SPAN.hex()),
        ("logger", "orders.api"),
        ("method", "POST"),
        ("statusCode", 401),
        ("responseTime", 7),
    ]


def test_without_a_correlation_id_the_trace_id_stands_in_as_a_uuid(start_collector: Start) -> None:
    collector = start_collector("file")
    collector.send(Log("x", trace_id=TRACE))
    assert collector.stored()[0]["correlationId"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"


def test_reserved_names_are_kept_apart(start_collector: Start) -> None:
    collector = start_collector("file")
    collector.send(Log("mine", attributes={"message": "theirs", "level": "odd", "service": "s"}))
    record = collector.stored()[0]
    assert record["message"] == "mine"
    assert record["level"] == "info"
    assert [record[f"extra.{name}"] for name in ("message", "level", "service")] == ["theirs", "odd", "s"]


def test_a_foreign_exception_gets_aegisx_names(start_collector: Start) -> None:
    collector = start_collector("file")
    collector.send(
        Log(
            "boom",
            severity=17,
            attributes={"exception.type": "Oops", "exception.message": "bad", "exception.stacktrace": "at x"},
        ),
        resource={"deployment.environment": "old"},
    )
    record = collector.stored()[0]
    assert record["service"] == "unknown_service"
    assert record["environment"] == "old"
    assert (record["errorName"], record["errorMessage"]) == ("Oops", "bad")
    assert record["error"] == {"name": "Oops", "message": "bad", "stack": "at x"}
    assert not any(name.startswith("exception.") for name in record)


def test_levels_follow_the_severity_number_then_the_text(start_collector: Start) -> None:
    collector = start_collector("file")
    collector.send(
        *(Log("n", severity=n) for n in (1, 8, 9, 12, 13, 16, 17, 21)),
        *(Log("t", severity=0, severity_text=text) for text in ("Warning", "FATAL", "trace", "")),
    )
    assert [record["level"] for record in collector.stored()] == (
        ["debug", "debug", "info", "info", "warn", "warn", "error", "error", "warn", "error", "debug", "info"]
    )


def test_values_that_json_has_no_form_for_still_arrive(start_collector: Start) -> None:
    collector = start_collector("file")
    collector.send(
        Log(
            "odd values",
            attributes={"nan": math.nan, "inf": -math.inf, "raw": b"\x00\xff", "none": None, "list": [1, {"a": []}]},
        )
    )
    record = collector.stored()[0]
    assert (record["nan"], record["inf"], record["raw"], record["none"]) == ("NaN", "-Infinity", "AP8=", None)
    assert record["list"] == [1, {"a": []}]


def test_a_body_that_is_a_map_gives_message_and_attributes(start_collector: Start) -> None:
    collector = start_collector("file")
    collector.send(Log({"message": "from a map", "orderId": 7}), Log({"orderId": 8}))
    first, second = collector.stored()
    assert (first["message"], first["orderId"]) == ("from a map", 7)
    assert second["message"] == '{"orderId":8}'


def test_a_message_with_line_breaks_stays_one_line(start_collector: Start) -> None:
    collector = start_collector("file")
    collector.send(Log("a\nb\r\nc\u2028d"))
    assert collector.stored()[0]["message"] == "a\nb\r\nc\u2028d"


def test_files_are_for_their_owner_only_and_rotate(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_FILE_MAX_MB": "1", "AEGIS_FILE_MAX_FILES": "2"})
    for batch in range(5):
        collector.send(*(Log("x" * 10_000, attributes={"n": batch * 60 + n}) for n in range(60)))
    files = sorted((collector.data / "store").glob("logs*.jsonl"))
    assert len(files) == 3
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in (collector.data / "store").iterdir())
    assert stat.S_IMODE((collector.data / "store").stat().st_mode) == 0o700
    assert [record["n"] for record in collector.stored()] == list(range(120, 300))


def test_no_flood_of_other_records_displaces_an_audit_record(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_FILE_MAX_MB": "1", "AEGIS_FILE_MAX_FILES": "1"})
    collector.send(Log("before"), Log("AUDIT: READ", attributes={"auditAction": "READ"}))
    for _ in range(5):
        collector.send(*(Log("x" * 10_000, severity=17) for _ in range(60)))
    messages = [record["message"] for record in collector.stored()]
    assert "AUDIT: READ" in messages
    assert "before" not in messages
    store = EmbeddedStore(collector.data / "store")
    assert "AUDIT: READ" in [record["message"] for record in store.newest(Query(limit=1000))]
    assert run(store.folder, "select message from stream where has(auditAction)").rows == [("AUDIT: READ",)]


def test_audit_files_are_kept_by_age_not_by_count(start_collector: Start) -> None:
    environment = {"AEGIS_FILE_MAX_MB": "1", "AEGIS_FILE_MAX_FILES": "1", "AEGIS_FILE_AUDIT_MAX_AGE": "2d"}
    collector = start_collector("file", env=environment)
    for batch in range(5):
        collector.send(*(Log("AUDIT: " + "x" * 10_000, attributes={"n": batch * 60 + n}) for n in range(60)))
    assert [record["n"] for record in collector.stored()] == list(range(300))
    collector.stop()
    folder = collector.data / "store"
    now = datetime.now(timezone.utc)
    for days in (1, 3):
        stamp = f"{now - timedelta(days=days):%Y%m%dT%H%M%S}.000000000Z"
        (folder / f"audit-{stamp}.jsonl").write_text(f'{{"n":{-days}}}\n')
    collector.start()
    wait_for(lambda: not any(record["n"] == -3 for record in collector.stored()), what="the removal of the old file")
    assert [record["n"] for record in collector.stored()] == [-1, *range(300)]


def test_a_rotated_file_gets_a_sidecar_by_which_ids_are_found(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_FILE_MAX_MB": "1"})
    ids = [*(f"id-{n}" for n in range(58)), 'a"\\ü', "id-7"]
    for _ in range(2):
        collector.send(*(Log("x" * 10_000, attributes={"correlationId": each}) for each in ids))
    folder = collector.data / "store"
    rotated = next(iter(folder.glob("logs-*.jsonl")))
    sidecar = rotated.with_name(rotated.name + ".idx")
    wait_for(sidecar.exists, what="the sidecar")
    offsets: dict[str, list[int]] = {}
    position = 0
    for line in rotated.read_bytes().splitlines(keepends=True):
        offsets.setdefault(json.loads(line)["correlationId"], []).append(position)
        position += len(line)
    assert {each: _sidecar.offsets(rotated, rotated.stat(), each) for each in offsets} == offsets
    assert _sidecar.offsets(rotated, rotated.stat(), "none") == []
    assert len(EmbeddedStore(folder).newest(Query(correlation_id="id-7"))) == 4


def test_what_was_acknowledged_survives_a_kill(start_collector: Start) -> None:
    collector = start_collector("file")
    collector.send(Log("before"))
    collector.kill()
    collector.start()
    collector.send(Log("after"))
    assert [record["message"] for record in collector.stored()] == ["before", "after"]
