"""An app's function keeps or masks what the rules find."""

from __future__ import annotations

import pytest

from aegis_otel.redaction import CallbackError, Redactor, load_callback


def keep_shop(kind: str, text: str) -> str | None:
    return text if kind == "email" and text.endswith("@shop.example") else None


def test_a_match_that_the_function_returns_stays() -> None:
    redactor = Redactor(callback=keep_shop)
    text = "from help@shop.example to jane@clinic.example"
    assert redactor.redact_text(text) == "from help@shop.example to [REDACTED:email]"
    assert redactor.redact_mapping({"a": ["help@shop.example"]}) == {"a": ["help@shop.example"]}


def test_a_match_may_be_shown_in_part() -> None:
    redactor = Redactor(callback=lambda kind, text: f"…{text[-4:]}" if kind == "card" else None)
    assert redactor.redact_text("paid with 4111111111111111") == "paid with …1111"


def test_a_value_under_its_key_is_kept_as_it_is() -> None:
    redactor = Redactor(callback=lambda kind, text: text)
    record = {"ssn": 219099999, "password": "hunter2x", "b": "password=hunter2x"}
    assert redactor.redact_mapping(record) == record


def test_a_function_that_raises_masks() -> None:
    def wrong(kind: str, text: str) -> str | None:
        raise RuntimeError(kind)

    assert Redactor(callback=wrong).redact_text("password=hunter2x") == "password=[REDACTED:password]"


def test_a_function_is_found_by_its_name() -> None:
    assert load_callback("tests.redaction.test_callback:keep_shop") is keep_shop


@pytest.mark.parametrize("name", ["no.such.module:f", "tests.redaction.test_callback:nothing", "sys:path"])
def test_what_is_no_function_is_named(name: str) -> None:
    with pytest.raises(CallbackError, match=name.partition(":")[2]):
        load_callback(name)
