"""How selectors and pipelines are read: the part of the parser that deals with lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aegis_otel.stores.logql import _addresses, _ast, _extract, _jsonpath, _regex, _template
from aegis_otel.stores.logql._lexer import Token
from aegis_otel.stores.logql._reader import TokenReader

_LINE_FILTERS: Final = frozenset(("|=", "|~", "!=", "!~", "|>", "!>"))
_STRING_OPS: Final = frozenset(("=", "!=", "=~", "!~"))
_NUMBER_OPS: Final = frozenset(("=", "==", "!=", ">", ">=", "<", "<="))
_VALUES: Final = frozenset(("number", "duration", "bytes"))
_FLAGS: Final = frozenset(("--strict", "--keep-empty"))
_JOINED: Final = frozenset(("and", "or"))


@dataclass
class LogRange:
    """What stands in the parentheses of a range aggregation; a range of 0 is one that did not come yet."""

    log: _ast.LogExpr
    unwrap: _ast.Unwrap | None = None
    range_ns: int = 0
    offset_ns: int = 0


class PipelineParser(TokenReader):
    """Reads the parts of log queries; the base of the whole parser."""

    def log_expression(self) -> _ast.LogExpr:
        """A selector and a pipeline without unwrap."""
        log, unwrap = self._pipeline(self._selector())
        if unwrap is not None:
            raise self.error(unwrap[1], "unwrap stands in a range aggregation only, such as sum_over_time(… [5m])")
        return log

    def _selector(self) -> _ast.LogExpr:
        start = self.expect("{")
        matchers = []
        while True:
            name = self.name("a label's name")
            matchers.append(self._matcher(name))
            if self.expect(",", "}").text == "}":
                break
        if all(matcher.matches("") for matcher in matchers):
            raise self.error(start, 'one condition at least must not match the empty value, as in {service=~".+"}')
        return _ast.LogExpr(tuple(matchers))

    def _matcher(self, name: str) -> _ast.Matcher:
        op = self.expect(*sorted(_STRING_OPS)).text
        value = self.checked(_regex.whole if op in ("=~", "!~") else str)
        return _ast.Matcher(name, op, value)

    def log_range(self) -> LogRange:
        """A selector, a pipeline, perhaps an unwrap, with a range (and an offset) behind the selector or at the end."""
        found = self._log_range()
        if not found.range_ns:
            raise self.error(self.peek(), "a range such as [5m] is missing")
        return found

    def _log_range(self) -> LogRange:
        with self.deeper():
            enclosed = self.peek().text == "("
            if enclosed:
                self.advance()
                found = self._log_range()
                self.expect(")")
            else:
                found = LogRange(self._selector())
                found.log, found.unwrap = self._log_and_unwrap(found.log)
            if not found.range_ns and self.peek().text == "[":
                found.range_ns = self._range()
                found.offset_ns = self._offset()
                if not found.log.stages and found.unwrap is None:
                    place = self.peek()
                    found.log, found.unwrap = self._log_and_unwrap(found.log)
                    if enclosed and found.log.stages:
                        raise self.error(place, "write the pipeline inside the parentheses")
            return found

    def _log_and_unwrap(self, log: _ast.LogExpr) -> tuple[_ast.LogExpr, _ast.Unwrap | None]:
        log, unwrap = self._pipeline(log)
        return log, None if unwrap is None else unwrap[0]

    def _range(self) -> int:
        self.expect("[")
        token = self.advance()
        if token.kind != "duration" or not token.value:
            raise self.error(token, "a range is a duration greater than 0 with its unit, such as [5m]")
        self.expect("]")
        return int(token.value)

    def _offset(self) -> int:
        if self.accept_keyword("offset") is None:
            return 0
        sign = -1 if self.peek().text == "-" else 1
        if sign < 0:
            self.advance()
        token = self.advance()
        if token.kind != "duration":
            raise self.error(token, "offset needs a duration, such as offset 5m")
        return sign * int(token.value)

    # Pipelines

    def _pipeline(self, log: _ast.LogExpr) -> tuple[_ast.LogExpr, tuple[_ast.Unwrap, Token] | None]:
        stages: list[_ast.Stage] = []
        while True:
            token = self.peek()
            if token.kind != "operator" or token.text not in _LINE_FILTERS | {"|"}:
                break
            follows = self.after(token)
            if token.text in _LINE_FILTERS and (follows.kind == "string" or follows.text.lower() == "ip"):
                stages.append(self._line_filter())
            elif token.text == "|":
                self.advance()
                place = self.peek()
                if self.accept_keyword("unwrap"):
                    return _ast.LogExpr(log.matchers, tuple(stages)), (self._unwrap(), place)
                stages.append(self._stage())
            else:
                break
        return _ast.LogExpr(log.matchers, tuple(stages)), None

    def _line_filter(self) -> _ast.LineFilter:
        op = self.advance().text
        alternatives = [self._alternative(op)]
        while self.peek().text.lower() == "or" and self.peek().kind == "identifier":
            self.advance()
            alternatives.append(self._alternative(op))
        return _ast.LineFilter(op, tuple(alternatives))

    def _alternative(self, op: str) -> tuple[bool, str]:
        token = self.peek()
        if token.text.lower() == "ip" and token.kind == "identifier":
            if op not in ("|=", "!="):
                raise self.error(token, f"ip() goes with |= and !=, not with {op}")
            return True, self._ip()
        check: Callable[[str], object] = str
        if op in ("|~", "!~"):
            check = _regex.within
        elif op in ("|>", "!>"):
            check = _extract.line_pattern
        return False, self.checked(check)

    def _ip(self) -> str:
        self.advance()
        self.expect("(")
        addresses = self.checked(_addresses.parse)
        self.expect(")")
        return addresses

    def _stage(self) -> _ast.Stage:
        token = self.peek()
        if token.kind != "keyword":
            return self._conditions()
        word = self.advance().text
        if word == "json":
            return _ast.Json(self._fields(_jsonpath.parse))
        if word == "logfmt":
            return self._logfmt()
        if word == "pattern":
            return _ast.Pattern(self.checked(_extract.pattern))
        if word == "regexp":
            return _ast.Regexp(self.checked(_extract.named_groups))
        if word == "unpack":
            return _ast.Unpack()
        if word == "decolorize":
            return _ast.Decolorize()
        if word == "line_format":
            return _ast.LineFormat(self.checked(_template.parse))
        if word == "label_format":
            return self._label_format()
        if word in ("keep", "drop"):
            return self._select_labels(word == "keep")
        raise self.error(token, f"{word} is no stage of a pipeline")

    def _fields(self, check: Callable[[str], object]) -> tuple[tuple[str, str], ...]:
        fields: list[tuple[str, str]] = []
        if self.peek().kind != "identifier":
            return ()
        while True:
            name = self.name("a label's name")
            path = name
            if self.peek().text == "=":
                self.advance()
                path = self.checked(check)
            fields.append((name, path))
            if self.peek().text != ",":
                return tuple(fields)
            self.advance()

    def _logfmt(self) -> _ast.Logfmt:
        flags = set()
        while self.peek().kind == "flag":
            token = self.advance()
            if token.text not in _FLAGS:
                raise self.error(token, f"logfmt knows {' and '.join(sorted(_FLAGS))}")
            flags.add(token.text)
        fields = self._fields(_extract.logfmt_key)
        return _ast.Logfmt(fields, "--strict" in flags, "--keep-empty" in flags)

    def _label_format(self) -> _ast.LabelFormat:
        items: dict[str, tuple[str, bool, str]] = {}
        while True:
            place = self.peek()
            name = self.name("a label's name")
            if name in items:
                raise self.error(place, f"{name} stands twice in this label_format; write a second one")
            if name in ("__error__", "__error_details__"):
                raise self.error(place, f"{name} cannot be formatted")
            self.expect("=")
            if self.peek().kind == "string":
                items[name] = (name, True, self.checked(_template.parse))
            else:
                items[name] = (name, False, self.name("a label's name or a template in quotes"))
            if self.peek().text != ",":
                return _ast.LabelFormat(tuple(items.values()))
            self.advance()

    def _select_labels(self, keep: bool) -> _ast.SelectLabels:
        items: list[str | _ast.Matcher] = []
        while True:
            name = self.name("a label's name")
            items.append(self._matcher(name) if self.peek().text in _STRING_OPS else name)
            if self.peek().text != ",":
                return _ast.SelectLabels(keep, tuple(items))
            self.advance()

    def _unwrap(self) -> _ast.Unwrap:
        place = self.peek()
        label = self.name("the label to unwrap")
        conversion = ""
        if self.peek().text == "(":
            if label not in ("bytes", "duration", "duration_seconds"):
                raise self.error(place, f"unwrap converts by bytes, duration or duration_seconds, not by {label}")
            conversion = "bytes" if label == "bytes" else "duration"
            self.advance()
            label = self.name("the label to unwrap")
            self.expect(")")
        conditions = []
        while self.peek().text == "|" and self.after(self.peek()).kind != "keyword":
            self.advance()
            conditions.append(self._conditions())
        if self.peek().text == "|" or self.peek().text in _LINE_FILTERS:
            raise self.error(self.peek(), "only label filters may follow unwrap")
        return _ast.Unwrap(label, conversion, tuple(conditions))

    # Label filters; `and` binds stronger than `or`, as in Loki

    def _conditions(self) -> _ast.Condition:
        with self.deeper():
            left = self._all_of()
            joined = 0
            while self._is_word("or"):
                self.advance()
                left = _ast.Junction("or", left, self._all_of())
                joined = self._counted(joined)
            return left

    def _all_of(self) -> _ast.Condition:
        left = self._condition()
        joined = 0
        while True:
            token = self.peek()
            if self._is_word("and") or token.text == ",":
                self.advance()
            elif not (token.text == "(" or (token.kind == "identifier" and token.text.lower() not in _JOINED)):
                return left
            left = _ast.Junction("and", left, self._condition())
            joined = self._counted(joined)

    def _counted(self, joined: int) -> int:
        if joined >= self.DEEPEST:
            raise self.error(self.peek(), f"more than {self.DEEPEST} conditions in a row; write several stages")
        return joined + 1

    def _is_word(self, word: str) -> bool:
        token = self.peek()
        return token.kind == "identifier" and token.text.lower() == word

    def _condition(self) -> _ast.Condition:
        if self.peek().text == "(":
            self.advance()
            inner = self._conditions()
            self.expect(")")
            return inner
        name = self.name("a label's name or a stage")
        place = self.peek()
        op = self.expect(*sorted(_STRING_OPS | _NUMBER_OPS)).text
        value = self.peek()
        if value.kind == "string":
            if op not in _STRING_OPS:
                raise self.error(place, f"{op} compares numbers; with a string use = != =~ !~")
            check = _regex.whole if op in ("=~", "!~") else str
            return _ast.StringCondition(_ast.Matcher(name, op, self.checked(check)))
        if value.kind == "identifier" and value.text.lower() == "ip":
            if op not in ("=", "!="):
                raise self.error(value, f"ip() goes with = and !=, not with {op}")
            return _ast.IpCondition(name, op, self._ip())
        sign = 1
        if value.text in ("+", "-") and value.kind == "operator" and self.after(value).kind != "bytes":
            sign = -1 if self.advance().text == "-" else 1
            value = self.peek()
        if value.kind not in _VALUES:
            raise self.error(value, "a string in quotes, a number, a duration or a size is missing")
        if op not in _NUMBER_OPS:
            raise self.error(place, f"{op} needs a string in quotes")
        self.advance()
        return _ast.NumberCondition(name, "==" if op == "=" else op, value.kind, sign * float(value.value))
