"""The files are those of docs/formats.md: a writer and a reader that know nothing but that page."""

from __future__ import annotations

import json
import os
import struct
import zlib
from pathlib import Path

import pytest

from aegis_otel.deliver.spool import DeadLetters, Spool, find_dead_letters, read_stats, write_stats


def read(path: Path) -> tuple[int, list[tuple[int, int, bytes]]]:
    """The acknowledged offset, and number, records and request of each entry."""
    data = path.read_bytes()
    assert data[:8] == b"AEGSPL1\n"
    assert struct.unpack("<I", data[12:16])[0] == (zlib.crc32(data[8:12]) or 1)
    entries = []
    place = 16
    while place < len(data):
        assert data[place : place + 4] == b"\xa3ENT"
        length, records, number, checksum = struct.unpack("<IIQI", data[place + 4 : place + 24])
        request = data[place + 24 : place + 24 + length]
        assert checksum == zlib.crc32(data[place + 4 : place + 20] + request)
        entries.append((number, records, request))
        place += 24 + length
    return struct.unpack("<I", data[8:12])[0], entries


def segment(*requests: bytes, with_checksum: bool) -> bytes:
    offset = struct.pack("<I", 16)
    data = b"AEGSPL1\n" + offset + (struct.pack("<I", zlib.crc32(offset)) if with_checksum else bytes(4))
    for number, request in enumerate(requests, 1):
        head = struct.pack("<IIQ", len(request), 1, number)
        data += b"\xa3ENT" + head + struct.pack("<I", zlib.crc32(head + request)) + request
    return data


def test_segments_are_as_written_down(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "shop/orders")
    for number in range(6):
        spool.append(b"request %d" % number, 3, audit=number % 2 == 1)
    batch = spool.take(1)
    assert batch is not None
    spool.done(batch)
    (folder,) = tmp_path.glob("shop_orders.*")
    assert read(folder / "0000000000000001.rest") == (
        16 + 24 + 9,
        [(1, 3, b"request 0"), (3, 3, b"request 2"), (5, 3, b"request 4")],
    )
    assert read(folder / "0000000000000002.audit") == (
        16,
        [(2, 3, b"request 1"), (4, 3, b"request 3"), (6, 3, b"request 5")],
    )
    assert (folder / "lock").stat().st_size == 0
    spool.close()


@pytest.mark.parametrize("with_checksum", [False, True], ids=["an earlier release's", "this one's"])
def test_segments_that_are_written_by_the_page_are_read(tmp_path: Path, with_checksum: bool) -> None:
    folder = tmp_path / f"orders.{'0' * 16}"
    folder.mkdir(mode=0o700)
    (folder / "lock").touch()
    (folder / f"{1:016d}.rest").write_bytes(segment(b"one", b"two", with_checksum=with_checksum))
    spool = Spool(tmp_path, "orders")
    spool.adopt()
    batch = spool.take(1_000)
    assert batch is not None
    assert (batch.payload, batch.records) == (b"onetwo", 2)
    assert spool.damage.stretches == 0
    spool.close()


def test_dead_letters_are_as_written_down(tmp_path: Path) -> None:
    DeadLetters(tmp_path, "orders").keep(b"refused", 4, kind="audit")
    offset, [(number, records, request)] = read(tmp_path / "dead-letter" / "orders.audit")
    assert (offset, records, request) == (16, 4, b"refused")
    assert number > 1_700_000_000 * 10**9


def test_dead_letters_of_a_newer_version_make_place_and_stay(tmp_path: Path) -> None:
    newer = b"AEGSPL2\n" + os.urandom(100)
    (tmp_path / "dead-letter").mkdir()
    (tmp_path / "dead-letter" / "orders.rest").write_bytes(newer)
    assert find_dead_letters(tmp_path) == []
    assert DeadLetters(tmp_path, "orders").keep(b"refused", 1)
    assert (tmp_path / "dead-letter" / "orders.rest.newer").read_bytes() == newer
    (found,) = find_dead_letters(tmp_path)
    assert found.requests == [b"refused"]


def test_stats_are_as_written_down(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "orders")
    spool.open()
    assert spool.folder is not None
    write_stats(spool.folder, {"accepted": 3})
    said = json.loads((spool.folder / "stats.json").read_bytes())
    assert (said["pid"], said["accepted"]) == (os.getpid(), 3)
    (spool.folder / "stats.json").write_text('{"pid": 7, "time": 1.5, "accepted": 2, "of a later release": 9}')
    (process,) = read_stats(tmp_path)
    assert (process.pid, process.counts["accepted"]) == (7, 2)
    spool.close()
