"""Go's text/template, as far as ``line_format`` and ``label_format`` use it: read once, rendered for each line.

Supported: fields, variables, pipelines, if/else if/else, with, range (with break and continue), comments, trimming,
and the functions of `_template_functions`. Not supported: define, template, block.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from aegis_otel.stores.logql._errors import LogQLError
from aegis_otel.stores.logql._lexer import unescaped
from aegis_otel.stores.logql._render import Action, render
from aegis_otel.stores.logql._template_functions import FUNCTIONS, NEEDS_LINE

_DEEPEST: Final = 32
_WORD: Final = re.compile(
    r"""(?P<space>\s+)|(?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?P<char>'(?:[^'\\\n]|\\.[0-7a-fA-F]*)')"""
    r"""|(?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?))"""
    r"""|(?P<field>(?:\.[A-Za-z_]\w*)+)|(?P<variable>\$\w*(?:\.[A-Za-z_]\w*)*)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<mark>:=|[.|(),=])"""
)
_CLOSING: Final = re.compile(r"(?:`[^`]*`|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[^`\"'])*?(?P<trim>\s-)?\}\}")


@dataclass(frozen=True)
class _Word:
    kind: str
    text: str


@lru_cache(maxsize=512)
def parse(text: str) -> Template:
    """Read a template.

    Raises:
        ValueError: it is none, or uses what is not supported.
    """
    return Template(text)


class Template:
    """A template that was read."""

    def __init__(self, text: str) -> None:
        self._parts = _parts(text)
        self._next = 0
        self._depth = 0
        self._loops = 0
        self._scopes: list[set[str]] = [{"$"}]
        self._nodes, end = self._block()
        if end:
            raise ValueError(f"the template has an {{{{{end}}}}} without a beginning")

    def _block(self) -> tuple[list[Any], str]:
        nodes: list[Any] = []
        self._scopes.append(set())
        while self._next < len(self._parts):
            part = self._parts[self._next]
            self._next += 1
            if isinstance(part, str):
                nodes.append(part)
                continue
            first = part[0].text if part and part[0].kind == "name" else ""
            if first in ("end", "else"):
                self._scopes.pop()
                self._else = part[1:]
                if first == "end" and part[1:]:
                    raise ValueError("{{end}} of the template takes nothing")
                return nodes, first
            nodes.append(self._action(part, first))
        self._scopes.pop()
        return nodes, ""

    def _action(self, words: list[_Word], first: str) -> Action:
        if first in ("if", "with", "range"):
            return self._branch(first, words[1:])
        if first in ("break", "continue"):
            if not self._loops or len(words) > 1:
                raise ValueError(f"{{{{{first}}}}} of the template is outside of range")
            return Action(first)
        if first in ("define", "template", "block"):
            raise ValueError(f"{{{{{first}}}}} is not supported in a template")
        return self._pipeline(Action(""), words)

    def _branch(self, keyword: str, words: list[_Word]) -> Action:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"the template is nested more than {_DEEPEST} levels deep")
        self._scopes.append(set())
        action = self._pipeline(Action(keyword), words)
        self._loops += keyword == "range"
        action.body, end = self._block()
        self._loops -= keyword == "range"
        if end == "else":
            rest = _without_first_space(self._else)
            if rest and rest[0].kind == "name" and rest[0].text in ("if", "with") and keyword != "range":
                action.otherwise = [self._branch(rest[0].text, rest[1:])]
                end = "end"
            elif rest:
                raise ValueError("{{else}} of the template is followed by what it does not take")
            else:
                action.otherwise, end = self._block()
        if end != "end":
            raise ValueError(f"{{{{{keyword}}}}} of the template has no {{{{end}}}}")
        self._scopes.pop()
        self._depth -= 1
        return action

    def _pipeline(self, action: Action, words: list[_Word]) -> Action:
        words = [word for word in words if word.kind != "space" or word.text]
        marks = [index for index, word in enumerate(words) if word.text in (":=", "=") and word.kind == "mark"]
        if marks:
            names = [word for word in words[: marks[0]] if word.text != "," and word.kind != "space"]
            if len(marks) > 1 or not names or any(name.kind != "variable" or "." in name.text for name in names):
                raise ValueError("a variable of the template is set as in {{$x := .label}}")
            if len(names) > (2 if action.keyword == "range" else 1):
                raise ValueError("too many variables are set at once in the template")
            action.names = tuple(name.text for name in names)
            action.declares = words[marks[0]].text == ":="
            self._known(() if action.declares else action.names)
            words = words[marks[0] + 1 :]
        action.pipe, rest = self._pipe(words, 0)
        if rest:
            raise ValueError(f"unexpected {rest[0].text!r} in the template")
        if action.declares:
            self._scopes[-1].update(action.names)
        return action

    def _known(self, names: tuple[str, ...]) -> None:
        for name in names:
            if not any(name in scope for scope in self._scopes):
                raise ValueError(f"the template does not know the variable {name}")

    def _pipe(self, words: list[_Word], depth: int) -> tuple[Any, list[_Word]]:
        if depth > _DEEPEST:
            raise ValueError(f"the template is nested more than {_DEEPEST} levels deep")
        commands: list[list[Any]] = [[]]
        spaced = True
        while words:
            word = words[0]
            if word.text == ")" and word.kind == "mark":
                break
            words = words[1:]
            if word.kind == "space":
                spaced = True
                continue
            if word.text == "|" and word.kind == "mark":
                commands.append([])
                spaced = True
                continue
            command = commands[-1]
            if word.kind == "field" and not spaced and command and command[-1][0] == "pipe":
                command[-1] = ("fields", command[-1], tuple(word.text[1:].split(".")))
                continue
            if not spaced and not (word.text == "(" and word.kind == "mark"):
                raise ValueError(f"a space is missing before {word.text!r} in the template")
            if word.text == "(" and word.kind == "mark":
                inner, words = self._pipe(words, depth + 1)
                if not words:
                    raise ValueError("a parenthesis of the template is not closed")
                words = words[1:]
                command.append(("pipe", inner))
            else:
                command.append(self._operand(word))
            spaced = False
        if any(not command for command in commands):
            raise ValueError("a command is missing in the template")
        for index, command in enumerate(commands):
            if command[0][0] != "function" and (len(command) > 1 or index > 0):
                raise ValueError("the template gives arguments to what is no function")
        return commands, words

    def _operand(self, word: _Word) -> tuple[Any, ...]:
        if word.kind == "string":
            if word.text[0] == "`":
                return ("value", word.text[1:-1])
            return ("value", _unescaped(word.text[1:-1], word.text))
        if word.kind == "char":
            inner = _unescaped(word.text[1:-1].replace("\\'", "'"), word.text)
            if len(inner) != 1:
                raise ValueError(f"{word.text} is no character in the template")
            return ("value", ord(inner))
        if word.kind == "number":
            whole = word.text.lstrip("+-").isdigit() or "x" in word.text.lower()
            return ("value", int(word.text, 16 if "x" in word.text.lower() else 10) if whole else float(word.text))
        if word.kind == "field":
            return ("field", tuple(word.text[1:].split(".")))
        if word.kind == "variable":
            name, *fields = word.text.split(".")
            self._known((name,))
            return ("variable", name, tuple(fields))
        if word.text == ".":
            return ("dot",)
        if word.text in ("true", "false", "nil"):
            return ("value", {"true": True, "false": False, "nil": None}[word.text])
        if word.kind == "name" and (word.text in FUNCTIONS or word.text in NEEDS_LINE):
            return ("function", word.text)
        raise ValueError(f"the template does not know the function {word.text!r}")

    def render(self, labels: Mapping[str, str], line: str, time_ns: int) -> str:
        """The text for one line.

        Raises:
            TemplateError: a function refused its arguments, or the text became too long.
        """
        return render(self._nodes, labels, line, time_ns)


def _without_first_space(words: list[_Word]) -> list[_Word]:
    return words[1:] if words and words[0].kind == "space" else words


def _unescaped(raw: str, text: str) -> str:
    try:
        return unescaped(raw, text, 0)
    except LogQLError as error:
        raise ValueError(error.reason) from None


def _parts(text: str) -> list[Any]:
    """Text and the words of actions, in order; ``{{-`` and ``-}}`` have trimmed the text beside them."""
    parts: list[Any] = []
    position, trim = 0, False
    while True:
        start = text.find("{{", position)
        plain = text[position:] if start < 0 else text[position:start]
        if trim:
            plain = plain.lstrip(" \t\r\n")
        if start < 0:
            return [*parts, plain] if plain else parts
        begin = start + 2
        if text[begin : begin + 1] == "-" and text[begin + 1 : begin + 2].isspace():
            plain, begin = plain.rstrip(" \t\r\n"), begin + 1
        if plain:
            parts.append(plain)
        comment = re.compile(r"\s*/\*.*?\*/(?P<trim>\s-)?\}\}", re.DOTALL).match(text, begin)
        found = comment or _CLOSING.match(text, begin)
        if found is None:
            raise ValueError("an action of the template is not closed with }}")
        trim = bool(found["trim"])
        if comment is None:
            end = found.start("trim") if trim else found.end() - 2
            parts.append(_words(text[begin:end].strip()))
        position = found.end()


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    position = 0
    while position < len(text):
        found = _WORD.match(text, position)
        if found is None:
            raise ValueError(f"unexpected {text[position]!r} in the template")
        words.append(_Word(str(found.lastgroup), found.group()))
        position = found.end()
    if not words:
        raise ValueError("an action of the template is empty")
    return words
