"""The bar: no secret of the corpus gets through in any place, and benign lines stay as they are."""

from __future__ import annotations

import json

import pytest

from aegis_otel.redaction import Redactor
from tests.redaction.corpus import KEYS, PLACES, Case, benign_lines, cases, records, secrets

SEEDS = (20250626, 1, 2)


def redacted(redactor: Redactor, case: Case) -> str:
    attributes, resource = redactor.redact_mapping(case.attributes), redactor.redact_mapping(case.resource)
    return json.dumps([redactor.redact_text(case.message), attributes, resource], ensure_ascii=False)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_secret_gets_through_in_any_place(seed: int) -> None:
    redactor = Redactor()
    leaked = [(case.place, case.secret.kind) for case in records(seed) if case.leaks(redacted(redactor, case))]
    assert leaked == []


def test_every_case_of_the_corpus_leaks_without_redaction() -> None:
    """Or the test above would prove nothing."""
    for case in records():
        assert case.leaks(json.dumps([case.message, case.attributes, case.resource], ensure_ascii=False))


def test_the_corpus_is_large_enough_and_the_same_each_time() -> None:
    everything = secrets()
    assert len({secret.value for secret in everything}) >= 400
    assert everything == secrets()
    assert {case.place for case in cases(everything[0])} == set(PLACES)
    assert {secret.kind for secret in everything if secret.key} == set(KEYS)


@pytest.mark.parametrize("seed", SEEDS)
def test_under_one_percent_of_benign_lines_change(seed: int) -> None:
    redactor = Redactor()
    lines = benign_lines(seed)
    changed = [(line, new) for line in lines if (new := redactor.redact_text(line)) != line]
    assert len(lines) >= 400
    assert len(changed) < len(lines) / 100, changed


def test_a_benign_line_is_returned_as_the_same_object() -> None:
    redactor = Redactor()
    for line in benign_lines():
        assert redactor.redact_text(line) is line
