"""Each single bit of a trail of 50 records is flipped in turn: each is found."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from aegis_otel.audit import sources
from aegis_otel.audit._trail import Trail
from aegis_otel.audit.states import State
from aegis_otel.audit.verify import Rules, verify
from tests.support import audit as trails
from tests.support.examples import SHARE

NOW = Rules(now=datetime(2026, 1, 31, 12, 1, tzinfo=timezone.utc))
STEP = 1 if SHARE >= 4 else 211
"""`make endurance` flips all bits; others one in 211, a prime, so that each kind of byte has its turn."""


def state_of(folder: Path) -> State:
    return verify(sources.folder(folder), trails.trust(), (), NOW).state


def trail_of_50(folder: Path) -> Trail:
    """A live chain of 50 records: one batch of many, batches of one, checkpoints, the last at the end."""
    maker = trails.Maker(folder)
    trail = maker.trail()
    trail.commit([maker.draft(number) for number in range(10)])
    for number in range(36):
        trail.commit([maker.draft(number)])
        if number % 18 == 17:
            trail.checkpoint()
    return trail


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "live"])
@pytest.mark.timeout(1800)
def test_each_bit_counts(tmp_path: Path, closed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_TRIES", 1)  # nobody is writing
    folder = tmp_path / "trail"
    trail = trail_of_50(folder)
    if closed:
        trail.close()
    else:
        trail.commit([trails.Maker(folder).draft(1)])
        trail.checkpoint()
    (path,) = (each for each in folder.iterdir() if len(each.stem) == 64)
    content = path.read_bytes()
    assert content.count(b"auditHash") >= 50
    assert state_of(folder) is State.OK
    missed = []
    for bit in range(0, len(content) * 8, STEP):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        if state_of(folder) is State.OK:
            missed.append((bit // 8, bit % 8))
    assert missed == []
