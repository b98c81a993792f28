"""The spool keeps entries in order, through crashes, among processes and within its limit."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis_otel.deliver.spool import Spool, SpoolUnavailableError
from tests.support.examples import examples


def drain(spool: Spool, limit: int = 10**6) -> list[bytes]:
    found = []
    while batch := spool.take(limit):
        found.append(batch.payload)
        spool.done(batch)
    return found


def put(spool: Spool, *payloads: bytes, audit: bool = False) -> None:
    for payload in payloads:
        spool.append(payload, 1, audit=audit)


def crashed(root: Path, *payloads: bytes, service: str = "app", audit: bool = False) -> Path:
    """The folder that a process leaves which is killed after writing `payloads`."""
    spool = Spool(root, service)
    put(spool, *payloads, audit=audit)
    assert spool._own is not None
    path = spool._own.path
    spool.abandon()
    return path


def segments(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix in (".rest", ".audit"))


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=400), st.booleans()), max_size=40),
    st.integers(1, 2_000),
    st.booleans(),
)
def test_entries_come_back_in_the_order_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[bytes, bool]], limit: int, inherited: bool
) -> None:
    root = tmp_path_factory.mktemp("spool")
    spool = Spool(root, "app")
    spool._segment_bytes = 1_000
    for payload, audit in entries:
        spool.append(payload, 1, audit=audit)
    if inherited:
        spool.abandon()
        spool = Spool(root, "app")
        spool.adopt()
    assert b"".join(drain(spool, limit)) == b"".join(payload for payload, _ in entries)
    assert spool.pending_bytes == 0
    spool.close()
    assert not [path for path in root.iterdir() if not path.name.startswith(".")]


def test_a_batch_stays_until_it_is_done(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s", "app")
    put(spool, b"a", b"b", b"c")
    first = spool.take(1)
    assert first is not None
    assert first.payload == b"a"
    assert spool.take(1) == first
    spool.done(first)
    assert drain(spool) == [b"bc"]


def test_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    root = tmp_path / "made" / "spool"
    spool = Spool(root, "app")
    put(spool, b"a")
    put(spool, b"b", audit=True)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")] if path.is_dir()}
    assert modes == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*") if path.is_file()} == {0o600}


def test_a_later_process_goes_on_where_a_killed_one_stopped(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "app")
    put(spool, b"a", b"b", b"c")
    batch = spool.take(1)
    assert batch is not None
    spool.done(batch)
    spool.abandon()
    later = Spool(tmp_path, "app")
    assert later.adopt() > 0
    assert drain(later) == [b"bc"]
    assert later.adopt() == 0
    assert not segments(tmp_path)


def test_a_folder_whose_owner_lives_is_left_alone(tmp_path: Path) -> None:
    owner = Spool(tmp_path, "app")
    put(owner, b"a")
    other = Spool(tmp_path, "app")
    assert other.has_abandoned()
    assert other.adopt() == 0
    assert drain(owner) == [b"a"]


def test_one_dead_process_is_taken_over_by_one_live_one(tmp_path: Path) -> None:
    crashed(tmp_path, b"a")
    first, second = Spool(tmp_path, "app"), Spool(tmp_path, "app")
    assert first.adopt() > 0
    assert second.adopt() == 0
    assert drain(first) == [b"a"]


def test_another_services_records_are_not_taken_over(tmp_path: Path) -> None:
    crashed(tmp_path, b"a", service="billing")
    spool = Spool(tmp_path, "orders")
    assert not spool.has_abandoned()
    assert spool.adopt() == 0


@pytest.mark.parametrize("cut", [1, 5, 10, 25, 30])
def test_a_torn_last_entry_is_skipped_and_counted(tmp_path: Path, cut: int) -> None:
    path = crashed(tmp_path, b"first", b"second")
    (segment,) = segments(path)
    os.truncate(segment, segment.stat().st_size - cut)
    spool = Spool(tmp_path, "app")
    spool.adopt()
    # An entry is 24 bytes of header and its payload: 30 is the whole last one.
    assert drain(spool) == [b"first"]
    assert spool.torn == (0 if cut == 30 else 1)


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(16, 400), st.binary(min_size=1, max_size=12))
def test_damage_in_the_middle_costs_the_damaged_entries_only(
    tmp_path_factory: pytest.TempPathFactory, position: int, damage: bytes
) -> None:
    root = tmp_path_factory.mktemp("spool")
    payloads = [f"payload {number:04d}".encode() for number in range(20)]
    path = crashed(root, *payloads)
    (segment,) = segments(path)
    with segment.open("r+b") as file:
        file.seek(position)
        file.write(damage)
    spool = Spool(root, "app")
    spool.adopt()
    found = drain(spool, 1)
    assert set(found) <= set(payloads)
    assert found == sorted(found)
    assert len(found) >= len(payloads) - 2


def test_a_segment_whose_header_was_never_written_is_removed(tmp_path: Path) -> None:
    path = crashed(tmp_path, b"a")
    (path / "0000000000000099.rest").write_bytes(b"AEG")
    spool = Spool(tmp_path, "app")
    spool.adopt()
    assert drain(spool) == [b"a"]
    assert not segments(tmp_path)


def test_at_the_limit_the_oldest_entries_go_and_audit_entries_stay(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "app", limit=2**20)
    put(spool, *[b"audit %04d" % number for number in range(10)], audit=True)
    payloads = [b"%06d" % number + b"x" * 10_000 for number in range(300)]
    put(spool, *payloads)
    assert sum(path.stat().st_size for path in segments(tmp_path)) <= 2**20
    found = drain(spool, 1)
    assert found[:10] == [b"audit %04d" % number for number in range(10)]
    kept = found[10:]
    assert kept == payloads[-len(kept) :]
    assert len(kept) >= 90
    assert spool.dropped == 300 - len(kept)
    assert spool.dropped_audit == 0


def test_audit_entries_go_last_but_go_rather_than_exceed_the_limit(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "app", limit=2**20)
    put(spool, *[b"%06d" % number + b"x" * 10_000 for number in range(300)], audit=True)
    assert sum(path.stat().st_size for path in segments(tmp_path)) <= 2**20
    assert spool.dropped_audit == spool.dropped > 100


def test_the_limit_counts_what_other_processes_hold_and_inherited_entries_go_first(tmp_path: Path) -> None:
    crashed(tmp_path, *[b"old" + b"x" * 10_000 for _ in range(50)])
    spool = Spool(tmp_path, "app", limit=2**20)
    spool.adopt()
    put(spool, *[b"new" + b"x" * 10_000 for _ in range(80)])
    assert sum(path.stat().st_size for path in segments(tmp_path)) <= 2**20
    found = drain(spool, 1)
    assert sum(payload.startswith(b"new") for payload in found) == 80
    assert spool.dropped == 130 - len(found) > 0


def test_what_is_being_sent_is_not_dropped(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "app", limit=2**20)
    put(spool, b"first")
    batch = spool.take(10)
    put(spool, *[b"x" * 10_000 for _ in range(300)])
    assert batch is not None
    assert batch.payload == b"first"
    before = spool.pending_records
    spool.done(batch)
    assert spool.pending_records == before - 1


def test_an_empty_spool_takes_no_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "app")
    for _ in range(50):
        put(spool, b"x" * 100_000)
        drain(spool)
    assert sum(path.stat().st_size for path in segments(tmp_path)) < 100


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """The kernel refuses to let files grow beyond `size` bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)


def test_a_full_disk_is_told_and_corrupts_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "app")
    put(spool, b"before")
    with no_file_beyond(5_000), pytest.raises(OSError):
        put(spool, b"x" * 10_000)
    put(spool, b"after")
    assert drain(spool) == [b"beforeafter"]
    assert spool.torn == 0


def test_a_folder_that_cannot_be_made_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SpoolUnavailableError, match="file/spool cannot be used"):
        Spool(tmp_path / "file" / "spool", "app").open()


WRITER = """
import sys
from pathlib import Path
from aegis_otel.deliver.spool import Spool
spool = Spool(Path(sys.argv[1]), "app")
for number in range(10**9):
    spool.append(b"%09d" % number * 100, 1, audit=number % 7 == 0)
    print(number, flush=True)
"""


def test_a_process_killed_while_writing_loses_nothing_it_had_written(tmp_path: Path) -> None:
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        told = -1
        for line in child.stdout:
            told = int(line)
            if told >= 500:
                break
        child.kill()
        rest = child.stdout.read().split("\n")[:-1]
        child.wait()
        told = int(rest[-1]) if rest else told
        spool = Spool(tmp_path, "app")
        assert spool.adopt() > 0
        numbers = [int(payload[:9]) for payload in drain(spool, 1)]
        # All that it said it had written, in order, and at most the one it had not yet said.
        assert numbers == list(range(len(numbers)))
        assert len(numbers) in (told + 1, told + 2)
        spool.close()
