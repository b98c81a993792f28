"""What the extension `aegis-otel-native` must know to take log calls (`StdlibCapture` makes it)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aegis_otel.capture import Accept
from aegis_otel.correlation import Current
from aegis_otel.schema import CodeLocation, Record


@dataclass(frozen=True, eq=False, repr=False)
class CallConfig:
    """Read once by the extension, by these names (`native/src/config.rs`).

    Attributes:
        accept: takes each record.
        level: least OpenTelemetry severity that is taken.
        last_resort: `logging.lastResort` and its level; None where its job is done by us.
        code_location: whether records say where they were logged.
        skip_first: whether `findCaller` begins one frame further up (before Python 3.11).
        logging: the module's variables.
        factory: the class of `logging`'s records.
        source: the path of `logging`'s own code; the extension refuses None.
        methods: what a logger's class must have for a call to be the usual one, by name.
        record_methods: the same of `factory`.
        last_standard: the name of the last field that `logging` gives its records.
        levels: `logging`'s names of levels by number.
        refused: names of fields that an `extra` must not have for a call to be the usual one.
        names: the level from which each logger's records are taken.
        least_level: finds that level of a logger that is not in `names`.
        own_thread: whether a thread (by ident) is one of ours.
        this_thread: the ident of the calling thread.
        frame: `sys._getframe`.
        context: gives OpenTelemetry's current context.
        current: what a record takes from that context.
        snapshot: copies a value that may change.
        record: makes a record.
        location: makes a code location.
        places: code locations of `logging`'s records by path, line and function.
        code: finds the location of a record of `logging`'s that is not in `places`.
    """

    accept: Accept
    level: int
    last_resort: tuple[Any, int] | None
    code_location: bool
    skip_first: bool
    logging: dict[str, Any]
    factory: type
    source: str | None
    methods: list[tuple[str, Callable[..., Any]]]
    record_methods: list[tuple[str, Callable[..., Any]]]
    last_standard: str
    levels: dict[int, str]
    refused: frozenset[str]
    names: dict[str, int]
    least_level: Callable[[str], int]
    own_thread: Callable[[int | None], bool]
    this_thread: Callable[[], int]
    frame: Callable[[int], Any]
    context: Callable[[], Any]
    current: Callable[[], Current]
    snapshot: Callable[[object], Any]
    record: type[Record]
    location: type[CodeLocation]
    places: dict[tuple[str, int, str | None], CodeLocation]
    code: Callable[[Any], CodeLocation | None]
