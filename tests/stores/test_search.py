from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores import _search

LINES = st.lists(st.binary(max_size=30).map(lambda part: part.replace(b"\n", b"")))
# Few different bytes, so that what is searched for often stands there, also across blocks and lines.
CRAMPED = st.lists(st.lists(st.sampled_from(b'a"b'), max_size=12).map(bytes))
WANTED = st.lists(st.sampled_from(b'a"b'), min_size=1, max_size=5).map(bytes)


@given(content=LINES, block=st.integers(1, 40))
def test_reading_backwards_gives_every_line(tmp_path_factory: pytest.TempPathFactory, content: list[bytes], block: int):
    path = tmp_path_factory.mktemp("lines") / "logs.jsonl"
    path.write_bytes(b"\n".join(content))
    with path.open("rb") as file:
        assert list(_search.lines_backwards(file, path.stat().st_size, block)) == (content or [b""])[::-1]


@given(content=CRAMPED, wanted=WANTED, block=st.integers(1, 40), cut=st.integers(0, 5))
def test_exactly_the_lines_with_the_bytes_are_found(
    tmp_path_factory: pytest.TempPathFactory, content: list[bytes], wanted: bytes, block: int, cut: int
):
    path = tmp_path_factory.mktemp("lines") / "logs.jsonl"
    whole = b"\n".join(content)
    path.write_bytes(whole)
    size = max(0, len(whole) - cut)  # the file has grown since it was looked at
    expected = [line for line in whole[:size].split(b"\n") if wanted in line]
    with path.open("rb", 0) as file:
        assert list(_search.lines_with(file, size, wanted, block)) == expected[::-1]


def test_a_long_line_is_found_whole(tmp_path: Path):
    path = tmp_path / "logs.jsonl"
    long = b"x" * 1_000_000 + b"wanted" + b"y" * 1_000_000
    path.write_bytes(b"before\n" + long + b"\nafter wanted\n")
    with path.open("rb", 0) as file:
        assert list(_search.lines_with(file, path.stat().st_size, b"wanted")) == [b"after wanted", long]


@given(content=CRAMPED, wanted=WANTED)
def test_a_gzip_file_gives_the_same(tmp_path_factory: pytest.TempPathFactory, content: list[bytes], wanted: bytes):
    path = tmp_path_factory.mktemp("lines") / "logs.jsonl.gz"
    whole = b"".join(line + b"\n" for line in content)
    path.write_bytes(gzip.compress(whole))
    assert list(_search.packed_lines_backwards(path)) == content[::-1]
    assert list(_search.packed_lines_with(path, wanted)) == [line for line in content[::-1] if wanted in line]
