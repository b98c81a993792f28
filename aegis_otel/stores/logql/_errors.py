"""What a query can be refused for."""

from __future__ import annotations

from typing import Final

_WIDTH: Final = 100


class LogQLError(ValueError):
    """A query cannot be answered: it does not parse, is not supported, or its pipeline failed.

    ``str()`` shows the reason, the line of the query and a caret under the place.

    Attributes:
        text: the whole query.
        position: 0-based offset into `text`.
        reason: what is wrong there, in one line.
    """

    def __init__(self, text: str, position: int, reason: str) -> None:
        self.text = text
        self.position = min(max(position, 0), len(text))
        self.reason = reason
        super().__init__(text, position, reason)

    def __str__(self) -> str:
        begin = self.text.rfind("\n", 0, self.position) + 1
        end = self.text.find("\n", self.position)
        line = self.text[begin:] if end < 0 else self.text[begin:end]
        column = self.position - begin
        # A very long line is cut around the place.
        cut = max(0, column - _WIDTH // 2)
        shown = line[cut : cut + _WIDTH].replace("\t", " ")
        return f"{self.reason}\n{shown}\n{' ' * (column - cut)}^"


class PipelineError(LogQLError):
    """A metric query met entries that its pipeline could not handle, and did not filter them out by `__error__`."""


class LimitError(LogQLError):
    """The answer would be larger than the engine's limits."""
