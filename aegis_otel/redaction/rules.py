"""The redaction rule set: what a rule says, and the rules that come with aegis-otel.

The rules are written in `contract/redaction/rules`; `_contract.py` is generated from them. Patterns are valid for
both Python's `re` (ASCII) and RE2: no lookaround, no back reference. A check from `checks.py` covers conditions that a
pattern can't express.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aegis_otel.redaction import _contract


@dataclass(frozen=True)
class KeyRule:
    """Values under certain keys are secret, whatever they are."""

    kind: str
    """Named in the mask: `[REDACTED:kind]`."""
    names: tuple[str, ...]
    """Words in lower case; a key matches if these are its last words."""
    text: str = "token"
    """How far an unquoted value goes in plain text: `token`, `words` (a name), `date` (or number) or `line`."""
    exact: bool = False
    """The whole key must be the name."""
    glued: bool = True
    """Names of six letters or more also match the end of a word: `PGPASSWORD`."""
    quoted: bool = False
    """In plain text the key must be quoted, as in JSON."""
    not_number: bool = False
    """A number is not a secret: `tokens=512`."""
    min_digits: int = 0
    """The value must have at least this many digits."""
    opaque: bool = False
    """In prose (`session: active`) the value must look like a secret."""
    value: str = ""
    """A pattern that the value must match. Maps and lists are then gone through as under any other key."""


@dataclass(frozen=True)
class ValueRule:
    """Values that are secret by their form, at any place."""

    kind: str
    """Named in the mask. Empty if `key` names the group that decides."""
    pattern: str
    group: int = 0
    """The group that is masked."""
    key: int = 0
    """The group that must be a secret key; its rule gives the kind."""
    check: str = ""
    """A function of `checks.py` that must agree, applied to `group`."""
    literals: tuple[tuple[str, ...], ...] = ()
    """Of each set one occurs in every match (lower case): read off the pattern, so that most texts need no search."""
    digits: int = 0
    """Every match has so many digits in one run: read off the pattern as well."""


@dataclass(frozen=True)
class RuleSet:
    """All rules, in order of priority: keys before values, earlier before later."""

    keys: tuple[KeyRule, ...]
    values: tuple[ValueRule, ...]
    allow_keys: tuple[str, ...] = ()
    """Keys that are never secret, compared word for word."""
    neutral: tuple[str, ...] = ()
    """Words at the end of a key that change nothing: `passwordHash`, `ssnValue`."""
    prose_values: tuple[str, ...] = ()
    """Values that are never secret: `password: required`."""
    not_secret: str = ""
    """Values that match this pattern as a whole are placeholders: `?`, `$1`, `${NAME}`, `****`."""
    audit_keys: tuple[str, ...] = ()
    """Top-level fields of audit records that key rules leave alone: who, what, when."""
    audit_who: tuple[str, ...] = ()
    """Those of them in which e-mail addresses and telephone numbers stay readable too."""
    disable: tuple[str, ...] = ()
    """Kinds that are switched off."""
    enable: tuple[str, ...] = ()
    """Kinds that are on even if `disable` names them."""
    mask: str = "[REDACTED:{kind}]"
    """The text that replaces a secret; `{kind}` is filled in."""


DEFAULT: Final = RuleSet(
    keys=tuple(KeyRule(*row) for row in _contract.KEYS),
    values=tuple(ValueRule(*row) for row in _contract.VALUES),
    allow_keys=_contract.ALLOW_KEYS,
    neutral=_contract.NEUTRAL,
    prose_values=_contract.PROSE_VALUES,
    not_secret=_contract.NOT_SECRET,
    audit_keys=_contract.AUDIT_KEYS,
    audit_who=_contract.AUDIT_WHO,
    disable=_contract.DISABLE,
)
"""The default rule set."""
