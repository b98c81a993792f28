"""Reads the corpora of this folder: entries with the parts that must not remain, harmless entries, and hostile shapes.

The corpora follow the forms of public scanners (each file names its sources) and were written without looking at the engines. An entry is
a text or a map of attributes. The same entry is made each time, since a random generator starts from its text.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.redaction.peers.shapes import expand

FOLDER = Path(__file__).parent
WINDOW = 5
"""So many characters of a part in a row, readable in the output, count as a leak: a secret must be masked whole."""
HOSTILE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Entry:
    """A text or a map, and what of it is secret.

    Args:
        group: the bar that it counts for.
        theme: the row of the table.
        kind: what stands there, for the list of misses.
        content: a text, or a map of attributes.
        secrets: the parts that must not remain; none if it is harmless.
        rare: too weak a sign for the bar; it has a row of its own.
    """

    group: str
    theme: str
    kind: str
    content: str | dict[str, Any]
    secrets: tuple[str, ...] = ()
    rare: bool = False

    @functools.cached_property
    def written(self) -> str:
        return written(self.content)

    def remains(self, output: str) -> list[str]:
        """Which pieces of the secrets can still be read in an output."""
        around = self.written
        for secret in self.secrets:
            around = around.replace(secret, "\0")
        pieces = {piece for secret in self.secrets for piece in _pieces(secret)}
        return sorted(piece for piece in pieces if piece in output and piece not in around)

    def changed(self, output: str) -> bool:
        return output != self.written


def written(content: object) -> str:
    """A text as it is, a map as JSON: what the checks look at."""
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _pieces(secret: str) -> set[str]:
    if len(secret) <= WINDOW:
        return {secret}
    return {secret[start : start + WINDOW] for start in range(len(secret) - WINDOW + 1)}


def _load(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def _mapped(content: Any, change: Callable[[str], str]) -> Any:
    """The content with each text in it, keys too, changed."""
    if isinstance(content, str):
        return change(content)
    if isinstance(content, dict):
        return {change(key): _mapped(value, change) for key, value in content.items()}
    if isinstance(content, list):
        return [_mapped(value, change) for value in content]
    return content


def _place(row: dict[str, Any]) -> Any:
    """The text or the map of an entry."""
    return row["text"] if "text" in row else row["map"]


def _with_value(value: str, text: str) -> str:
    return text.replace("{s}", value)


def _with_both(name: str, value: str, text: str) -> str:
    return text.format(k=name, v=value)


def _secrets(text: str, parts: Sequence[tuple[int, int]]) -> list[str]:
    """The made-up parts, joined where only `-` or `.` or a digit stands between them or beside them."""
    joined: list[list[int]] = []
    for start, end in parts:
        while start and text[start - 1].isdigit() and text[start].isdigit():
            start -= 1
        if joined and (start <= joined[-1][1] or text[joined[-1][1] : start] in ("-", ".")):
            joined[-1][1] = end
        else:
            joined.append([start, end])
    found = [text[start:end] for start, end in joined]
    return [part for part in found if len(part) > 2] or found


def _expanded(content: Any, seed: str, keep: Sequence[int] = ()) -> tuple[Any, tuple[str, ...]]:
    random, secrets = Random(seed), list[str]()

    def change(text: str) -> str:
        made, parts = expand(text, random)
        secrets.extend(_secrets(made, [part for number, part in enumerate(parts) if number not in keep]))
        return made

    return _mapped(content, change), tuple(dict.fromkeys(secrets))


def vendors(seed: str = "") -> Iterator[Entry]:
    """Each vendor's credential: two values, three settings each."""
    settings = _load("settings")
    Random(seed).shuffle(settings)
    placed = 0
    for theme, rows in _load("vendors").items():
        for row in rows:
            for copy in range(2):
                value, parts = expand(row["shape"], Random(f"{row['vendor']} {copy}{seed}"))
                kept = row.get("keep", ())
                made = [value[start:end] for number, (start, end) in enumerate(parts) if number not in kept]
                secrets = tuple(part for part in made if len(part) > 3)
                for _ in range(3):
                    setting = settings[placed % len(settings)]
                    content = _mapped(_place(setting), functools.partial(_with_value, value))
                    yield Entry("telling prefix", theme, row["vendor"], content, secrets)
                    placed += 1


def keys(seed: str = "", notations_each: int = 5) -> Iterator[Entry]:
    """Each name in some of the notations, with values that the notation can hold."""
    notations = _load("notations")
    for theme, group in _load("keys").items():
        for name in group["names"]:
            random = Random(name + seed)
            fitting = [notation for notation in notations if name.isidentifier() or not notation.get("identifier")]
            for notation in random.sample(fitting, notations_each):
                shapes = list(group["plain"])
                if notation.get("url"):
                    shapes = [shape for shape in shapes if "<b" not in shape]
                if notation.get("quoted"):
                    shapes += group["quoted"]
                if notation.get("words"):
                    shapes += group["words"]
                value, parts = expand(random.choice(shapes), random)
                content = _mapped(_place(notation), functools.partial(_with_both, name, value))
                rare = bool(notation.get("rare"))
                yield Entry(
                    "telling key",
                    theme,
                    str(_place(notation)),
                    content,
                    tuple(_secrets(value, parts)),
                    rare,
                )


def forms(seed: str = "") -> Iterator[Entry]:
    """Credentials that their form tells: hashes, JOSE, PEM, URLs, command lines."""
    for row in _load("forms"):
        for copy in range(2):
            content, secrets = _expanded(_place(row), f"{row} {copy}{seed}", row.get("keep", ()))
            yield Entry("telling form", row["kind"], str(_place(row)), content, secrets, bool(row.get("rare")))


def health(seed: str = "") -> Iterator[Entry]:
    """HIPAA's identifiers in texts and as fields; group `health` without any option, `hipaa` with it."""
    for theme, texts in _load("health_text").items():
        group = "hipaa" if theme == "hipaa" else "health"
        for text in texts:
            for copy in range(2):
                content, secrets = _expanded(text, f"{text} {copy}{seed}")
                yield Entry(group, f"{theme} in text", text, content, secrets)
    for theme, shapes in _load("health_maps").items():
        group = "hipaa" if theme == "hipaa" else "health"
        for shape, paths in shapes.items():
            for path in paths:
                value, secrets = _expanded(shape, path + shape + seed)
                *outer, last = path.split(".")
                field: dict[str, Any] = {last: value}
                for key in reversed(outer):
                    field = {key: field}
                yield Entry(group, "fields", f"{path} = {shape}", field, secrets)


def harmless(seed: str = "") -> Iterator[Entry]:
    """What a person would call harmless."""
    for file in ("harmless_text", "harmless_logs"):
        for theme, contents in _load(file).items():
            for content in contents:
                made, _ = _expanded(content, str(content) + seed)
                yield Entry("harmless", theme, str(content), made)


def entries(seed: str = "") -> list[Entry]:
    """All entries; another seed makes other values, and puts names and credentials into other notations."""
    return [*vendors(seed), *keys(seed), *forms(seed), *health(seed), *harmless(seed)]


def hostile_shapes() -> Iterator[tuple[str, str]]:
    """A name and a text of 64 KB for each of the units in four forms: repetitions in which a careless search is quadratic."""
    units = _load("hostile_shapes")["units"]
    for number, unit in enumerate(units):
        after = units[(number + 1) % len(units)]
        for name, head, body, tail in (
            ("plain", "", unit, ""),
            ("after a head", "password=", unit, "!"),
            ("with a tail", "", unit, "\x00x"),
            ("with the next unit", "", unit + after, ""),
        ):
            room = HOSTILE_BYTES - len((head + tail).encode())
            yield f"{unit!r} {name}", head + body * (room // len(body.encode())) + tail
