"""SQL as it is written for Seq, put in the words of DuckDB: token by token, strings and comments untouched.

`rewrite` knows Seq's built-in properties (``@t``), spans of time (``1h``), ``has(x)`` and a few functions
(Seq's documentation: "The Seq Query Language", "Scalar functions"). All else goes through as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, NamedTuple

from aegis_otel.stores.errors import StoreError


class Token(NamedTuple):
    """A piece of a query. The texts of all tokens make up the query again."""

    kind: str
    """space (comments too), string, quoted (an identifier), word, property (``@t``), span (``1h``), number, symbol."""
    text: str
    start: int
    """Its first character in the query."""


class SqlError(StoreError):
    """A query that cannot be run.

    Attributes:
        text: the query.
        position: the character of the query that the message is about; None where none is known.
    """

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        super().__init__(message + _pointer(text, position))
        self.text = text
        self.position = position


def _pointer(text: str, position: int | None) -> str:
    if position is None or not text:
        return ""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    # A long line is shown around the position.
    first = max(start, position - 60)
    shown = text[first : min(end if end >= 0 else len(text), position + 60)]
    return f"\n  {shown.replace(chr(9), ' ').replace(chr(13), ' ')}\n  {' ' * (position - first)}^"


_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*)
    | (?P<string>(?:\b[eE]'(?:[^'\\]|\\.|'')*(?:'|$)) | '(?:[^']|'')*(?:'|$))
    | (?P<quoted>"(?:[^"]|"")*(?:"|$))
    | (?P<property>@[A-Za-z]\w*)
    | (?P<span>\d+(?:\.\d+)?(?:ms|[smhd])(?!\w))
    | (?P<number>0[xX][0-9a-fA-F_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<word>[^\W\d]\w*)
    | (?P<symbol><=|>=|<>|!=|==|::|->>|->|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DOLLAR: Final = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_COMMENT_PART: Final = re.compile(r"/\*|\*/")


def tokens(text: str) -> list[Token]:
    """The query in pieces. A string, quoted name or comment that does not end goes on to the end of the query."""
    result = []
    position = 0
    while position < len(text):
        kind, end = _at(text, position)
        result.append(Token(kind, text[position:end], position))
        position = end
    return result


def _at(text: str, position: int) -> tuple[str, int]:
    if text.startswith("/*", position):
        return "space", _end_of_comment(text, position)
    dollar = _DOLLAR.match(text, position)
    if dollar is not None:
        end = text.find(dollar.group(), dollar.end())
        return "string", len(text) if end < 0 else end + len(dollar.group())
    match = _TOKEN.match(text, position)
    if match is None or match.lastgroup is None:
        return "symbol", position + 1
    return match.lastgroup, match.end()


def _end_of_comment(text: str, position: int) -> int:
    """The end of a ``/* … */``; these nest."""
    depth = 0
    for part in _COMMENT_PART.finditer(text, position):
        depth += 1 if part.group() == "/*" else -1
        if depth == 0:
            return part.end()
    return len(text)


_PROPERTIES: Final = {
    "@t": "@t",
    "@timestamp": "@t",
    "@m": "message",
    "@message": "message",
    "@l": "level",
    "@level": "level",
    "@x": "@x",
    "@exception": "@x",
    "@tr": "traceId",
    "@traceid": "traceId",
    "@sp": "spanId",
    "@spanid": "spanId",
}
_FUNCTIONS: Final = {"startswith": "starts_with", "endswith": "ends_with", "toisostring": "to_iso_string"}
_NOT_OURS: Final = {
    "indexof": "strpos(text, part), which counts from 1",
    "lastindexof": "regular expressions",
    "ismatch": "regexp_matches(text, 'pattern')",
    "elementat": "field ->> '$.name'",
    "fromjson": "field ->> '$.name'",
    "tojson": "to_json(value)",
    "tonumber": "try_cast(value as double)",
    "datepart": "date_part('hour', @t)",
}
_UNITS: Final = {
    "ms": "milliseconds",
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
}
_LEVELS: Final = ("error", "warn", "info", "debug")
_COMPARISONS: Final = frozenset(("=", "==", "<>", "!=", "<", ">", "<=", ">="))
_OPERATORS: Final = _COMPARISONS | {"+", "-", "*", "/", "%"}
_OF_NUMBERS: Final = re.compile(
    "sum|avg|mean|median|stddev(_samp|_pop)?|variance|var_(samp|pop)|quantile(_cont)?|approx_quantile|percentile"
    "|abs|round|floor|ceil"
)


def rewrite(text: str, texts: Collection[str], objects: Collection[str] = ()) -> Rewritten:
    """The query for DuckDB.

    Args:
        text: the query.
        texts: the fields that are columns of text, in lower case. Where one meets a number, it is read as one.
        objects: the fields that hold an object: ``a.b`` is the column ``"a.b"`` then.

    Raises:
        SqlError: a word of Seq's that has no right answer here.
    """
    return _Rewriter(text, texts, objects).run()


@dataclass(frozen=True)
class Rewritten:
    """A query for DuckDB, and where its parts come from."""

    text: str
    parts: tuple[tuple[int, int], ...]
    """Pairs of a byte in the new query (UTF-8) and the character of the old one, both ascending."""

    def original(self, byte: int) -> int:
        """The character of the old query where the part begins that holds this byte of the new one."""
        result = 0
        for new, old in self.parts:
            if new > byte:
                break
            result = old
        return result


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def name_of(token: Token) -> str:
    """What a word or a quoted identifier names."""
    return token.text[1:-1].replace('""', '"') if token.kind == "quoted" else token.text


class _Rewriter:
    def __init__(self, text: str, texts: Collection[str], objects: Collection[str]) -> None:
        self.text = text
        self.all = tokens(text)
        self.code = [index for index, token in enumerate(self.all) if token.kind != "space"]
        self.texts = texts
        self.objects = objects
        self.out: dict[int, str] = {}
        """New text by the index of the token."""

    def run(self) -> Rewritten:
        for at in range(len(self.code)):
            self._one(at)
        parts, pieces, length = [], [], 0
        for index, token in enumerate(self.all):
            piece = self.out.get(index, token.text)
            parts.append((length, token.start))
            pieces.append(piece)
            length += len(piece.encode(errors="replace"))
        return Rewritten("".join(pieces), tuple(parts))

    def _token(self, at: int) -> Token:
        """The token at a place among those that count; an empty one beyond the ends."""
        return self.all[self.code[at]] if 0 <= at < len(self.code) else Token("end", "", len(self.text))

    def _put(self, at: int, text: str) -> None:
        self.out[self.code[at]] = text

    def _one(self, at: int) -> None:
        token = self._token(at)
        if self.code[at] in self.out:
            return
        if token.kind == "property":
            self._property(at, token)
        elif token.kind == "span":
            self._put(at, _interval(token.text))
        elif token.kind == "word" and self._token(at + 1).text == "(" and self._token(at - 1).text != ".":
            self._call(at, token.text.lower())
        elif token.kind in ("word", "quoted"):
            self._field(at, token)

    def _property(self, at: int, token: Token) -> None:
        name = _PROPERTIES.get(token.text.lower())
        if name is None:
            known = ", ".join(name for name in _PROPERTIES if len(name) <= 3)
            hint = "records keep no message template; use @m" if token.text.lower() == "@mt" else f"there are {known}"
            raise SqlError(f"{token.text} is not known: {hint}", self.text, token.start)
        if name == "level":
            self._check_level(at)
            self._put(at, '(level collate "nocase")' if self._is_compared(at) else "level")
        else:
            self._put(at, quoted(name))

    def _is_compared(self, at: int) -> bool:
        following = self._token(at + 1)
        return following.text in _COMPARISONS or following.text.lower() in ("in", "not", "like")

    def _check_level(self, at: int) -> None:
        """Seq's own names of levels would find nothing, without a word."""
        literal = self._token(at + 2)
        if self._token(at + 1).text in _COMPARISONS and literal.kind == "string":
            word = literal.text[1:-1]
            if word.lower() not in _LEVELS:
                raise SqlError(
                    f"no level is called {literal.text}: use error, warn, info or debug", self.text, literal.start
                )

    def _call(self, at: int, name: str) -> None:
        if name == "has":
            end = self._closing(at + 1)
            self._put(at, "(")
            self._put(end, ") IS NOT NULL)")
        elif name == "time" and self._token(at + 2).kind == "span" and self._token(at + 3).text == ")":
            self._put(at, "time_bucket")
            self._put(at + 2, _interval(self._token(at + 2).text) + ', "@t"')
        elif name == "percentile":
            end = self._closing(at + 1)
            self._put(at, "quantile_cont")
            self._put(end, " / 100.0)")
        elif name in _NOT_OURS:
            raise SqlError(f"{name}() is not known here; use {_NOT_OURS[name]}", self.text, self._token(at).start)
        elif name in _FUNCTIONS:
            self._put(at, _FUNCTIONS[name])

    def _closing(self, at: int) -> int:
        """The place of the parenthesis that closes the one at `at`."""
        depth = 0
        for place in range(at, len(self.code)):
            depth += {"(": 1, ")": -1}.get(self._token(place).text, 0)
            if depth == 0:
                return place
        raise SqlError("this parenthesis is not closed", self.text, self._token(at).start)

    def _field(self, at: int, token: Token) -> None:
        if self._token(at - 1).text == "." and self._token(at - 2).kind in ("word", "quoted"):
            return  # looked at from its first part
        end = at
        while self._token(end + 1).text == "." and self._token(end + 2).kind in ("word", "quoted"):
            end += 2
        if self._token(end + 1).text == "(":
            return
        names = [name_of(self._token(place)) for place in range(at, end + 1, 2)]
        whole = ".".join(names)
        if end > at and (names[0].lower() in self.objects or whole.lower() in self.texts):
            text = quoted(whole)
        elif names[-1].lower() in self.texts:
            text = self.text[token.start : self._token(end).start + len(self._token(end).text)]
        else:
            return
        number = self._number_beside(at, end)
        if number is not None:
            kind = "DECIMAL(38, 9)" if number.isdigit() and len(number) > 15 else "DOUBLE"
            text = f"TRY_CAST({text} AS {kind})"
        self._put(at, text)
        for place in range(at + 1, end + 1):
            self._put(place, "")

    def _number_beside(self, at: int, end: int) -> str | None:
        """The number that a field is compared or computed with; "" where it is what a function of numbers is given."""
        place = end + 1
        if self._token(place).text.lower() == "not":
            place += 1
        operator = self._token(place).text.lower()
        if operator in _OPERATORS or operator == "between":
            place += 1
        elif operator == "in" and self._token(place + 1).text == "(":
            place += 2
        else:
            place = -1
        if place >= 0:
            place += self._token(place).text in ("+", "-")
            if self._token(place).kind == "number":
                return self._token(place).text
        if self._token(at - 1).text in _OPERATORS and self._token(at - 2).kind == "number":
            return self._token(at - 2).text
        opened = at - 2 if self._token(at - 1).text.lower() == "distinct" else at - 1
        called = self._token(opened).text == "(" and _OF_NUMBERS.fullmatch(self._token(opened - 1).text.lower())
        return "" if called and self._token(end + 1).text in (",", ")") else None


def _interval(span: str) -> str:
    match = re.fullmatch(r"([\d.]+)([a-z]+)", span)
    assert match is not None
    return f"INTERVAL '{match[1]} {_UNITS[match[2]]}'"
