"""How a variable is declared, and how a group of them is read.

A group is a frozen dataclass whose fields are made by `variable`. What a field says of its variable is all that
there is: the reader, the error messages, `aegis-otel env` and the README's table go by it.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from aegis_otel import schema
from aegis_otel.settings._presets import Preset

_METADATA: Final = "aegis_otel.variable"
_Group = TypeVar("_Group")


class SettingsError(ValueError):
    """One or more variables have values that cannot be used; the text names each."""


@dataclass(frozen=True)
class Source:
    """One environment variable that can give a setting.

    Attributes:
        name: the variable.
        part: takes the variable's value, gives the setting's text; empty: this source says nothing. None: the
            value is the text.
        label: for people, where the name alone does not tell what of its value counts.
    """

    name: str
    part: Callable[[str], str] | None = None
    label: str = ""

    def text(self, env: Mapping[str, str]) -> str:
        """The setting's text; empty where this source does not give it."""
        value = env.get(self.name, "").strip()
        return value if self.part is None else self.part(value).strip()


@dataclass(frozen=True)
class Variable:
    """One setting: where it comes from, its parser and its default.

    Attributes:
        field: its name in its group.
        sources: the environment variables that give it, the strongest first; the first that is set wins.
        parse: text to value; raises ValueError whose text completes "expected …".
        default: the value where none is set, or a function of the preset.
        help: one line for people.
        secret: whether its value must never be shown.
        show: value to text, for values that `str` does not show as the variable has them.
    """

    field: str
    sources: tuple[Source, ...]
    parse: Callable[[str], Any]
    default: Any
    help: str
    secret: bool
    show: Callable[[Any], str] | None

    @property
    def label(self) -> str:
        """All its sources for people, in Markdown, the strongest first."""
        return ", ".join(source.label or f"`{source.name}`" for source in self.sources)

    @property
    def names(self) -> tuple[str, ...]:
        """The environment variables that give this setting and nothing else, the strongest first."""
        return tuple(source.name for source in self.sources if source.part is None)

    def default_for(self, preset: Preset | None) -> Any:
        """The default under a preset."""
        return self.default(preset) if callable(self.default) else self.default

    def text_of(self, value: Any) -> str:
        """A value as the variable has it; empty for None. Does not hide secrets."""
        if value is None:
            return ""
        if self.show is not None:
            return self.show(value)
        if isinstance(value, bool):
            return str(value).lower()
        return ",".join(value) if type(value) is tuple else str(value)


def variable(
    *sources: str | Source,
    parse: Callable[[str], Any],
    default: Any = None,
    help: str = "",
    secret: bool = False,
    show: Callable[[Any], str] | None = None,
) -> Any:
    """A field of a group. For the arguments see `Variable`; a source that is a text is a variable's name."""
    described = Variable(
        field="",  # known when the group is
        sources=tuple(Source(source) if isinstance(source, str) else source for source in sources),
        parse=parse,
        default=default,
        help=help,
        secret=secret,
        show=show,
    )
    return dataclasses.field(repr=not secret, metadata={_METADATA: described})


def variables_of(group: type[Any]) -> tuple[Variable, ...]:
    """The variables of a group, in the order of its fields."""
    return tuple(
        dataclasses.replace(field.metadata[_METADATA], field=field.name)
        for field in dataclasses.fields(group)
        if _METADATA in field.metadata
    )


def name_of(group: type[Any], field: str) -> str:
    """The environment variable that gives a field of a group; of several the weakest, which is our own.

    Raises:
        KeyError: the group has no such variable.
    """
    return {variable.field: variable for variable in variables_of(group)}[field].names[-1]


class Problem(NamedTuple):
    """A value that cannot be used."""

    what: str
    instead: str
    """What holds in its place, where that is accepted."""


class Reader:
    """Reads variables of one environment and remembers which have values that cannot be used."""

    def __init__(self, environ: Mapping[str, str] | None) -> None:
        self._env = os.environ if environ is None else environ
        self.problems: list[Problem] = []

    def value(self, variable: Variable, preset: Preset | None = None) -> Any:
        """The value in force; the default where none is set or where the one that counts is wrong."""
        default = variable.default_for(preset)
        for source in variable.sources:
            text = source.text(self._env)
            if not text:
                continue
            try:
                return variable.parse(text)
            except ValueError as error:
                shown = "its value" if variable.secret else repr(schema.safe_text(text, limit=100))
                what = f"{source.name}: {shown} is not valid, expected {error}"
                used = "it is ignored" if default is None else f"using {variable.text_of(default) or 'nothing'}"
                self.problems.append(Problem(what, used))
                return default
        return default


def read_group(group: type[_Group], environ: Mapping[str, str] | None = None) -> _Group:
    """Read a group whose defaults do not depend on a preset.

    Args:
        group: a frozen dataclass with fields made by `variable`, and no others without a default.
        environ: the variables; the process's own where None.

    Raises:
        SettingsError: a value is wrong.
    """
    reader = Reader(environ)
    values = {variable.field: reader.value(variable) for variable in variables_of(group)}
    if reader.problems:
        raise SettingsError("\n".join(problem.what for problem in reader.problems))
    return group(**values)
