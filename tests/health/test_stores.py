from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aegis_otel import settings
from aegis_otel.health import Verdict
from aegis_otel.health._stores import check_stores
from aegis_otel.stores import UpNote
from tests.support.http import Answering
from tests.support.processes import free_port


def test_stores_that_answer_are_fine(variables: dict[str, str]):
    found = check_stores(settings.read(variables), None)
    assert [(each.what, each.verdict) for each in found] == [("Loki", Verdict.FINE), ("Seq", Verdict.FINE)]


@pytest.mark.parametrize(
    ("name", "what"), [("AEGIS_LOKI_URL", "Loki"), ("SEQ_URL", "Seq"), ("AEGIS_VICTORIALOGS_URL", "VictoriaLogs")]
)
def test_a_store_that_is_away_is_wrong_and_no_secret_is_shown(variables: dict[str, str], name: str, what: str):
    url = f"http://user:sesame@127.0.0.1:{free_port()}"
    found = check_stores(settings.read({**variables, name: url}), None)
    [wrong] = [each for each in found if each.verdict is Verdict.WRONG]
    assert wrong.what == what
    assert name in wrong.next_step
    assert "sesame" not in str(wrong)


def test_a_store_that_answers_with_an_error_is_wrong(server: Answering, variables: dict[str, str]):
    server.status = 500
    found = check_stores(settings.read(variables), None)
    assert [each.verdict for each in found] == [Verdict.WRONG, Verdict.WRONG]
    assert all(each.next_step for each in found)


def embedded(folder: Path, note: UpNote | None = None):
    [found] = check_stores(settings.read({"AEGIS_DATA_DIR": str(folder)}), note)
    return found


def test_an_embedded_store_shows_its_size(store: Path):
    (store / "logs.jsonl").write_bytes(bytes(5000))
    found = embedded(store.parent)
    assert found.verdict is Verdict.FINE
    assert "1 files, 4.9 KiB" in found.text


def test_an_embedded_store_that_is_missing_is_wrong_only_where_a_collector_ran(tmp_path: Path):
    assert embedded(tmp_path).verdict is Verdict.NOTE
    assert embedded(tmp_path, UpNote()).verdict is Verdict.WRONG
    assert "aegis-otel up" in embedded(tmp_path).next_step


@contextlib.contextmanager
def without_access(folder: Path) -> Iterator[None]:
    """For as long as this lasts, this process may not look into `folder`."""
    folder.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)  # root may look into everything
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


def test_an_embedded_store_of_another_user_is_wrong(store: Path):
    with without_access(store.parent):
        found = embedded(store.parent)
    assert found.verdict is Verdict.WRONG
    assert "may not be read by this user" in found.text
    assert found.next_step
