from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aegis_otel import settings
from aegis_otel.stores import LOKI_DEFAULT, VICTORIALOGS_DEFAULT, UpNote, chosen_stores, open_store
from aegis_otel.stores.embedded import EmbeddedStore
from aegis_otel.stores.loki import LokiStore
from aegis_otel.stores.victorialogs import VictoriaLogsStore


@pytest.mark.parametrize(
    ("variables", "asked", "stores"),
    [
        ({}, ["auto"], ("file",)),
        ({"AEGIS_LOKI_URL": "http://loki:3100"}, ["auto"], ("loki",)),
        ({"SEQ_ENABLED": "true"}, ["auto"], ("file", "seq")),
        ({"AEGIS_LOKI_URL": "http://loki:3100", "SEQ_ENABLED": "true"}, ["auto"], ("loki", "seq")),
        ({"AEGIS_LOKI_URL": "http://loki:3100"}, ["file"], ("file",)),
        ({}, ["seq", "LOKI"], ("loki", "seq")),
        ({}, ["loki,auto"], ("file", "loki")),
        ({"AEGIS_VICTORIALOGS_URL": "http://logs:9428"}, ["auto"], ("victorialogs",)),
        (
            {"AEGIS_VICTORIALOGS_URL": "http://logs:9428", "AEGIS_LOKI_URL": "http://loki:3100"},
            ["auto"],
            ("loki", "victorialogs"),
        ),
    ],
)
def test_stores_are_those_asked_for_else_those_set(
    variables: dict[str, str], asked: list[str], stores: tuple[str, ...]
):
    assert chosen_stores(settings.read(variables), asked) == stores


THEIRS = "http://loki.example:3100"


@pytest.mark.parametrize(
    ("variables", "note", "asked", "url"),
    [
        ({}, None, "auto", None),
        ({}, UpNote(("file", "loki")), "auto", None),
        ({}, UpNote(("loki", "seq"), THEIRS), "auto", THEIRS),
        ({}, UpNote(("loki",)), "auto", LOKI_DEFAULT),
        ({"AEGIS_LOKI_URL": "http://mine:3100"}, UpNote(("file",), THEIRS), "auto", "http://mine:3100"),
        ({"AEGIS_LOKI_URL": "http://mine:3100"}, None, "file", None),
        ({}, None, "loki", LOKI_DEFAULT),
    ],
)
def test_the_store_that_is_read_is_the_one_asked_for_else_the_one_in_use(
    tmp_path: Path, variables: dict[str, str], note: UpNote | None, asked: str, url: str | None
):
    opened = open_store(settings.read({**variables, "AEGIS_DATA_DIR": str(tmp_path)}), note, asked)
    if url is None:
        assert isinstance(opened, EmbeddedStore)
        assert opened.folder == tmp_path / "store"
    else:
        assert isinstance(opened, LokiStore)
        assert opened.url == url


@pytest.mark.parametrize(
    ("variables", "note", "asked", "url"),
    [
        ({}, UpNote(("victorialogs",), victorialogs_url="http://theirs:9428"), "auto", "http://theirs:9428"),
        ({"AEGIS_VICTORIALOGS_URL": "http://mine:9428"}, UpNote(("file",)), "auto", "http://mine:9428"),
        ({}, None, "victorialogs", VICTORIALOGS_DEFAULT),
    ],
)
def test_victorialogs_is_read_where_it_is_asked_for_or_in_use(
    variables: dict[str, str], note: UpNote | None, asked: str, url: str
):
    opened = open_store(settings.read(variables), note, asked)
    assert isinstance(opened, VictoriaLogsStore)
    assert opened.url == url


def test_a_store_that_cannot_be_read_is_named_with_those_that_can():
    with pytest.raises(ValueError, match="'seq' is not a store that can be read; use auto, file, loki or victorialogs"):
        open_store(settings.read({}), None, "seq")


def test_without_httpx_the_embedded_store_can_be_read_and_loki_names_the_extra():
    script = """
import sys
sys.modules["httpx"] = None
from aegis_otel import settings
from aegis_otel.stores import open_store
print(open_store(settings.read({}), None, "file"))
open_store(settings.read({}), None, "loki")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert "the embedded store" in done.stdout
    assert done.stderr.splitlines()[-1].endswith(
        "reading Loki needs httpx, which is not installed: pip install 'aegis-otel[cli]'"
    )
