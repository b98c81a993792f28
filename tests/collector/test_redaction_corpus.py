"""No secret gets past the real Collector: every one of the corpus, in every place, to every store."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.redaction.corpus import Case, benign_lines, records
from tests.support.collector import Collector, Sink
from tests.support.otlp import Log, Received, request

Start = Callable[..., Collector]
MARK = "corpusNumber"
NO_SECRET = 1_700_000_000 * 10**9
"""A time of which the digits are in no secret: those of now hold one of six digits every few hundred runs."""


@pytest.fixture(scope="module")
def corpus() -> list[Case]:
    return list(records())


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory, corpus: list[Case]) -> dict[str, dict[int, str]]:
    """Per store: what arrived, as text, by the number of its case."""
    folder = tmp_path_factory.mktemp("corpus")
    with ExitStack() as stack:
        loki = stack.enter_context(Sink(folder / "loki", "/otlp/v1/logs"))
        seq = stack.enter_context(Sink(folder / "seq", "/ingest/otlp/v1/logs"))
        env = {"AEGIS_LOKI_URL": loki.url, "SEQ_URL": seq.url}
        collector = stack.enter_context(Collector(folder / "collector", "file", "loki", "seq", env=env))
        for start in range(0, len(corpus), 500):
            message = None
            for number, case in enumerate(corpus[start : start + 500], start):
                log = Log(case.message, attributes={**case.attributes, MARK: number}, time_ns=NO_SECRET)
                one = request([log], resource=case.resource)
                if message is None:
                    message = one
                else:
                    message.resource_logs.extend(one.resource_logs)
            assert message is not None
            collector.send_request(message)
        by_store = {
            "file": {record[MARK]: json.dumps(record, ensure_ascii=False) for record in collector.stored()},
            "loki": {json.loads(r.body)[MARK]: text_of(r, r.body) for r in loki.wait_for(len(corpus))},
            "seq": {r.attributes[MARK]: text_of(r, "") for r in seq.wait_for(len(corpus))},
        }
        by_store["output"] = {0: collector.output()}
        return by_store


def text_of(record: Received, line: str) -> str:
    parts: list[Any] = [record.resource, record.attributes, record.body, record.raw]
    return line + "".join(json.dumps(part, ensure_ascii=False, default=str) for part in parts)


def test_the_corpus_is_as_large_as_the_bar_asks(corpus: list[Case]) -> None:
    assert len({case.secret.value for case in corpus}) >= 400
    assert len({case.place for case in corpus}) >= 8


@pytest.mark.parametrize("store", ["file", "loki", "seq"])
def test_every_record_arrives_and_none_leaks(
    corpus: list[Case], delivered: dict[str, dict[int, str]], store: str
) -> None:
    arrived = delivered[store]
    assert len(arrived) == len(corpus)
    leaks = [
        f"{case.secret.kind} in {case.place}: {arrived[number]}"
        for number, case in enumerate(corpus)
        if case.leaks(arrived[number])
    ]
    assert not leaks, f"{len(leaks)} of {len(corpus)}, such as:\n" + "\n".join(leaks[:10])


def test_the_collectors_own_output_holds_no_secret(corpus: list[Case], delivered: dict[str, dict[int, str]]) -> None:
    output = delivered["output"][0]
    assert not [case.secret.kind for case in corpus if len(case.secret.value) >= 8 and case.secret.value in output]


def test_benign_lines_stay_as_they_are(start_collector: Start) -> None:
    lines = benign_lines()
    assert len(lines) >= 400
    collector = start_collector("file")
    collector.send(*(Log(line, attributes={"copy": line}) for line in lines))
    stored = collector.stored()
    changed = [
        f"{line} -> {record['message']}"
        for line, record in zip(lines, stored, strict=True)
        if record["message"] != line or record["copy"] != line
    ]
    assert len(changed) < len(lines) / 100, "\n".join(changed)


def test_operators_can_add_rules_and_exceptions(start_collector: Start, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "keys: [{kind: badge, names: [badge number]}]\n"
        "values: [{kind: case_number, pattern: '\\bCASE-[0-9]{4}\\b'}]\n"
        "allow_keys: [resetToken]\n"
        "disable: [phone]\n"
    )
    collector = start_collector("file", env={"AEGIS_REDACTION_RULES": str(rules)})
    collector.send(
        Log("see CASE-1234, call 555-867-5309", attributes={"badgeNumber": 7, "resetToken": "abc", "password": "x"})
    )
    (record,) = collector.stored()
    assert record["message"] == "see [REDACTED:case_number], call 555-867-5309"
    assert record["badgeNumber"] == "[REDACTED:badge]"
    assert record["resetToken"] == "abc"
    assert record["password"] == "[REDACTED:password]"


def test_kinds_that_are_off_can_be_switched_on(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_REDACTION_ENABLE": "ipv4,ipv6"})
    collector.send(Log("from 192.0.2.7 and 2001:db8::1"))
    assert collector.stored()[0]["message"] == "from [REDACTED:ipv4] and [REDACTED:ipv6]"


def test_a_keyed_hash_joins_the_records_of_one_patient(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_REDACTION_HASH_KEY": "key"})
    collector.send(Log("a", attributes={"ssn": "219-09-9999"}), Log("SSN 219-09-9999 seen"), Log("ssn=219-09-9998"))
    first, second, third = collector.stored()
    mask = first["ssn"]
    assert mask.startswith("[REDACTED:ssn:")
    assert mask in second["message"]
    assert mask not in third["message"]


def test_who_and_what_of_an_audit_record_stay_readable(start_collector: Start) -> None:
    collector = start_collector("file")
    audit = {"auditAction": "READ", "userId": "dr.jones@example.org", "resourceId": "patient/7", "password": "x"}
    collector.send(Log("AUDIT: READ", attributes=audit))
    (record,) = collector.stored()
    assert (record["userId"], record["resourceId"]) == ("dr.jones@example.org", "patient/7")
    assert record["password"] == "[REDACTED:password]"


def test_keys_scopes_and_names_are_redacted_too(start_collector: Start, seq: Sink) -> None:
    collector = start_collector("file", "seq", env={"SEQ_URL": seq.url})
    collector.send(
        Log("x", attributes={"by jane@example.org": 1}, severity=0, severity_text="jane@example.org"),
        scope="mail.jane@example.org",
        scope_attributes={"password": "hunter2"},
    )
    seq.wait_for(1)
    everything = json.dumps(collector.stored()) + seq.received_file.read_text()
    assert "jane@example.org" not in everything
    assert "hunter2" not in everything


def test_hostile_nesting_is_cut_and_the_record_arrives(start_collector: Start) -> None:
    deep: Any = {"password": "hunter2"}
    for _ in range(200):
        deep = {"d": [deep]}
    collector = start_collector("file")
    collector.send(Log("deep", attributes={"deep": deep}), Log("[" * 5000 + '{"password":"hunter2"}' + "]" * 5000))
    text = json.dumps(collector.stored())
    assert "hunter2" not in text
    assert "[REDACTED:depth]" in text
