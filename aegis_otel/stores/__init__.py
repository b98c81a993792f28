"""Reading what the Collector has stored: one question, `Query`, and one interface, `Store`, for every store.

Stands below the command line, the checks and the page; imports none of them. Reading Loki needs httpx
(the `cli` extra), so each store is a module of its own that is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from aegis_otel.stores.errors import StoreError
from aegis_otel.stores.query import LEVELS, Query, StoredRecord, iso_time, parse_level, parse_since

__all__ = ["LEVELS", "Query", "Store", "StoreError", "StoredRecord", "iso_time", "parse_level", "parse_since"]


class Store(Protocol):
    """A store that can be read. ``str(store)`` names it for people, without credentials.

    Attributes:
        skipped: how many lines were no records so far.
    """

    skipped: int

    def newest(self, query: Query) -> list[StoredRecord]:
        """The newest records that match, the oldest of them first.

        Raises:
            StoreError: the store cannot be read.
        """
        ...

    def follow(self, query: Query, stopped: Callable[[], bool] = ...) -> Iterator[StoredRecord]:
        """The newest records, then every further one as it arrives, until `stopped`."""
        ...
