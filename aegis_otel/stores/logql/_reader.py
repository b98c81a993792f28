"""Reads the words of a query one after the other, and says what is wrong where another one is wanted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

from aegis_otel.stores.logql._errors import LogQLError
from aegis_otel.stores.logql._lexer import Token, tokens


class TokenReader:
    """The words of `text`, and how deep in each other its parts are."""

    DEEPEST: Final = 64
    """How deep parts may be nested."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0

    def peek(self) -> Token:
        """The next token, which stays where it is."""
        return self._tokens[self._next]

    def after(self, token: Token) -> Token:
        """The token behind the next one, which is `token`."""
        return self._tokens[min(self._next + 1, len(self._tokens) - 1)] if token is self.peek() else token

    def advance(self) -> Token:
        """Take the next token."""
        token = self.peek()
        if token.kind != "end":
            self._next += 1
        return token

    def error(self, token: Token, reason: str) -> LogQLError:
        """What is wrong at `token`."""
        return LogQLError(self.text, token.position, reason)

    def expect(self, *wanted: str) -> Token:
        """Take the next token, which must be one of these operators."""
        token = self.peek()
        if token.kind != "operator" or token.text not in wanted:
            raise self.error(token, f"{' or '.join(wanted)} is missing before {token.text or 'the end'}")
        return self.advance()

    def expect_end(self) -> None:
        """Nothing may follow."""
        token = self.peek()
        if token.kind != "end":
            raise self.error(token, f"{token.text} is not understood here")

    def accept_keyword(self, *words: str) -> Token | None:
        """Take the next token if it is one of these words."""
        token = self.peek()
        return self.advance() if token.kind == "keyword" and token.text in words else None

    @contextlib.contextmanager
    def deeper(self) -> Iterator[None]:
        """One level of nesting more."""
        self._depth += 1
        if self._depth > self.DEEPEST:
            raise self.error(self.peek(), f"nested more than {self.DEEPEST} levels deep")
        yield
        self._depth -= 1

    def name(self, what: str) -> str:
        """Take an identifier."""
        token = self.peek()
        if token.kind == "keyword":
            raise self.error(token, f"{token.text} is a word of LogQL, so it cannot be {what}")
        if token.kind != "identifier":
            raise self.error(token, f"{what} is missing before {token.text or 'the end'}")
        return self.advance().text

    def string(self) -> str:
        """Take a string."""
        token = self.peek()
        if token.kind != "string":
            raise self.error(token, f"a string in quotes is missing before {token.text or 'the end'}")
        return str(self.advance().value)

    def number(self) -> float:
        """Take a number, which may have a sign."""
        sign = 1.0
        if self.peek().text in ("+", "-"):
            sign = -1.0 if self.advance().text == "-" else 1.0
        token = self.peek()
        if token.kind != "number":
            raise self.error(token, f"a number is missing before {token.text or 'the end'}")
        return sign * float(self.advance().value)

    def checked(self, check: Callable[[str], object]) -> str:
        """Take a string that `check` takes without a ValueError."""
        token = self.peek()
        text = self.string()
        try:
            check(text)
        except ValueError as error:
            raise self.error(token, str(error)) from None
        return text
