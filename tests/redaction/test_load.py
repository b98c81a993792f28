"""An operator's file: adds rules and exceptions; what is wrong in it is named."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from aegis_otel.redaction import DEFAULT, Redactor, RuleError, add_rules, load_rules


def write(tmp_path: Path, data: Any, name: str = "rules.json") -> Path:
    path = tmp_path / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


YAML = r"""
keys:
  - {kind: badge, names: [badge number, staff badge]}
values:
  - {kind: study, pattern: '\bSTUDY-(\d{4}-[A-Z]{2})\b', group: 1}
allow_keys: [resetToken]
disable: [phone]
enable: [ipv4]
"""


def test_yaml_adds_rules_and_exceptions(tmp_path: Path) -> None:
    redactor = Redactor(load_rules(write(tmp_path, YAML, "rules.yaml")))
    record = {"staffBadge": "b1", "resetToken": "abc12345", "note": "STUDY-1234-AB 555-123-4567 10.1.2.3 pwd=x1"}
    assert redactor.redact_mapping(record) == {
        "staffBadge": "[REDACTED:badge]",
        "resetToken": "abc12345",
        "note": "STUDY-[REDACTED:study] 555-123-4567 [REDACTED:ipv4] pwd=[REDACTED:password]",
    }


def test_json_needs_no_yaml_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _hide_yaml(monkeypatch)
    rules = load_rules(write(tmp_path, {"keys": [{"kind": "badge", "names": ["badge"]}]}))
    assert Redactor(rules).redact_text("badge=77") == "badge=[REDACTED:badge]"


def test_yaml_without_the_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _hide_yaml(monkeypatch)
    with pytest.raises(RuleError, match=r"rules\.yaml: .*pip install 'aegis-otel\[yaml\]'"):
        load_rules(write(tmp_path, YAML, "rules.yaml"))


def _hide_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without_yaml(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_yaml)


def test_own_rules_come_first() -> None:
    rules = add_rules({"values": [{"kind": "mine", "pattern": r"\b123-45-6789\b"}]}, DEFAULT, "x")
    assert Redactor(rules).redact_text("123-45-6789") == "[REDACTED:mine]"


def test_an_own_rule_needs_no_hints_to_be_applied() -> None:
    rules = add_rules({"values": [{"kind": "mine", "pattern": r"\bab\d\b", "digits": True}]}, DEFAULT, "x")
    assert Redactor(rules).redact_text("see ab1 there") == "see [REDACTED:mine] there"


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load_rules(write(tmp_path, "", "rules.yaml")) == DEFAULT


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"values": [{"kind": "case", "pattern": "("}]}, r"values\[0\] \(kind 'case'\): pattern '\(' does not compile"),
        (
            {"values": [{"kind": "a", "pattern": "x"}, {"kind": "b", "pattern": "(?=x)"}]},
            r"values\[1\] \(kind 'b'\).*lookaround",
        ),
        ({"values": [{"kind": "b", "pattern": r"(a)\1"}]}, "back reference"),
        ({"values": [{"kind": "b", "pattern": "a*"}]}, "matches the empty text"),
        ({"values": [{"kind": "b", "pattern": "a", "group": 1}]}, "group is 1, but the pattern has 0 groups"),
        ({"values": [{"kind": "b", "pattern": "a", "check": "lun"}]}, "check must be one of .*luhn.*'lun'"),
        ({"values": [{"kind": "b"}]}, "pattern is missing"),
        ({"values": [{"kind": "B!", "pattern": "a"}]}, "kind must be a word"),
        ({"values": [{"kind": "b", "patern": "a"}]}, "'patern' is unknown; known are kind, pattern"),
        ({"values": [{"kind": "b", "pattern": "a", "group": "1"}]}, "group must be a int, not '1'"),
        ({"values": ["x"]}, r"values\[0\]: must be a map, not str"),
        ({"values": {}}, "values must be a list, not dict"),
        ({"keys": [{"kind": "b", "names": []}]}, r"keys\[0\] \(kind 'b'\): names must be a list of at least one name"),
        ({"keys": [{"kind": "b", "names": ["123"]}]}, "with letters in it"),
        ({"keys": [{"kind": "b", "names": ["x"], "text": "page"}]}, "text must be one of token, words, date, line"),
        ({"prose_values": [True]}, "prose_values must be a list of texts; quote true"),
        ({"not_secret": "("}, "not_secret: pattern"),
        ({"keyz": []}, "'keyz' is unknown; known are allow_keys"),
        ([1], "must be a map with keys, values"),
        ({"enable": ["hippa"]}, "enable: no rule has the kind 'hippa'; known are account, .*hipaa"),
        ({"disable": ["fone"]}, "disable: no rule has the kind 'fone'"),
        ({"keys": [{"kind": "x", "names": ["x"], "value": "("}]}, "does not compile"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, data: Any, message: str) -> None:
    path = write(tmp_path, data, "rules.yaml")
    with pytest.raises(RuleError, match=message) as error:
        load_rules(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [("{", "rules.json", "is no JSON"), ("a: [", "rules.yaml", "is no YAML")],
)
def test_a_file_that_is_no_yaml_or_json(tmp_path: Path, content: str, name: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        load_rules(write(tmp_path, content, name))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="can't be read"):
        load_rules(tmp_path / "missing.yaml")


def test_a_kind_of_its_own_rules_can_be_switched(tmp_path: Path) -> None:
    rules = load_rules(write(tmp_path, {"keys": [{"kind": "badge", "names": ["badge"]}], "disable": ["badge"]}))
    assert Redactor(rules).redact_text("badge=77") == "badge=77"


def test_a_key_rule_may_ask_for_a_form_of_the_value() -> None:
    rules = add_rules({"keys": [{"kind": "bed", "names": ["bed"], "value": "^[A-Z]-[0-9]+$"}]}, DEFAULT, "test")
    redactor = Redactor(rules)
    assert redactor.redact_mapping({"bed": "B-12", "x": {"bed": {"size": 3}}}) == {
        "bed": "[REDACTED:bed]",
        "x": {"bed": {"size": 3}},
    }
    assert redactor.redact_text("bed=B-12, bed=wide") == "bed=[REDACTED:bed], bed=wide"
