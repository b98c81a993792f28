"""What every store can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from aegis_otel.stores.query import Query, StoredRecord

if TYPE_CHECKING:
    from aegis_otel.stores.logql import Answer


class Store(Protocol):
    """A store that can be read. ``str(store)`` names it for people, without credentials.

    Attributes:
        skipped: how many lines were no records so far.
    """

    skipped: int

    def newest(self, query: Query) -> list[StoredRecord]:
        """The newest records that match, the oldest of them first.

        The embedded store takes those that arrived last, the others those with the latest times.

        Raises:
            StoreError: the store cannot be read.
        """
        ...

    def follow(self, query: Query, stopped: Callable[[], bool] = ...) -> Iterator[StoredRecord]:
        """The newest records, then every further one as it arrives, until `stopped`."""
        ...

    def count(self, query: Query) -> int:
        """How many records match, whatever the limit; they are not fetched.

        Raises:
            StoreError: the store cannot be read.
        """
        ...


@runtime_checkable
class LogQLStore(Store, Protocol):
    """A store that answers LogQL."""

    def logql(
        self, text: str, *, end_ns: int, start_ns: int | None = None, step_ns: int = 10**9, limit: int = 100
    ) -> Answer:
        """The answer to a query: at `end_ns` alone where `start_ns` is None, else from `start_ns` to `end_ns`.

        A log query gives the newest `limit` lines; a metric query gives a value at each step.

        Raises:
            LogQLError: the embedded store does not understand the query.
            StoreError: the store cannot be read, or refuses the query.
        """
        ...
