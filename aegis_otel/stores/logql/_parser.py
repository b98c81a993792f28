"""The text of a query -> its parts, by recursive descent. The pipeline of log lines is read by `_parser_pipeline`."""

from __future__ import annotations

from typing import Final

from aegis_otel.stores.logql import _ast as ast
from aegis_otel.stores.logql import _regex
from aegis_otel.stores.logql._lexer import Token
from aegis_otel.stores.logql._parser_pipeline import PipelineParser

LOG_RANGE: Final = frozenset(("count_over_time", "rate", "bytes_over_time", "bytes_rate", "absent_over_time"))
"""Functions over lines."""
UNWRAPPED: Final = frozenset(
    (
        "rate", "rate_counter", "sum_over_time", "avg_over_time", "max_over_time", "min_over_time", "first_over_time",
        "last_over_time", "stdvar_over_time", "stddev_over_time", "quantile_over_time", "absent_over_time",
    )
)  # fmt: skip
"""Functions over unwrapped values."""
_GROUPED: Final = UNWRAPPED - {"rate", "rate_counter", "sum_over_time", "absent_over_time"}
_VECTOR: Final = frozenset(
    ("sum", "avg", "count", "max", "min", "stddev", "stdvar", "topk", "bottomk", "approx_topk", "sort", "sort_desc")
)
_CHOOSING: Final = frozenset(("topk", "bottomk", "approx_topk"))
_UNGROUPED: Final = frozenset(("sort", "sort_desc", "approx_topk"))
_SETS: Final = frozenset(("and", "or", "unless"))
_COMPARISONS: Final = frozenset(("==", "!=", ">", ">=", "<", "<="))
_PRECEDENCE: Final = {
    "or": 1, "and": 2, "unless": 2, **dict.fromkeys(_COMPARISONS, 3), "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "^": 6,
}  # fmt: skip


def parse(text: str) -> ast.Query:
    """Read a query.

    Raises:
        LogQLError: it does not parse, or is not supported.
    """
    parser = _Parser(text)
    root = parser.expression()
    parser.expect_end()
    return ast.Query(text, root)


class _Parser(PipelineParser):
    def expression(self, weakest: int = 0) -> ast.Expr:
        """An expression of operators that bind at least as strongly as `weakest`."""
        with self.deeper():
            start = self.peek()
            left = self._primary()
            operators = 0
            while True:
                token = self.peek()
                op = token.text.lower()
                strength = _PRECEDENCE.get(op, 0) if token.kind in ("operator", "identifier") else 0
                if strength == 0 or strength < weakest:
                    return left
                operators += 1
                if operators > self.DEEPEST:
                    raise self.error(token, f"more than {self.DEEPEST} operators in a row")
                self.advance()
                matching = self._matching(op)
                beside = self.peek()
                right = self.expression(strength if op == "^" else strength + 1)
                left = self._binary(op, left, right, matching, (start, token, beside))

    def _binary(
        self, op: str, left: ast.Expr, right: ast.Expr, matching: ast.Matching, places: tuple[Token, Token, Token]
    ) -> ast.Binary:
        start, token, beside = places
        for side, place in ((left, start), (right, beside)):
            if isinstance(side, ast.LogExpr):
                raise self.error(place, f"{op} stands between numbers, not lines: use rate or count_over_time")
            if op in _SETS and isinstance(side, ast.Number):
                raise self.error(place, f"{op} stands between vectors: write vector({side.value:g})")
        if matching.bool_ and op not in _COMPARISONS:
            raise self.error(token, f"bool goes with a comparison, not with {op}")
        if matching.group and op in _SETS:
            raise self.error(token, f"group_{matching.group} does not go with {op}")
        assert not isinstance(left, ast.LogExpr)
        assert not isinstance(right, ast.LogExpr)
        return ast.Binary(op, left, right, matching, token.position)

    def _matching(self, op: str) -> ast.Matching:
        bool_ = self.accept_keyword("bool") is not None
        on = self.accept_keyword("on", "ignoring")
        if on is None:
            return ast.Matching(bool_=bool_)
        labels = self._names(trailing=True)
        group = self.accept_keyword("group_left", "group_right")
        include: tuple[str, ...] = ()
        if group is not None and self.peek().text == "(":
            include = self._names(trailing=True)
        side = "" if group is None else group.text.removeprefix("group_")
        for name in include:
            if on.text == "on" and name in labels:
                raise self.error(self.peek(), f'label "{name}" must not be in on and group_{side} at once')
        return ast.Matching(on.text == "on", labels, side, include, bool_)

    def _names(self, *, trailing: bool = False) -> tuple[str, ...]:
        self.expect("(")
        names: list[str] = []
        while self.peek().text != ")":
            names.append(self.name("a label's name"))
            if self.peek().text != ")":
                comma = self.expect(",", ")")
                if self.peek().text == ")" and not trailing:
                    raise self.error(comma, "a label's name must follow")
        self.advance()
        return tuple(names)

    def _primary(self) -> ast.Expr:
        token = self.peek()
        word = token.text
        if word == "{":
            return self.log_expression()
        if word == "(":
            self.advance()
            inner = self.expression()
            self.expect(")")
            return inner
        if token.kind == "number":
            return ast.Number(self.number())
        if word in ("+", "-") and token.kind == "operator":
            return ast.Number(self.number())
        if word == "label_replace":
            return self._label_replace()
        if word == "vector":
            self.advance()
            self.expect("(")
            if self.peek().kind != "number":
                raise self.error(self.peek(), "vector takes a number without a sign")
            value = self.number()
            self.expect(")")
            return ast.VectorLiteral(value)
        if token.kind == "identifier" and (word in LOG_RANGE or word in UNWRAPPED):
            return self._range_aggregation()
        if token.kind == "identifier" and word.lower() in _VECTOR:
            return self._vector_aggregation()
        raise self.error(token, self._unknown(token))

    def _unknown(self, token: Token) -> str:
        if token.kind == "end":
            return "the query ends too early"
        if token.kind in ("identifier", "keyword") and self.after(token).text == "(":
            return f"{token.text} is no function of LogQL, or one that is not supported"
        return f"unexpected {token.text}; a query begins with {{, a function or a number"

    def _metric(self) -> ast.MetricExpr:
        token = self.peek()
        inner = self.expression()
        if isinstance(inner, ast.LogExpr):
            raise self.error(token, "numbers are wanted here, not lines: use rate or count_over_time with a range [5m]")
        if isinstance(inner, ast.Number):
            raise self.error(token, f"series are wanted here, not a number: write vector({inner.value:g})")
        return inner

    def _range_aggregation(self) -> ast.RangeAggregation:
        function = self.advance()
        op = function.text
        self.expect("(")
        parameter = 0.0
        if self.peek().kind == "number":
            if op != "quantile_over_time":
                raise self.error(self.peek(), f"{op} takes no parameter")
            parameter = self.number()
            self.expect(",")
        elif op == "quantile_over_time":
            raise self.error(self.peek(), "quantile_over_time needs a number first: quantile_over_time(0.95, …)")
        range_ = self.log_range()
        self.expect(")")
        grouping = self._grouping()
        if range_.unwrap is None and op not in LOG_RANGE:
            raise self.error(function, f"{op} needs a value: add | unwrap <label> before the range")
        if range_.unwrap is not None and op not in UNWRAPPED:
            raise self.error(function, f"{op} counts lines, so it does not go with unwrap")
        if grouping is not None and op not in _GROUPED:
            raise self.error(function, f"{op} takes no by or without of its own: put sum by (…) around it")
        return ast.RangeAggregation(
            op,
            range_.log,
            range_.range_ns,
            range_.offset_ns,
            function.position,
            range_.unwrap,
            parameter,
            grouping,
        )

    def _grouping(self) -> ast.Grouping | None:
        token = self.peek()
        if token.kind != "identifier" or token.text.lower() not in ("by", "without"):
            return None
        self.advance()
        return ast.Grouping(token.text.lower() == "without", self._names())

    def _vector_aggregation(self) -> ast.VectorAggregation:
        function = self.advance()
        op = function.text.lower()
        grouping = self._grouping()
        self.expect("(")
        parameter = 0
        if self.peek().kind == "number" and self.after(self.peek()).text == ",":
            place = self.peek()
            value = self.number()
            self.advance()
            if op not in _CHOOSING:
                raise self.error(place, f"{op} takes no parameter")
            if not value.is_integer() or value < 1:
                raise self.error(place, f"{op} takes a whole number from 1 up")
            parameter = int(value)
        elif op in _CHOOSING:
            raise self.error(self.peek(), f"{op} needs a number first: {op}(5, …)")
        inner = self._metric()
        self.expect(")")
        if grouping is None:
            grouping = self._grouping()
        if op in _UNGROUPED and grouping is not None:
            raise self.error(function, f"{op} takes neither by nor without")
        # What Loki approximates is exact here.
        return ast.VectorAggregation(
            "topk" if op == "approx_topk" else op, inner, grouping or ast.Grouping(False, ()), parameter
        )

    def _label_replace(self) -> ast.LabelReplace:
        self.advance()
        self.expect("(")
        inner = self._metric()
        texts = []
        places = []
        for _ in range(4):
            self.expect(",")
            places.append(self.peek())
            texts.append(self.string())
        self.expect(")")
        destination, replacement, source, pattern = texts
        try:
            _regex.whole(pattern)
        except ValueError as error:
            raise self.error(places[3], str(error)) from None
        if not destination.isascii() or not destination.isidentifier():
            raise self.error(places[0], f"{destination!r} is no name of a label")
        return ast.LabelReplace(inner, destination, replacement, source, pattern)


def is_log_query(query: ast.Query) -> bool:
    """Whether it answers with lines, not with numbers."""
    return isinstance(query.root, ast.LogExpr)
