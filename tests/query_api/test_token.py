"""The token of the query API: given, read from a file, or made once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from aegis_otel.query_api import QueryApiError, find_token

GIVEN = "a-token-of-20-letters"


def test_one_is_made_and_kept(tmp_path: Path) -> None:
    token, where = find_token(tmp_path / "data", None, None)
    assert len(token) >= 40
    assert where == str(tmp_path / "data/query-token")
    assert stat.S_IMODE(Path(where).stat().st_mode) == 0o600
    assert find_token(tmp_path / "data", None, None) == (token, where)


def test_two_folders_have_two(tmp_path: Path) -> None:
    assert find_token(tmp_path / "a", None, None)[0] != find_token(tmp_path / "b", None, None)[0]


def test_a_given_one_wins_and_its_place_is_told_without_it(tmp_path: Path) -> None:
    assert find_token(tmp_path, GIVEN, tmp_path / "none") == (GIVEN, "AEGIS_QUERY_TOKEN")
    file = tmp_path / "token"
    file.write_text(GIVEN + "\n")
    assert find_token(tmp_path, None, file) == (GIVEN, str(file))


@pytest.mark.parametrize("content", ["", "short", "two words of a token here", "x" * 20 + "\x00", "ü" * 20])
def test_what_is_no_token_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    with pytest.raises(QueryApiError, match="holds no token") as raised:
        find_token(tmp_path, None, file)
    assert not content or content not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(QueryApiError, match="cannot be read"):
        find_token(tmp_path, None, tmp_path / "nowhere")


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "query-token").write_text(GIVEN)
    (tmp_path / "query-token").chmod(0o644)
    with pytest.raises(QueryApiError, match="can be read or written by others"):
        find_token(tmp_path, None, None)


def test_a_link_that_was_put_there_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(GIVEN)
    elsewhere.chmod(0o600)
    (tmp_path / "query-token").symlink_to(elsewhere)
    with pytest.raises(QueryApiError, match="cannot be used"):
        find_token(tmp_path, None, None)
