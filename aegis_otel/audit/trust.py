"""Whom a verifier trusts: node keys, HMAC secrets and witnesses, from its own file (docs/audit-format.md, 4.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aegis_otel.audit import _keys, _note

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class TrustError(ValueError):
    """A file of trusted keys cannot be used; the text says which line and why, and holds no secret."""


@dataclass(frozen=True)
class NodeTrust:
    """A node key, and the times between which it opens chains (ISO 8601; empty: no limit)."""

    key: str
    since: str = ""
    until: str = ""

    def covers(self, timestamp: str) -> bool:
        """Whether it counts at this time."""
        return self.since <= timestamp and (not self.until or timestamp < self.until)


@dataclass
class Trust:
    """All that a verifier trusts.

    Attributes:
        nodes: node keys by hash text.
        secrets: HMAC secrets by the name that records have for them.
        witnesses: keys of witnesses.
    """

    nodes: dict[str, list[NodeTrust]] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)
    witnesses: list[_note.Vkey] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether no chain can be trusted."""
        return not self.nodes and not self.secrets

    def add_node(self, trust: NodeTrust) -> None:
        """Trust one more."""
        self.nodes.setdefault(trust.key, []).append(trust)


def read_trust(path: Path) -> Trust:
    """Read a file of trusted keys.

    Raises:
        TrustError: it cannot be read, or a line is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise TrustError(f"the trusted keys {path} cannot be read: {reason}") from None
    try:
        return parse_trust(text.splitlines())
    except TrustError as error:
        raise TrustError(f"the trusted keys {path}: {error}") from None


def parse_trust(lines: Iterable[str]) -> Trust:
    """The trusted keys of these lines.

    Raises:
        TrustError: a line is wrong.
    """
    trust = Trust()
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            _add(trust, words)
        except ValueError as error:
            raise TrustError(f"line {number} {error}") from None
    return trust


def _add(trust: Trust, words: list[str]) -> None:
    key = _keys.parse_key(" ".join(words))
    if key is not None:
        if key[0] != _keys.HMAC:
            raise ValueError("holds the secret node key: use the line that `aegis-otel audit key` shows")
        trust.secrets[_keys.mac_key_id(key[1])] = key[1]
        return
    vkey = _note.parse_vkey(words[0])
    times = {"from": "", "until": ""}
    for word in words[1:]:
        name, _, value = word.partition("=")
        if name not in times or not _TIME.fullmatch(value):
            raise ValueError("has something behind the key other than from=<time> or until=<time>")
        times[name] = value
    if vkey.kind == _note.COSIGNATURE:
        trust.witnesses.append(vkey)
        return
    if vkey != _note.node_vkey(vkey.key):
        raise ValueError("is no node key: its name is not that of the key")
    trust.add_node(NodeTrust(vkey.key.hex(), times["from"], times["until"]))
