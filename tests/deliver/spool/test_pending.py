"""A disk that takes some entries and not others: nothing is lost, and people are told, not flooded."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from aegis_otel.deliver.spool import Pending, Spool, _pending


@pytest.fixture
def clock(monkeypatch):
    now = [1_000.0]
    monkeypatch.setattr(_pending.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def flapping(tmp_path: Path, monkeypatch):
    """What is pending where the disk is full for every other entry, and what people were told."""
    spool = Spool(tmp_path, "app")
    append, calls = spool.append, [0]

    def every_other(*args, **kwargs):
        calls[0] += 1
        if calls[0] % 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return append(*args, **kwargs)

    monkeypatch.setattr(spool, "append", every_other)
    told: list[str] = []
    kept = Pending(spool, told.append)
    yield kept, told
    kept.close()


def test_a_disk_that_keeps_changing_its_mind_is_told_of_once_a_minute(clock, flapping):
    kept, told = flapping
    for _ in range(100):
        kept.append(b"x", 1, audit=False)
    assert [("cannot be written" in text, "again" in text) for text in told] == [(True, False), (False, True)]
    clock[0] += 61
    for _ in range(100):
        kept.append(b"x", 1, audit=False)
    assert len(told) == 4


def test_what_the_disk_refuses_is_held_in_memory(clock, flapping):
    kept, _ = flapping
    for _ in range(100):
        kept.append(b"x", 1, audit=False)
    assert kept.memory.pending_records == 50
    assert kept.pending_records == 100
