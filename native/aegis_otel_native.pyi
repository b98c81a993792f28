"""What `aegis_otel_native` offers; `aegis_otel._native` says when it is used."""

from collections.abc import Callable, Sequence
from typing import Any, final

from aegis_otel.capture._native_calls import CallConfig
from aegis_otel.schema import Record

__all__ = ["INTERFACE", "VERSION", "Calls", "Encoder", "LogMethod", "RecordScreen", "TextScreen"]

INTERFACE: int
"""Raised when anything changes that the Python side relies on."""

VERSION: str

@final
class Calls:
    """Makes records of log calls."""

    def __new__(cls, config: CallConfig) -> Calls: ...
    def capture(self, record: object, own_fields: int) -> bool:
        """Make a record of one of `logging`'s and pass it on. False: it is unusual, nothing was done.

        Args:
            record: a `logging.LogRecord`.
            own_fields: how many of its fields, the first ones, are `logging`'s own.
        """

@final
class LogMethod:
    """Stands in the place of `logging.Logger._log`; calls `original` for what `calls` does not take."""

    def __new__(cls, calls: Calls, original: Callable[..., None]) -> LogMethod: ...
    def __get__(self, logger: object, _class: object | None = ..., /) -> Any: ...
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any: ...
    @property
    def __wrapped__(self) -> Callable[..., None]: ...
    @property
    def __name__(self) -> str: ...

@final
class Encoder:
    """Encodes records of one resource; any number of threads may use it.

    Args:
        resource, resource_url: encoded fields.
        limit, record_limit: bytes of a request with several records, and with one.
        one: encodes a record that is unusual.
        cut: encodes a record that is too large.
        scope: encodes a logger's name that is no UTF-8.
    """

    def __new__(
        cls,
        *,
        resource: bytes,
        resource_url: bytes,
        limit: int,
        record_limit: int,
        one: Callable[[Record], bytes],
        cut: Callable[[Record], bytes],
        scope: Callable[[str], bytes],
    ) -> Encoder: ...
    def encode(self, records: Sequence[Record]) -> list[tuple[bytes, int]]:
        """The records as few requests as the limit allows: bytes, and how many records they hold."""

@final
class TextScreen:
    """The screen for texts, of one rule set.

    Args:
        names, literals, plain, hints, neutral: words, see `aegis_otel.redaction`.
        known: texts that Python found to be clean.
    """

    def __new__(
        cls,
        names: Sequence[Sequence[str]],
        literals: Sequence[str],
        plain: Sequence[str],
        hints: Sequence[str],
        neutral: Sequence[str],
        known: dict[str, None],
    ) -> TextScreen: ...
    def is_clean(self, text: str) -> bool:
        """Whether nothing in `text` can be a secret; never wrongly true."""

@final
class RecordScreen:
    """The screen for records.

    Args:
        redaction: the screen for texts, and the keys that Python found to be harmless; None: nothing is redacted.
        number_limit: numbers from here on may be somebody's.
        max_text: how many characters a text may have.
    """

    def __new__(
        cls, redaction: tuple[TextScreen, set[str]] | None, number_limit: int, max_text: int
    ) -> RecordScreen: ...
    def left(self, records: list[Record]) -> list[int]:
        """The places in `records` of those that Python has to prepare."""
