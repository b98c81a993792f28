"""Where records to verify come from: what cannot be read, or not in full, is never OK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aegis_otel.audit import sources
from aegis_otel.audit.states import State
from aegis_otel.audit.verify import Rules, verify
from aegis_otel.stores import Query, StoredRecord, StoreError
from tests.support import audit as trails
from tests.support.stored import record


class Answers:
    """A store that gives these records, or cannot be read."""

    skipped = 0

    def __init__(self, *records: StoredRecord, error: str = "") -> None:
        self._records, self._error = records, error

    def newest(self, query: Query) -> list[StoredRecord]:
        if self._error:
            raise StoreError(self._error)
        return list(self._records)

    def follow(self, query: Query, stopped: Callable[[], bool] = lambda: False) -> Iterator[StoredRecord]:
        return iter(())

    def count(self, query: Query) -> int:
        return len(self._records)


def state_of(store: Answers) -> State:
    return verify(sources.store(store, Query()), trails.trust()).state


def test_a_store_that_cannot_give_all_records_is_not_verified() -> None:
    assert state_of(Answers(error="Loki has 20000 records or more at one nanosecond")) is State.NOT_VERIFIED


@pytest.mark.parametrize("records", [(), (record(1), record(2, ratio=1.5))], ids=["empty", "no audit record"])
def test_a_store_without_audit_records_is_not_verified(records: tuple[StoredRecord, ...]) -> None:
    assert state_of(Answers(*records)) is State.NOT_VERIFIED


@pytest.mark.parametrize("value", [1.5, 2**53, float("nan"), "\ud800", {"a": 1.0}], ids=str)
def test_a_sealed_record_with_a_value_of_no_seal_is_tampered(tmp_path: Path, value: object) -> None:
    maker = trails.Maker(tmp_path / "trail")
    chain = maker.chain(3)
    records = trails.read_trail(tmp_path / "trail")[chain]
    records[2]["rows"] = value
    assert state_of(Answers(*records)) is State.TAMPERED


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    maker = trails.Maker(tmp_path / "trail")
    chain = maker.chain(3)
    (path,) = (tmp_path / "trail").glob(f"{chain}.*")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert verify(sources.folder(tmp_path / "trail"), trails.trust()).state is State.NOT_VERIFIED


def test_files_that_are_no_chains_are_told(tmp_path: Path) -> None:
    maker = trails.Maker(tmp_path / "trail")
    maker.chain(3)
    (tmp_path / "trail" / "notes.txt").write_text("x")
    report = verify(sources.folder(tmp_path / "trail"), trails.trust(), (), Rules())
    assert [note for note in report.notes if "notes.txt" in note]
    assert report.state is State.OK
