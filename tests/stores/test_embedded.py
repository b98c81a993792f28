from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from aegis_otel.stores import Query, StoredRecord, StoreError, embedded
from aegis_otel.stores._segments import Segment, segments
from aegis_otel.stores.embedded import EmbeddedStore
from tests.support.processes import wait_for
from tests.support.stored import lines, record


def messages(records: list[StoredRecord]) -> list[object]:
    return [each["message"] for each in records]


def numbers(first: int, end: int) -> list[object]:
    return [f"message {number}" for number in range(first, end)]


def write(path: Path, content: bytes, age: float = 0) -> None:
    path.write_bytes(content)
    moment = path.stat().st_mtime - age
    os.utime(path, (moment, moment))


def test_records_of_all_rotated_files_come_in_order(store: Path):
    with gzip.open(store / "logs-1.jsonl.gz", "wb") as packed:
        packed.write(lines(*map(record, range(3))))
    os.utime(store / "logs-1.jsonl.gz", (1, 1))
    write(store / "logs-2.jsonl", lines(*map(record, range(3, 6))), age=60)
    write(store / "logs.jsonl", lines(*map(record, range(6, 9))))
    write(store / "notes.txt", b"not of the store")
    assert messages(EmbeddedStore(store).newest(Query())) == numbers(0, 9)


def test_the_limit_keeps_the_newest(store: Path):
    write(store / "logs-1.jsonl", lines(*map(record, range(5))), age=60)
    write(store / "logs.jsonl", lines(*map(record, range(5, 8))))
    assert messages(EmbeddedStore(store).newest(Query(limit=4))) == numbers(4, 8)


def test_audit_records_are_read_with_all_others(store: Path):
    write(store / "audit-1.jsonl", lines(record(0), record(4)), age=60)
    write(store / "audit.jsonl", lines(record(6)))
    write(store / "logs-1.jsonl", lines(record(1), record(2)), age=90)
    write(store / "logs.jsonl", lines(record(3), record(5), record(7)))
    assert messages(EmbeddedStore(store).newest(Query())) == numbers(0, 8)
    for limit in range(1, 8):
        assert messages(EmbeddedStore(store).newest(Query(limit=limit))) == numbers(8 - limit, 8)


def damaged(packed: bytes) -> bytes:
    """A gzip file whose content does not unpack."""
    return packed[:20] + b"\xff" * 40 + packed[60:]


@pytest.mark.parametrize("broken", [lambda packed: packed[:-20], damaged, lambda packed: b"no gzip"])
def test_a_packed_file_that_cannot_be_unpacked_is_an_error_that_names_it(store: Path, broken: Callable[[bytes], bytes]):
    (store / "logs-1.jsonl.gz").write_bytes(broken(gzip.compress(lines(*map(record, range(100))))))
    with pytest.raises(StoreError, match=r"logs-1\.jsonl\.gz cannot be read: .*; move it out of the store"):
        EmbeddedStore(store).newest(Query())


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_file_with_two_names_is_read_once(store: Path, link: Callable[[Path, Path], None]):
    write(store / "logs.jsonl", lines(record(0)))
    link(store / "logs.jsonl", store / "logs-1.jsonl")
    assert messages(EmbeddedStore(store).newest(Query())) == numbers(0, 1)
    assert messages([next(EmbeddedStore(store).follow(Query()))]) == numbers(0, 1)


def test_a_link_that_leads_nowhere_is_no_file_of_the_store(store: Path):
    write(store / "logs.jsonl", lines(record(0)))
    (store / "logs-1.jsonl").symlink_to("logs-1.jsonl")
    (store / "logs-2.jsonl").symlink_to("gone.jsonl")
    assert messages(EmbeddedStore(store).newest(Query())) == numbers(0, 1)


def test_a_store_may_have_more_files_than_a_process_may_open(store: Path, few_open_files: int):
    for number in range(few_open_files):
        write(store / f"logs-{number:04d}.jsonl", lines(record(number)), age=few_open_files - number)
    write(store / "logs.jsonl", b"")
    followed = EmbeddedStore(store).follow(Query(limit=2))
    assert messages([next(followed), next(followed)]) == numbers(few_open_files - 2, few_open_files)
    with (store / "logs.jsonl").open("ab") as live:
        live.write(lines(record(7)))
    assert messages([next(followed)]) == numbers(7, 8)


def test_the_files_of_a_store_come_in_their_order(store: Path):
    for name, age in (("logs.jsonl", 0), ("audit.jsonl", 9), ("logs-1.jsonl.gz", 5), ("audit-1.jsonl", 7)):
        write(store / name, b"", age)
    for name in ("logs-1.jsonl.idx", "logs-2.txt", "other.jsonl"):
        write(store / name, b"")
    (store / "logs-3.jsonl").mkdir()
    names = [each.path.name for each in segments(store)]
    assert names == ["audit-1.jsonl", "logs-1.jsonl.gz", "audit.jsonl", "logs.jsonl"]
    assert segments(store / "none") == []


def test_follow_shows_audit_records_too(store: Path, follow):
    write(store / "logs.jsonl", lines(record(0)))
    follower = follow()
    follower.wait_for(numbers(0, 1))
    append(store / "audit.jsonl", lines(record(1)))
    follower.wait_for(numbers(0, 2))


def test_a_record_that_arrived_late_stands_where_it_belongs(store: Path):
    write(store / "logs.jsonl", lines(record(5), record(6), record(1)))
    assert messages(EmbeddedStore(store).newest(Query())) == ["message 1", "message 5", "message 6"]


def test_torn_and_invalid_lines_are_skipped_and_counted(store: Path):
    torn = lines(record(3))[:-20]
    content = lines(record(1)) + b"\xff\xfe\n[1]\n\nnull\n" + b"[" * 100_000 + b"\n" + lines(record(2)) + torn
    write(store / "logs.jsonl", content)
    reader = EmbeddedStore(store)
    assert messages(reader.newest(Query())) == ["message 1", "message 2"]
    assert reader.skipped == 5


def test_files_older_than_since_are_not_read(store: Path):
    write(store / "logs-1.jsonl", b"not json\n" * 5, age=10**8)
    write(store / "logs.jsonl", lines(record(1)))
    reader = EmbeddedStore(store)
    assert messages(reader.newest(Query(since=datetime(2026, 1, 1, tzinfo=timezone.utc)))) == ["message 1"]
    assert reader.skipped == 0


def test_a_correlation_id_with_characters_that_json_escapes_is_found(store: Path):
    write(store / "logs.jsonl", lines(record(1, correlationId='a"\\ü'), record(2)))
    assert messages(EmbeddedStore(store).newest(Query(correlation_id='a"\\ü'))) == ["message 1"]


def test_a_missing_store_is_an_error_that_says_what_to_do(tmp_path: Path):
    with pytest.raises(StoreError, match="aegis-otel up"):
        EmbeddedStore(tmp_path / "none").newest(Query())


class Follower:
    """Follows a store in a thread."""

    def __init__(self, folder: Path, query: Query) -> None:
        self.store = EmbeddedStore(folder)
        self.seen: list[object] = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(query,))
        self.thread.start()

    def _run(self, query: Query) -> None:
        for each in self.store.follow(query, self.stopped.is_set):
            self.seen.append(each["message"])

    def wait_for(self, expected: list[object]) -> None:
        wait_for(lambda: len(self.seen) >= len(expected), what=f"{len(expected)} records")
        assert self.seen == expected


@pytest.fixture
def follow(store: Path) -> Iterator[object]:
    followers: list[Follower] = []

    def start(query: Query | None = None) -> Follower:
        followers.append(Follower(store, query or Query()))
        return followers[-1]

    yield start
    for follower in followers:
        follower.stopped.set()
        follower.thread.join(60)
        assert not follower.thread.is_alive()


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def test_follow_shows_what_is_there_and_what_comes(store: Path, follow):
    write(store / "logs.jsonl", lines(record(0), record(1)))
    follower = follow(Query(limit=1))
    follower.wait_for(["message 1"])
    append(store / "logs.jsonl", lines(record(2)))
    follower.wait_for(numbers(1, 3))


def test_follow_waits_for_the_rest_of_a_line(store: Path, follow):
    line = lines(record(1))
    write(store / "logs.jsonl", lines(record(0)) + line[:30])
    follower = follow()
    follower.wait_for(["message 0"])
    append(store / "logs.jsonl", line[30:])
    follower.wait_for(numbers(0, 2))
    assert follower.store.skipped == 0


def test_follow_goes_on_through_rotations(store: Path, follow):
    live = store / "logs.jsonl"
    write(live, lines(record(0)))
    follower = follow()
    follower.wait_for(numbers(0, 1))
    for rotation in range(1, 6):
        # What is written right before the rename must not be lost, nor what is in the new file right after.
        append(live, lines(record(3 * rotation - 2), record(3 * rotation - 1)))
        live.rename(store / f"logs-{rotation}.jsonl")
        append(live, lines(record(3 * rotation)))
        follower.wait_for(numbers(0, 3 * rotation + 1))


def test_follow_reads_a_removed_file_to_its_end(store: Path, follow):
    live = store / "logs.jsonl"
    write(live, lines(record(0)))
    follower = follow()
    follower.wait_for(numbers(0, 1))
    append(live, lines(record(1)))
    live.unlink()
    append(live, lines(record(2)))
    follower.wait_for(numbers(0, 3))


def test_follow_starts_before_there_is_anything(store: Path, follow):
    follower = follow(Query(service="orders"))
    append(store / "logs.jsonl", lines(record(0, service="other"), record(1)))
    follower.wait_for(["message 1"])


def test_follow_reads_a_file_that_was_cut_from_its_start(store: Path, follow):
    write(store / "logs.jsonl", lines(*map(record, range(5))))
    follower = follow()
    follower.wait_for(numbers(0, 5))
    write(store / "logs.jsonl", lines(record(5)))
    follower.wait_for(numbers(0, 6))


class Rotated(EmbeddedStore):
    """Where the folder is rotated after it was listed for the `number`th time, right before the files are opened."""

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__(folder)
        self.listings_left = number

    def _segments(self) -> list[Segment]:
        segments = super()._segments()
        self.listings_left -= 1
        if self.listings_left == 0:
            live = self.folder / "logs.jsonl"
            append(live, lines(record(2)))
            live.rename(self.folder / "logs-1.jsonl")
            append(live, lines(record(3)))
        return segments


class Overlooked(Rotated):
    """Where that list lacks the file that is renamed while it is made."""

    def _segments(self) -> list[Segment]:
        listing, segments = self.listings_left, super()._segments()
        return [] if listing == 1 else segments


@pytest.mark.parametrize("kind", [Rotated, Overlooked])
@pytest.mark.parametrize("number", [1, 2])
def test_each_record_is_shown_once_whenever_a_rotation_comes(store: Path, kind: type[Rotated], number: int):
    append(store / "logs.jsonl", b"no JSON\n" + lines(record(0), record(1)))
    reader = kind(store, number)
    # After the second look all is read: a rotation then is one after the answer.
    assert messages(reader.newest(Query())) == numbers(0, 4 if (kind, number) != (Rotated, 2) else 2)
    assert reader.skipped == 1


@pytest.mark.parametrize("kind", [Rotated, Overlooked])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_follow_shows_each_record_once_whenever_a_rotation_comes(
    store: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Rotated], number: int
):
    monkeypatch.setattr(embedded, "_POLL_SECONDS", 0)
    append(store / "logs.jsonl", lines(record(0), record(1)))
    reader = kind(store, number)
    assert messages(list(reader.follow(Query(), lambda: reader.listings_left < -2))) == numbers(0, 4)
