from __future__ import annotations

from pathlib import Path

import pytest

from aegis_otel.stores import UpNote, read_note


def test_a_note_is_read_as_it_was_left(tmp_path: Path):
    assert read_note(tmp_path) is None
    note = UpNote(("file", "loki"), "http://loki:3100", {"AEGIS_METRICS_PORT": "127.0.0.1:8888"})
    note.write(tmp_path)
    assert read_note(tmp_path) == note
    assert [path.name for path in tmp_path.iterdir()] == ["up.json"]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", None),
        ("[1]", None),
        ('{"stores": ', None),
        ("[" * 100_000, None),
        ("{}", UpNote()),
        ('{"stores": 7, "lokiUrl": 7, "endpoints": 7}', UpNote()),
        (
            '{"stores": ["file", 7], "endpoints": {"A": "127.0.0.1:1", "B": 7}}',
            UpNote(("file",), None, {"A": "127.0.0.1:1"}),
        ),
    ],
)
def test_what_has_not_the_form_of_a_note_is_left_out(tmp_path: Path, text: str, note: UpNote | None):
    (tmp_path / "up.json").write_text(text)
    assert read_note(tmp_path) == note
