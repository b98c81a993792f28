"""A value of an `extra` arrives as the number, text or map that it stands for."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import http
import numbers
import pathlib
import uuid
from typing import Any

import pytest

from aegis_otel import schema


class Mode(str, enum.Enum):
    FAST = "fast"


class Retry(enum.IntEnum):
    TWICE = 2


class Plain(enum.Enum):
    ONE = 1


@dataclasses.dataclass
class User:
    name: str
    roles: list[str]
    password: str = dataclasses.field(default="s3cret", repr=False)


@dataclasses.dataclass
class Masked:
    card: str

    def __repr__(self) -> str:
        return "Masked(***)"


class NumpyLike:
    """A scalar as numpy's: a number that is none of Python's classes."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def item(self) -> Any:
        return self.value


class NumpyLikeInt(NumpyLike):
    pass


class NumpyLikeFloat(NumpyLike):
    pass


class NumpyLikeBool(NumpyLike):
    shape = ()


numbers.Integral.register(NumpyLikeInt)
numbers.Real.register(NumpyLikeFloat)
NumpyLikeBool.__module__ = "numpy"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (http.HTTPStatus.NOT_FOUND, 404),
        (Retry.TWICE, 2),
        (Mode.FAST, "fast"),
        (Plain.ONE, "Plain.ONE"),
        (NumpyLikeInt(7), 7),
        (NumpyLikeFloat(1.5), 1.5),
        (NumpyLikeFloat(float("nan")), "NaN"),
        (NumpyLikeBool(True), True),
        (decimal.Decimal("19.90"), "19.90"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), "2026-01-02T03:04:05+00:00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.time(3, 4), "03:04:00"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (pathlib.PurePosixPath("/srv/x"), "/srv/x"),
        (User("Ann", ["admin"]), {"name": "Ann", "roles": ["admin"]}),
        (Masked("4111"), "Masked(***)"),
        ([http.HTTPStatus.OK, {Mode.FAST: Retry.TWICE}], [200, {"fast": 2}]),
    ],
)
def test_a_value_is_what_it_stands_for(value: object, expected: object) -> None:
    found = schema.snapshot(value)
    assert found == expected
    assert type(found) is type(expected)
