"""Whatever type a value has, redaction sees what it holds: nothing is encoded before it looks."""

from __future__ import annotations

import collections
import dataclasses
import json
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import pydantic
import pytest

from aegis_otel.redaction import Redactor

SECRET = "s3cr3t9Q"
BODY = json.dumps({"password": SECRET}).encode()


class Login(NamedTuple):
    user: str
    password: str


@dataclasses.dataclass
class Account:
    user: str
    password: str


@dataclasses.dataclass
class Written:
    user: str
    password: str

    def __str__(self) -> str:
        return f"{self.user}: password={self.password}"


class Model(pydantic.BaseModel):
    user: str
    password: str
    inner: dict[str, Any] = {}


class Patient(pydantic.BaseModel):
    name: str


class Visit(pydantic.BaseModel):
    patient: Patient


class Text:
    def __str__(self) -> str:
        return f"Authorization: Bearer {SECRET}"


VALUES = {
    "bytes of JSON": BODY,
    "bytearray": bytearray(BODY),
    "memoryview": memoryview(BODY),
    "bytes with one that is no text": b"\xff" + BODY,
    "UTF-16": BODY.decode().encode("utf-16"),
    "UTF-16 without a mark": BODY.decode().encode("utf-16-le"),
    "headers of ASGI": [(b"accept", b"*/*"), (b"authorization", b"Basic Ym9iOnMzY3IzdDlR" + SECRET.encode())],
    "a map with bytes as keys": {b"authorization": SECRET.encode()},
    "a named tuple": Login("bob", SECRET),
    "collections.namedtuple": collections.namedtuple("L", ["user", "api_key"])("bob", SECRET),
    "a dataclass": Account("bob", SECRET),
    "a dataclass that is written in its own way": Written("bob", SECRET),
    "a model of pydantic": Model(user="bob", password=SECRET),
    "a model in a list": [Model(user="bob", password="x", inner={"token": SECRET})],
    "an object with text": Text(),
    "a namespace": SimpleNamespace(password=SECRET),
    "items of a dict": {"password": SECRET}.items(),
    "a proxy": MappingProxyType({"password": SECRET}),
    "pairs": [("user", "bob"), ("password", SECRET)],
    "a set of pairs": {("password", SECRET)},
    "arguments of curl": ["curl", "-u", f"bob:{SECRET}", "https://api.example"],
    "arguments of mysql": ("mysql", "-u", "bob", f"-p{SECRET}"),
    "arguments with a flag": ["run", "--password", SECRET],
    "arguments with a flag and a sign": ["run", f"--password={SECRET}"],
    "an exception": ValueError(f"password={SECRET}"),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_secret_in_a_value_of_any_type_is_masked(value: Any) -> None:
    redacted = repr(Redactor().redact(value))
    assert SECRET not in redacted
    assert "REDACTED" in redacted


def test_a_name_is_known_by_the_model_that_it_stands_in() -> None:
    assert Redactor().redact(Visit(patient=Patient(name="Jane Roe"))) == {"patient": {"name": "[REDACTED:name]"}}


def test_bytes_that_are_no_text_become_base64() -> None:
    picture = b"\x89PNG\r\n\x1a\n\x00\x00\x00" + bytes(range(256))
    assert Redactor().redact(picture).startswith("iVBORw0KGgo")


def test_what_a_class_leaves_out_of_its_repr_is_left_out() -> None:
    @dataclasses.dataclass
    class Hidden:
        user: str
        note: str = dataclasses.field(repr=False)

    class Shy(pydantic.BaseModel):
        user: str
        note: str = pydantic.Field(repr=False)

    assert Redactor().redact(Hidden("bob", "n")) == {"user": "bob"}
    assert Redactor().redact(Shy(user="bob", note="n")) == {"user": "bob"}
