"""The functions of templates: those of Go's text/template, and those that Loki documents as its template functions."""

from __future__ import annotations

import base64
import html
import json
import math
import re
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, Final

from aegis_otel.stores.logql import _regex
from aegis_otel.stores.logql._printf import TemplateError, printf, show
from aegis_otel.stores.logql._times import Moment, formatted, parsed, zone
from aegis_otel.stores.logql._units import parse_bytes, parse_duration, parse_number

__all__ = ["FUNCTIONS", "NEEDS_LINE", "TemplateError", "show", "true"]

_LONGEST: Final = 1_048_576


def true(value: Any) -> bool:
    """What ``if`` takes for true: all but false, 0, nil and what is empty."""
    return bool(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TemplateError(f"wrong type of argument: expected string, got {show(value)[:50]}")
    return value


def _whole(value: Any) -> int:
    """As the functions for numbers take it: what is no number counts as 0."""
    if isinstance(value, str):
        try:
            return (
                int(value, 0) if re.fullmatch(r"[+-]?(0[xXoObB][0-9a-fA-F]+|[1-9]\d{0,18}|0+)", value) else int(value)
            )
        except ValueError:
            return 0
    return int(value or 0)


def _float(value: Any) -> float:
    if isinstance(value, str):
        try:
            return parse_number(value)
        except ValueError:
            return 0.0
    return float(value or 0)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TemplateError(f"wrong type of argument: expected integer, got {show(value)[:50]}")
    return value


def _fold(whole: bool, step: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    convert: Callable[[Any], Any] = _whole if whole else _float

    def function(first: Any, *more: Any) -> Any:
        result = convert(first)
        for value in more:
            result = step(result, convert(value))
        return result

    return function


def _divide(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _round(value: Any, digits: Any, on: Any = 0.5) -> float:
    number, power = _float(value), 10.0 ** _count(digits)
    scaled = abs(number) * power
    rest = scaled - math.floor(scaled)
    result = (math.ceil(scaled) if rest >= _float(on) else math.floor(scaled)) / power
    return math.copysign(result, number)


def _substr(start: Any, end: Any, text: Any) -> str:
    start, end, value = _count(start), _count(end), _text(text)
    if start < 0:
        return value[: max(end, 0)]
    return value[start:] if end < 0 or end > len(value) else value[start:end]


def _trunc(count: Any, text: Any) -> str:
    count, value = _count(count), _text(text)
    if count < 0:
        return value[count:] if len(value) + count > 0 else value
    return value[:count]


def _repeat(count: Any, text: Any) -> str:
    if _count(count) * len(_text(text)) > _LONGEST:
        raise TemplateError(f"repeat would make more than {_LONGEST} characters")
    return _text(text) * _count(count)


def _align(right: bool) -> Callable[[Any, Any], str]:
    def function(count: Any, text: Any) -> str:
        width, value = _count(count), _text(text)
        if width < 0 or width == len(value):
            return value
        if width > _LONGEST:
            raise TemplateError(f"align would make more than {_LONGEST} characters")
        if width < len(value):
            return value[len(value) - width :] if right else value[:width]
        return value.rjust(width) if right else value.ljust(width)

    return function


def _indent(count: Any, text: Any) -> str:
    pad = _repeat(count, " ")
    if len(pad) * (_text(text).count("\n") + 1) > _LONGEST:
        raise TemplateError(f"indent would make more than {_LONGEST} characters")
    return pad + _text(text).replace("\n", "\n" + pad)


def _replace(old: Any, new: Any, text: Any) -> str:
    return _replace_n(text, old, new, -1)


def _replace_n(text: Any, old: Any, new: Any, count: Any) -> str:
    value, old, new = _text(text), _text(old), _text(new)
    if (value.count(old)) * len(new) > 4 * _LONGEST:
        raise TemplateError("replace would make too long a text")
    return value.replace(old, new, count)


def _title(text: Any) -> str:
    return re.sub(r"(^|[^\w'])([^\W\d_])", lambda found: found[1] + found[2].upper(), _text(text))


def _regex_replace(pattern: Any, text: Any, replacement: Any) -> str:
    expression = _regex.compiled(_text(pattern))
    template = _text(replacement)

    def expand(found: Any) -> str:
        def group(reference: re.Match[str]) -> str:
            if reference[0] == "$$":
                return "$"
            name = reference[1] or reference[2]
            index = int(name) if name.isdigit() else expression.groupindex.get(name, -1)
            return (found.group(index) or "") if 0 <= index <= expression.groups else ""

        return re.sub(r"\$\$|\$\{(\w+)\}|\$(\w+)", group, template)

    return _replaced(expression, _text(text), expand)


def _replaced(expression: Any, text: str, expand: Callable[[Any], str]) -> str:
    pieces, done, length = [], 0, 0
    for found in expression.finditer(text):
        piece = text[done : found.start()] + expand(found)
        done, length = found.end(), length + len(piece)
        if length > 4 * _LONGEST:
            raise TemplateError("regexReplaceAll would make too long a text")
        pieces.append(piece)
    return "".join(pieces) + text[done:]


def _date(layout: Any, when: Any) -> str:
    return formatted(_moment(when), _text(layout))


def _moment(when: Any) -> Moment:
    if isinstance(when, Moment):
        return when
    if isinstance(when, int):
        return Moment(when * 10**9)
    raise TemplateError(f"wrong type of argument: expected a time, got {show(when)[:50]}")


_EPOCH_DIGITS: Final = {5: 86_400 * 10**9, 10: 10**9, 13: 10**6, 16: 10**3, 19: 1}


def _unix_to_time(text: Any) -> Moment:
    digits = _text(text)
    if len(digits) not in _EPOCH_DIGITS or not digits.isdigit():
        raise TemplateError(f"unable to parse time {digits[:50]!r}")
    return Moment(int(digits) * _EPOCH_DIGITS[len(digits)])


def _from_json(text: Any) -> Any:
    try:
        return json.loads(_text(text), parse_int=float)
    except (ValueError, RecursionError):
        return ""


def _b64dec(text: Any) -> str:
    return base64.b64decode(_text(text), validate=True).decode("utf-8", "replace")


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("eq needs two arguments")
    return any(_comparable(first, other) and first == other for other in others)


def _comparable(left: Any, right: Any) -> bool:
    if type(left) is not type(right) and None not in (left, right):
        raise TemplateError("incompatible types for comparison")
    return True


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key, "")
        elif _count(key) < 0:
            raise TemplateError("index out of range")
        else:
            value = ord(value[key]) if isinstance(value, str) else value[key]
    return value


def _slice(value: Any, *bounds: Any) -> Any:
    start, end = (*bounds, *(0, len(value))[len(bounds) :])[:2]
    if not 0 <= _count(start) <= _count(end) <= len(value):
        raise TemplateError("slice out of range")
    return value[start:end]


def _print(*values: Any) -> str:
    out = ""
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            out += " "
        out += show(value)
    return out


NEEDS_LINE: Final[dict[str, Callable[[str, int], Any]]] = {
    "__line__": lambda line, time_ns: line,
    "__timestamp__": lambda line, time_ns: Moment(time_ns),
}

FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    # Go's own; `and` and `or` are evaluated by the template, as they stop early.
    "and": lambda *values: values[-1], "or": lambda *values: values[-1], "not": lambda value: not true(value),
    "eq": _eq, "ne": lambda a, b: not _eq(a, b),
    "lt": lambda a, b: _comparable(a, b) and a < b, "le": lambda a, b: _comparable(a, b) and a <= b,
    "gt": lambda a, b: _comparable(a, b) and a > b, "ge": lambda a, b: _comparable(a, b) and a >= b,
    "len": lambda value: len(value.encode()) if isinstance(value, str) else len(value),
    "index": _index, "slice": _slice, "print": _print, "printf": printf,
    "println": lambda *values: " ".join(map(show, values)) + "\n",
    "html": lambda *values: html.escape(_print(*values)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "js": lambda *values: json.dumps(_print(*values))[1:-1].replace("'", "\\'"),
    "urlquery": lambda *values: urllib.parse.quote_plus(_print(*values)),
    # Times
    "now": lambda: Moment(time.time_ns()), "date": _date,
    "toDate": lambda layout, text: parsed(_text(layout), _text(text), zone("UTC")),
    "toDateInZone": lambda layout, where, text: parsed(_text(layout), _text(text), zone(_text(where))),
    "unixEpoch": lambda when: str(_moment(when).ns // 10**9),
    "unixEpochMillis": lambda when: str(_moment(when).ns // 10**6),
    "unixEpochNanos": lambda when: str(_moment(when).ns), "unixToTime": _unix_to_time,
    "duration": lambda text: parse_duration(_text(text), days=False) / 1e9,
    "duration_seconds": lambda text: parse_duration(_text(text), days=False) / 1e9,
    # Strings
    "alignLeft": _align(False), "alignRight": _align(True),
    "b64enc": lambda text: base64.b64encode(_text(text).encode()).decode(), "b64dec": _b64dec,
    "bytes": lambda text: float(parse_bytes(_text(text))),
    "default": lambda otherwise, value="": value if true(value) else otherwise, "fromJson": _from_json,
    "lower": lambda text: _text(text).lower(), "upper": lambda text: _text(text).upper(), "title": _title,
    "indent": _indent, "nindent": lambda count, text: "\n" + _indent(count, text), "repeat": _repeat,
    "replace": _replace, "substr": _substr, "trunc": _trunc,
    "trim": lambda text: _text(text).strip(), "trimAll": lambda chars, text: _text(text).strip(_text(chars)),
    "trimPrefix": lambda prefix, text: _text(text).removeprefix(_text(prefix)),
    "trimSuffix": lambda suffix, text: _text(text).removesuffix(_text(suffix)),
    "urlencode": lambda text: urllib.parse.quote_plus(_text(text)),
    "urldecode": lambda text: urllib.parse.unquote_plus(_text(text)),
    "contains": lambda part, text: _text(part) in _text(text),
    "hasPrefix": lambda prefix, text: _text(text).startswith(_text(prefix)),
    "hasSuffix": lambda suffix, text: _text(text).endswith(_text(suffix)),
    "count": lambda pattern, text: sum(1 for _ in _regex.compiled(_text(pattern)).finditer(_text(text))),
    "regexReplaceAll": _regex_replace,
    "regexReplaceAllLiteral": lambda pattern, text, new: _replaced(
        _regex.compiled(_text(pattern)), _text(text), lambda found: _text(new)
    ),
    # The older names, with the text first
    "ToLower": lambda text: _text(text).lower(), "ToUpper": lambda text: _text(text).upper(), "Replace": _replace_n,
    "Trim": lambda text, chars: _text(text).strip(_text(chars)),
    "TrimLeft": lambda text, chars: _text(text).lstrip(_text(chars)),
    "TrimRight": lambda text, chars: _text(text).rstrip(_text(chars)),
    "TrimPrefix": lambda text, prefix: _text(text).removeprefix(_text(prefix)),
    "TrimSuffix": lambda text, suffix: _text(text).removesuffix(_text(suffix)),
    "TrimSpace": lambda text: _text(text).strip(),
    # Numbers
    "add": _fold(True, lambda a, b: a + b), "addf": _fold(False, lambda a, b: a + b),
    "sub": _fold(True, lambda a, b: a - b), "subf": _fold(False, lambda a, b: a - b),
    "mul": _fold(True, lambda a, b: a * b), "mulf": _fold(False, lambda a, b: a * b),
    "div": lambda a, b: _divide(_whole(a), _whole(b)), "divf": _fold(False, lambda a, b: a / b),
    "mod": lambda a, b: int(math.fmod(_whole(a), _whole(b))),
    "max": _fold(True, max), "maxf": _fold(False, max), "min": _fold(True, min), "minf": _fold(False, min),
    "ceil": lambda value: float(math.ceil(_float(value))), "floor": lambda value: float(math.floor(_float(value))),
    "round": _round, "int": _whole, "float64": _float,
}  # fmt: skip
