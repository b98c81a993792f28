"""structlog's events arrive with their fields in every usual set-up, once, and the app prints what it ever did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import Ran, run_app

SCRIPT = """
import asyncio, logging, sys
import structlog
from structlog import processors, stdlib

def default():
    log = structlog.get_logger()
    log.info("as it comes", order=7, items={"a": [1, 2]})
    log.bind(user="u1").warning("with %s", "arguments")
    structlog.contextvars.bind_contextvars(request="r1")
    log.critical("in a context")
    structlog.contextvars.clear_contextvars()
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("it broke", step=2)
    async def work():
        await log.ainfo("from a coroutine", n=1)
    asyncio.run(work())

def json():
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars, processors.add_log_level, processors.StackInfoRenderer(),
            processors.format_exc_info, processors.JSONRenderer(sort_keys=True),
        ],
    )
    log = structlog.get_logger()
    log.error("printed as JSON", exc_info=ValueError("bad"), path="/x")
    log.info("with a stack", stack_info=True)
    log.info("named by hand", message="mine", level_number=3)

def quiet():
    structlog.configure(
        processors=[processors.KeyValueRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    structlog.get_logger().info("filtered by the app")
    structlog.get_logger().warning("let through by the app")

def dropped():
    def drop(logger, name, event):
        raise structlog.DropEvent
    structlog.configure(processors=[drop, processors.JSONRenderer()])
    structlog.get_logger().error("dropped by a processor")
    def mask(logger, name, event):
        event["size"] = "gone"
        return event
    structlog.configure(processors=[mask, processors.KeyValueRenderer()])
    structlog.get_logger().error("changed by a processor", size="large")

def renamed():
    structlog.configure(processors=[processors.EventRenamer("msg"), processors.LogfmtRenderer()])
    structlog.get_logger().error("under another name", event_id=5)

def written():
    structlog.configure(processors=[processors.LogfmtRenderer()], logger_factory=structlog.WriteLoggerFactory(sys.stdout))
    structlog.get_logger().error("written", n=1)
    structlog.configure(
        processors=[lambda logger, name, event: repr(sorted(event.items())).encode()],
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
    )
    sys.stdout.flush()
    structlog.get_logger().error("as bytes", n=2)

def through(*last):
    structlog.reset_defaults()
    structlog.configure(
        processors=[
            stdlib.filter_by_level, stdlib.add_logger_name, stdlib.add_log_level, stdlib.PositionalArgumentsFormatter(),
            processors.TimeStamper(fmt="%Y"), *last,
        ],
        logger_factory=stdlib.LoggerFactory(), wrapper_class=stdlib.BoundLogger,
    )

def logged():
    handler = logging.StreamHandler(sys.stdout)
    logging.basicConfig(handlers=[handler], level=logging.INFO, format="%(message)s")
    through(processors.JSONRenderer(sort_keys=True))
    structlog.get_logger("shop.orders").info("logged as %s", "JSON", order=8)
    structlog.get_logger("shop.orders").debug("below the level")
    through(processors.KeyValueRenderer(sort_keys=True))
    structlog.get_logger("shop.orders").info("logged as pairs", order=9)
    through(stdlib.render_to_log_kwargs)
    structlog.get_logger("shop.orders").info("logged with extras", order=10)
    logging.getLogger("shop").addFilter(lambda record: False)
    structlog.get_logger("shop").error("refused by a filter")
    through(stdlib.ProcessorFormatter.wrap_for_formatter)
    handler.setFormatter(stdlib.ProcessorFormatter(
        processors=[stdlib.ProcessorFormatter.remove_processors_meta, structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)],
    ))
    try:
        1 / 0
    except ZeroDivisionError:
        structlog.get_logger("shop.orders").exception("formatted by logging", order=11)
    logging.getLogger("other").info("not of structlog")

for step in (default, json, quiet, dropped, renamed, written, logged):
    structlog.reset_defaults()
    if step is default:
        structlog.configure(processors=[
            structlog.contextvars.merge_contextvars, processors.add_log_level, structlog.dev.set_exc_info,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)])
    step()
structlog.reset_defaults()
if "untouched" in sys.argv:
    structlog.get_logger().info("not configured at all", n=1)
"""


@pytest.fixture(scope="module", params=["true", "false"], ids=["native", "python"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder: Path = tmp_path_factory.mktemp("structlog")
    found = run_app(
        folder, SCRIPT + 'structlog.get_logger().info("not configured at all", n=1)\n', AEGIS_NATIVE=request.param
    )
    assert found.status == 0, found.err
    return found


def only(ran: Ran, message: str) -> dict[str, Any]:
    (record,) = (record for record in ran.records() if record["message"] == message)
    return record


def fields(record: dict[str, Any]) -> dict[str, Any]:
    """What the app said besides the message."""
    ours = ("timestamp", "level", "message", "service", "environment", "logger", "errorName", "errorMessage", "error")
    return {name: value for name, value in record.items() if name not in ours and not name.startswith("code.")}


SAID: dict[str, tuple[str, str, dict[str, Any]]] = {
    "not configured at all": ("info", "__main__", {"n": 1}),
    "as it comes": ("info", "__main__", {"order": 7, "items": {"a": [1, 2]}}),
    "with arguments": ("warn", "__main__", {"user": "u1"}),
    "in a context": ("error", "__main__", {"request": "r1", "levelName": "CRITICAL"}),
    "it broke": ("error", "__main__", {"step": 2}),
    "from a coroutine": ("info", "__main__", {"n": 1}),
    "printed as JSON": ("error", "__main__", {"path": "/x"}),
    "named by hand": ("info", "__main__", {"extra.message": "mine", "level_number": 3}),
    "let through by the app": ("warn", "__main__", {}),
    "changed by a processor": ("error", "__main__", {"size": "gone"}),
    "under another name": ("error", "__main__", {"event_id": 5}),
    "written": ("error", "__main__", {"n": 1}),
    "as bytes": ("error", "__main__", {"n": 2}),
    "logged as JSON": ("info", "shop.orders", {"order": 8}),
    "logged as pairs": ("info", "shop.orders", {"order": 9}),
    "logged with extras": ("info", "shop.orders", {"order": 10}),
    "formatted by logging": ("error", "shop.orders", {"order": 11}),
    "not of structlog": ("info", "other", {}),
}


@pytest.mark.parametrize("message", SAID)
def test_an_event_is_one_record_with_its_fields(ran: Ran, message: str) -> None:
    record = only(ran, message)
    assert (record["level"], record["logger"], fields(record)) == SAID[message]


@pytest.mark.parametrize("message", ["it broke", "printed as JSON", "formatted by logging"])
def test_an_exception_is_there_once(ran: Ran, message: str) -> None:
    record = only(ran, message)
    assert record["errorName"] in ("ZeroDivisionError", "ValueError")
    assert str(record).count("Error: ") <= 1
    assert "exception" not in record


def test_nothing_else_is_recorded(ran: Ran) -> None:
    assert set(ran.messages()) - SAID.keys() == {"with a stack"}
    assert "Stack (most recent call last)" in only(ran, "with a stack")["stackInfo"]


def test_a_record_names_the_line_of_the_app(ran: Ran) -> None:
    for record in ran.records():
        assert record["code.file.path"].endswith("app.py"), record
    assert only(ran, "from a coroutine")["code.function.name"] == "work"


def test_the_apps_own_output_is_the_same_without_us(tmp_path: Path) -> None:
    def run(way: str) -> tuple[str, str]:
        found = run_app(tmp_path, SCRIPT, way)
        return found.out, "".join(line for line in found.err.splitlines(True) if not line.startswith("aegis-otel: "))

    assert run("auto") == run("plain")


def test_a_level_for_a_logger_holds_for_structlog(tmp_path: Path) -> None:
    script = "import structlog\nlog = structlog.get_logger().bind(logger='noisy.part')\nlog.info('hush')\nlog.error('heard')\n"
    assert run_app(tmp_path, script, AEGIS_LOGGER_LEVELS="noisy=warn").messages() == ["heard"]
