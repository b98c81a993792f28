"""Records made up from a seed, to compare the engines with: secrets, keys, notations and noise, put together at random."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from aegis_otel.redaction import DEFAULT
from tests.redaction.corpus import secrets
from tools.contract.source import load

_NOISE = (
    *(
        "order 17 was created",
        "x",
        "7",
        "",
        " ",
        "\n",
        "GET /api/v1/orders?page=2",
        "é",
        "\u200b",
        "：",
        "%3D",
        "&quot;",
        "\\u0041",
    ),
    *(
        "=",
        ": ",
        ":=",
        "::=",
        " ?= ",
        " -> ",
        " => ",
        '"',
        "'",
        "\\",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ",",
        ";",
        "&",
        "<",
        ">",
        "|",
    ),
    *(
        "is ",
        "Bearer ",
        "Basic ",
        "[REDACTED:ssn]",
        "-u ",
        "--",
        "required",
        "null",
        "\x1b[1m",
        "INSERT INTO t (a, pin) VALUES (",
    ),
    *(
        "2026-11-24",
        "4fd1a4c8-8b1e-4d0e-9a3c-0b4f6f1d22c7",
        "30b75da195ef4098115615908ba943bd",
        "1750897341578",
        "10.1.2.3",
    ),
)
_REST = ("", "Hash", "_value", "_prod", "_v2", "_count", "2", "[0]", "_reset_at")


class Generator:
    """Makes records; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._shown = [secret.shown for secret in secrets(seed)]
        self._values = [secret.value for secret in secrets(seed)]
        self._examples = [example.plain for example in load().examples()]
        self._names = [name for rule in DEFAULT.keys for name in rule.names]

    def records(self, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Messages with their attributes."""
        for _ in range(count):
            yield self._message(), self._map(0) if self._rng.random() < 0.5 else {}

    def _message(self) -> str:
        chance = self._rng.random()
        if chance < 0.15:
            return json.dumps(self._map(0), ensure_ascii=self._rng.random() < 0.5)
        if chance < 0.3:
            return f"{self._key()}{self._rng.choice(_NOISE[13:20])}{self._value()} {self._value()}"
        return "".join(self._piece() for _ in range(self._rng.randint(1, 7)))

    def _piece(self) -> str:
        rng = self._rng
        chance = rng.random()
        if chance < 0.35:
            return rng.choice(_NOISE)
        if chance < 0.5:
            return rng.choice(self._shown)
        if chance < 0.7:
            return rng.choice(self._examples)
        if chance < 0.85:
            quote = rng.choice(("", "'", '"', '\\"'))
            return f"{quote}{self._key()}{quote}{rng.choice(('=', ': ', ' = ', ' ', '::=', ','))}{quote}{self._value()}{quote} "
        return f" {self._value()} "

    def _key(self) -> str:
        rng = self._rng
        words = rng.choice(self._names).split()
        style = rng.randrange(6)
        if style == 0:
            key = words[0] + "".join(word.title() for word in words[1:])
        elif style == 1:
            key = "".join(word.title() for word in words)
        else:
            key = ("_", "-", ".", " ")[style - 2].join(words)
        return (
            rng.choice(("", "", "user_", "db.", "X-", "my"))
            + (key.upper() if rng.random() < 0.1 else key)
            + rng.choice(_REST)
        )

    def _value(self) -> str:
        return self._rng.choice(self._values) if self._rng.random() < 0.8 else self._rng.choice(_NOISE)

    def _map(self, depth: int) -> dict[str, Any]:
        return {
            self._key() if self._rng.random() < 0.4 else f"field{self._rng.randrange(9)}": self._any(depth + 1)
            for _ in range(self._rng.randint(1, 4))
        }

    def _any(self, depth: int) -> Any:
        rng = self._rng
        chance = rng.random()
        if depth < 4 and chance < 0.2:
            return self._map(depth)
        if depth < 4 and chance < 0.35:
            return [self._any(depth + 1) for _ in range(rng.randint(0, 3))]
        if chance < 0.42:
            return ["curl", rng.choice(("-u", "--user", "-H", "--password")), f"bob:{self._value()}", self._value()]
        if chance < 0.5:
            return [self._key(), self._value()]
        if chance < 0.55:
            return {"name": self._key(), "value": self._value()}
        if chance < 0.65:
            return rng.choice((None, True, 7, 1.5, 4111111111111111, 219099999, 123456789012, -5, 1e20))
        return self._message() if chance < 0.8 else self._value()
