"""The endurance scenarios in small: that they run and count right. Their bars are for full size, on a quiet machine."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from benchmarks.endurance import sender, stores
from benchmarks.endurance.outcome import quantile

ROOT = Path(__file__).parents[1]


def test_an_app_loses_nothing_while_the_collector_is_away(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "benchmarks.endurance", "--only", "collector-away", "--scale", "0.01"]
    env = os.environ | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*argv, "--results", str(tmp_path)], cwd=ROOT, env=env, capture_output=True, text=True, timeout=200, check=False
    )
    (outcome,) = json.loads((tmp_path / "endurance.json").read_text())["outcomes"]
    assert outcome["figures"].get("records logged", 0) > 0, done.stderr
    measured = {bar["what"]: bar["measured"] for bar in outcome["bars"]}
    assert measured["records lost"] == measured["records out of order"] == 0, done.stderr
    assert done.returncode == (0 if outcome["met"] else 1)
    assert not list(tmp_path.glob("endurance-collector-away-*")), "its files are removed"


def test_each_record_of_the_flood_has_its_own_number_and_time() -> None:
    template = sender.Template(50)
    records = []
    for first in (0, 50):
        message = ExportLogsServiceRequest.FromString(template.fill(first))
        records += [record for scope in message.resource_logs[0].scope_logs for record in scope.log_records]
    numbers = [int(sender.MESSAGE.search(record.body.string_value.encode())[1]) for record in records]  # type: ignore[index]
    assert numbers == list(range(100))
    assert len({record.time_unix_nano for record in records}) == 100


def test_a_tail_follows_the_store_across_a_rotation(tmp_path: Path) -> None:
    live = tmp_path / "store" / "logs.jsonl"
    live.parent.mkdir()
    tail = stores.Tail(tmp_path)
    assert tail.read() == b""
    live.write_bytes(b"one\ntw")
    assert tail.read() == b"one\n"
    with live.open("ab") as file:
        file.write(b"o\n")
    live.rename(live.with_name("logs-20260101T000000.000000000Z.jsonl"))
    live.write_bytes(b"three\n")
    assert tail.read() + tail.read() == b"two\nthree\n"
    assert [match[0] for match in stores.matches(tmp_path, re.compile(rb"\w+"))] == [b"one", b"two", b"three"]
    tail.close()


def test_a_quantile_is_a_value_that_was_measured() -> None:
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile(range(1, 101), 0.99) == 99
    assert quantile([5], 0.99) == 5
    assert quantile([], 0.99) == math.inf
