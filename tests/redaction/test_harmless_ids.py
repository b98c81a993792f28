"""Ids and digests are never masked: one in some thousands has digits that are right for a card or a telephone number.

A sample here; `python -m benchmarks.redaction_ids` looks at a million of each kind.
"""

from __future__ import annotations

import pytest

from aegis_otel.redaction import Redactor
from benchmarks.redaction_ids import KINDS, masked


@pytest.mark.parametrize("kind", KINDS)
def test_no_id_is_masked(kind: str) -> None:
    assert list(masked(Redactor(), kind, 3_000, seed="tests")) == []


def test_a_uuid_of_digits_is_no_card() -> None:
    text = "uuid 41111111-1111-1111-1111-411111111111 done"
    assert Redactor().redact_text(text) == text


def test_a_card_beside_an_id_is_masked() -> None:
    text = Redactor().redact_text("uuid 12345678-1234-1234-1234-123456789012 card 4111111111111111")
    assert text == "uuid 12345678-1234-1234-1234-123456789012 card [REDACTED:card]"
