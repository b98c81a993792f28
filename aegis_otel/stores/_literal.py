"""Values in the query languages of the stores."""

from __future__ import annotations

import json

from aegis_otel.stores.errors import StoreError


def quote(value: str) -> str:
    r"""A string literal of LogQL or LogsQL.

    Both read it as Go does, and JSON's escapes are a subset of Go's but for ``\/``.

    Raises:
        StoreError: the value is no Unicode text.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        raise StoreError(f"{value!r} is not valid text") from None
    return json.dumps(value, ensure_ascii=False)
