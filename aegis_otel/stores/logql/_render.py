"""Renders a template that `_template` has read, for one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aegis_otel.stores.logql._template_functions import FUNCTIONS, NEEDS_LINE, TemplateError, show, true

LONGEST_OUTPUT: Final = 1_048_576
"""Characters that one rendering may make."""
MOST_STEPS: Final = 100_000
"""Parts of the template that one rendering may run, those of a loop each time."""


@dataclass
class Action:
    """What stands in ``{{…}}``: a keyword ("" for a pipeline), its pipeline, its blocks."""

    keyword: str
    names: tuple[str, ...] = ()
    declares: bool = False
    pipe: Any = None
    body: list[Any] = field(default_factory=list)
    otherwise: list[Any] = field(default_factory=list)


class _BreakLoop(Exception):  # noqa: N818
    pass


class _NextOfLoop(Exception):  # noqa: N818
    pass


def render(nodes: list[Any], labels: Mapping[str, str], line: str, time_ns: int) -> str:
    """The text that the parts of a template make.

    Raises:
        TemplateError: a function refused its arguments, or the text became too long.
    """
    renderer = _Renderer(line, time_ns)
    try:
        renderer.run(nodes, labels, {"$": labels})
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, RecursionError) as error:
        raise TemplateError(f"{type(error).__name__}: {error}"[:200]) from None
    return "".join(renderer.out)


class _Renderer:
    def __init__(self, line: str, time_ns: int) -> None:
        self.line, self.time_ns = line, time_ns
        self.out: list[str] = []
        self.length = 0
        self.steps = 0

    def _count(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TemplateError(f"the template runs more than {MOST_STEPS} parts")

    def write(self, text: str) -> None:
        self.length += len(text)
        if self.length > LONGEST_OUTPUT:
            raise TemplateError(f"the template made more than {LONGEST_OUTPUT} characters")
        self.out.append(text)

    def run(self, nodes: list[Any], dot: Any, variables: dict[str, Any]) -> None:
        for node in nodes:
            self._count()
            if isinstance(node, str):
                self.write(node)
            elif node.keyword == "break":
                raise _BreakLoop
            elif node.keyword == "continue":
                raise _NextOfLoop
            elif node.keyword == "range":
                self._range(node, dot, variables)
            elif node.keyword:
                inner = dict(variables)
                value = self.pipe(node.pipe, dot, variables)
                self._set(node, value, inner)
                chosen = true(value)
                self.run(
                    node.body if chosen else node.otherwise, value if chosen and node.keyword == "with" else dot, inner
                )
                self._keep(inner, variables, node)
            else:
                value = self.pipe(node.pipe, dot, variables)
                self._set(node, value, variables)
                if not node.names:
                    self.write(show(value))

    def _keep(self, inner: dict[str, Any], variables: dict[str, Any], node: Action) -> None:
        # What a block sets with = outlives it; what it declares does not.
        declared = set(node.names) if node.declares else set()
        for name in variables:
            if name not in declared:
                variables[name] = inner[name]

    def _set(self, node: Action, value: Any, variables: dict[str, Any]) -> None:
        for name in node.names:
            variables[name] = value

    def _range(self, node: Action, dot: Any, variables: dict[str, Any]) -> None:
        value = self.pipe(node.pipe, dot, variables)
        items: Iterable[tuple[Any, Any]]
        if isinstance(value, Mapping):
            items = ((key, value[key]) for key in sorted(value))
        elif isinstance(value, (list, tuple)):
            items = enumerate(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            items = zip(range(value), range(value), strict=True)
        elif value is None:
            items = ()
        else:
            raise TemplateError("range can't iterate over this value")
        empty = True
        for key, item in items:
            empty = False
            self._count()
            inner = dict(variables)
            if len(node.names) == 1:
                inner[node.names[0]] = item
            elif node.names:
                inner.update(zip(node.names, (key, item), strict=True))
            try:
                self.run(node.body, item, inner)
            except _NextOfLoop:
                pass
            except _BreakLoop:
                return
            finally:
                self._keep(inner, variables, node)
        if empty:
            self.run(node.otherwise, dot, dict(variables))

    def pipe(self, commands: list[list[Any]], dot: Any, variables: dict[str, Any]) -> Any:
        value: Any = None
        for index, command in enumerate(commands):
            value = self._command(command, dot, variables, (value,) if index else ())
        return value

    def _command(self, command: list[Any], dot: Any, variables: dict[str, Any], last: tuple[Any, ...]) -> Any:
        head = command[0]
        if head[0] != "function":
            return self._value(head, dot, variables)
        name = head[1]
        if name in ("and", "or"):
            result: Any = None
            for argument in (*command[1:], *(("value", value) for value in last)):
                result = self._value(argument, dot, variables)
                if true(result) != (name == "and"):
                    break
            return result
        arguments = [self._value(argument, dot, variables) for argument in command[1:]]
        if name in NEEDS_LINE:
            return NEEDS_LINE[name](self.line, self.time_ns)
        return _bounded(FUNCTIONS[name](*arguments, *last))

    def _value(self, operand: tuple[Any, ...], dot: Any, variables: dict[str, Any]) -> Any:
        kind = operand[0]
        if kind == "value":
            return operand[1]
        if kind == "field":
            return _fields(dot, operand[1])
        if kind == "dot":
            return dot
        if kind == "variable":
            return _fields(variables[operand[1]], operand[2])
        if kind == "pipe":
            return self.pipe(operand[1], dot, variables)
        if kind == "fields":
            return _fields(self._value(operand[1], dot, variables), operand[2])
        return self._command([operand], dot, variables, ())


def _bounded(value: Any) -> Any:
    """`value`, if it is not too long: a loop could double a text, or square a number, each time."""
    if isinstance(value, str) and len(value) > LONGEST_OUTPUT:
        raise TemplateError(f"a text in the template has more than {LONGEST_OUTPUT} characters")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise TemplateError("a number in the template does not fit into 64 bits")
    return value


def _fields(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise TemplateError(f"can't evaluate field {name}")
        value = value.get(name, "")
    return value
