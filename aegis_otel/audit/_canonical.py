"""The closed domain of values of an audit record, and the one way to write a value as bytes.

docs/audit-format.md, section 1. Within the domain the bytes are those of RFC 8785 (JSON Canonicalization Scheme).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final

from aegis_otel import schema

LARGEST: Final = 2**53 - 1
"""The largest integer, and with a minus the smallest: what every JSON reader holds exactly."""
MOST_BYTES: Final = 65_536
"""Of the canonical bytes of a record."""
MOST_LEVELS: Final = 8
"""Of maps and lists below the record."""
MOST_MEMBERS: Final = 256
"""Of a map or a list that the app gives."""
LONGEST_NAME: Final = 128
"""Characters in the name of a member."""

_sorted: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False)
_unsorted: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


class DomainError(ValueError):
    """A value is not in the domain of audit records. The text says where and why; it holds no content of the value."""


def canonical(value: object) -> bytes:
    """The canonical bytes of a value, which is in the domain (by `closed` or `parse`)."""
    # Python sorts by code points, RFC 8785 by UTF-16 code units: the same while names are ASCII.
    text = _sorted.encode(value)
    if text.isascii() or _has_ascii_names(value):
        return text.encode()
    return _unsorted.encode(_in_order(value)).encode()


def _has_ascii_names(value: object) -> bool:
    if type(value) is dict:
        return all(name.isascii() and _has_ascii_names(member) for name, member in value.items())
    return all(map(_has_ascii_names, value)) if type(value) is list else True


def _in_order(value: object) -> object:
    if type(value) is dict:
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _in_order(value[name]) for name in names}
    return list(map(_in_order, value)) if type(value) is list else value


def closed(value: object, longest: int = MOST_BYTES, where: str = "the record", level: int = 0) -> Any:
    """A copy of a value that an app gives, in the domain.

    Integers beyond 2^53 - 1, floats, times and all other objects become text, a set a list in order of its texts, a
    lone surrogate its escape. Nothing is cut.

    Args:
        value: anything.
        longest: the most characters in a text.
        where: how an error names the value.
        level: how deep the value is.

    Raises:
        DomainError: it is too deep, too long, has too many members, or two names that are one as text.
    """
    kind = type(value)
    if kind is str and len(value) <= longest and value.isascii():  # type: ignore[attr-defined, arg-type]
        return value
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if -LARGEST <= value <= LARGEST else str(value)  # type: ignore[operator]
    if isinstance(value, Mapping):
        _check_size(len(value), where, level)
        result: dict[str, Any] = {}
        for key, member in value.items():
            name = closed_name(key, where)
            if name in result:
                raise DomainError(f"{where} has the name {name!r} twice")
            result[name] = closed(member, longest, f"{where}.{name}" if level else name, level + 1)
        return result
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=schema.safe_text)
    if isinstance(value, (list, tuple)):
        _check_size(len(value), where, level)
        return [closed(member, longest, where, level + 1) for member in value]
    if kind is not str:
        plain = value.isoformat() if isinstance(value, (date, datetime, time)) else schema.snapshot(value)
        if type(plain) is not str:
            # A float, or what stands for an enum, a dataclass, a number of numpy's.
            return repr(plain) if type(plain) is float else closed(plain, longest, where, level + 1)
        value = plain
    text = str(value)
    if len(text) > longest:
        raise DomainError(f"{where} has {len(text)} characters, and an audit record holds {longest} at most")
    return schema.clean_text(text, len(text))


def closed_name(key: object, where: str) -> str:
    """A name in the domain.

    Raises:
        DomainError: it is empty or too long.
    """
    if type(key) is str and key.isascii() and 0 < len(key) <= LONGEST_NAME:
        return key
    name = schema.clean_text(key if type(key) is str else schema.safe_text(key))
    if not 0 < len(name) <= LONGEST_NAME:
        raise DomainError(f"a name in {where} has {len(name)} characters; 1 to {LONGEST_NAME} are allowed")
    return name


def _check_size(size: int, where: str, level: int) -> None:
    if level > MOST_LEVELS:
        raise DomainError(f"{where} has more than {MOST_LEVELS} levels of maps and lists")
    if size > MOST_MEMBERS:
        raise DomainError(f"{where} has {size} members, and an audit record holds {MOST_MEMBERS} in a map or list")


def parse(text: bytes) -> dict[str, Any]:
    """The record that a JSON text holds; any white space and order of members.

    Raises:
        DomainError: it is no JSON object, has a name twice, or holds a value outside of the domain.
    """
    try:
        value = _decoder.decode(text.decode())
    except DomainError:
        raise
    except (ValueError, RecursionError):
        raise DomainError("is no JSON") from None
    if type(value) is not dict:
        raise DomainError("is no JSON object")
    return value


def in_domain(value: object) -> bool:
    """Whether a value from a reader other than `parse` is in the domain."""
    kind = type(value)
    if kind is str:
        return value.isascii() or _is_unicode(value)  # type: ignore[attr-defined, arg-type]
    if kind is int:
        return -LARGEST <= value <= LARGEST  # type: ignore[operator]
    if kind is dict:
        members: dict[Any, Any] = value  # type: ignore[assignment]
        return all(type(name) is str and in_domain(name) and in_domain(member) for name, member in members.items())
    if kind is list:
        return all(map(in_domain, value))  # type: ignore[call-overload]
    return value is None or kind is bool


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _map(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise DomainError("has a name twice")
    return result


def _no_float(text: str) -> Any:
    raise DomainError("holds a number that is no integer")


def _integer(text: str) -> int:
    # Longer ones cost Python more than time; -0 is a float in RFC 8785.
    if len(text) > 17 or text == "-0" or not -LARGEST <= int(text) <= LARGEST:
        raise DomainError("holds an integer outside of the domain")
    return int(text)


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_map, parse_float=_no_float, parse_int=_integer, parse_constant=_no_float
)
