"""The environment as it is handed on: to OpenTelemetry's own configuration, and to child processes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from aegis_otel.settings import _parsers

REPORTED: Final = "AEGIS_REPORTED"
"""Says to child processes what was shown already, so that four workers do not show it four times."""


def child_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a program that we start: this process's own, with these changes."""
    return {**os.environ, **changes}


def first_time(what: str) -> bool:
    """Whether this process and its parents have not yet shown `what` to people; true once."""
    shown = _parsers.words(os.environ.get(REPORTED, ""))
    if what in shown:
        return False
    os.environ[REPORTED] = ",".join((*shown, what))
    return True


def support_forks_of_grpc() -> None:
    """Switch gRPC's support for forks on, unless the user has said otherwise.

    gRPC reads this once, when it is imported: without it, a forked child that uses gRPC hangs for ever.
    """
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "1")


@contextmanager
def upstream_environment() -> Iterator[None]:
    """The environment in which OpenTelemetry's own configuration runs: our defaults, and no second log exporter.

    Logs are delivered by this package. Traces and metrics are exported where the user asks for it; upstream's
    default, to export them, would need a Collector that takes them. Two choices outlive the
    block, since they are looked up later: stable names for HTTP, and gRPC's support for forks.
    """
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    support_forks_of_grpc()
    inside = {
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_TRACES_EXPORTER": os.environ.get("OTEL_TRACES_EXPORTER", "none"),
        "OTEL_METRICS_EXPORTER": os.environ.get("OTEL_METRICS_EXPORTER", "none"),
    }
    outside = {name: os.environ.get(name) for name in inside}
    os.environ.update(inside)
    try:
        yield
    finally:
        for name, value in outside.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
