"""How much memory a record takes, estimated."""

from __future__ import annotations

from aegis_otel.schema import Record


def weight(record: Record) -> int:
    """Approximate bytes of a record's texts."""
    size = len(record.message)
    if record.error is not None:
        size += len(record.error.message) + len(record.error.stack)
    if record.attributes:
        for value in record.attributes.values():
            if type(value) is str:
                size += len(value)
            elif type(value) is dict or type(value) is list:
                # Not measured: a nested value is rarely small.
                size += 1_000
    return size
