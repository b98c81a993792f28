"""The embedded store as a source: labels, times, torn lines, rotation, and what is skipped without being parsed."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores import StoreError, logql
from aegis_otel.stores.logql import embedded
from aegis_otel.stores.logql.embedded import EmbeddedSource

BEGIN = 1_750_897_341_000_000_000  # 2025-06-26T00:22:21Z
EVERYTHING = {"start_ns": 0, "end_ns": 2**62}


def record(milliseconds: int = 0, **fields: Any) -> dict[str, Any]:
    base = {
        "timestamp": f"2025-06-26T00:22:{21 + milliseconds // 1000:02d}.{milliseconds % 1000:03d}Z",
        "level": "info",
        "message": "m",
        "service": "orders",
        "environment": "test",
    }
    return {**base, **fields}


RECORD = json.dumps(record(), separators=(",", ":")).encode()


def write(folder: Path, *records: dict[str, Any] | str, name: str = "logs.jsonl") -> EmbeddedSource:
    lines = [one if isinstance(one, str) else json.dumps(one, separators=(",", ":")) for one in records]
    (folder / name).write_text("".join(line + "\n" for line in lines))
    return EmbeddedSource(folder)


def entries(source: EmbeddedSource, selector: str = '{service=~".+"}', *needles: bytes) -> list[logql.Entry]:
    matchers = logql.parse(selector).root.matchers
    return list(source.entries(0, 2**62, matchers, needles))


def messages(source: EmbeddedSource, query: str) -> list[str]:
    answer = logql.range_(source, query, step_ns=1, limit=1000, direction="forward", **EVERYTHING)
    assert isinstance(answer, logql.Streams)
    found = sorted(entry for stream in answer.streams for entry in stream.entries)
    return [json.loads(line)["message"] for _, line in found]


def test_a_record_is_an_entry_with_its_labels_and_metadata(store):
    one = record(578, complianceLevel="HIPAA", correlationId="c-1", traceId="ab", userId="u")
    [entry] = entries(write(store, one))
    assert entry.time_ns == BEGIN + 578_000_000
    assert json.loads(entry.line) == one
    assert entry.labels == {"service": "orders", "environment": "test", "level": "info", "complianceLevel": "HIPAA"}
    assert entry.metadata == {"correlationId": "c-1", "traceId": "ab"}


def test_only_labels_that_a_record_has_are_there(store):
    one = {"timestamp": record()["timestamp"], "message": "m", "service": ""}
    [entry] = entries(write(store, one))
    assert (entry.labels, entry.metadata) == ({}, {})


@pytest.mark.parametrize("tail", ["", "\n"])
def test_a_line_that_was_torn_behind_a_brace_is_no_record(store, tail):
    write(store, record(1))
    torn = json.dumps(record(2, user={"a": 1}, more=2), separators=(",", ":")).partition(',"more"')[0]
    with (store / "logs.jsonl").open("a") as file:
        file.write(torn + tail)
    assert [entry.time_ns - BEGIN for entry in entries(EmbeddedSource(store))] == [10**6]


def test_a_file_that_ended_before_the_wanted_time_is_not_read(store):
    source = write(store, record(1))
    os.utime(store / "logs.jsonl", (1_750_897_341 - 601, 1_750_897_341 - 601))
    assert list(source.entries(BEGIN, 2**62, (), ())) == []
    os.utime(store / "logs.jsonl", (1_750_897_341 - 599, 1_750_897_341 - 599))
    assert len(list(source.entries(BEGIN, 2**62, (), ()))) == 1


@pytest.mark.parametrize(
    "broken", ["", '{"timestamp":"2025-06-26T00:2', "[]", "5", "null", '{"timestamp":5}', '{"a":1}', "\x00"]
)
def test_what_is_no_record_is_skipped(store, broken):
    source = write(store, record(1), broken, record(2))
    assert [entry.time_ns - BEGIN for entry in entries(source)] == [10**6, 2 * 10**6]
    assert source.skipped == (1 if broken else 0)


@pytest.mark.parametrize(
    "broken",
    [
        RECORD.replace(b'"m"', b'"m\xff"'),
        RECORD.replace(b'"m"', b'"m\x00"'),
        RECORD.replace(b'"m"', b'"a\tb"'),
        RECORD.replace(b'"m"', rb'"\q"'),
        RECORD.replace(b'"m"', rb'"\u12"'),
        RECORD[:-1] + b",garbage}",
        RECORD[:-1] + b',"number":01}',
        RECORD[:-1] + b',"number":NaN]}',
        RECORD[:-1] + b',"a":1,}',
        RECORD + RECORD,
    ],
)
def test_what_is_no_json_in_utf_8_is_no_record_wherever_it_is_wrong(store, broken):
    (store / "logs.jsonl").write_bytes(b"%s\n%s\n" % (broken, RECORD))
    source = EmbeddedSource(store)
    assert len(entries(source)) == 1
    assert source.skipped == 1


@pytest.mark.parametrize(
    "field", ['"level":"error"', '"service":"other"', '"correlationId":"c-2"', '"complianceLevel":"X"']
)
def test_a_label_that_comes_once_more_keeps_its_first_value(store, field):
    line = json.dumps(record(correlationId="c-1", complianceLevel="HIPAA"), separators=(",", ":"))[:-1] + f",{field}}}"
    [entry] = entries(write(store, line))
    first = {"correlationId": "c-1", "complianceLevel": "HIPAA", "level": "info", "service": "orders"}
    found = {**entry.labels, **entry.metadata}
    assert {name: found[name] for name in first} == first


def test_a_line_that_a_kill_tore_and_the_next_ran_into_is_skipped(store):
    whole = json.dumps(record(2), separators=(",", ":"))
    source = write(store, whole[:90] + whole, record(3))
    assert [entry.time_ns - BEGIN for entry in entries(source)] == [3 * 10**6]
    assert source.skipped == 1


def test_a_line_that_is_still_being_written_waits(store):
    write(store, record(1))
    with (store / "logs.jsonl").open("a") as file:
        file.write('{"timestamp":"2025-06-26T00:22:21.002Z","lev')
    source = EmbeddedSource(store)
    assert (len(entries(source)), source.skipped) == (1, 0)


def test_rotated_files_are_read_too_the_oldest_first(store):
    packed = json.dumps(record(message="first"), separators=(",", ":")) + "\n"
    with gzip.open(store / "logs-1.jsonl.gz", "wt") as file:
        file.write(packed)
    write(store, record(message="second"), name="logs-2.jsonl")
    source = write(store, record(message="third"))
    for age, name in enumerate(("logs-2.jsonl", "logs-1.jsonl.gz"), 1):
        os.utime(store / name, (1_750_900_000 - age, 1_750_900_000 - age))
    assert [json.loads(entry.line)["message"] for entry in entries(source)] == ["first", "second", "third"]


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_packed_file_that_cannot_be_unpacked_is_an_error_that_names_it(store, direction):
    packed = gzip.compress("".join(json.dumps(record(number)) + "\n" for number in range(100)).encode())
    (store / "logs-1.jsonl.gz").write_bytes(packed[:20] + b"\xff" * 40 + packed[60:])
    with pytest.raises(StoreError, match=r"logs-1\.jsonl\.gz cannot be read: .*; move it out of the store"):
        logql.range_(EmbeddedSource(store), '{service=~".+"}', step_ns=1, direction=direction, **EVERYTHING)


def test_a_store_may_have_more_files_than_a_process_may_open(store, few_open_files):
    for number in range(few_open_files):
        write(store, record(number, message=str(number)), name=f"logs-{number:04d}.jsonl")
        os.utime(store / f"logs-{number:04d}.jsonl", (number, 2**31 + number))
    source = EmbeddedSource(store)
    assert messages(source, '{service="orders"}') == [str(number) for number in range(few_open_files)]
    assert count(source, 'sum by (level) (count_over_time({service="orders"}[1h]))') == {("info",): few_open_files}


def test_a_store_with_more_files_than_a_process_may_open_is_followed(store, few_open_files):
    for number in range(few_open_files):
        write(store, record(number), name=f"logs-{number:04d}.jsonl")
        os.utime(store / f"logs-{number:04d}.jsonl", (number, number))
    source = write(store, record(few_open_files))
    with source.arrivals() as arrivals:
        with (store / "logs.jsonl").open("ab") as live:
            live.write(RECORD + b"\n" + RECORD[:-1] + b",garbage}\n")
        assert len(entries(source)) == few_open_files + 1
        assert [entry.line for entry in arrivals.entries()] == [RECORD.decode()]
    assert source.skipped == 1


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(StoreError, match="aegis-otel up"):
        entries(EmbeddedSource(tmp_path / "none"))


def test_an_empty_folder_is_an_empty_store(store):
    assert entries(EmbeddedSource(store)) == []


def test_a_value_elsewhere_in_a_line_does_not_make_it_match(store):
    source = write(store, record(1, message="of orders"), record(2, service="other", message='"service":"orders"'))
    assert messages(source, '{service="orders"}') == ["of orders"]
    assert messages(source, '{service="other"} |= "orders"') == ['"service":"orders"']


@pytest.mark.parametrize("text", ["é", 'a"b', "a\\b", "a/b", "<b>", "a\tb", "😀", "a b", "\u2028"])
def test_a_value_that_json_may_write_in_several_ways_is_found_in_each(store, text):
    fields = {"service": text, "correlationId": text}
    plain = json.dumps(record(1, message="plain", **fields), ensure_ascii=False)
    escaped = (
        json.dumps(record(2, message="escaped", **fields), ensure_ascii=True)
        .replace("/", "\\/")
        .replace("<", "\\u003c")
    )
    source = write(store, plain, escaped, record(3))
    quoted = json.dumps(text, ensure_ascii=False)
    for query in (f"{{service={quoted}}}", f'{{service=~".+"}} | json | correlationId={quoted}'):
        assert messages(source, query) == ["plain", "escaped"]


def test_nested_names_that_look_like_labels_are_none(store):
    nested = {"traceId": "no", "correlationId": "no", "complianceLevel": "no", "service": "no"}
    [entry] = entries(write(store, record(user=nested, message='{"timestamp":"x","traceId":"y"}')))
    assert entry.labels == {"service": "orders", "environment": "test", "level": "info"}
    assert entry.metadata == {}


def test_start_and_end_are_exact(store):
    source = write(store, *(record(number) for number in range(5)))
    found = source.entries(BEGIN + 10**6, BEGIN + 3 * 10**6, logql.parse('{service=~".+"}').root.matchers, ())
    assert [entry.time_ns - BEGIN for entry in found] == [10**6, 2 * 10**6]
    found = source.entries(BEGIN + 10**6 + 1, BEGIN + 3 * 10**6 + 1, logql.parse('{service=~".+"}').root.matchers, ())
    assert [entry.time_ns - BEGIN for entry in found] == [2 * 10**6, 3 * 10**6]


TEXTS = st.text(max_size=5) | st.sampled_from(["orders", "true", "5", '"', "\\"])
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"message": TEXTS, "level": st.sampled_from(["info", "warn"]), "service": TEXTS, "environment": TEXTS},
        optional={
            "correlationId": TEXTS,
            "traceId": TEXTS,
            "complianceLevel": TEXTS,
            "user": st.dictionaries(TEXTS, TEXTS),
        },
    ),
    max_size=6,
)


@given(RECORDS, st.booleans())
def test_any_record_has_the_labels_that_json_says(tmp_path_factory, records, ascii_only):
    folder = tmp_path_factory.mktemp("store")
    lines = [
        json.dumps({"timestamp": record()["timestamp"], **one}, ensure_ascii=ascii_only, separators=(",", ":"))
        for one in records
    ]
    found = entries(write(folder, *(line.encode("utf-8", "replace").decode() for line in lines)))
    for entry, line in zip(found, lines, strict=True):
        expected = json.loads(line.encode("utf-8", "replace").decode())
        assert entry.labels == {
            n: expected[n] for n in ("service", "environment", "level", "complianceLevel") if expected.get(n)
        }
        assert entry.metadata == {n: expected[n] for n in ("correlationId", "traceId") if expected.get(n)}


def count(source: EmbeddedSource, query: str) -> dict[tuple[str, ...], float]:
    answer = logql.instant(source, query, time_ns=BEGIN + 60 * 10**9)
    assert isinstance(answer, logql.Vector)
    return {tuple(one.labels.values()): one.value for one in answer.samples}


MIXED = [
    record(n, level=level, service=service)
    for n, (level, service) in enumerate([("info", "a"), ("warn", "a"), ("info", "b")])
]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ('sum by (level) (count_over_time({service=~".+"}[5m]))', {("info",): 2, ("warn",): 1}),
        ('sum by (level, service) (count_over_time({service="a"}[5m]))', {("info", "a"): 1, ("warn", "a"): 1}),
        ('sum(count_over_time({service!="a", level=~"info|warn"}[5m]))', {(): 1}),
        ('sum by (level) (count_over_time({service=~".+"}[59999ms]))', {("info",): 1}),
        ('sum by (level) (count_over_time({service=~".+"}[59998ms]))', {}),
        ('sum by (complianceLevel) (rate({service=~".+"}[1m]))', {(): 2 / 60}),
    ],
)
@pytest.mark.parametrize(
    "broken", [(), ("torn",), ("[]",), ('{"timestamp":"2025-06-26T00:22:21.5Z","service":"other"}',)]
)
def test_counting_at_once_gives_what_counting_each_gives(store, monkeypatch, query, values, broken):
    pytest.importorskip("duckdb")
    source = write(store, *broken, *MIXED)
    at_once = count(source, query)
    monkeypatch.setattr(EmbeddedSource, "tallies", lambda *arguments: None)
    assert at_once == count(source, query)
    if "other" not in str(broken):
        assert at_once == pytest.approx(values)


@pytest.mark.parametrize("service", [5, True, {"a": 1}, ["a"], None, "5", "true", "{}"])
def test_a_label_that_is_no_text_is_none_however_it_is_counted(store, service):
    source = write(store, record(service=service))
    expected = {(service,): 1} if isinstance(service, str) else {(): 1}
    assert count(source, 'sum by (service) (count_over_time({level="info"}[5m]))') == expected


@given(
    st.lists(st.sampled_from(["é" * 30, "x", "y" * 70, "needle", "needle needle"]), max_size=40),
    st.sampled_from([7, 64, 200, 10**6]),
    st.booleans(),
)
def test_lines_are_read_the_same_from_either_end(tmp_path_factory, texts, block, ends):
    folder = tmp_path_factory.mktemp("store")
    source = write(folder, *(record(number, message=text) for number, text in enumerate(texts)))
    if not ends and texts:
        content = (folder / "logs.jsonl").read_bytes()
        (folder / "logs.jsonl").write_bytes(content[:-1])
    for needles in ((), (b"needle",)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(embedded, "_BLOCK", block)
            forward = list(source.entries(0, 2**62, (), needles))
            backward = list(source.newest(0, 2**62, (), needles, lambda: 0))
        assert backward == forward[::-1]
        assert [json.loads(entry.line)["message"] for entry in forward] == [
            text for text in texts if not needles or "needle" in text
        ]


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(1, 10))
def test_the_newest_are_found_however_late_records_came(tmp_path_factory, times, limit):
    folder = tmp_path_factory.mktemp("store")
    source = write(folder, *(record(at, message=str(number)) for number, at in enumerate(times)))
    answer = logql.range_(
        source,
        '{service="orders"} | json | line_format "{{.message}}" | keep service',
        step_ns=1,
        limit=limit,
        **EVERYTHING,
    )
    assert isinstance(answer, logql.Streams)
    found = [int(line) for stream in answer.streams for _, line in stream.entries]
    # The newest first; of equal times, the one that was written last.
    newest = sorted(range(len(times)), key=lambda number: (times[number], number), reverse=True)[:limit]
    assert found == newest
