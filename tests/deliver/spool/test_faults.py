"""The disk fails at every place of a run: nothing that `append` has taken is lost but what the fault itself destroyed.

What it destroyed is counted and told once, and its bytes are kept.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from aegis_otel.deliver.spool import Pending, Spool, find_damage, read_stats, write_stats
from aegis_otel.deliver.spool._disk import Disk
from tests.deliver.spool.disks import WRITE_FAULTS, FailingDisk, PowerCutDisk, WriteFault

ENTRIES = 50


def payload(number: int) -> bytes:
    return b"<%03d>" % number + b"x" * (40 + number % 7 * 30)


def numbers(data: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"<([0-9]{3})>", data)]


def new_spool(root: Path, disk: Disk | None = None) -> Spool:
    spool = Spool(root, "app", **({"disk": disk} if disk is not None else {}))
    spool._segment_bytes = 1_500
    return spool


class Run:
    """Fifty entries, every third one an audit entry on the disk itself, some of them sent in between."""

    def __init__(self, root: Path, disk: Disk) -> None:
        self.spool = new_spool(root, disk)
        self.taken: list[int] = []
        """By `append`."""
        self.sent: list[int] = []
        self.unnoted = 0
        for number in range(ENTRIES):
            try:
                self.spool.append(payload(number), 1, audit=number % 3 == 0, durable=number % 3 == 0)
            except OSError:
                continue
            self.taken.append(number)
            if number % 10 == 9:
                self.send(600)

    def send(self, limit: int) -> bool:
        batch = self.spool.take(limit)
        if batch is None:
            return False
        self.sent += numbers(batch.payload)
        try:
            self.spool.done(batch)
        except OSError:
            self.unnoted += 1
        return True

    def send_all(self) -> list[int]:
        while self.send(600):
            pass
        return self.sent


def drained(spool: Spool) -> list[int]:
    found: list[int] = []
    while (batch := spool.take(600)) is not None:
        found += numbers(batch.payload)
        spool.done(batch)
    return found


def folders(tmp_path: Path) -> Iterator[Path]:
    number = 0
    while True:
        yield tmp_path / str(number)
        shutil.rmtree(tmp_path / str(number), ignore_errors=True)
        number += 1


def whole_run(tmp_path: Path) -> FailingDisk:
    """A run in which nothing fails: how many writes and syncs there are."""
    disk = FailingDisk()
    assert sorted(Run(tmp_path / "whole", disk).send_all()) == list(range(ENTRIES))
    return disk


@pytest.mark.parametrize("fault", WRITE_FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("dies", [False, True], ids=["goes on", "dies"])
def test_a_write_that_fails_costs_nothing_that_was_taken(tmp_path: Path, fault: WriteFault, dies: bool) -> None:
    root = folders(tmp_path)
    count = whole_run(tmp_path).writes
    assert count > ENTRIES + 10
    for place in range(count):
        disk = FailingDisk(write=(place, fault))
        run = Run(next(root), disk)
        if dies:
            run.spool.abandon()
            later = new_spool(run.spool.root)
            later.adopt()
            found = run.sent + drained(later)
            assert later.pending_bytes == 0
            # A batch that the disk could not note may come twice, and half an entry may be left that nobody could cut.
            assert len(found) == len(set(found)) or run.unnoted or disk.read_only, place
            assert later.damage.records <= disk.read_only, place
        else:
            found = run.send_all()
            assert found == sorted(set(found)), place
            assert run.spool.damage.stretches == 0, place
            assert run.spool.pending_records == run.spool.pending_bytes == 0, place
        assert set(found) == set(run.taken), place


@pytest.mark.parametrize("dies", [False, True], ids=["goes on", "dies"])
def test_a_sync_that_fails_is_never_made_good_by_another_one(tmp_path: Path, dies: bool) -> None:
    root = folders(tmp_path)
    count = whole_run(tmp_path).syncs
    assert count > ENTRIES // 3
    for place in range(count):
        disk = FailingDisk(sync=place)
        run = Run(next(root), disk)
        assert disk.failed, place
        assert not disk.synced_after_failure, place
        assert len(run.taken) == ENTRIES - 1, place
        if dies:
            run.spool.abandon()
            later = new_spool(run.spool.root)
            later.adopt()
            found = run.sent + drained(later)
        else:
            found = run.send_all()
            assert run.spool.pending_records == 0, place
        # The entry that was refused is gone: whoever logged it keeps it, and it is not sent twice.
        assert sorted(found) == run.taken, place


def test_disks_that_sync_nothing_leave_no_files_open(tmp_path: Path) -> None:
    class NoSync(Disk):
        def sync(self, fd: int) -> None:
            raise OSError(5, "Input/output error")

    spool = new_spool(tmp_path, NoSync())
    spool.append(b"kept", 1, audit=False)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with pytest.raises(OSError):
            spool.append(b"x", 1, audit=True, durable=True)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    batch = spool.take(1_000)
    assert batch is not None
    assert batch.payload == b"kept"


def test_after_a_power_cut_all_that_was_to_be_on_the_disk_is_there(tmp_path: Path) -> None:
    root = folders(tmp_path)
    for count in range(1, ENTRIES):
        disk = PowerCutDisk()
        spool = new_spool(next(root), disk)
        for number in range(count):
            spool.append(payload(number), 1, audit=number % 3 == 0, durable=number % 3 == 0)
        spool.abandon()
        disk.cut(spool.root)
        later = new_spool(spool.root)
        later.adopt()
        assert drained(later) == [number for number in range(count) if number % 3 == 0]


def crashed(root: Path) -> list[Path]:
    """The segments of a process that died after fifty entries."""
    spool = new_spool(root)
    for number in range(ENTRIES):
        spool.append(payload(number), 2, audit=number % 3 == 0)
    spool.abandon()
    return sorted(path for path in root.glob("*/*") if path.suffix in (".rest", ".audit"))


def flip(path: Path, position: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1 << bit]))


def entry_starts(data: bytes) -> list[int]:
    return [place for place in range(len(data)) if data.startswith(b"\xa3ENT", place)]


def sent_and_told(root: Path) -> tuple[list[int], list[str], Spool]:
    told: list[str] = []
    spool = new_spool(root)
    pending = Pending(spool, told.append)
    spool.adopt()
    found: list[int] = []
    while (batch := pending.take(600)) is not None:
        found += numbers(batch.payload)
        pending.done(batch)
    pending.close()
    return found, told, spool


@pytest.mark.parametrize(
    ("field", "position", "bits"),
    [("magic", 1, 3), ("length", 4, 4), ("length", 5, 0), ("length", 7, 7), ("records", 8, 0), ("number", 12, 2),
     ("checksum", 20, 6), ("payload", 30, 1)],
)  # fmt: skip
def test_a_flipped_bit_costs_one_entry_that_is_counted_told_and_kept(
    tmp_path: Path, field: str, position: int, bits: int
) -> None:
    original = tmp_path / "original"
    places = [
        (path.relative_to(original), start) for path in crashed(original) for start in entry_starts(path.read_bytes())
    ]
    assert len(places) == ENTRIES
    root = folders(tmp_path)
    for path, start in places:
        folder = next(root)
        shutil.copytree(original, folder)
        flip(folder / path, start + position, bits)
        (broken,) = numbers((original / path).read_bytes()[start : start + 30])[:1]
        found, told, spool = sent_and_told(folder)
        assert found == [number for number in range(ENTRIES) if number != broken]
        assert spool.damage.stretches == 1
        assert spool.damage.records in {"magic": (1,), "length": (1,), "records": (3,)}.get(field, (2,))
        assert len(told) == 1
        assert "1 stretches" in told[0]
        (kept,) = (folder / "damaged").iterdir()
        size = 24 + len(payload(broken))
        assert find_damage(folder)[1:] == (1, size)
        assert kept.read_bytes()[24:-1].startswith(payload(broken)[:5]) or field == "payload"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        # It is not told again by the next start.
        assert sent_and_told(folder)[:2] == ([], [])


def test_a_flipped_bit_in_a_segment_s_header_costs_no_entry(tmp_path: Path) -> None:
    original = tmp_path / "original"
    first = crashed(original)[0].relative_to(original)
    root = folders(tmp_path)
    left_alone = 0
    for bit in range(16 * 8):
        folder = next(root)
        shutil.copytree(original, folder)
        flip(folder / first, bit // 8, bit % 8)
        found, told, _ = sent_and_told(folder)
        assert len(told) == 1, bit
        if "newer version" in told[0]:
            left_alone += 1
            assert (folder / first).exists()
            flip(folder / first, bit // 8, bit % 8)
            found = sorted(found + sent_and_told(folder)[0])
        assert found == list(range(ENTRIES)), bit
    # Of the version's digit, three bits make another digit of it.
    assert left_alone == 3


@pytest.mark.parametrize("where", ["before the acknowledged ones", "after them"])
def test_a_wrong_acknowledged_offset_hides_no_entry(tmp_path: Path, where: str) -> None:
    spool = new_spool(tmp_path)
    for _ in range(20):
        spool.append(b"z" * 40, 1, audit=False)
    batch = spool.take(400)
    assert batch is not None
    spool.done(batch)
    spool.abandon()
    (path,) = tmp_path.glob("*/*.rest")
    # Entries take 64 bytes, so this flip leads from one entry to another.
    flip(path, 8 if where.startswith("before") else 9, 7 if where.startswith("before") else 1)
    later = new_spool(tmp_path)
    later.adopt()
    found = b""
    while (batch := later.take(10_000)) is not None:
        found += batch.payload
        later.done(batch)
    assert len(found) == 20 * 40
    assert later.damage.stretches == 1


def test_a_flipped_bit_in_the_files_of_a_living_process_costs_one_entry_too(tmp_path: Path) -> None:
    spool = new_spool(tmp_path)
    for number in range(ENTRIES):
        spool.append(payload(number), 2, audit=False)
    path = sorted(tmp_path.glob("*/*.rest"))[1]
    start = entry_starts(path.read_bytes())[3]
    (broken,) = numbers(path.read_bytes()[start : start + 30])
    flip(path, start + 30, 1)
    assert drained(spool) == [number for number in range(ENTRIES) if number != broken]
    assert (spool.damage.stretches, spool.damage.records) == (1, 2)
    assert spool.pending_records == 0


def test_a_file_that_ends_in_the_middle_of_an_entry_costs_that_entry_only(tmp_path: Path) -> None:
    original = tmp_path / "original"
    path = crashed(original)[-1].relative_to(original)
    data = (original / path).read_bytes()
    starts = entry_starts(data)
    root = folders(tmp_path)
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        for cut in {start + 1, start + 23, start + 24, end - 1}:
            folder = next(root)
            shutil.copytree(original, folder)
            os.truncate(folder / path, cut)
            found, told, spool = sent_and_told(folder)
            gone = numbers(data[start:])
            assert found == [number for number in range(ENTRIES) if number not in gone]
            assert spool.damage.stretches == 1
            assert len(told) == 1


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_removed_or_replaced_while_its_process_lives_costs_nothing(
    tmp_path: Path, replaced: bool
) -> None:
    root = folders(tmp_path)
    for place in range(ENTRIES):
        spool = new_spool(next(root), FailingDisk())
        taken = []
        foreign = None
        for number in range(ENTRIES):
            if number == place and (paths := sorted(spool.root.glob("*/*.audit"))):
                paths[-1].unlink()
                if replaced:
                    foreign = paths[-1]
                    foreign.write_bytes(b"somebody's")
            try:
                spool.append(payload(number), 1, audit=True, durable=True)
            except OSError:
                continue
            taken.append(number)
        # One is refused, unless the next file was due: it would have been on the disk under no name.
        assert len(taken) >= ENTRIES - 1
        assert drained(spool) == taken
        assert foreign is None or foreign.read_bytes() == b"somebody's"


def test_what_one_start_found_damaged_and_did_not_send_the_next_one_does_not_count_again(tmp_path: Path) -> None:
    path = crashed(tmp_path)[0]
    flip(path, entry_starts(path.read_bytes())[0] + 30, 1)
    counted = []
    for _ in range(3):
        spool = new_spool(tmp_path)
        spool.adopt()
        assert spool.take(10) is not None
        counted.append(spool.damage.stretches)
        spool.abandon()
    assert counted == [1, 0, 0]
    last = new_spool(tmp_path)
    last.adopt()
    assert len(drained(last)) == ENTRIES - 1


def test_damaged_bytes_take_up_a_bounded_room(tmp_path: Path) -> None:
    spool = new_spool(tmp_path)
    spool.damage._limit = 1_000
    for number in range(30):
        spool.append(b"%03d" % number * 30, 1, audit=False)
    for path in sorted(tmp_path.glob("*/*.rest")):
        for start in entry_starts(path.read_bytes()):
            flip(path, start + 30, 1)
    assert drained(spool) == []
    assert spool.damage.records == 30
    assert spool.damage.stretches > 1
    assert 0 < find_damage(tmp_path).bytes <= 1_000


def test_files_of_an_earlier_version_are_read_and_those_of_a_newer_one_are_left_alone_and_told(tmp_path: Path) -> None:
    paths = crashed(tmp_path)
    first = paths[0].read_bytes()
    # Earlier versions wrote the offset alone, in eight bytes.
    paths[0].write_bytes(first[:12] + bytes(4) + first[16:])
    newer = paths[1].read_bytes().replace(b"AEGSPL1", b"AEGSPL2", 1)
    paths[1].write_bytes(newer)
    theirs = numbers(newer)
    for _ in range(2):
        found, told, spool = sent_and_told(tmp_path)
        assert ["newer version" in text for text in told] == [True]
        assert spool.damage.stretches == 0
        assert paths[1].read_bytes() == newer
        assert found == [number for number in range(ENTRIES) if number not in theirs]
        theirs = list(range(ENTRIES))


def test_another_service_leaves_a_newer_version_s_files_alone_too(tmp_path: Path) -> None:
    paths = crashed(tmp_path)
    for path in paths[1:]:
        path.unlink()
    paths[0].write_bytes(b"AEGSPL2\n" + bytes(8))
    Spool(tmp_path, "billing").adopt()
    assert paths[0].exists()


def test_the_counts_of_damage_are_in_the_stats_of_the_process(tmp_path: Path) -> None:
    spool = new_spool(tmp_path)
    spool.open()
    assert spool.folder is not None
    write_stats(spool.folder, {"torn": 2, "damaged": 7})
    (process,) = read_stats(tmp_path)
    assert process.counts == {"torn": 2, "damaged": 7}
    spool.close()
