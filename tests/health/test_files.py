from __future__ import annotations

from pathlib import Path

from aegis_otel import settings
from aegis_otel.health import Verdict
from aegis_otel.health._files import check_log_file, contents


def log_file(path: Path | str, **variables: str):
    [found] = check_log_file(settings.read({"LOG_FILE_PATH": str(path), **variables}))
    return found


def test_a_file_that_can_be_written_or_made_is_fine(tmp_path: Path):
    path = tmp_path / "logs" / "app.log"
    assert log_file(path).verdict is Verdict.FINE
    assert not path.parent.exists()  # it only looks
    path.parent.mkdir()
    path.touch()
    assert str(path) in log_file(path).text


def test_one_that_cannot_be_written_is_wrong(tmp_path: Path):
    for path in ("/dev/null/app.log", tmp_path):
        found = log_file(path)
        assert found.verdict is Verdict.WRONG
        assert "LOG_FILE_PATH" in found.next_step


def test_one_that_is_switched_off_is_off(tmp_path: Path):
    found = log_file(tmp_path / "app.log", LOG_FILE_ENABLED="false")
    assert found.verdict is Verdict.OFF
    assert found.next_step


def test_the_contents_of_a_folder_are_counted_at_any_depth(tmp_path: Path):
    assert contents(tmp_path / "missing") == (0, 0)
    (tmp_path / "below").mkdir()
    (tmp_path / "a").write_bytes(bytes(3))
    (tmp_path / "below" / "b").write_bytes(bytes(4))
    assert contents(tmp_path) == (2, 7)
