"""``ip("…")``: one address, a range ``a-b``, or a network ``a/n``, of IPv4 or IPv6, in labels and lines."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any, Final

_CANDIDATE: Final = re.compile(
    r"(?<![0-9A-Za-z:.])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)"
)

Contains = Callable[[str], bool]


def parse(text: str) -> Contains:
    """A function that says whether the text of an address is among the wanted ones.

    Raises:
        ValueError: `text` is neither an address, a range nor a network.
    """
    first, last = _bounds(text)

    def contains(candidate: str) -> bool:
        try:
            address: Any = ipaddress.ip_address(candidate)
        except ValueError:
            return False
        return bool(address.version == first.version and first <= address <= last)

    return contains


def _bounds(text: str) -> tuple[Any, Any]:
    try:
        if "/" in text:
            network = ipaddress.ip_network(text, strict=False)
            return network[0], network[-1]
        begin, dash, end = text.partition("-")
        first: Any = ipaddress.ip_address(begin.strip())
        last: Any = ipaddress.ip_address(end.strip()) if dash else first
    except ValueError:
        raise ValueError(f"{text!r} is no address, range (10.0.0.1-10.0.0.9) or network (10.0.0.0/8)") from None
    if first.version != last.version or last < first:
        raise ValueError(f"{text!r} is no range: both ends of one kind, the smaller first")
    return first, last


def in_line(contains: Contains, line: str) -> bool:
    """Whether one of the addresses in a line is among the wanted ones."""
    return any(contains(found.group()) for found in _CANDIDATE.finditer(line))
