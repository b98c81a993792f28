"""Go's ``printf`` and how Go shows values, for templates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from aegis_otel.stores.logql._times import Moment
from aegis_otel.stores.logql._units import format_go

_WIDEST: Final = 10_000
_VERB: Final = re.compile(r"%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?([a-zA-Z%])")


class TemplateError(ValueError):
    """A template cannot be rendered for a line."""


def show(value: Any) -> str:
    """A value as Go prints it with ``%v``; what is missing is ``<no value>``."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format_go(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{_nested(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(_nested(item) for item in value) + "]"
    return str(value)


def _nested(value: Any) -> str:
    return "<nil>" if value is None else show(value)


def printf(text: Any, *arguments: Any) -> str:
    """`text` with its verbs replaced, as Go's `fmt.Sprintf` does it.

    Raises:
        TemplateError: a width is too large.
    """
    rest = list(arguments)

    def replaced(verb: re.Match[str]) -> str:
        flags, width, precision, letter = verb.groups()
        if letter == "%":
            return "%"
        wide = _number(width, rest)
        precise = None if precision is None else _number(precision or "0", rest)
        if not rest:
            return f"%!{letter}(MISSING)"
        if wide is not None and wide < 0:
            flags, wide = flags + "-", -wide
        written = _verb(letter, rest.pop(0), flags, precise)
        return _padded(written, flags, wide, letter)

    result = _VERB.sub(replaced, show(text))
    if rest:
        extra = ", ".join(f"{_type(value)}={show(value)}" for value in rest)
        result += f"%!(EXTRA {extra})"
    return result


def _number(text: str | None, rest: list[Any]) -> int | None:
    if text is None:
        return None
    value = rest.pop(0) if text == "*" and rest else text
    number = int(value) if str(value).lstrip("-").isdigit() else 0
    if abs(number) > _WIDEST:
        raise TemplateError(f"a width in printf is larger than {_WIDEST}")
    return number


def _padded(text: str, flags: str, width: int | None, letter: str) -> str:
    if width is None or len(text) >= width:
        return text
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and letter not in "sqv":
        sign = text[:1] if text[:1] in ("-", "+") else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _type(value: Any) -> str:
    names = {str: "string", bool: "bool", int: "int", float: "float64"}
    return names.get(type(value), "interface {}")


def _verb(letter: str, value: Any, flags: str, precision: int | None) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if letter == "v":
        return show(value)
    if letter in "sq" and isinstance(value, (str, list, tuple, Mapping, Moment)):
        text = show(value)
        text = text if precision is None else text[:precision]
        return text if letter == "s" else json.dumps(text, ensure_ascii=False)
    if letter in "xX" and isinstance(value, str):
        return value.encode().hex() if letter == "x" else value.encode().hex().upper()
    if letter in "dboxXc" and whole:
        if letter == "c":
            return chr(value)
        text = format(value, {"d": "d", "b": "b", "o": "o", "x": "x", "X": "X"}[letter])
        return "+" + text if "+" in flags and value >= 0 else text
    if letter in "fFeEgG" and isinstance(value, float):
        if letter in "gG" and precision is None:
            text = format_go(value)
        else:
            text = format(value, f".{6 if precision is None else precision}{letter}")
        return "+" + text if "+" in flags and value >= 0 else text
    if letter == "t" and isinstance(value, bool):
        return show(value)
    if letter == "T":
        return _type(value)
    return f"%!{letter}({_type(value)}={show(value)})" if value is not None else f"%!{letter}(<nil>)"
