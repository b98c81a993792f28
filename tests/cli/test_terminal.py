from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.cli import terminal

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def test_an_ansi_sequence_becomes_its_escape():
    assert terminal.safe("\x1b[31mred\x1b]0;title\x07") == "\\x1b[31mred\\x1b]0;title\\x07"


def test_eight_bit_controls_and_direction_marks_become_escapes():
    assert terminal.safe("a\x9bb\u202ec\u2066d\U000e0041") == "a\\x9bb\\u202ec\\u2066d\\U000e0041"


def test_ordinary_text_of_any_script_stays():
    text = "Grüße, 世界, שלום, 👍🏽"
    assert terminal.safe(text) == text


def test_newlines_stay_only_where_asked_for():
    assert terminal.safe("a\n\tb\r") == "a\\n\\tb\\r"
    assert terminal.safe("a\n\tb\r", keep_newlines=True) == "a\n    b\\r"


@given(ANY_TEXT)
def test_nothing_that_a_terminal_acts_on_gets_through(text: str):
    assert not [c for c in terminal.safe(text) if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [c for c in terminal.safe(text, keep_newlines=True) if c != "\n" and unicodedata.category(c) == "Cc"]


@given(st.dictionaries(st.text(), st.text()))
def test_safe_json_is_json_of_the_same_value(value: dict[str, str]):
    text = terminal.safe_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert text.isprintable() or not [c for c in text if unicodedata.category(c) in ("Cc", "Zl", "Zp")]
