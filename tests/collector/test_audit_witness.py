"""The Collector as a witness of audit trails, and the verifier in Go: real programs, and chains made from the format's page."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aegis_otelcol import verifier_path

from tests.support.audit_chain import Chain, Key, log_of, sha256
from tests.support.collector import Collector, pieces
from tests.support.otlp import Log
from tests.support.processes import wait_for

Start = Callable[..., Collector]


@pytest.fixture
def node(tmp_path: Path) -> Key:
    return Key(tmp_path, "node")


@pytest.fixture
def keys(tmp_path: Path, node: Key) -> Path:
    """The witness' file of trusted keys."""
    file = tmp_path / "keys.txt"
    file.write_text(f"# the node of this test\n{node.vkey()}\n")
    return file


@pytest.fixture
def collector(start_collector: Start, keys: Path) -> Collector:
    return start_collector("file", env={"AEGIS_WITNESS_TRUSTED_KEYS": str(keys)}, more=pieces("audit-witness"))


def send(collector: Collector, records: Sequence[dict[str, Any]]) -> None:
    collector.send(*map(log_of, records), scope="aegis_otel.audit")


def metric(collector: Collector, name: str) -> dict[str, int]:
    """The values of a metric of the Collector by the label that tells them apart."""
    with urllib.request.urlopen(f"http://127.0.0.1:{collector.metrics_port}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    found = re.findall(rf"(?m)^otelcol_{name}(?:{{(.*)}})? (\S+)$", text)
    label = re.compile(r'(?:reason|outcome)="(\w+)"')
    return {(match[1] if (match := label.search(labels)) else ""): int(float(value)) for labels, value in found}


def evidence(collector: Collector) -> str:
    return (collector.data / "witness" / "evidence.notes").read_text(encoding="utf-8")


def verify(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """The exit code and the report of the verifier, as of a minute after the chains were opened."""
    command = [verifier_path(), "--json", "--as-of", "2026-01-31T12:01:00.000Z", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def trust_of(collector: Collector, keys: Path) -> Path:
    """A verifier's file of trusted keys: the node's and the witness'."""
    file = keys.with_name("verifier.txt")
    file.write_text(keys.read_text() + (collector.data / "witness" / "witness.vkey").read_text())
    return file


def test_rollbacks_and_forks_are_refused_100_of_100_also_after_a_kill(
    collector: Collector, tmp_path: Path, node: Key, keys: Path
) -> None:
    chain = Chain(tmp_path, "a", node).add(3).checkpoint().add(4).checkpoint().add(2).checkpoint()
    size = len(chain.records)
    send(collector, chain.records)
    forged = [
        chain.forged(other, before, sha256(f"history {number}".encode()))
        for number in range(25)
        for other, before in (
            (2 + number % (size - 2), 0),  # back, or with another root at a checkpoint that was taken
            (size, size - 3),  # the same size
            (size + 1 + number, size),  # from the last checkpoint, with a proof that does not hold
            (size + 1 + number, 5),  # from an earlier one
        )
    ]
    assert len(forged) == 100
    for number, record in enumerate(forged):
        if number == 50:
            collector.kill()
            collector.start()
            assert metric(collector, "aegis_witness_refused") == {}
        send(collector, [record])
        if number == 49:
            assert sum(metric(collector, "aegis_witness_refused").values()) == 50
    refused = metric(collector, "aegis_witness_refused")
    assert sum(refused.values()) == 50
    assert set(refused) == {"fork", "rollback"}
    assert f"\n{size}\n" in evidence(collector)
    assert evidence(collector).count("aegis-otel.audit/") == 2, "one note, and the chain's signature in it"
    wait_for(lambda: told(collector) >= {"fork", "rollback"}, what="a record of the refusals")
    assert "An audit checkpoint is refused" in collector.output()

    send(collector, chain.add(1).close().records[size:])
    wait_for(lambda: f"\n{size + 2}\n" in evidence(collector), what="the true chain going on")


def told(collector: Collector) -> set[str]:
    return {record["refusal"] for record in collector.stored() if record["message"].startswith("Audit checkpoint")}


def test_the_store_and_the_evidence_verify(collector: Collector, tmp_path: Path, node: Key, keys: Path) -> None:
    chain = Chain(tmp_path, "a", node).add(5).checkpoint().add(3).close()
    send(collector, chain.records)
    send(collector, chain.records[:4])  # a retry
    collector.stop()
    export = collector.data / "store" / "audit.jsonl"
    notes = collector.data / "witness" / "evidence.notes"
    trusted = trust_of(collector, keys)
    status, report = verify("--keys", trusted, "--evidence", notes, export)
    assert (status, report["state"], report["duplicates"]) == (0, "OK", 4), report

    lines = export.read_text().splitlines()
    rolled_back = tmp_path / "back.jsonl"
    rolled_back.write_text("\n".join(line for line in lines if json.loads(line)["auditSeq"] < 7) + "\n")
    status, report = verify("--keys", trusted, rolled_back)
    assert (status, report["state"]) == (0, "OK"), "without evidence nothing shows that there was more"
    status, report = verify("--keys", trusted, "--evidence", notes, rolled_back)
    assert (status, report["first"]["chain"], report["first"]["seq"]) == (22, chain.id, 7), report


def test_audit_records_of_others_are_kept_and_counted_unsealed(
    collector: Collector, tmp_path: Path, node: Key, keys: Path
) -> None:
    chain = Chain(tmp_path, "a", node).add(1).close()
    send(collector, chain.records)
    collector.send(
        Log("AUDIT: from another sender"),
        Log("x", attributes={"complianceLevel": "HIPAA"}),
        Log("y", attributes={"auditAction": "READ", "auditHash": "not one"}),
        Log("no audit record"),
    )
    assert metric(collector, "aegis_route_unsealed_audit_records") == {"": 3}
    collector.stop()
    export = collector.data / "store" / "audit.jsonl"
    assert len(export.read_text().splitlines()) == len(chain.records) + 3
    unsealed = tmp_path / "unsealed.jsonl"
    unsealed.write_text("".join(line for line in export.open() if "not one" not in line))
    status, report = verify("--keys", keys, unsealed)
    assert (status, report["state"], report["unsealed"]) == (25, "UNSEALED", 2), report


def test_a_witness_without_trusted_keys_does_not_start(tmp_path: Path) -> None:
    said = Collector(tmp_path / "c", "file", more=pieces("audit-witness")).start_in_vain()
    assert "AEGIS_WITNESS_TRUSTED_KEYS" in said


def test_the_name_and_the_time_to_hold_are_variables(
    tmp_path: Path, start_collector: Start, node: Key, keys: Path
) -> None:
    env = {
        "AEGIS_WITNESS_TRUSTED_KEYS": str(keys),
        "AEGIS_WITNESS_NAME": "witness.example",
        "AEGIS_WITNESS_HOLD_TIME": "10ms",
    }
    collector = start_collector("file", env=env, more=pieces("audit-witness"))
    assert (collector.data / "witness" / "witness.vkey").read_text().startswith("witness.example+")
    chain = Chain(tmp_path, "a", node).add(3).checkpoint().add(4).checkpoint()
    send(collector, [chain.records[0], chain.records[-1]])  # the checkpoint between them is lost
    wait_for(lambda: metric(collector, "aegis_witness_refused") == {"unproven": 1}, what="the end of the hold time")
