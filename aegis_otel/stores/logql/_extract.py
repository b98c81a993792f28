"""What parsers find in a line: names and values, from JSON, logfmt, patterns and regular expressions.

Nothing here knows of labels that are there already: see `_stages`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from aegis_otel.stores.logql import _jsonpath, _regex

_DEEPEST: Final = 100
_INVALID: Final = re.compile(r"[^A-Za-z0-9_:]")
_LABEL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GROUP_NAME: Final = re.compile(r"(?<!\\)\(\?P?<([^>=!]+)>")
_CAPTURE: Final = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)>")

Pairs = list[tuple[str, str]]
Extractor = Callable[[str], "Pairs | None"]


class ParseError(ValueError):
    """The line is not in the format that the parser is for; the text is for ``__error_details__``."""


class Raw(str):
    """A number as it is written in JSON."""

    __slots__ = ()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_int=Raw, parse_float=Raw, parse_constant=_no_constant, strict=False)


class _Members(list):  # type: ignore[type-arg]
    """The members of an object, in order, repeated names too."""


_MEMBERS: Final = json.JSONDecoder(
    parse_int=Raw, parse_float=Raw, parse_constant=_no_constant, strict=False, object_pairs_hook=_Members
)


@lru_cache(maxsize=8192)
def sanitized(name: str) -> str:
    """A name as a label: what is no letter, digit, underscore or colon becomes an underscore."""
    name = name.strip()
    if name[:1].isdigit() and name.isascii():
        name = "_" + name
    return _INVALID.sub("_", name)


def json_members(names: frozenset[str] | None = None) -> Extractor:
    """An extractor of all values of a JSON object that are no lists, nested names joined by underscores.

    Args:
        names: of these names only; None for all.
    """

    def extract(line: str) -> Pairs:
        document = _decoded(_MEMBERS, line)
        if not isinstance(document, _Members):
            raise ParseError("expecting json object, but it is not")
        found: Pairs = []
        _flatten(document, "", found, 0, names)
        return found

    return extract


def _decoded(decoder: json.JSONDecoder, line: str) -> Any:
    try:
        return decoder.decode(line)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"Value looks like object, but can't find closing symbol: {error}"[:200]) from None


@lru_cache(maxsize=8192)
def _nested(prefix: str, name: str) -> str:
    return f"{prefix}_{_INVALID.sub('_', name)}"


def _flatten(members: _Members, prefix: str, found: Pairs, depth: int, names: frozenset[str] | None) -> None:
    if depth > _DEEPEST:
        raise ParseError(f"objects nested more than {_DEEPEST} levels deep")
    for name, value in members:
        key = _nested(prefix, name) if prefix else sanitized(name)
        if names is not None and key not in names:
            if isinstance(value, _Members):
                _flatten(value, key, found, depth + 1, names)
        elif isinstance(value, str):
            if key:
                # A number is text of a class of its own until here.
                found.append((key, value if type(value) is str else str(value)))
        elif isinstance(value, _Members):
            _flatten(value, key, found, depth + 1, names)
        elif isinstance(value, bool) and key:
            found.append((key, "true" if value else "false"))


def json_fields(fields: tuple[tuple[str, str], ...]) -> Extractor:
    """An extractor of the values at paths; a path that leads nowhere gives an empty value."""
    paths = [(name, _jsonpath.parse(path)) for name, path in fields]

    def extract(line: str) -> Pairs:
        document = _decoded(_DECODER, line)
        return [(name, _at(document, path, line)) for name, path in paths]

    return extract


def _at(document: Any, path: _jsonpath.Path, line: str) -> str:
    value = document
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else _jsonpath.raw(line, path)


def packed(line: str) -> Pairs:
    """The strings of a JSON object, as Promtail's pack stage writes it; `_entry` is the line within.

    Raises:
        ParseError: it is no JSON object.
    """
    document = _decoded(_MEMBERS, line)
    if not isinstance(document, _Members):
        raise ParseError("expecting json object, but it is not")
    return [
        (name if name == "_entry" else sanitized(name), str(value))
        for name, value in document
        if isinstance(value, str) and not isinstance(value, Raw)
    ]


def logfmt_key(text: str) -> str:
    """The key that a ``| logfmt label="key"`` names.

    Raises:
        ValueError: it cannot be one.
    """
    if not text or re.search(r'[\s="]', text):
        raise ValueError(f"{text!r} is no key of logfmt")
    return text


_LOGFMT_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def logfmt_pairs(line: str, *, strict: bool) -> Iterator[tuple[str, str]]:
    """The pairs of a line; a key without value has an empty one.

    Raises:
        ParseError: `strict`, and a pair is not well-formed; without it, such a pair is left out.
    """
    position = 0
    while position < len(line):
        if line[position] <= " ":
            position += 1
            continue
        start = position
        while position < len(line) and line[position] > " " and line[position] not in '="':
            position += 1
        key, value, wrong = line[start:position], "", ""
        character = line[position : position + 1]
        if character == '"' or not key:
            wrong = f"unexpected {character!r}"
        elif character == "=":
            quoted = _LOGFMT_QUOTED.match(line, position + 1)
            if quoted:
                position = quoted.end()
                value = _unquoted(quoted.group())
                if line[position : position + 1] > " ":
                    wrong = "text behind a closing quote"
            elif line[position + 1 : position + 2] == '"':
                wrong = "a quote that is not closed"
            else:
                start = position = position + 1
                while position < len(line) and line[position] > " ":
                    position += 1
                value = line[start:position]
                wrong = "unexpected '=' or quote in a value" if "=" in value or '"' in value else ""
        if wrong:
            if strict:
                raise ParseError(f"logfmt syntax error at pos {position}: {wrong}")
            while position < len(line) and line[position] > " ":
                position += 1
            continue
        yield key, value


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text[1:-1]


def named_groups(text: str) -> Any:
    """The compiled expression of ``| regexp``.

    Raises:
        ValueError: it is none, or has no named group.
    """
    expression = _regex.compiled(text)
    names = _GROUP_NAME.findall(text)
    if not names:
        raise ValueError("a regexp parser needs one named group at least: (?P<name>…)")
    if len(names) != len(expression.groupindex):
        raise ValueError("a name stands twice in the regular expression")
    for name in names:
        if not _LABEL.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a label")
    return expression


def regexp(text: str) -> Extractor:
    """An extractor of the named groups of the first match."""
    expression = named_groups(text)
    names = sorted(expression.groupindex.items(), key=lambda item: item[1])

    def extract(line: str) -> Pairs | None:
        found = expression.search(line)
        if found is None:
            return None
        return [(name, found.group(index) or "") for name, index in names]

    return extract


def _parts(text: str) -> tuple[list[str], list[str]]:
    """The literals of a pattern (one more than captures, first and last may be empty) and its captures' names."""
    pieces = _CAPTURE.split(text)
    literals, names = pieces[::2], pieces[1::2]
    if any(not literal for literal in literals[1:-1]):
        raise ValueError("two captures of a pattern stand side by side; text must be between them")
    return literals, names


def pattern(text: str) -> Extractor:
    """An extractor by ``| pattern``: each capture goes from where the one before ended to the next literal.

    Raises:
        ValueError: it has no named capture, one name twice, or two captures side by side.
    """
    literals, names = _parts(text)
    named = [name for name in names if name != "_"]
    if not named:
        raise ValueError("a pattern needs one named capture at least: <name>")
    if len(named) != len(set(named)):
        raise ValueError("a name stands twice in the pattern")

    def extract(line: str) -> Pairs | None:
        if not line.startswith(literals[0]):
            return None
        position = len(literals[0])
        found: Pairs = []
        for name, literal in zip(names, literals[1:], strict=True):
            end = line.find(literal, position) if literal else len(line)
            missed = end < 0
            if name != "_":
                found.append((name, line[position:] if missed else line[position:end]))
            if missed:
                break
            position = end + len(literal)
        return found

    return extract


def line_pattern(text: str) -> Callable[[str], bool]:
    """Whether a whole line looks like the pattern of ``|>``; ``<_>`` stands for any text.

    Raises:
        ValueError: a capture has a name, two stand side by side, or there is nothing but captures.
    """
    literals, names = _parts(text)
    if any(name != "_" for name in names):
        raise ValueError("captures of |> and !> have no names: <_>")
    if not any(literals):
        raise ValueError("a pattern needs some text beside <_>")
    first, middle, last = literals[0], literals[1:-1], literals[-1]

    def looks_like(line: str) -> bool:
        if not names:
            return line == first
        if not line.startswith(first) or len(line) < len(first) + len(last) or not line.endswith(last):
            return False
        position, end = len(first), len(line) - len(last)
        for literal in middle:
            found = line.find(literal, position, end)
            if found < 0:
                return False
            position = found + len(literal)
        return True

    return looks_like
