"""Reads an operator's rule file and adds it to the rule set: further keys and values, exceptions, kinds off or on.

The file has the schema of the Collector's `aegis_redact` processor, which reads the same file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from aegis_otel.redaction._contract import COMMON
from aegis_otel.redaction._required import required
from aegis_otel.redaction.checks import CHECKS
from aegis_otel.redaction.rules import DEFAULT, KeyRule, RuleSet, ValueRule

TEXT_MODES: Final = ("token", "words", "date", "line")
TEXT_CHECKS: Final = frozenset(["secret", "field", "none", *CHECKS])
"""The checks a value rule can name."""

_LISTS: Final = ("allow_keys", "neutral", "prose_values", "disable", "enable", "audit_keys", "audit_who")
_READ_OFF: Final = ("literals", "digits")
"""Fields of a rule that are read off its pattern. Files may have them as hints, of earlier versions."""

_KIND: Final = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_NOT_RE2: Final = re.compile(r"\(\?(?:[=!>]|<[=!]|P=|\()|(?<!\\)(?:\\\\)*\\[1-9]|[*+?}]\+")


class RuleError(ValueError):
    """A rule is wrong; the text says which, in which file, and why."""


def load_rules(path: str | Path, base: RuleSet = DEFAULT) -> RuleSet:
    """`base` with the rules of the file at `path` added; its keys and values come before those of `base`.

    JSON needs no extra package; YAML needs PyYAML (`pip install aegis-otel[yaml]`). Raises RuleError.
    """
    return add_rules(read_rules(path), base, str(path))


def read_rules(path: str | Path) -> Any:
    """The content of a rule file as plain data."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}: can't be read: {error}") from error
    if text.lstrip()[:1] == "{":
        try:
            return json.loads(text)
        except ValueError as json_error:
            if not str(path).endswith((".yaml", ".yml")):
                raise RuleError(f"{path}: is no JSON: {json_error}") from json_error
    try:
        import yaml
    except ImportError as error:
        raise RuleError(
            f"{path}: a rule file in YAML needs PyYAML: pip install 'aegis-otel[yaml]', or write it as JSON"
        ) from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RuleError(f"{path}: is no YAML: {error}") from error


def add_rules(data: Any, base: RuleSet, source: str) -> RuleSet:
    """`base` with the rules in `data` added; `source` names the file in errors."""
    if data is None:
        return base
    if not isinstance(data, Mapping):
        raise RuleError(f"{source}: must be a map with keys, values, allow_keys…, not {type(data).__name__}")
    known = {"keys", "values", "not_secret", *_LISTS}
    for name in data:
        if name not in known:
            raise RuleError(f"{source}: {name!r} is unknown; known are {', '.join(sorted(known))}")
    keys = tuple(
        _key_rule(rule, f"{source}: keys[{number}]") for number, rule in enumerate(_list(data, "keys", source))
    )
    values = tuple(
        _value_rule(rule, f"{source}: values[{number}]") for number, rule in enumerate(_list(data, "values", source))
    )
    added: dict[str, Any] = {}
    for name in _LISTS:
        items = _list(data, name, source)
        if any(not isinstance(item, str) for item in items):
            raise RuleError(f"{source}: {name} must be a list of texts; quote true, false, null and numbers")
        added[name] = (*getattr(base, name), *items)
    not_secret = data.get("not_secret")
    if not_secret is not None:
        _compile(not_secret, f"{source}: not_secret")
        base = replace(base, not_secret=f"{base.not_secret}|{not_secret}" if base.not_secret else not_secret)
    rules = replace(base, keys=(*keys, *base.keys), values=(*values, *base.values), **added)
    for name in ("disable", "enable"):
        if wrong := unknown_kinds(rules, _list(data, name, source)):
            raise RuleError(f"{source}: {name}: {wrong}")
    return rules


def unknown_kinds(rules: RuleSet, kinds: Iterable[str]) -> str:
    """Says which of `kinds` no rule has, and which there are; empty if each is known."""
    known = {rule.kind for rule in rules.keys} | {rule.kind for rule in rules.values} - {""}
    unknown = [kind for kind in kinds if kind not in known]
    if not unknown:
        return ""
    return f"no rule has the kind {', '.join(map(repr, unknown))}; known are {', '.join(sorted(known))}"


def _list(data: Mapping[str, Any], name: str, source: str) -> list[Any]:
    items = data.get(name)
    if items is None:
        return []
    if not isinstance(items, list):
        raise RuleError(f"{source}: {name} must be a list, not {type(items).__name__}")
    return items


def _fields(rule: Any, model: type[KeyRule] | type[ValueRule], where: str) -> tuple[dict[str, Any], str]:
    if not isinstance(rule, Mapping):
        raise RuleError(f"{where}: must be a map, not {type(rule).__name__}")
    kind = rule.get("kind")
    where = f"{where} (kind {kind!r})"
    if not isinstance(kind, str) or not _KIND.match(kind):
        raise RuleError(f"{where}: kind must be a word of a-z, 0-9 and _")
    types = {field.name: field.type for field in fields(model) if field.name not in _READ_OFF}
    given = {name: value for name, value in rule.items() if name not in _READ_OFF}
    for name, value in given.items():
        if name not in types:
            raise RuleError(f"{where}: {name!r} is unknown; known are {', '.join(types)}")
        expected = {"str": str, "bool": bool, "int": int}.get(str(types[name]), list)
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            raise RuleError(f"{where}: {name} must be a {expected.__name__}, not {value!r}")
    return given, where


def _key_rule(rule: Any, where: str) -> KeyRule:
    given, where = _fields(rule, KeyRule, where)
    names = given.get("names")
    if not names or any(not isinstance(name, str) or not re.search("[A-Za-z]", name) for name in names):
        raise RuleError(f"{where}: names must be a list of at least one name with letters in it")
    given["names"] = tuple(names)
    if given.get("text", "token") not in TEXT_MODES:
        raise RuleError(f"{where}: text must be one of {', '.join(TEXT_MODES)}, not {given['text']!r}")
    if given.get("value"):
        _compile(given["value"], where)
    return KeyRule(**given)


def _value_rule(rule: Any, where: str) -> ValueRule:
    given, where = _fields(rule, ValueRule, where)
    pattern = given.get("pattern")
    if not pattern:
        raise RuleError(f"{where}: pattern is missing")
    groups = _compile(pattern, where).groups
    for name in ("group", "key"):
        if not 0 <= given.get(name, 0) <= groups:
            raise RuleError(f"{where}: {name} is {given[name]}, but the pattern has {groups} groups")
    check = given.get("check", "")
    if check and check not in TEXT_CHECKS:
        raise RuleError(f"{where}: check must be one of {', '.join(sorted(TEXT_CHECKS))}, not {check!r}")
    given["check"] = "" if check == "none" else check
    given["literals"], given["digits"] = required(pattern, COMMON)
    return ValueRule(**given)


def _compile(pattern: Any, where: str) -> re.Pattern[str]:
    if not isinstance(pattern, str):
        raise RuleError(f"{where}: pattern must be a text, not {pattern!r}")
    if _NOT_RE2.search(pattern):
        raise RuleError(
            f"{where}: pattern {pattern!r} has a lookaround, a back reference or a possessive part, "
            "which the Collector's regular expressions (RE2) don't have"
        )
    try:
        compiled = re.compile(pattern, re.ASCII)
    except re.error as error:
        raise RuleError(f"{where}: pattern {pattern!r} does not compile: {error}") from error
    if compiled.match("") and compiled.fullmatch(""):
        raise RuleError(f"{where}: pattern {pattern!r} matches the empty text")
    return compiled
