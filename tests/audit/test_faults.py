"""The disk fails while a trail is written: at each call, in each way. No call says that a record is safe when it is not.

`Faulty` is the real disk in which one call of a kind fails. `Recorded` writes down what would reach a disk, so that any
crash of the machine can be played: data that was not synced is lost or torn, and so are names in folders.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import pytest

from aegis_otel.audit import sources
from aegis_otel.audit._errors import AuditError, AuditUncertainError
from aegis_otel.audit._seal import Receipt
from aegis_otel.audit.states import Report, State
from aegis_otel.audit.verify import Rules, verify
from tests.support import audit as trails
from tests.support.examples import examples

NOW = Rules(now=datetime(2026, 1, 31, 12, 1, tzinfo=timezone.utc))


def verified(folder: Path) -> Report:
    return verify(sources.folder(folder), trails.trust(), (), NOW)


def hashes(folder: Path) -> set[str]:
    return {record["auditHash"] for records in trails.read_trail(folder).values() for record in records}


class Faulty(trails.QuickDisk):
    """Fails once: at the `at`-th call of a kind, in one way."""

    def __init__(self, kind: str, at: int, code: int) -> None:
        self.kind, self.at, self.code = kind, at, code
        self.calls = 0
        self.failed: set[int] = set()
        self.again = 0
        self.happened = False

    def _fails(self, kind: str, file: int | None = None) -> bool:
        if file is not None and file in self.failed:
            self.again += 1
        if kind != self.kind:
            return False
        self.calls += 1
        if self.calls != self.at:
            return False
        self.happened = True
        if file is not None:
            self.failed.add(file)
        return True

    def write(self, file: int, data: bytes) -> None:
        if self._fails("write", file):
            super().write(file, data[: len(data) * 2 // 3] if self.code else b"")
            raise OSError(self.code or errno.ENOSPC, "no more")
        super().write(file, data)

    def sync(self, file: int) -> None:
        if self._fails("sync", file):
            raise OSError(self.code, "failed")

    def sync_folder(self, folder: Path) -> None:
        if self._fails("folder"):
            raise OSError(self.code, "failed")

    def create(self, path: Path) -> int:
        if self._fails("create"):
            raise OSError(self.code, "failed")
        file = super().create(path)
        self.failed.discard(file)  # a number that is used again
        return file


WAYS = {
    "fsync EIO": ("sync", errno.EIO),
    "write ENOSPC, nothing written": ("write", 0),
    "write ENOSPC, a part written": ("write", errno.ENOSPC),
    "folder EIO": ("folder", errno.EIO),
    "create ENOSPC": ("create", errno.ENOSPC),
}
PLACES = examples(40)


@pytest.mark.parametrize("way", WAYS)
def test_a_failing_disk_is_told_and_the_trail_goes_on(tmp_path: Path, way: str) -> None:
    kind, code = WAYS[way]
    for place in range(1, PLACES + 1):
        folder = tmp_path / f"{place}"
        disk = Faulty(kind, place, code)
        maker = trails.Maker(folder, disk)
        safe: list[str] = []
        errors = 0
        trail = maker.trail()
        for number in range(2 * PLACES):
            (result,) = trail.commit([maker.draft(number)])
            if isinstance(result, Receipt):
                safe.append(result.hash)
            else:
                errors += 1
            if number % 7 == 6 and trail.is_open:
                try:
                    trail.checkpoint()
                except AuditError:
                    errors += 1
            if kind in ("create", "folder") and number % 2:
                trail.close()
        trail.close()
        if not disk.happened:
            assert errors == 0
            break
        assert errors == 1
        assert disk.again == 0, "a file whose write or sync failed was written or synced again"
        assert set(safe) <= hashes(folder)
        report = verified(folder)
        assert (report.state, report.problems) == (State.OK, []), place


@pytest.mark.parametrize("how", ["removed", "replaced", "cut", "longer", "folder removed"])
def test_a_file_that_somebody_touches_is_noticed_before_the_next_record_is_called_safe(
    tmp_path: Path, how: str
) -> None:
    for place in range(PLACES):
        folder = tmp_path / f"{place}" / "trail"
        maker = trails.Maker(folder)
        trail = maker.trail()
        for number in range(place + 1):
            assert isinstance(trail.commit([maker.draft(number)])[0], Receipt)
        (path,) = folder.glob("*.live")
        content = path.read_bytes()
        if how in ("removed", "replaced", "folder removed"):
            path.unlink()
        if how == "replaced":
            path.write_bytes(content)
        if how == "cut":
            path.write_bytes(content[:-1])
        if how == "longer":
            path.write_bytes(content + b"x")
        if how == "folder removed":
            (folder / "lock").unlink()
            folder.rmdir()
        (result,) = trail.commit([maker.draft(1000)])
        assert isinstance(result, AuditError)
        assert not isinstance(result, AuditUncertainError)
        (result,) = trail.commit([maker.draft(1001)])
        assert isinstance(result, Receipt)
        assert result.hash in hashes(folder)
        assert verified(folder).state is not State.OK or how == "replaced"
        (left,) = [
            each
            for records in trails.read_trail(folder).values()
            for each in records
            if each.get("auditEvent") == "left"
        ]
        assert left["auditOfSize"] == place + 3


# Crashes of the machine


@dataclass
class Recorded(trails.QuickDisk):
    """Writes down what would reach a disk, with what was told to whom.

    A step is (kind, path, data): `create`, `write`, `sync`, `folder`, `rename`, `cut`, `told`.
    """

    steps: list[tuple[str, Path, bytes]] = field(default_factory=list)
    paths: dict[int, Path] = field(default_factory=dict)

    def create(self, path: Path) -> int:
        file = super().create(path)
        self.paths[file] = path
        self.steps.append(("create", path, b""))
        return file

    def open(self, path: Path) -> int:
        file = super().open(path)
        self.paths[file] = path
        return file

    def write(self, file: int, data: bytes) -> None:
        super().write(file, data)
        self.steps.append(("write", self.paths[file], data))

    def sync(self, file: int) -> None:
        self.steps.append(("sync", self.paths[file], b""))

    def sync_folder(self, folder: Path) -> None:
        self.steps.append(("folder", folder, b""))

    def rename(self, path: Path, new: Path) -> None:
        super().rename(path, new)
        self.steps.append(("rename", path, str(new).encode()))
        for file, known in self.paths.items():
            if known == path:
                self.paths[file] = new

    def truncate(self, file: int, size: int) -> None:
        super().truncate(file, size)
        self.steps.append(("cut", self.paths[file], b"%d" % size))

    def remove(self, path: Path) -> None:
        super().remove(path)
        self.steps.append(("remove", path, b""))


@dataclass
class Blocks:
    """A file as a disk has it: what was synced, and what only the kernel has."""

    synced: bytes = b""
    pending: bytes = b""


def after_crash(
    steps: list[tuple[str, Path, bytes]], choose: Callable[[int], int]
) -> tuple[dict[Path, bytes], set[str]]:
    """The files after a crash of the machine behind these steps, and the hashes that were told to be safe.

    Args:
        steps: what was done.
        choose: from a number of ways the one that comes true.
    """
    files: dict[Path, Blocks] = {}
    durable: dict[Path, Blocks] = {}
    told: set[str] = set()
    for kind, path, data in steps:
        if kind == "create":
            files[path] = Blocks()
        elif kind == "write":
            files[path].pending += data
        elif kind == "cut":
            whole = files[path].synced + files[path].pending
            files[path].synced, files[path].pending = whole[: int(data)], b""
        elif kind == "sync":
            files[path].synced += files[path].pending
            files[path].pending = b""
        elif kind == "rename":
            files[Path(data.decode())] = files.pop(path)
        elif kind == "remove":
            files.pop(path, None)
        elif kind == "folder":
            durable = {each: blocks for each, blocks in files.items() if each.parent == path}
        elif kind == "told":
            told.add(data.decode())
    names = durable if choose(2) else files
    found = {}
    for path, blocks in names.items():
        rest = blocks.pending
        way = choose(4)
        if way == 1:
            rest = rest[: choose(len(rest) + 1)]
        elif way == 2 and rest:  # its size is known, and some of its blocks are not
            start = choose(len(rest))
            rest = rest[:start] + bytes(len(rest) - start)
        elif way == 3:
            rest = b""
        found[path] = blocks.synced + rest
    return found, told


def recorded_run(folder: Path, records: int) -> Recorded:
    disk = Recorded()
    maker = trails.Maker(folder, disk)
    rng = random.Random("a run")
    trail = maker.trail()
    number = 0
    while number < records:
        several = rng.choice([1, 1, 1, 2, 7])
        for result in trail.commit([maker.draft(number + each) for each in range(several)]):
            assert isinstance(result, Receipt)
            disk.steps.append(("told", folder, result.hash.encode()))
        number += several
        if rng.random() < 0.15:
            trail.checkpoint()
        if rng.random() < 0.02:
            trail.close()
    return disk


def test_no_crash_of_the_machine_loses_a_record_that_was_told_to_be_safe(tmp_path: Path) -> None:
    disk = recorded_run(tmp_path / "run" / "trail", 200)
    lengths = range(1, len(disk.steps) + 1, max(1, len(disk.steps) // examples(120)))
    for length in lengths:
        rng = random.Random(length)
        left, told = after_crash(disk.steps[:length], lambda ways, rng=rng: rng.randrange(ways))
        folder = tmp_path / f"after{length}" / "trail"
        folder.mkdir(parents=True)
        for path, content in left.items():
            (folder / path.name).write_bytes(content)
        maker = trails.Maker(folder, made=1000)
        trail = maker.trail()
        assert isinstance(trail.commit([maker.draft(1)])[0], Receipt)
        trail.close()
        assert told <= hashes(folder), length
        report = verified(folder)
        assert (report.state, report.problems) == (State.OK, []), length


def test_recovery_twice_is_recovery_once(tmp_path: Path) -> None:
    disk = recorded_run(tmp_path / "run" / "trail", 60)
    for length in range(1, len(disk.steps), max(1, len(disk.steps) // examples(40))):
        left, told = after_crash(disk.steps[:length], lambda ways: ways - 1)
        folder = tmp_path / f"twice{length}" / "trail"
        folder.mkdir(parents=True)
        for path, content in left.items():
            (folder / path.name).write_bytes(content)
        before = {path.stem: path.suffix for path in folder.iterdir()}
        recovered = []
        for run in range(2):
            maker = trails.Maker(folder, made=1000 + run)
            assert isinstance(maker.trail().commit([maker.draft(1)])[0], Receipt)
            recovered.append({stem: (folder / f"{stem}.audit").read_bytes() for stem in before})
            if run == 0:  # as if the machine had died before the new names were on disk
                for stem, suffix in before.items():
                    (folder / f"{stem}.audit").rename(folder / (stem + suffix))
        assert recovered[0] == recovered[1]
        assert told <= hashes(folder)
        # The last processes have made no checkpoint yet.
        assert {each.state for each in verified(folder).problems} == {State.TAIL_UNPROVEN}
