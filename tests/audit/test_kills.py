"""Processes are killed at any moment while many threads record: no call that returned is lost, and the trail verifies."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aegis_otel.audit import sources, trust_line
from aegis_otel.audit.states import State
from aegis_otel.audit.trust import parse_trust
from aegis_otel.audit.verify import verify
from tests.support.apps import clean_environment
from tests.support.examples import examples
from tests.support.processes import wait_for

pytestmark = pytest.mark.integration

APP = """
import os, sys, threading
from aegis_otel.audit import audit
said = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def work(name):
    number = 0
    while True:
        receipt = audit("READ", resource=f"{name}/{number}")
        os.write(said, f"{receipt.hash}\\n".encode())
        number += 1
for name in range(8):
    threading.Thread(target=work, args=(name,)).start()
"""
RUNS = max(2, examples(12) // 4)
PROCESSES = 4


@pytest.mark.timeout(1800)
def test_no_call_that_returned_is_lost_by_a_kill(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text(APP)
    env = clean_environment(AEGIS_AUDIT_DIR=str(tmp_path / "trail"))
    returned: set[str] = set()
    for run in range(RUNS):
        rng = random.Random(run)
        files = [tmp_path / f"said-{run}-{number}" for number in range(PROCESSES)]
        started = [subprocess.Popen([sys.executable, str(script), str(file)], env=env) for file in files]
        try:
            wait_for(lambda files=files: all(f.exists() and f.stat().st_size > 300 for f in files), what="records")
            for each in rng.sample(started, PROCESSES):
                time.sleep(rng.random() * 0.1)  # any moment will do
                each.kill()
        finally:
            for each in started:
                each.kill()
                each.wait()
        returned |= {line for file in files for line in file.read_text().split("\n")[:-1]}
    subprocess.run(
        [sys.executable, "-c", "from aegis_otel.audit import audit; audit('READ')"], env=env, check=True, timeout=300
    )
    folder = tmp_path / "trail"
    found = {
        json.loads(line)["auditHash"]
        for path in folder.iterdir()
        if path.suffix in (".live", ".ended", ".audit")
        for line in path.read_bytes().split(b"\n")
        if line.startswith(b"{")
    }
    assert len(returned) > RUNS * PROCESSES
    assert returned <= found
    report = verify(sources.folder(folder), parse_trust([trust_line(tmp_path / "trail.key")]))
    assert (report.state, report.problems[:3]) == (State.OK, [])
    assert report.chains == RUNS * PROCESSES + 1
