"""Reports that people have filed elsewhere about loggers, ids and access lines: the right value of each, here.

Each case names its thread. The scripts are our own; the threads say what went wrong for whom.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.apps import Ran, run_app

pytestmark = pytest.mark.integration

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class Report:
    """One thread.

    Attributes:
        thread: its address, below github.com.
        script: what the reporter's app does.
        right: whether the records are what the reporter wanted.
    """

    thread: str
    script: str
    right: Callable[[Records], object]


def one(records: Records) -> dict[str, Any]:
    (record,) = records
    return record


def all_of(record: dict[str, Any], **expected: Any) -> bool:
    return {name: record.get(name) for name in expected} == expected


INTERCEPT = """
import logging
from loguru import logger
logger.remove()
logger.add(lambda message: None, level=0)
class InterceptHandler(logging.Handler):
    def emit(self, record):
        try:
            level = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        frame, depth = logging.currentframe(), 2
        while frame and frame.f_code.co_filename == logging.__file__:
            frame, depth = frame.f_back, depth + 1
        logger.opt(depth=depth, exception=record.exc_info).log(level, record.getMessage())
"""

STDLIB = """
import logging, sys, structlog
from structlog import processors, stdlib
def configure(*last, **options):
    structlog.configure(
        processors=[stdlib.filter_by_level, stdlib.add_logger_name, stdlib.add_log_level, *last],
        logger_factory=stdlib.LoggerFactory(), wrapper_class=stdlib.BoundLogger, **options,
    )
"""

REPORTS = (
    Report(
        "Delgan/loguru/issues/552",
        INTERCEPT
        + """
logging.basicConfig(handlers=[InterceptHandler()], level=0)
for name in ("uvicorn", "uvicorn.error"):
    logging.getLogger(name).handlers = [InterceptHandler()]
logging.getLogger("uvicorn.error").warning("started")
""",
        lambda records: all_of(one(records), message="started", logger="uvicorn.error"),
    ),
    Report(
        "Delgan/loguru/issues/760",
        INTERCEPT
        + "logging.basicConfig(handlers=[InterceptHandler()], level=0)\nlogging.getLogger('app').warning('foo')\n",
        lambda records: (
            one(records)["code.file.path"].endswith("app.py") and records[0]["code.function.name"] == "<module>"
        ),
    ),
    Report(
        "Delgan/loguru/issues/78",
        INTERCEPT + "logging.basicConfig(handlers=[InterceptHandler()], level=0)\nlogging.warning('123')\n",
        lambda records: all_of(one(records), message="123", logger="root"),
    ),
    Report(
        "Delgan/loguru/issues/889",
        INTERCEPT
        + "logging.basicConfig(handlers=[InterceptHandler()], level=0)\nlogging.getLogger('uvicorn.access').error('x')\n",
        lambda records: one(records)["logger"] == "uvicorn.access",
    ),
    Report(
        "Delgan/loguru/issues/247",
        INTERCEPT
        + """
import logging.config
logging.config.dictConfig({"version": 1, "disable_existing_loggers": False,
    "handlers": {"default": {"()": InterceptHandler}}, "root": {"handlers": ["default"], "level": "INFO"}})
logging.getLogger("aioredis").warning("of a library")
logger.warning("of the app")
""",
        lambda records: [record["message"] for record in records] == ["of a library", "of the app"],
    ),
    Report(
        "Delgan/loguru/issues/1063",
        """
from loguru import logger
from opentelemetry.sdk._logs import LoggingHandler
logger.remove()
logger.add(LoggingHandler(), format="{message}")
logger.bind(order=7).info("paid", lines=[{"sku": "a"}])
""",
        lambda records: all_of(one(records), message="paid", order=7, lines=[{"sku": "a"}], extra=None),
    ),
    Report(
        "Delgan/loguru/issues/998",
        """
from loguru import logger
try:
    1 / 0
except ZeroDivisionError:
    logger.exception("it broke")
""",
        lambda records: one(records)["message"] == "it broke" and str(records[0]).count("Traceback") == 1,
    ),
    Report(
        "Delgan/loguru/issues/350",
        """
import logging
from loguru import logger
class Azure(logging.Handler):
    def emit(self, record):
        logging.getLogger("azure").handle(record)
logger.remove()
logger.add(Azure(), format="{message}")
logger.bind(custom="dimension").warning("hello")
""",
        lambda records: all_of(one(records), message="hello", custom="dimension", extra=None),
    ),
    Report(
        "Delgan/loguru/issues/1138",
        """
from loguru import logger
try:
    raise ValueError("inner")
except ValueError:
    logger.opt(exception=True, colors=True).error("<red>outer</red>")
""",
        lambda records: all_of(one(records), message="outer", errorName="ValueError", errorMessage="inner"),
    ),
    Report(
        "Delgan/loguru/issues/792",
        """
import asyncio
from loguru import logger
async def main():
    with logger.contextualize(message_id="m1"):
        logger.info("in the loop")
        await asyncio.to_thread(logger.info, "in a thread")
asyncio.run(main())
""",
        lambda records: [record["message_id"] for record in records] == ["m1", "m1"],
    ),
    Report(
        "DataDog/dd-trace-py/issues/8939",
        """
from loguru import logger
logger.remove()
logger.add(lambda message: None, serialize=True)
logger.error("with a field {file}", file="example")
""",
        lambda records: all_of(one(records), message="with a field example", file="example"),
    ),
    Report(
        "open-telemetry/opentelemetry-python/issues/3649",
        STDLIB
        + """
configure(stdlib.ProcessorFormatter.wrap_for_formatter)
structlog.get_logger("shop").warning("hello", n=1)
""",
        lambda records: all_of(one(records), message="hello", n=1, _logger=None, _name=None, logger="shop"),
    ),
    Report(
        "open-telemetry/opentelemetry-python/issues/3466",
        "import logging\nlogging.getLogger('aiohttp').warning('x', extra={'request_header': {'a': ['b', 1]}})\n",
        lambda records: one(records)["request_header"] == {"a": ["b", 1]},
    ),
    Report(
        "open-telemetry/opentelemetry-python/issues/3473",
        "import logging\nlogging.getLogger('app').info('an info line')\n",
        lambda records: one(records)["message"] == "an info line",
    ),
    Report(
        "hynek/structlog/issues/261",
        STDLIB
        + """
configure(stdlib.PositionalArgumentsFormatter(), processors.StackInfoRenderer(), stdlib.ProcessorFormatter.wrap_for_formatter)
handler = logging.StreamHandler()
handler.setFormatter(stdlib.ProcessorFormatter(processor=processors.KeyValueRenderer()))
logging.getLogger().addHandler(handler)
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().error("failed", exc_info=True)
""",
        lambda records: all_of(one(records), message="failed", errorName="ZeroDivisionError"),
    ),
    Report(
        "hynek/structlog/issues/590",
        STDLIB
        + """
logging.basicConfig(format="%(message)s")
configure(processors.format_exc_info, processors.JSONRenderer())
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger("x").exception("failed", exc_info=True)
""",
        lambda records: one(records)["message"] == "failed" and str(records[0]).count("Traceback") == 1,
    ),
    Report(
        "hynek/structlog/issues/329",
        STDLIB
        + """
def processor(logger, method_name, event_dict):
    return (event_dict.get("event", ""),), {"extra": event_dict}
configure(processors.format_exc_info, processor)
try:
    raise ValueError("A is not 10")
except ValueError as error:
    structlog.get_logger().exception(error)
""",
        lambda records: all_of(one(records), message="A is not 10", errorName="ValueError", event=None),
    ),
    Report(
        "hynek/structlog/issues/571",
        STDLIB
        + """
configure(processors.JSONRenderer())
try:
    1 / 0
except ZeroDivisionError as error:
    structlog.get_logger().exception("failed", exc_info=error, step=3)
""",
        lambda records: all_of(one(records), message="failed", step=3, errorName="ZeroDivisionError", exc_info=None),
    ),
    Report(
        "hynek/structlog/issues/673",
        """
import structlog
structlog.configure(processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])
try:
    1 / 0
except ZeroDivisionError:
    structlog.stdlib.get_logger().exception("Failed.")
""",
        lambda records: all_of(one(records), message="Failed.", errorName="ZeroDivisionError", exception=None),
    ),
    Report(
        "modern-python/lite-bootstrap/issues/193",
        STDLIB
        + """
logging.getLogger("a").addHandler(logging.StreamHandler(sys.stdout))
configure(processors.format_exc_info, processors.JSONRenderer())
try:
    raise ValueError("boom")
except ValueError:
    structlog.get_logger("a").exception("kaboom")
""",
        lambda records: one(records)["message"] == "kaboom" and str(records[0]).count("Traceback") == 1,
    ),
    Report(
        "hynek/structlog/issues/615",
        STDLIB
        + """
import asyncio
configure(stdlib.ProcessorFormatter.wrap_for_formatter)
async def work():
    await structlog.get_logger("x").awarning("awaited")
asyncio.run(work())
""",
        lambda records: one(records)["message"] == "awaited",
    ),
    Report(
        "hynek/structlog/issues/462",
        """
import asyncio, structlog
async def work():
    structlog.contextvars.bind_contextvars(tenant="t1")
    await structlog.get_logger().ainfo("awaited")
asyncio.run(work())
""",
        lambda records: all_of(one(records), message="awaited", tenant="t1", **{"code.function.name": "work"}),
    ),
    Report(
        "pydantic/logfire/issues/135",
        "import logging\nlogging.getLogger('urllib3.connectionpool').debug('https://x:443 \"POST /v1\" 200')\nlogging.warning('app')\n",
        lambda records: one(records)["message"] == "app",
    ),
    Report(
        "Kludex/uvicorn/issues/1285",
        """
import logging, uvicorn
logging.basicConfig(level=logging.INFO)
uvicorn.Config(app=None)
logging.getLogger("uvicorn.error").info("Started server process")
""",
        lambda records: one(records)["message"] == "Started server process",
    ),
    Report(
        "Kludex/uvicorn/issues/630",
        """
import logging
for logger in (logging.getLogger(), logging.getLogger("shop"), logging.getLogger("shop.orders")):
    logger.addHandler(logging.StreamHandler())
logging.getLogger("shop.orders").warning("printed three times")
""",
        lambda records: one(records)["message"] == "printed three times",
    ),
    Report(
        "python/cpython/issues/89087",
        """
import logging, logging.handlers, queue
records = queue.Queue()
log = logging.getLogger("worker")
log.addHandler(logging.handlers.QueueHandler(records))
log.propagate = False
listener = logging.handlers.QueueListener(records, logging.StreamHandler())
listener.start()
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
listener.stop()
""",
        lambda records: one(records)["message"] == "failed" and "1 / 0" in records[0]["error"]["stack"],
    ),
    Report(
        "open-telemetry/opentelemetry-python/pull/3557",
        "import asyncio, logging\nasync def main(): logging.warning('in a task', extra={'taskName': 'mine'})\nasyncio.run(main())\n",
        lambda records: all_of(one(records), message="in a task", taskName="mine"),
    ),
)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Report], Ran]:
    return lambda report: run_app(tmp_path_factory.mktemp("report"), report.script, "auto")


@pytest.mark.parametrize("report", REPORTS, ids=[report.thread for report in REPORTS])
def test_what_was_reported_elsewhere_is_right_here(report: Report, ran: Callable[[Report], Ran]) -> None:
    found = ran(report)
    assert found.status == 0, found.err
    assert report.right(found.records()), json.dumps(found.records(), indent=1)


def test_the_instrumentation_of_lambda_finds_what_to_flush() -> None:
    """https://github.com/open-telemetry/opentelemetry-js-contrib/issues/2747, which the package for Python shares."""
    from aegis_otel import distro

    assert distro._NoMetrics().force_flush(1_000) is True
