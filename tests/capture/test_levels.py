"""Which level counts for which logger."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import ModuleType

import pytest

from aegis_otel import schema
from aegis_otel.capture.levels import QUIET, LoggerLevels
from tests.support.apps import run_app

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "name", ["httpcore.connection", "httpx", "urllib3.connectionpool", "asyncio", "hpack.hpack", "botocore.hooks"]
)
def test_the_debug_lines_of_libraries_are_left_out(name: str) -> None:
    assert LoggerLevels(schema.DEBUG).least(name) == logging.INFO


@pytest.mark.parametrize("name", ["orders", "httpcoreish", "my.httpcore", "grpc_orders.service", "root"])
def test_a_logger_of_the_app_has_the_level_of_all(name: str) -> None:
    assert LoggerLevels(schema.DEBUG).least(name) == 0
    assert LoggerLevels(schema.WARN).least(name) == logging.WARNING


def test_a_module_of_the_app_that_is_named_as_a_library_is_the_apps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = ModuleType("kafka")
    module.__file__ = str(tmp_path / "kafka" / "__init__.py")
    monkeypatch.setitem(sys.modules, "kafka", module)
    assert LoggerLevels(schema.DEBUG).least("kafka.jobs") == 0


def test_the_longest_name_that_fits_counts() -> None:
    levels = LoggerLevels(schema.INFO, {"shop": 30, "shop.orders": 0, "shop.orders.audit": 40})
    names = ("shop", "shop.cart", "shop.orders", "shop.orders.new", "shop.orders.audit.x", "shopping")
    assert [levels.least(name) for name in names] == [30, 30, 0, 0, 40, 20]


def test_who_asks_for_a_library_hears_it_all() -> None:
    levels = LoggerLevels(schema.INFO, {"google": 0, "httpcore": 0})
    assert [levels.least(name) for name in ("google.auth.transport", "httpcore.http2", "urllib3")] == [0, 0, 20]


def test_the_star_is_every_logger_but_those_of_the_exporters() -> None:
    levels = LoggerLevels(schema.WARN, {"*": 0})
    assert [levels.least(name) for name in ("httpcore", "x", "opentelemetry.x")] == [0, 0, logging.WARNING]
    assert levels.least("opentelemetry.exporter.otlp") == levels.least("aegis_otel.x") == sys.maxsize


def test_no_library_is_named_twice() -> None:
    assert len(set(QUIET)) == len(QUIET)


SCRIPT = """
import logging
for name in ("httpcore.connection", "botocore", "shop", "shop.orders", "shop.cart"):
    for level in (10, 20, 30):
        logging.getLogger(name).log(level, "%s at %s", name, level)
"""


@pytest.mark.parametrize("native", ["true", "false"])
def test_the_levels_of_the_variable_hold(tmp_path: Path, native: str) -> None:
    levels = "shop.orders=debug, shop=warn,httpcore=debug"
    found = run_app(tmp_path, SCRIPT, LOG_LEVEL="info", AEGIS_LOGGER_LEVELS=levels, AEGIS_NATIVE=native).messages()
    assert found == [
        *(f"httpcore.connection at {level}" for level in (10, 20, 30)),
        *(f"botocore at {level}" for level in (20, 30)),
        "shop at 30",
        *(f"shop.orders at {level}" for level in (10, 20, 30)),
        "shop.cart at 30",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("httpcore", "'httpcore' is no such pair"),
        ("httpcore=loud", "the level of 'httpcore' is none of them"),
        ("=debug", "'=debug' is no such pair"),
        ("a..b=debug", "'a..b=debug' is no such pair"),
        ("a=debug,a=info", "'a' is there twice"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, said: str) -> None:
    found = run_app(tmp_path, "import logging\nlogging.warning('hello')\n", AEGIS_LOGGER_LEVELS=text)
    assert said in found.err
    assert "AEGIS_LOGGER_LEVELS" in found.err
    assert found.messages() == ["hello"]
