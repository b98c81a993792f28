"""Hostile and unusual values: nothing raises, nothing gets through, nothing is slow without bound."""

from __future__ import annotations

import datetime
import threading
from collections import OrderedDict
from types import MappingProxyType
from typing import Any

import pytest

from aegis_otel.redaction import FAILED, Redactor


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor()


def test_the_same_objects_come_back_when_there_is_nothing_to_hide(redactor: Redactor) -> None:
    record = {"a": 1, "b": {"c": ["x", {"d": None}]}, "e": "hello"}
    assert redactor.redact_mapping(record) is record


def test_the_input_is_never_changed(redactor: Redactor) -> None:
    record = {"user": {"password": "x1", "items": [{"token": "t1"}]}}
    redactor.redact_mapping(record)
    assert record == {"user": {"password": "x1", "items": [{"token": "t1"}]}}


def test_a_cycle_is_cut(redactor: Redactor) -> None:
    cycle: dict[str, Any] = {"password": "x1"}
    cycle["self"] = cycle
    redacted = redactor.redact_mapping({"a": cycle})
    assert redacted["a"]["password"] == "[REDACTED:password]"
    assert redacted["a"]["self"] == "[REDACTED:depth]"


def test_what_is_nested_too_deep_is_masked(redactor: Redactor) -> None:
    value: Any = {"password": "x1"}
    for _ in range(100):
        value = {"a": value}
    assert "x1" not in repr(redactor.redact_mapping(value))


def test_a_structure_that_repeats_itself_without_bound_fails_closed(redactor: Redactor) -> None:
    value: Any = ["password=x1"]
    for _ in range(30):
        value = [value, value]
    assert redactor.redact_mapping({"a": value, "b": 1}) == {"a": FAILED, "b": 1}


def test_a_text_that_is_too_long_is_masked(redactor: Redactor) -> None:
    assert redactor.redact_text("password=x1 " * 400_000) == "[REDACTED:length]"


SLOW_PIECES = [
    *("password=[", "phone='", "a@", "a-", "\\", "%25", "((((", '"name":"', "{", "9 ", "<a ", "token: {", "Bearer "),
    *("&amp;", "PID|", "id='x' ", "curl ", "-----BEGIN PRIVATE KEY-----", "ssn ", "\\u003d", "phone=[", "a"),
    "INSERT INTO t (password) VALUES (",
]


@pytest.mark.parametrize("piece", SLOW_PIECES)
def test_long_texts_made_to_be_slow_are_done_in_time(redactor: Redactor, piece: str) -> None:
    done = threading.Event()
    text = "password=a1 " + piece * (60_000 // len(piece))

    def run() -> None:
        redactor.redact_text(text)
        done.set()

    threading.Thread(target=run, daemon=True).start()
    assert done.wait(60), "redaction of 60 kB takes longer than a minute"


class Angry:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def test_a_value_that_cannot_be_read_does_not_take_the_others_with_it(redactor: Redactor) -> None:
    redacted = redactor.redact_mapping({"a": Angry(), "password": "x1", "b": 2})
    assert redacted == {"a": FAILED, "password": "[REDACTED:password]", "b": 2}


def test_a_mapping_that_cannot_be_read_becomes_a_mark(redactor: Redactor) -> None:
    class Broken(OrderedDict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError("no")

        def __iter__(self) -> Any:
            raise RuntimeError("no")

    assert redactor.redact_mapping(Broken(a=1)) == {FAILED: FAILED}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"password=x1", "password=[REDACTED:password]"),
        (bytearray(b"nothing"), bytearray(b"nothing")),
        (b"\xff\xfe", b"\xff\xfe"),
        (("a", "password=x1"), ("a", "password=[REDACTED:password]")),
        ({"password=x1"}, ["password=[REDACTED:password]"]),
        (MappingProxyType({"password": "x1"}), {"password": "[REDACTED:password]"}),
        (datetime.date(2025, 6, 26), datetime.date(2025, 6, 26)),
        (float("nan"), None),
        (float("inf"), float("inf")),
        (1e300, 1e300),
        ("\ud800 password=x1", "\ud800 password=[REDACTED:password]"),
    ],
)
def test_other_types(redactor: Redactor, value: Any, expected: Any) -> None:
    redacted = redactor.redact_mapping({"x": value})["x"]
    assert redacted == expected or (expected is None and redacted is value)


def test_a_number_too_long_for_any_identifier_is_left_alone(redactor: Redactor) -> None:
    number = 10**5000
    assert redactor.redact_mapping({"n": number})["n"] is number


def test_keys_need_not_be_texts(redactor: Redactor) -> None:
    assert redactor.redact_mapping({1: "password=x1", None: {"token": "t"}}) == {  # type: ignore[dict-item]
        1: "password=[REDACTED:password]",
        None: {"token": "[REDACTED:token]"},
    }


def test_two_notations_of_one_value_have_one_hash() -> None:
    redactor = Redactor(hash_key="a key")
    by_key = redactor.redact_mapping({"ssn": 123456789})["ssn"]
    assert by_key == redactor.redact_text("123-45-6789")
    assert by_key != Redactor(hash_key="another").redact_text("123-45-6789")
    assert by_key.startswith("[REDACTED:ssn:")


def test_an_empty_hash_key_is_none() -> None:
    assert Redactor(hash_key="").redact_text("123-45-6789") == "[REDACTED:ssn]"


def test_several_threads_may_share_one(redactor: Redactor) -> None:
    wrong: list[str] = []

    def run(number: int) -> None:
        for turn in range(300):
            text = redactor.redact_text(f"password=x{number} turn {turn}")
            if text != f"password=[REDACTED:password] turn {turn}":
                wrong.append(text)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_caches_are_bounded() -> None:
    redactor = Redactor()
    for number in range(10_000):
        redactor.redact_mapping({f"key{number}": f"value {number}"})
    assert len(redactor._text.screen.known) <= 4096
    assert len(redactor._keys._cache) <= 4096
    assert len(redactor._plain_keys) <= 4096
