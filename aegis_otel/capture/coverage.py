"""What is installed and whether its ids are taken care of: by a hook of ours, by an instrumentation, or by nobody.

`aegis-otel doctor` shows it. In the app, a package that nobody covers is named once, when the app imports it.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

import wrapt

HOOKED: Final = (
    *(
        "aiohttp",
        "bottle",
        "cheroot",
        "daphne",
        "django",
        "dramatiq",
        "falcon",
        "fastapi",
        "flask",
        "gevent",
        "granian",
    ),
    *("grpcio", "gunicorn", "httpx", "hypercorn", "litestar", "pyramid", "quart", "requests", "rq", "sanic"),
    *("starlette", "tornado", "urllib3", "uvicorn", "waitress", "werkzeug"),
)
"""Distributions whose requests, calls or jobs have ids by our own hooks."""


class Uncovered(NamedTuple):
    """A distribution that has no hook of ours.

    Attributes:
        distribution: its name in the package index.
        module: what an app imports of it.
        instrumentation: OpenTelemetry's package for it; empty where there is none.
        extra: our extra that brings this package; empty where the package is installed by its own name.
    """

    distribution: str
    module: str
    instrumentation: str = ""
    extra: str = ""

    def next_step(self) -> str:
        """What the reader can do, with the exact command where there is one."""
        if self.extra:
            return f"pip install 'aegis-otel[{self.extra}]'"
        if self.instrumentation:
            return f"pip install --upgrade pip && pip install aegis-otel {self.instrumentation}"
        return "wrap its work in aegis_otel.correlation_scope(id)"


UNCOVERED: Final = (
    Uncovered("celery", "celery", "opentelemetry-instrumentation-celery", "celery"),
    Uncovered("kafka-python", "kafka", "opentelemetry-instrumentation-kafka-python"),
    Uncovered("confluent-kafka", "confluent_kafka", "opentelemetry-instrumentation-confluent-kafka"),
    Uncovered("aiokafka", "aiokafka", "opentelemetry-instrumentation-aiokafka"),
    Uncovered("pika", "pika", "opentelemetry-instrumentation-pika"),
    Uncovered("aio-pika", "aio_pika", "opentelemetry-instrumentation-aio-pika"),
    Uncovered("arq", "arq"),
    Uncovered("huey", "huey"),
    Uncovered("taskiq", "taskiq"),
    Uncovered("pycurl", "pycurl"),
    Uncovered("websockets", "websockets.asyncio.server"),
)


def missing() -> list[Uncovered]:
    """The installed packages that nobody covers."""
    return [one for one in UNCOVERED if _installed(one.distribution) and not _is_instrumented(one)]


def covered() -> list[str]:
    """The installed packages whose ids are taken care of."""
    hooked = [name for name in HOOKED if _installed(name)]
    return sorted(
        [*hooked, *(one.distribution for one in UNCOVERED if _installed(one.distribution) and _is_instrumented(one))]
    )


def watch(warn: Callable[[str], object], first_time: Callable[[str], bool]) -> None:
    """Name each package that nobody covers, when the app imports it.

    Args:
        warn: tells people.
        first_time: whether neither this process nor its parents have told of the package.
    """
    for one in UNCOVERED:
        wrapt.register_post_import_hook(partial(_tell, one, warn, first_time), one.module)


def _tell(one: Uncovered, warn: Callable[[str], object], first_time: Callable[[str], bool], module: Any) -> None:
    try:
        if not _is_instrumented(one) and first_time(one.distribution):
            warn(f"{one.distribution} is in use, and its messages carry no correlation id; {one.next_step()}")
    except Exception as error:
        sys.stderr.write(f"aegis-otel: {type(error).__name__} while looking at {one.distribution}\n")


def _is_instrumented(one: Uncovered) -> bool:
    return bool(one.instrumentation) and _installed(one.instrumentation)


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
