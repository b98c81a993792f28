"""Any order of append, take, done, crash, restart and damage leaves what a plain model says."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aegis_otel.deliver.spool import Batch, Spool, find_damage


class SpoolMachine(RuleBasedStateMachine):
    """The model: which entries wait, which were sent, and which were damaged on the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.next = 0
        self.waiting: set[int] = set()
        self.sent: list[int] = []
        self.broken: set[int] = set()
        self.told = 0
        self.batch: Batch | None = None
        self.start()

    def start(self) -> None:
        self.spool = Spool(self.root, "app")
        self.spool._segment_bytes = 400
        self.batch = None

    @rule(size=st.integers(0, 200), audit=st.booleans())
    def append(self, size: int, audit: bool) -> None:
        self.spool.append(b"<%06d>" % self.next + b"x" * size, 1, audit=audit)
        self.waiting.add(self.next)
        self.next += 1

    @rule(limit=st.integers(1, 600))
    def take(self, limit: int) -> None:
        self.batch = self.spool.take(limit)
        if self.batch is None:
            assert self.waiting <= self.broken

    @precondition(lambda self: self.batch is not None)
    @rule()
    def done(self) -> None:
        assert self.batch is not None
        found = [int(number) for number in re.findall(rb"<([0-9]{6})>", self.batch.payload)]
        assert len(found) == self.batch.records
        self.spool.done(self.batch)
        self.sent += found
        self.waiting -= set(found)
        self.batch = None

    @rule()
    def crash_and_restart(self) -> None:
        self.told += self.spool.damage.records
        self.spool.abandon()
        self.start()
        self.spool.adopt()

    @rule()
    def end_and_restart(self) -> None:
        self.told += self.spool.damage.records
        self.spool.close()
        self.start()
        self.spool.adopt()

    @precondition(lambda self: self.waiting - self.broken)
    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        if self.batch is not None:
            # Read already: what is on the disk no longer matters for it.
            return
        victim = data.draw(st.sampled_from(sorted(self.waiting - self.broken)))
        mark = b"<%06d>" % victim
        for path in self.root.glob("*/*"):
            if path.suffix in (".rest", ".audit") and mark in (content := path.read_bytes()):
                place = content.index(mark)
                path.write_bytes(content[:place] + b"{" + content[place + 1 :])
                self.broken.add(victim)

    @invariant()
    def nothing_is_sent_twice_or_made_up(self) -> None:
        assert len(self.sent) == len(set(self.sent))
        assert not self.broken & set(self.sent)

    def teardown(self) -> None:
        self.crash_and_restart()
        while (batch := self.spool.take(10_000)) is not None:
            self.sent += [int(number) for number in re.findall(rb"<([0-9]{6})>", batch.payload)]
            self.spool.done(batch)
        self.told += self.spool.damage.records
        self.spool.close()
        assert sorted(self.sent) == sorted(set(range(self.next)) - self.broken)
        assert self.told == len(self.broken)
        assert bool(find_damage(self.root).stretches) == bool(self.broken)
        assert not [path for path in self.root.iterdir() if re.fullmatch(r"app\.[0-9a-f]{16}", path.name)]
        shutil.rmtree(self.root)


TestSpool = SpoolMachine.TestCase
TestSpool.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
