"""Reads `contract/`: the one place where rules, words, limits and the names of records are written by hand."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tools.contract import shapes

ROOT: Final = Path(__file__).resolve().parents[2]
CONTRACT: Final = ROOT / "contract"
RULES: Final = CONTRACT / "redaction" / "rules"

VENDORS: Final = "21-vendors"
"""Where the rules of the table of vendors stand in the rules' order."""

SECRET: Final = re.compile("⟦(.*?)⟧", re.DOTALL)
"""The secret of an example."""


def _module(path: Path) -> Any:
    """A module by its file: its package can't be imported before what is generated is there."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_required: Final = _module(ROOT / "aegis_otel" / "redaction" / "_required.py")
_TOO_MANY: Final = re.compile(r"\{(?:\d+,)?(?:[1-9]\d{4,}|[2-9]\d{3}|1[1-9]\d\d|10[1-9]\d|100[1-9])\}")
_PART: Final = re.compile(r"@\{([a-z ]+)\}")


class ContractError(ValueError):
    """The contract is wrong; the text says where and how."""


@dataclass(frozen=True)
class Example:
    """A text with a rule's secrets in brackets, or with none that the rule masks."""

    theme: str
    kind: str
    pattern: str
    """Empty for a rule of keys."""
    group: int
    text: str
    is_secret: bool

    @property
    def plain(self) -> str:
        """The text as a log line has it."""
        return SECRET.sub(lambda secret: secret.group(1), self.text)


@dataclass(frozen=True)
class Theme:
    """One file of rules."""

    name: str
    keys: list[dict[str, Any]]
    values: list[dict[str, Any]]


@dataclass(frozen=True)
class Contract:
    """All of `contract/`, with what follows from it."""

    themes: list[Theme]
    words: dict[str, Any]
    limits: dict[str, Any]
    checks: dict[str, Any]
    folding: dict[str, Any]
    screen: dict[str, Any]
    record: dict[str, Any]

    @property
    def keys(self) -> list[dict[str, Any]]:
        """Key rules in order, without their examples."""
        return [_bare(rule) for theme in self.themes for rule in theme.keys]

    @property
    def values(self) -> list[dict[str, Any]]:
        """Value rules in order, without their examples."""
        return [_bare(rule) for theme in self.themes for rule in theme.values]

    @property
    def not_secret(self) -> str:
        """The pattern of placeholders."""
        return "|".join(self.words["not_secret"])

    def required(self, rule: dict[str, Any]) -> tuple[tuple[tuple[str, ...], ...], int]:
        """Sets of literals of which a value rule's matches have one each, and the digits that they have in one run."""
        found = _required.required(rule["pattern"], self.words["common"])
        digits = self.checks["digits"].get(rule.get("check", ""), 0) if _required.is_number(rule["pattern"]) else 0
        return found.literals, max(found.digits, digits)

    def examples(self) -> list[Example]:
        """All examples, in the rules' order."""
        return [
            Example(theme.name, rule["kind"], rule.get("pattern", ""), rule.get("group", 0), text, field == "masks")
            for theme in self.themes
            for rule in (*theme.keys, *theme.values)
            for field in ("masks", "leaves")
            for text in rule[field]
        ]


@cache
def load() -> Contract:
    """The contract. Raises ContractError."""
    redaction = CONTRACT / "redaction"
    contract = Contract(
        themes=_themes(),
        words=_read(redaction / "words.yaml"),
        limits=_read(redaction / "limits.yaml"),
        checks=_read(redaction / "checks.yaml"),
        folding=_read(redaction / "folding.yaml"),
        screen=_read(redaction / "screen.yaml"),
        record=_read(CONTRACT / "record.yaml"),
    )
    contract.limits["largest_number"] = int(float(contract.limits["largest_number"]))
    return contract


def _themes() -> list[Theme]:
    vendors = Theme(VENDORS, [], shapes.rules(_read(CONTRACT / "redaction" / "vendors.yaml")))
    shared = _read(CONTRACT / "redaction" / "parts.yaml")
    return sorted([*(_theme(path, shared) for path in RULES.glob("*.yaml")), vendors], key=lambda theme: theme.name)


def _read(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ContractError(f"{path.relative_to(ROOT)}: must be a map")
    return found


def _theme(path: Path, shared: dict[str, str]) -> Theme:
    data = _read(path)
    parts: dict[str, str] = {}
    for name, pattern in (shared | data.pop("parts", {})).items():
        parts[name] = _fill(pattern, parts)
    theme = Theme(path.stem, data.pop("keys", []), data.pop("values", []))
    if data:
        raise ContractError(f"{path.relative_to(ROOT)}: {', '.join(data)}: unknown; known are parts, keys, values")
    for rule in (*theme.keys, *theme.values):
        where = f"{path.relative_to(ROOT)}: {rule.get('kind') or rule.get('pattern')!r}"
        for field in ("masks", "leaves"):
            if not isinstance(rule.get(field), list) or any(not isinstance(text, str) for text in rule[field]):
                raise ContractError(f"{where}: {field} must be a list of texts")
            if any((SECRET.search(text) is not None) != (field == "masks") for text in rule[field]):
                raise ContractError(f"{where}: each text of `masks` has its secret in ⟦…⟧, and none of `leaves`")
        if not rule["leaves"]:
            raise ContractError(f"{where}: leaves needs a text that looks like the rule's and stays")
        if "pattern" in rule:
            rule["pattern"] = _fill(rule["pattern"], parts)
            re.compile(rule["pattern"], re.ASCII)
            if _TOO_MANY.search(rule["pattern"]):
                raise ContractError(f"{where}: RE2 repeats a thousand times at most")
        if "names" in rule:
            rule["names"] = [name for given in rule["names"] for name in _multiplied(given, parts)]
            if "value" in rule:
                rule["value"] = _fill(rule["value"], parts)
                re.compile(rule["value"], re.ASCII)
    return theme


def _multiplied(name: str, parts: dict[str, str]) -> list[str]:
    """One name for each alternative of the parts in it: `@{person} city`."""
    part = _PART.search(name)
    if part is None:
        return [name]
    return [
        full
        for word in parts[part.group(1)].split("|")
        for full in _multiplied(name[: part.start()] + word + name[part.end() :], parts)
    ]


def _fill(pattern: str, parts: dict[str, str]) -> str:
    return _PART.sub(lambda part: parts[part.group(1)], pattern)


def _bare(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name not in ("masks", "leaves")}
