"""From which level on the records of each logger are taken, whichever library it belongs to."""

from __future__ import annotations

import logging
import sys
import sysconfig
from collections.abc import Mapping
from typing import Final

from aegis_otel.schema import LEVELNO, severity_of_level

# Loggers that speak about exporting, with all below them: their records must not become exports. What grpc or urllib3
# log about an export is known by its thread, or by the context it runs in (`aegis_otel.deliver.otlp`).
_SILENT: Final = ("aegis_otel.", "opentelemetry.exporter.", "opentelemetry.sdk.")
_CORRELATION: Final = "aegis_otel.correlation"
_REMEMBERED: Final = 4_096

_STANDARD_LIBRARY: Final = sysconfig.get_path("stdlib")
_INSTALLED: Final = ("site-packages", "dist-packages")

ALL: Final = "*"
"""The name that stands for all loggers."""

# How the instrumentation works is no business of the app's log.
_INSTRUMENTATION: Final = "opentelemetry"

_LIBRARIES: Final = """
PIL aio_pika aiobotocore aiohttp aiokafka aiormq aiosqlite amqp anthropic apscheduler asyncio asyncpg asyncssh
azure boto boto3 botocore cassandra celery chardet charset_normalizer clickhouse_connect concurrent.futures
confluent_kafka daphne django elastic_transport elasticsearch faker filelock fontTools fsspec gcsfs gevent
git.cmd google.api_core google.auth google.cloud grpc gunicorn h11 h2 h5py hpack httpcore httplib2 httpx
hypercorn kafka kazoo kombu kubernetes ldap3 markdown_it matplotlib msal multipart.multipart mysql.connector
neo4j nltk numba numexpr oauthlib openai opensearch opensearchpy paramiko parso passlib pika psycopg pymongo
python_multipart requests_oauthlib s3fs s3transfer sanic.root selenium sentry_sdk smbprotocol
snowflake.connector sqlalchemy tensorflow tornado tzlocal urllib3 uvicorn waitress watchdog watchfiles
websocket websockets werkzeug
"""
QUIET: Final = tuple(_LIBRARIES.split())
"""Loggers of libraries, each with all below it, whose debug records are taken only if a setting asks for them."""


class LoggerLevels:
    """The level of each logger, remembered for the names that an app has.

    Args:
        level: least OpenTelemetry severity that is taken of loggers of which nothing else is said.
        given: least levels (numbers of `logging`) by the name of a logger, for it and those below it; the longest name
            that fits counts. They win over `QUIET`. `ALL` stands for every logger.
    """

    def __init__(self, level: int, given: Mapping[str, int] | None = None) -> None:
        given = given or {}
        self._given = frozenset(given)
        self._default = given.get(ALL, LEVELNO.get(level, 0))
        ours = {} if ALL in given else {name: max(logging.INFO, self._default) for name in QUIET}
        ours[_INSTRUMENTATION] = max(logging.WARNING, self._default)
        # Who asks for `google` means `google.auth` too.
        rules = {name: least for name, least in ours.items() if not any(_covers(wide, name) for wide in given)}
        rules |= {name: least for name, least in given.items() if name != ALL}
        self._rules = sorted(rules.items(), key=lambda rule: -len(rule[0]))
        self._known: dict[str, int] = {}
        self.least_level = min([self._default, *rules.values()])
        """A number of `logging`'s levels; records below it are taken of no logger."""
        self.least_severity = severity_of_level(self.least_level)
        """The same as an OpenTelemetry severity."""

    def least(self, name: str) -> int:
        """The number of `logging`'s levels from which a logger's records are taken."""
        least = self._known.get(name)
        if least is None:
            least = self._find(name)
            if len(self._known) < _REMEMBERED:
                self._known[name] = least
        return least

    def _find(self, name: str) -> int:
        if f"{name}.".startswith(_SILENT) and name != _CORRELATION:
            return sys.maxsize
        for rule, least in self._rules:
            if _covers(rule, name) and (rule in self._given or not _is_of_the_app(name)):
                return least
        return self._default


def _covers(rule: str, name: str) -> bool:
    """Whether a logger is the one of a rule, or below it."""
    return name == rule or name.startswith(f"{rule}.")


def _is_of_the_app(name: str) -> bool:
    """Whether a logger that is named as one of a library's belongs to a module of the app's own."""
    file = getattr(sys.modules.get(name.partition(".")[0]), "__file__", None)
    if not isinstance(file, str):
        return False
    return not file.startswith(_STANDARD_LIBRARY) and not any(folder in file for folder in _INSTALLED)
