"""The paths of ``| json label="path"``: ``a.b``, ``a["b c"]``, ``list[0]``, and any of these in each other."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(
    r'(?P<dot>\.)?(?P<name>[A-Za-z_][\w-]*)|\[(?:(?P<index>\d{1,9})|(?P<quoted>"(?:[^"\\]|\\.)*"))\]'
)
_SPACE: Final = " \t\n\r"
_DECODER: Final = json.JSONDecoder()

Path = tuple["str | int", ...]


@lru_cache(maxsize=512)
def parse(text: str) -> Path:
    """The names and indexes of a path.

    Raises:
        ValueError: it is no path.
    """
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        found = _PART.match(text, position)
        if found is None or (found["name"] and bool(found["dot"]) != (position > 0)):
            raise ValueError(f'{text!r} is no path; write a.b, a["b c"] or list[0]')
        if found["name"]:
            parts.append(found["name"])
        elif found["index"]:
            parts.append(int(found["index"]))
        else:
            parts.append(_unquoted(found["quoted"]))
        position = found.end()
    if not parts:
        raise ValueError('a path is empty; write a.b, a["b c"] or list[0]')
    return tuple(parts)


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        raise ValueError(f"{text} in a path is no string") from None


def raw(text: str, path: Path) -> str:
    """The piece of the JSON document `text` at `path`, as it is written there; empty where there is none."""
    position = _skip(text, 0)
    for part in path:
        found = _member(text, position, part) if isinstance(part, str) else _element(text, position, part)
        if found < 0:
            return ""
        position = found
    return text[position : _end(text, position)]


def _skip(text: str, position: int) -> int:
    while text[position : position + 1] in _SPACE and position < len(text):
        position += 1
    return position


def _end(text: str, position: int) -> int:
    return _DECODER.raw_decode(text, position)[1]


def _member(text: str, position: int, name: str) -> int:
    if text[position] != "{":
        return -1
    position = _skip(text, position + 1)
    while text[position] != "}":
        key, position = _DECODER.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
        if key == name:
            return position
        position = _skip(text, _end(text, position))
        if text[position] == ",":
            position = _skip(text, position + 1)
    return -1


def _element(text: str, position: int, index: int) -> int:
    if text[position] != "[":
        return -1
    position = _skip(text, position + 1)
    while text[position] != "]":
        if index == 0:
            return position
        index -= 1
        position = _skip(text, _end(text, position))
        if text[position] == ",":
            position = _skip(text, position + 1)
    return -1
