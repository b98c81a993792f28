"""Look-ups with sidecars. A sidecar that is used shows by what it leaves out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores import Query, _sidecar
from aegis_otel.stores.embedded import EmbeddedStore
from tests.support.sidecar import write_sidecar
from tests.support.stored import lines, record


def rotated(store: Path, *records: dict[str, object]) -> tuple[Path, list[tuple[str, int]]]:
    """A rotated file of these records, and the entries of its sidecar."""
    path = store / "logs-20260131T120000.000000000Z.jsonl"
    entries, content = [], b""
    for each in records:
        entries.append((str(each["correlationId"]), len(content)))
        content += lines(each)
    path.write_bytes(content)
    return path, entries


def found(store: Path, correlation_id: str) -> list[object]:
    return [each["message"] for each in EmbeddedStore(store).newest(Query(correlation_id=correlation_id))]


def test_records_are_found_by_the_sidecar(store: Path):
    path, entries = rotated(store, record(1, correlationId="a"), record(2), record(3, correlationId="a"))
    write_sidecar(path, entries)
    (store / "logs.jsonl").write_bytes(lines(record(4, correlationId="a")))
    assert found(store, "a") == ["message 1", "message 3", "message 4"]
    assert found(store, "b") == []


def test_what_a_sidecar_that_fits_leaves_out_is_not_looked_for(store: Path):
    path, entries = rotated(store, record(1, correlationId="a"), record(2, correlationId="a"))
    write_sidecar(path, entries[1:])
    assert found(store, "a") == ["message 2"]


def test_a_line_that_the_hash_leads_to_wrongly_is_no_answer(store: Path):
    path, entries = rotated(store, record(1, correlationId="a"), record(2, correlationId="b"))
    write_sidecar(path, [*entries, ("a", entries[1][1])])
    assert found(store, "a") == ["message 1"]


def test_a_line_that_holds_the_id_twice_is_one_record(store: Path):
    path, entries = rotated(store, record(1, correlationId="a", inner={"correlationId": "a"}))
    write_sidecar(path, entries * 2)
    assert found(store, "a") == ["message 1"]


@pytest.mark.parametrize("odd", ['a"\\ü', "\u2028", "a b", ""])
def test_an_id_that_json_escapes_is_found_by_the_sidecar(store: Path, odd: str):
    path, entries = rotated(store, record(1, correlationId=odd), record(2, correlationId=odd))
    write_sidecar(path, entries[:1])
    assert found(store, odd) == ["message 1"]


def test_an_id_on_many_pages_is_found_whole(store: Path):
    many = [record(number, correlationId="a" if number % 3 else f"id-{number}") for number in range(1500)]
    path, entries = rotated(store, *many)
    write_sidecar(path, entries)
    reader = EmbeddedStore(store)
    assert len(reader.newest(Query(correlation_id="a", limit=5000))) == 1000
    newest = reader.newest(Query(correlation_id="a", limit=2))
    assert [each["message"] for each in newest] == ["message 1498", "message 1499"]


STALE = {"version": 2, "size": 1, "modified": 1, "inode": 1, "entries": 300, "pages": 3}


@pytest.mark.parametrize("name", STALE)
def test_a_sidecar_that_does_not_fit_is_not_used(store: Path, name: str):
    path, entries = rotated(store, record(1, correlationId="a"), record(2, correlationId="a"))
    write_sidecar(path, entries[1:], **{name: STALE[name]})
    assert found(store, "a") == ["message 1", "message 2"]


def test_an_inode_that_was_not_known_to_the_writer_fits(store: Path):
    path, entries = rotated(store, record(1, correlationId="a"), record(2, correlationId="a"))
    write_sidecar(path, entries[1:], inode=0)
    assert found(store, "a") == ["message 2"]


def test_a_file_that_changed_after_its_sidecar_is_looked_through(store: Path):
    path, entries = rotated(store, record(1, correlationId="a"))
    write_sidecar(path, entries)
    with path.open("ab") as file:
        file.write(lines(record(2, correlationId="a")))
    assert found(store, "a") == ["message 1", "message 2"]


def test_a_sidecar_that_cannot_be_read_is_not_used(store: Path):
    path, _ = rotated(store, record(1, correlationId="a"))
    path.with_name(path.name + ".idx").mkdir()
    assert found(store, "a") == ["message 1"]


@pytest.mark.parametrize("keep", [0, 1, 4095, 4096, 8191])
def test_a_torn_sidecar_is_not_used(store: Path, keep: int):
    path, entries = rotated(store, record(1, correlationId="a"), record(2, correlationId="a"))
    os.truncate(write_sidecar(path, entries[1:]), keep)
    assert found(store, "a") == ["message 1", "message 2"]


@given(bit=st.integers(0, 3 * 4096 * 8 - 1))
def test_no_flipped_bit_changes_an_answer(tmp_path_factory: pytest.TempPathFactory, bit: int):
    store = tmp_path_factory.mktemp("store")
    wanted = {7, 200, 333}
    path, entries = rotated(store, *(record(n, correlationId="a" if n in wanted else f"id-{n}") for n in range(400)))
    sidecar = write_sidecar(path, entries)
    content = bytearray(sidecar.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    sidecar.write_bytes(content)
    assert found(store, "a") == ["message 7", "message 200", "message 333"]


@given(ids=st.lists(st.text(max_size=3), max_size=600), asked=st.text(max_size=3))
def test_the_offsets_are_those_of_the_lines(tmp_path_factory: pytest.TempPathFactory, ids: list[str], asked: str):
    store = tmp_path_factory.mktemp("store")
    path, entries = rotated(store, *(record(number, correlationId=each) for number, each in enumerate(ids)))
    write_sidecar(path, entries)
    expected = [offset for each, offset in entries if each == asked]
    assert _sidecar.offsets(path, path.stat(), asked) == expected
