"""Both engines do exactly what contract/vectors.json says; this is the Python one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from aegis_otel.redaction import DEFAULT, Redactor, add_rules
from aegis_otel.schema import Record
from tests.redaction.keys import kind_of_key

VECTORS = json.loads((Path(__file__).parents[2] / "contract" / "vectors.json").read_text(encoding="utf-8"))


def make_redactor(options: dict[str, Any]) -> Redactor:
    return _made(json.dumps({name: value for name, value in options.items() if name != "audit"}))


@cache
def _made(text: str) -> Redactor:
    """One for each set of options: to compile the rules takes longer than any vector."""
    options = json.loads(text)
    rules = add_rules(options.pop("rules", None), DEFAULT, "vectors.json")
    return Redactor(rules, **options)


def apply(redactor: Redactor, vector: dict[str, Any]) -> Any:
    given = vector["in"]
    if vector["fn"] == "text":
        return redactor.redact_text(given)
    if vector["fn"] == "value":
        return redactor.redact_mapping({"x": given})["x"]
    if vector["fn"] == "key":
        return kind_of_key(redactor, given)
    audit = vector.get("options", {}).get("audit", False)
    if not audit:
        record = Record(1, 9, given["message"], "orders", attributes=dict(given["attributes"]))
        redactor.redact_record(record)
        return {"message": record.message, "attributes": record.attributes}
    attributes = redactor.redact_mapping(given["attributes"], audit=audit)
    return {"message": redactor.redact_text(given["message"]), "attributes": attributes}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector: dict[str, Any]) -> None:
    redactor = make_redactor(vector.get("options", {}))
    assert apply(redactor, vector) == vector["out"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["fn"] != "key"], ids=lambda vector: vector["name"])
def test_redacting_a_vector_again_changes_nothing(vector: dict[str, Any]) -> None:
    redactor = make_redactor(vector.get("options", {}))
    assert apply(redactor, {**vector, "in": vector["out"]}) == vector["out"]


def test_names_are_distinct() -> None:
    names = [vector["name"] for vector in VECTORS]
    assert len(names) == len(set(names)) >= 300
