"""Runs before any sink sees a record: redaction, then limits and clean text. Failing records are replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from aegis_otel.schema import ErrorInfo, Record, clean_text, safe_text

Prepare = Callable[[Record], None]
"""Changes a record in place before any sink sees it: redaction."""

Prefilter = Callable[[list[Record]], Sequence[int]]
"""Finds the places of the records that must be prepared. If it is not sure, it names them."""

_MAX_NAME: Final = 256


class Preparation:
    """Prepares the records of a batch.

    Args:
        redact: called with every record that the prefilter names; None: no redaction.
        max_text: maximum characters of a text.
        prefilter: finds the records of a batch that need preparation; None: all are prepared.
    """

    def __init__(self, redact: Prepare | None, max_text: int, prefilter: Prefilter | None) -> None:
        self._redact = redact
        self._max_text = max_text
        self._prefilter = prefilter

    def batch(self, records: list[Record]) -> list[Record]:
        """The records, each prepared. Never raises."""
        if self._prefilter is None:
            return [self._one(record) for record in records]
        places: Sequence[int]
        try:
            places = self._prefilter(records)
        except Exception:
            places = range(len(records))
        for place in places:
            records[place] = self._one(records[place])
        return records

    def _one(self, record: Record) -> Record:
        try:
            if self._redact is not None:
                self._redact(record)
            limit = self._max_text
            message = record.message
            if len(message) > limit or not message.isascii():
                record.message = clean_text(message, limit)
            if record.attributes and not _is_clean(record.attributes, limit):
                record.attributes = {
                    clean_text(name, _MAX_NAME): _clean(value, limit) for name, value in record.attributes.items()
                }
            if record.error is not None:
                name, message, stack = record.error
                record.error = ErrorInfo(
                    clean_text(name, _MAX_NAME), clean_text(message, limit), clean_text(stack, limit)
                )
            if not record.logger.isascii():
                record.logger = clean_text(record.logger, _MAX_NAME)
        except Exception as error:
            return _stand_in(record, error)
        return record


def _is_clean(attributes: dict[str, Any], limit: int) -> bool:
    """Whether it is clear that nothing needs cleaning, as with almost every record."""
    for name, value in attributes.items():
        if len(name) > _MAX_NAME or not name.isascii():
            return False
        kind = type(value)
        if kind is str:
            if len(value) > limit or not value.isascii():
                return False
        elif kind is dict or kind is list:
            return False
    return True


def _clean(value: object, limit: int) -> object:
    if type(value) is str:
        return clean_text(value, limit)
    if type(value) is dict:
        return {clean_text(name, _MAX_NAME): _clean(member, limit) for name, member in value.items()}
    if type(value) is list:
        return [_clean(member, limit) for member in value]
    return value


def _stand_in(record: Record, error: Exception) -> Record:
    """Replaces a record that cannot be prepared: it shows that there was a record, but nothing of its content."""
    return Record(
        record.time_ns,
        record.severity,
        "[REDACTION FAILED]",
        safe_text(record.logger, limit=_MAX_NAME) if record.logger.isascii() else "",
        record.trace_id,
        record.span_id,
        record.trace_flags,
        record.correlation_id,
        {"reason": type(error).__name__},
    )
