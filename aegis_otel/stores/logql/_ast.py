"""The parts of a parsed query."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Matcher:
    """A condition of a stream selector: `op` is one of ``= != =~ !~``; regular expressions match the whole value."""

    name: str
    op: str
    value: str

    def matches(self, value: str) -> bool:
        """Whether a label with this value is wanted; a label that is missing counts as empty."""
        raise NotImplementedError


@dataclass(frozen=True)
class Query:
    """A parsed query."""

    text: str
