"""`collector/config/redact.yaml`: the rules as the configuration of the Collector's `aegis_redact` processor."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import Any, Final

from tools.contract.source import Contract

_WIDTH: Final = 118
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?: [A-Za-z][A-Za-z0-9_]*)*\Z")
_YAML_WORDS: Final = frozenset(["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"])
_HEAD: Final = """\
# What counts as a secret, and how it is masked. Generated from contract/redaction by
#   python -m tools.contract
# so don't edit it: your own rules and exceptions go into a file of the same form, named by AEGIS_REDACTION_RULES
# (docs/redaction.md). A `$` is written `$$` here, and `$` there.
processors:
  aegis_redact:
    mask: '[REDACTED:{kind}]'
    # With a key, masks carry a keyed hash, so that records about one patient can be joined.
    hash_key: ${env:AEGIS_REDACTION_HASH_KEY:-}
    # Your own rules and exceptions.
    rules_file: ${env:AEGIS_REDACTION_RULES:-}
    # Kinds that are off, and those that are on all the same, e.g. AEGIS_REDACTION_ENABLE=hipaa,ipv4
    disable: %s
    enable: ${env:AEGIS_REDACTION_ENABLE:-[]}
"""


def config(contract: Contract) -> dict[str, Any]:
    """The `aegis_redact` mapping, as plain data, with the Collector's environment references."""
    words = contract.words
    return {
        "mask": "[REDACTED:{kind}]",
        "hash_key": "${env:AEGIS_REDACTION_HASH_KEY:-}",
        "rules_file": "${env:AEGIS_REDACTION_RULES:-}",
        "disable": words["disable"],
        "enable": "${env:AEGIS_REDACTION_ENABLE:-[]}",
        "keys": [_doubled(rule) for rule in contract.keys],
        **{name: words[name] for name in ("allow_keys", "neutral", "prose_values")},
        "not_secret": _dollars(contract.not_secret),
        "values": [_doubled(rule) for rule in contract.values],
        **{name: words[name] for name in ("audit_keys", "audit_who")},
    }


def render(contract: Contract) -> str:
    """The content of collector/config/redact.yaml."""
    words = contract.words
    lines = [_HEAD % _flow(words["disable"], 0)]
    lines.append(
        "    # The value under these keys is masked, whatever it looks like. Any case and notation: userPassword,\n"
    )
    lines.append(
        "    # X-Api-Key, db.password. A key matches if these are its last words, so tokenCount is no secret.\n"
    )
    lines.append("    keys:\n")
    lines.extend(_render(rule) for rule in contract.keys)
    lines.append("    # These keys are never masked.\n")
    lines.append(f"    allow_keys: {_flow(words['allow_keys'], 4)}\n")
    lines.append("    # Words at the end of a key that change nothing: passwordHash, ssnValue.\n")
    lines.append(f"    neutral: {_flow(words['neutral'], 4)}\n")
    lines.append("    # Values that are no secrets: `password: required`, and placeholders.\n")
    lines.append(f"    prose_values: {_flow(words['prose_values'], 4)}\n")
    lines.append(f"    not_secret: {_quoted(_dollars(contract.not_secret))}\n")
    lines.append(
        "    # Values that are secret wherever they stand. `group` is the part that is masked; `key` is the part that\n"
    )
    lines.append("    # must be a secret key; `check` is a test in code, such as a card number's check digit.\n")
    lines.append("    values:\n")
    lines.extend(_render(rule) for rule in contract.values)
    lines.append(
        "    # Audit records keep who, what and when: no key rule masks these; `audit_who` keeps e-mail too.\n"
    )
    lines.append(f"    audit_keys: {_flow(words['audit_keys'], 4)}\n")
    lines.append(f"    audit_who: {_flow(words['audit_who'], 4)}\n")
    return "".join(lines)


def _doubled(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule with each `$` doubled, as the Collector's configuration has it."""
    return {name: _dollars(value) if isinstance(value, str) else value for name, value in rule.items()}


def _render(rule: dict[str, Any]) -> str:
    parts: list[str] = []
    for name, value in _doubled(rule).items():
        if isinstance(value, list):
            rendered = _flow(value, 8)
        elif isinstance(value, bool):
            rendered = str(value).lower()
        elif isinstance(value, int):
            rendered = str(value)
        else:
            rendered = _scalar(value) if name not in ("pattern", "value") else _quoted(value)
        parts.append(f"{name}: {rendered}")
    joined = ", ".join(parts)
    if "\n" not in joined and len(joined) < _WIDTH - 10:
        return f"      - {{{joined}}}\n"
    return "      - " + "\n        ".join(parts) + "\n"


def _flow(values: Iterable[str], indent: int) -> str:
    text = "[" + ", ".join(_scalar(value) for value in values) + "]"
    if len(text) < _WIDTH - indent - 20:
        return text
    pad = " " * (indent + 2)
    wrapped = textwrap.wrap(
        text[1:-1], _WIDTH, initial_indent=pad, subsequent_indent=pad, break_long_words=False, break_on_hyphens=False
    )
    return "[\n" + "\n".join(wrapped) + "\n" + " " * indent + "]"


def _scalar(value: str) -> str:
    plain = _PLAIN.match(value) and value.lower() not in _YAML_WORDS
    return value if plain else _quoted(value)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _dollars(value: str) -> str:
    return value.replace("$", "$$")
