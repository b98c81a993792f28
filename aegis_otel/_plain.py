"""Plain copies of any values: what a record carries of the app's objects."""

from __future__ import annotations

import base64
import collections
import dataclasses
import math
import numbers
import reprlib
from collections.abc import Mapping
from datetime import date, datetime
from datetime import time as clock_time
from enum import Enum
from typing import Any, Final

MAX_DEPTH: Final = 16
"""Maximum depth of a map or list in an attribute; deeper values are written as their text."""

MAX_ITEMS: Final = 1_000
"""Maximum members of one map or list; a last member counts the rest."""

MAX_TEXT: Final = 65_536
"""Default maximum characters of a message, a stack or a text value."""

_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1


def snapshot(value: object) -> Any:
    """A plain, independent copy of any value: None, bool, int, float, str, or lists and dicts of these.

    Never raises and always ends: cycles, deep nesting, hostile ``__str__`` and huge containers become
    text or are cut. NaN and infinities become strings, because JSON has no numbers for them. Integers
    beyond 64 bits become strings, because OTLP has no such integers. Bytes that are text become that text,
    so that redaction sees what they hold; others become base64. An enum of numbers or strings becomes its
    value, a named tuple, a dataclass and a pydantic model a dict of the fields that its repr shows, a time
    ISO 8601. Everything else becomes text, also a `Decimal`.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if _INT64_MIN <= value <= _INT64_MAX else safe_text(value)  # type: ignore[operator]
    if kind is float:
        return value if math.isfinite(value) else _float_text(value)  # type: ignore[arg-type]
    try:
        return _copy(value, 0, set())
    except Exception:
        # RecursionError, a mapping that changes while it is read, a broken __iter__…
        return safe_text(value)


def _copy(value: Any, depth: int, seen: set[int]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    value = _unwrapped(value)
    if isinstance(value, str):
        return str.__str__(value) if type(value) is str else safe_text(value)
    if isinstance(value, int):
        whole = int(value)
        return whole if _INT64_MIN <= whole <= _INT64_MAX else safe_text(whole)
    if isinstance(value, float):
        number = float(value)
        return number if math.isfinite(number) else _float_text(number)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _bytes_text(bytes(value))
    if isinstance(value, BaseException):
        return {"name": type(value).__name__, "message": safe_text(value)}
    if isinstance(value, (datetime, date, clock_time)):
        return value.isoformat()
    scalar = _scalar(value)
    if scalar is not value:
        return _copy(scalar, depth + 1, seen)
    value = _members(value)
    is_map = isinstance(value, Mapping)
    if not is_map and not isinstance(value, (list, tuple, set, frozenset)):
        return safe_text(value)
    if id(value) in seen:
        return "[cycle]"
    if depth >= MAX_DEPTH:
        return safe_text(value, limit=200)
    seen.add(id(value))
    try:
        more = len(value) - MAX_ITEMS
        if is_map:
            result: dict[str, Any] = {}
            for index, (key, member) in enumerate(list(value.items())):
                if index >= MAX_ITEMS:
                    result["…"] = f"[{more} more]"
                    break
                name = key if type(key) is str else _key_text(key)
                result[name] = _copy(member, depth + 1, seen)
            return result
        members = [_copy(member, depth + 1, seen) for member in list(value)[:MAX_ITEMS]]
        if more > 0:
            members.append(f"[{more} more]")
        return members
    finally:
        seen.discard(id(value))


def _unwrapped(value: Any) -> Any:
    """The value of an enum of numbers or strings, whose text is its name or its value, by Python's version."""
    return value.value if isinstance(value, Enum) and isinstance(value, (int, float, str)) else value


def _scalar(value: Any) -> Any:
    """The Python value of a number of numpy's and its like; anything else as it is."""
    # Its booleans are registered as no numbers, and its long floats are their own item.
    if isinstance(value, numbers.Number) or (type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()):
        found = value.item() if hasattr(value, "item") else value
        return float(value) if found is not value and type(found) is type(value) else found
    return value


def _bytes_text(content: bytes) -> str:
    """What bytes hold, if they are text in UTF-8 or UTF-16 or nearly so; otherwise base64."""
    cut = content[:MAX_TEXT]
    try:
        text = cut.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(cut) - 3 and len(content) > len(cut):
            text = cut.decode("utf-8", "ignore")  # cut inside of a character
        else:
            text = cut.decode("utf-8", "backslashreplace")
            # What can't be decoded is four characters then.
            if len(text) - len(cut) > len(cut) // 2:
                text = ""
    if "\0" in text[:64]:
        wide = _utf16_text(cut)
        text = text if wide is None and text.count("\0") * 8 < len(text) else wide or ""
    if text or not content:
        return text
    return base64.b64encode(content[: MAX_TEXT * 3 // 4]).decode("ascii")


def _utf16_text(content: bytes) -> str | None:
    """The text of bytes in UTF-16 with or without a mark of their order; None if they are something else."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        encoding = "utf-16-le" if content[1::2].count(0) >= content[::2].count(0) else "utf-16-be"
    try:
        text = content[: len(content) // 2 * 2].decode(encoding)
    except UnicodeDecodeError:
        return None
    return text if "\0" not in text else None


def _key_text(key: Any) -> str:
    if isinstance(key, (bytes, bytearray)):
        return _bytes_text(bytes(key))[:200]
    return safe_text(_unwrapped(key), limit=200)


def _members(value: Any) -> Any:
    """What an object with fields holds, as a dict without what its class leaves out of its repr; others as they are."""
    kind: Any = type(value)
    if isinstance(value, tuple):
        return dict(zip(kind._fields, value, strict=True)) if _repr_from(kind, collections.__file__) else value
    if _is_plain_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.repr}
    module = getattr(kind.__str__, "__module__", "")
    if hasattr(kind, "__repr_args__") and module.partition(".")[0] == "pydantic":
        return {str(name): member for name, member in value.__repr_args__() if name}
    return value


def _is_plain_dataclass(value: Any) -> bool:
    """Whether a value is of a dataclass that has no way of its own to be written, which may hide something."""
    kind: Any = type(value)
    return hasattr(kind, "__dataclass_fields__") and _repr_from(kind, dataclasses.__file__, reprlib.__file__)


def _repr_from(kind: Any, *files: str) -> bool:
    """Whether a class is written as text by code of one of these files."""
    code = getattr(kind.__repr__, "__code__", None)
    return kind.__str__ is object.__str__ and code is not None and code.co_filename in files


def _float_text(value: float) -> str:
    if value != value:
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def safe_text(value: object, *, limit: int | None = None) -> str:
    """`str(value)` that never raises; if a value cannot be written, the text names its type instead."""
    try:
        text = str(value)
        # A subclass of str may still override every method that delivery calls on it.
        text = text if type(text) is str else str.__str__(text)
    except Exception:
        text = f"<{type(value).__name__} that cannot be written as text>"
    if limit is not None and len(text) > limit:
        text = text[:limit] + "…"
    return text
