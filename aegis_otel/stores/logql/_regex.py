r"""Regular expressions of RE2, as Loki takes them.

With google-re2 (the `re2` extra) they run in time linear to the text. Without it they are translated for Python's
`re`: what RE2 refuses is refused, ``\d \w \s \b`` mean ASCII, ``$`` is the end of the text, ``(?i)`` holds to the
end of its group. `re` tries one alternative after the other, so a repetition inside an unlimited repetition, whose
time can grow exponentially, is refused there; several ``.*`` one after the other remain possible and slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from aegis_otel.stores.logql._translate import translate

try:
    import re2 as _re2
except ImportError:
    _re2 = None

LINEAR: Final = _re2 is not None
"""Whether google-re2 is there."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """A pattern with `search`, `finditer`, `groupindex` and `sub`, like those of `re`.

    Raises:
        ValueError: RE2 would refuse it, or it needs google-re2; the text says why.
    """
    if _re2 is not None:
        options = _re2.Options()
        options.log_errors = False
        try:
            return _re2.compile(pattern, options)
        except (_re2.error, UnicodeEncodeError) as error:
            raise ValueError(f"invalid regular expression: {_reason(error)}") from None
    try:
        return re.compile(translate(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"invalid regular expression: {error}") from None


def whole(pattern: str) -> Callable[[str], Any]:
    """A function that says whether a whole text matches; ``.`` does not match a line feed (as Loki documents)."""
    search: Callable[[str], Any] = compiled(f"^(?:{_checked(pattern)})$").search
    return search


def within(pattern: str) -> Callable[[str], Any]:
    """A function that says whether a part of a text matches; ``.`` matches a line feed too (as Loki documents)."""
    search: Callable[[str], Any] = compiled(f"(?s:{_checked(pattern)})").search
    return search


def _checked(pattern: str) -> str:
    # On its own first: "a)(b" must not become right by what is put around it.
    compiled(pattern)
    return pattern


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else "not understood"
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
