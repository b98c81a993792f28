"""Parts of a text that are to be masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

MASKED: Final = "\x01"
"""Replaces each character of a mask while rules run, so that no rule can match inside a mask."""


class Span(NamedTuple):
    """A part of the text to mask. Of overlapping spans, the one with the lowest priority number names the kind."""

    start: int
    end: int
    priority: int
    kind: str
    wrap: str = ""


def whole_masks(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """The spans, each extended over the masks that it touches; spans that cover only a mask are left out."""
    for span in spans:
        start, end = span.start, span.end
        if MASKED in text:
            while start and text[start] == MASKED and text[start - 1] == MASKED:
                start -= 1
            while end < len(text) and text[end] == MASKED and text[end - 1] == MASKED:
                end += 1
            if not text[start:end].strip(MASKED + " "):
                continue
        yield span if (start, end) == (span.start, span.end) else span._replace(start=start, end=end)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order. Overlapping spans are united; the one with priority gives the kind."""
    united: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end, span.priority)):
        if united and span.start < united[-1].end:
            last = united[-1]
            first = min(last, span, key=lambda span: span.priority)
            united[-1] = Span(last.start, max(last.end, span.end), first.priority, first.kind, first.wrap)
        else:
            united.append(span)
    return united
