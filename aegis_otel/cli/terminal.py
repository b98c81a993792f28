"""Output of the command line: text that is safe for a terminal, tables, and error messages.

Others have written the content of a store. A control character in it could move the cursor, hide lines or
set the window's title. So all text goes through `safe` before it reaches the terminal.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

# C0 and C1 controls, DEL, characters that change the writing direction or break lines, zero-width ones,
# lone surrogates and the invisible "tag" characters.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def safe(text: str, *, keep_newlines: bool = False) -> str:
    """`text` with every character that a terminal would act on or not show replaced by its escape."""
    if text.isascii() and text.isprintable():
        return text

    def escape(match: re.Match[str]) -> str:
        character = match.group()
        if character == "\n" and keep_newlines:
            return character
        if character == "\t" and keep_newlines:
            return "    "
        return _SHORT.get(character) or _escape(ord(character))

    return _UNSAFE.sub(escape, text)


def safe_json(text: str) -> str:
    r"""JSON text (as `json.dumps` makes it) with the same characters as ``\uXXXX``, so it stays JSON."""

    def escape(match: re.Match[str]) -> str:
        code = ord(match.group())
        if code < 0x10000:
            return f"\\u{code:04x}"
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"

    return _UNSAFE.sub(escape, text)


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave this to the command: rich would end the process with status 1."""
        raise BrokenPipeError


def console() -> Console:
    """A console that shows text unchanged: no markup, no emoji codes, no automatic highlighting."""
    return _Console(markup=False, emoji=False, highlight=False, soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A table that shows its cells completely: long ones continue on the next line."""
    result = Table(title=title, title_justify="left", title_style="bold", header_style="bold", show_edge=False)
    for column in columns:
        result.add_column(column, overflow="fold")
    for row in rows:
        result.add_row(*(cell if isinstance(cell, Text) else Text(safe(cell, keep_newlines=True)) for cell in row))
    return result


def show(renderable: Table) -> None:
    """Print a table; if the output is not a terminal, as wide as needed."""
    target = Console(markup=False, emoji=False, highlight=False)
    if not target.is_terminal:
        target = Console(markup=False, emoji=False, highlight=False, width=200)
    target.print(renderable)


def say(text: str) -> None:
    """Print lines on stdout, at once."""
    sys.stdout.write(safe(text, keep_newlines=True) + "\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Print one line on stderr."""
    sys.stderr.write(f"aegis-otel: {safe(text)}\n")
    sys.stderr.flush()


def fail(text: str, *, status: int = 1) -> NoReturn:
    """Print the error and the remedy on stderr, and end with `status` (2: it was called wrongly)."""
    sys.stderr.write(f"aegis-otel: {safe(text, keep_newlines=True)}\n")
    raise typer.Exit(status)


@contextlib.contextmanager
def told(*errors: type[Exception]) -> Iterator[None]:
    """Say one of these errors and end with status 1. Where nobody reads any more, as in `| head`, end quietly."""
    try:
        yield
    except BrokenPipeError:
        # Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except errors as error:
        fail(str(error))


def normal_end(*, follow: bool) -> tuple[type[BaseException], ...]:
    """What is no error: Ctrl-C, where it is the only way to end. Elsewhere the output is not whole then."""
    return (KeyboardInterrupt,) if follow else ()
