"""What every store can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from aegis_otel.stores.query import Query, StoredRecord


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
