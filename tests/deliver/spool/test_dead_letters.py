"""Dead letters are bounded, private, shared by processes, and go back to the spool as they came."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

from aegis_otel.deliver.spool import DeadLetters, Spool, find_dead_letters, hand_back_dead_letters


def payloads(root: Path, kind: str = "rest") -> list[bytes]:
    return [payload for found in find_dead_letters(root) if found.kind == kind for payload in found.requests]


def test_what_is_kept_is_found_in_order_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "spool", "orders")
    for number in range(10):
        assert letters.keep(b"%d" % number, number)
    (found,) = find_dead_letters(tmp_path / "spool")
    assert found == ("orders", "rest", [b"%d" % number for number in range(10)], 45)
    for path in (tmp_path / "spool").rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077


def test_of_too_many_the_newest_stay_and_other_kinds_are_not_touched(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, "orders", limit=10_000)
    letters.keep(b"audit", 1, kind="audit")
    for number in range(100):
        letters.keep(b"%03d" % number * 100, 1)
        size = sum(path.stat().st_size for path in letters.folder.glob("orders.rest*"))
        assert size <= 11_000
    kept = payloads(tmp_path)
    assert 10 <= len(kept) < 100
    assert kept == [b"%03d" % number * 100 for number in range(100 - len(kept), 100)]
    assert payloads(tmp_path, "audit") == [b"audit"]


def test_several_writers_share_a_file(tmp_path: Path) -> None:
    def write(name: int) -> None:
        letters = DeadLetters(tmp_path, "orders")
        for number in range(50):
            assert letters.keep(b"%d %d" % (name, number), 1)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(payloads(tmp_path)) == sorted(b"%d %d" % (name, n) for name in range(4) for n in range(50))


def test_a_torn_letter_costs_no_other(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, "orders")
    letters.keep(b"first", 1)
    path = letters.folder / "orders.rest"
    size = path.stat().st_size
    letters.keep(b"second", 1)
    with path.open("r+b") as file:
        file.truncate(size + 10)
    letters.keep(b"third", 1)
    assert payloads(tmp_path) == [b"first", b"third"]


def test_what_is_handed_back_waits_in_the_spool_in_order(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, "orders", limit=1_000)
    for number in range(8):
        letters.keep(b"%d" % number * 100, 2)
    DeadLetters(tmp_path, "billing").keep(b"theirs", 1, kind="audit")
    kept = payloads(tmp_path)
    assert hand_back_dead_letters(tmp_path) == {"billing": 1, "orders": 2 * len(kept)}
    assert find_dead_letters(tmp_path) == []
    spool = Spool(tmp_path, "orders")
    assert spool.adopt()
    found = []
    while (batch := spool.take(0)) is not None:
        found.append(batch.payload)
        spool.done(batch)
    assert found == kept
    spool.close()


def test_a_folder_that_cannot_be_written_is_not_an_error_for_the_sender(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not DeadLetters(tmp_path / "file", "orders").keep(b"x", 1)
    assert find_dead_letters(tmp_path / "file") == []
