"""Records that another logging library gives to `logging`: what it knows of them, and which were recorded before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from aegis_otel.schema import ErrorInfo

EVENT: Final = "_aegis_otel_event"
"""The attribute of one of `logging`'s records that holds an `Event`; taken away before handlers see the record."""

EXTRA: Final = "extra"
"""The attribute in which loguru's records have their fields on the way through `logging`."""


@dataclass(frozen=True)
class Event:
    """What a library logged, before it was made a line of text.

    Attributes:
        message: without the fields.
        fields: all names that the library's own fields have, also of those that are no attributes.
        attributes: plain values.
        error: the exception it carries, or None.
    """

    message: str
    fields: frozenset[str]
    attributes: dict[str, Any]
    error: ErrorInfo | None


class _Sink(threading.local):
    """What this thread gives to `logging` at the moment."""

    extra: Any = None


_sink = _Sink()


@contextmanager
def recorded(extra: Any) -> Iterator[None]:
    """Inside, a record of `logging`'s with these fields is one that was recorded where it came from."""
    before, _sink.extra = _sink.extra, extra
    try:
        yield
    finally:
        _sink.extra = before


def was_recorded(extra: Any = None) -> bool:
    """Whether a record that is given to `logging` here was recorded before.

    Args:
        extra: its fields; None: any.
    """
    return _sink.extra is not None and (extra is None or extra is _sink.extra)
