"""The domain of values, and their bytes beside an independent implementation of RFC 8785."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as some

from aegis_otel.audit._canonical import LARGEST, DomainError, canonical, closed, in_domain, parse

texts = some.text(some.characters(exclude_categories=("Cs",)), max_size=20)
scalars = some.none() | some.booleans() | some.integers(-LARGEST, LARGEST) | texts
values = some.recursive(
    scalars, lambda inner: some.lists(inner, max_size=4) | some.dictionaries(texts, inner, max_size=4), max_leaves=20
)
records = some.dictionaries(texts, values, max_size=6)


@given(records)
def test_canonical_bytes_are_those_of_rfc_8785(record: dict[str, Any]) -> None:
    assert canonical(record) == rfc8785.dumps(record)


@given(records)
def test_a_record_is_read_back_as_it_was(record: dict[str, Any]) -> None:
    assert parse(canonical(record)) == record
    assert parse(json.dumps(record, indent=2).encode()) == record
    assert in_domain(record)


anything = some.recursive(
    scalars | some.floats() | some.integers() | some.binary(max_size=8) | some.text(max_size=8) | some.datetimes(),
    lambda inner: (
        some.lists(inner, max_size=4) | some.dictionaries(some.text(min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(some.dictionaries(some.text(min_size=1, max_size=8), anything, max_size=5))
def test_whatever_an_app_gives_comes_into_the_domain_or_is_refused(record: dict[str, Any]) -> None:
    try:
        taken = closed(record)
    except DomainError:
        return
    assert in_domain(taken)
    assert canonical(taken) == rfc8785.dumps(taken)
    assert closed(taken) == taken


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"1", b"{", b'{"a":1}}', b'{"a":1.0}', b'{"a":1e2}', b'{"a":-0}', b'{"a":9007199254740992}',
        b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'\xff', b'\xef\xbb\xbf{}',
        b'{"a":' + b"[" * 100_000, b'{"a":' + b"9" * 10_000 + b"}", b'{"a":"\t"}',
    ],
    ids=lambda text: repr(text[:14]),
)  # fmt: skip
def test_a_text_that_is_no_record_is_refused(text: bytes) -> None:
    with pytest.raises(DomainError):
        parse(text)


def test_a_lone_surrogate_is_not_in_the_domain() -> None:
    assert not in_domain(parse(b'{"a":"\\ud800"}'))


@given(some.binary(max_size=60))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    try:
        record = parse(content)
    except DomainError:
        return
    assert isinstance(record, dict)
