"""Lets no two records have one time, so that every store shows them in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aegis_otel.schema import Record

SAME_TIME: Final = 1_000_000
"""Nanoseconds by which a record's time may be moved at most: clocks tick coarsely, and threads overtake each other."""


def rising(records: Iterable[Record], latest: int) -> int:
    """Move the times of records that are not later than the one before; the time of the last.

    An older time stays: the record was made by another process, or the clock was set back.

    Args:
        records: in the order in which they came.
        latest: the time of the record before these.
    """
    for record in records:
        moment = record.time_ns
        if latest - SAME_TIME < moment <= latest:
            record.time_ns = moment = latest + 1
        latest = moment
    return latest
