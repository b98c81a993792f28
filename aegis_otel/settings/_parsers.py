"""From a variable's text to its value. Each raises ValueError with a text that completes "expected …"."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from aegis_otel import schema


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        """``host:port``, IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def boolean(text: str) -> bool:
    """Yes or no, in the usual words."""
    word = text.lower()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off"):
        return False
    raise ValueError("true or false")


_LEVELS: Final = {
    "error": schema.ERROR,
    "critical": schema.FATAL,
    "fatal": schema.FATAL,
    "warn": schema.WARN,
    "warning": schema.WARN,
    "info": schema.INFO,
    "http": schema.INFO,
    "debug": schema.DEBUG,
    "verbose": schema.DEBUG,
    "silly": schema.DEBUG,
    "trace": schema.DEBUG,
    "notset": schema.DEBUG,
}


def level(text: str) -> int:
    """A severity number of `aegis_otel.schema`, from stdlib's or Winston's name of a level."""
    try:
        return _LEVELS[text.lower()]
    except KeyError:
        raise ValueError("error, warn, info or debug") from None


_LOGGER_NAME: Final = re.compile(r"\*|[^\s=,.]+(\.[^\s=,.]+)*")
_LOGGER_LEVELS: Final = "logger=level,… with the levels error, warn, info, debug or off"


def logger_levels(text: str) -> tuple[tuple[str, int], ...]:
    """The least level (a number of `logging`'s; 0 takes all) of each logger that ``name=level,…`` names."""
    found: dict[str, int] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, equals, word = (part.strip() for part in entry.partition("="))
        if not equals or not _LOGGER_NAME.fullmatch(name):
            raise ValueError(f"{_LOGGER_LEVELS}; {schema.safe_text(entry, limit=60)!r} is no such pair")
        if word.lower() not in _LEVELS and word.lower() != "off":
            raise ValueError(f"{_LOGGER_LEVELS}; the level of {schema.safe_text(name, limit=60)!r} is none of them")
        if name in found:
            raise ValueError(f"each logger once; {schema.safe_text(name, limit=60)!r} is there twice")
        found[name] = sys.maxsize if word.lower() == "off" else schema.LEVELNO[_LEVELS[word.lower()]]
    return tuple(found.items())


def show_logger_levels(levels: tuple[tuple[str, int], ...]) -> str:
    """The text that `logger_levels` reads."""
    words = {number: schema.level_name(severity) for severity, number in schema.LEVELNO.items()}
    words |= {schema.LEVELNO[schema.FATAL]: "critical", sys.maxsize: "off"}
    return ",".join(f"{name}={words[number]}" for name, number in levels)


def number(low: float, high: float, unit: str, kind: type[int] | type[float] = int) -> Callable[[str], Any]:
    """A number within bounds, both included."""

    def parse(text: str) -> Any:
        expected = f"a number of {unit} from {low} to {high}"
        try:
            value = kind(text.replace("_", ""))
        except ValueError:
            raise ValueError(expected) from None
        if not low <= value <= high:
            raise ValueError(expected)
        return value

    return parse


def choice(*allowed: str) -> Callable[[str], str]:
    """One of these words, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError(" or ".join(allowed))
        return text.lower()

    return parse


def name(text: str) -> str:
    """What a service or an environment may be called."""
    if not text.isprintable() or len(text) > 128:
        raise ValueError("a printable name of at most 128 characters")
    return text


def path(text: str) -> Path:
    """A path; ``~`` is the user's home."""
    if "\0" in text:
        raise ValueError("a file path")
    return Path(text).expanduser()


def http_url(text: str) -> str:
    """The URL of an HTTP server, without a slash at its end."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("an http:// or https:// URL")
    return text.rstrip("/")


def address(port: int) -> Callable[[str], Address]:
    """``host:port`` as the Collector reads it: without a host all of this machine's, without a port the given one."""

    def parse(text: str) -> Address:
        try:
            parts = urlsplit(f"//{text}")
            return Address(parts.hostname or "0.0.0.0", parts.port or port)  # noqa: S104 - as the Collector
        except ValueError:
            raise ValueError(f"an address such as 127.0.0.1:{port}") from None

    return parse


def port(text: str) -> int:
    """A TCP port."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ValueError("a port number from 1 to 65535")
    return int(text)


def header_name(text: str) -> str:
    """The name of an HTTP header, in lower case."""
    if not text or not all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in text):
        raise ValueError("a header name of letters, digits and -")
    return text.lower()


def header_names(text: str) -> tuple[str, ...]:
    """The names of HTTP headers, in lower case."""
    names = tuple(dict.fromkeys(header_name(name) for name in (part.strip() for part in text.split(",")) if name))
    if not names:
        raise ValueError("header names of letters, digits and -")
    return names


def words(text: str) -> tuple[str, ...]:
    """What stands between commas, in lower case."""
    return tuple(word.strip().lower() for word in text.split(",") if word.strip())


def function(text: str) -> str:
    """The name of a function: its module, a colon, its name."""
    module, colon, name = text.strip().partition(":")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise ValueError("the name of a function, module:function")
    return text.strip()


def exporters(text: str) -> tuple[str, ...]:
    """The names of log exporters."""
    names = words(text)
    for word in names:
        if word not in ("none", "otlp", "otlp_proto_grpc", "otlp_proto_http", "console"):
            raise ValueError("a list of otlp, otlp_proto_grpc, otlp_proto_http, console, or none")
    return names


def names_baggage(text: str) -> str:
    """``true`` where a list of propagators asks for baggage; empty where it does not."""
    return "true" if "baggage" in words(text) else ""


def exported(text: str) -> bool:
    """Whether a list of exporters names one."""
    return any(word != "none" for word in words(text))


def resource_attribute(*keys: str) -> Callable[[str], str]:
    """The first of these attributes that ``OTEL_RESOURCE_ATTRIBUTES`` (``key=value,…``, percent-encoded) gives."""

    def part(text: str) -> str:
        pairs = (item.partition("=") for item in text.split(","))
        given = {key.strip(): unquote(value.strip()) for key, equals, value in pairs if equals}
        return next((given[key] for key in keys if given.get(key, "").strip()), "")

    return part


def below_state_home(text: str) -> str:
    """Our folder in ``XDG_STATE_HOME``, which counts only where it is absolute ("XDG Base Directory Specification")."""
    return os.path.join(text, "aegis-otel", "spool") if os.path.isabs(text) else ""


def audit_below_state_home(text: str) -> str:
    """Where the audit trail is in `XDG_STATE_HOME`; nothing if that is no absolute path."""
    return os.path.join(text, "aegis-otel", "audit") if os.path.isabs(text) else ""
