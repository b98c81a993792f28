"""loguru's records arrive with their fields whatever sinks the app has, once, and the sinks get what they ever got."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import Ran, run_app

SCRIPT = """
import logging, sys
from loguru import logger

class Intercept(logging.Handler):
    def emit(self, record):
        frame, depth = sys._getframe(1), 1
        while frame and (depth == 1 or frame.f_code.co_filename == logging.__file__):
            frame, depth = frame.f_back, depth + 1
        logger.opt(depth=depth, exception=record.exc_info).log(record.levelname, record.getMessage())

class Propagate(logging.Handler):
    def emit(self, record):
        logging.getLogger(record.name).handle(record)

PLAIN = "{level}|{name}:{function}:{line}|{message}|{extra}"

def start(sink=sys.stdout, **options):
    logger.remove()
    return logger.add(sink, **{"format": PLAIN, "colorize": False, "diagnose": False, **options})

def fields():
    start()
    logger.info("keywords {} {n}", 1, n=2)
    logger.bind(user="u1").success("bound")
    with logger.contextualize(task="t1"):
        logger.warning("in a context")
    logger.patch(lambda record: record["extra"].update(by="patch")).info("patched")
    logger.opt(colors=True).info("<red>coloured</red>")
    logger.opt(lazy=True).info("lazy {}", lambda: 3)
    logger.opt(raw=True).info("raw\\n")
    logger.critical("critical")

def levels():
    start(level="INFO")
    logger.level("NOTICE", no=27, icon="!")
    logger.log("NOTICE", "a level of one's own")
    logger.log(33, "a number")
    logger.debug("below the level of every sink")
    start(level="TRACE")
    logger.trace("traced")

def errors():
    start()
    try:
        1 / 0
    except ZeroDivisionError:
        logger.bind(step=1).exception("it broke")
        logger.opt(exception=True).error("it broke again")
    @logger.catch(message="caught")
    def fails():
        raise ValueError("inner")
    fails()

def sinks():
    start(serialize=False)
    logger.add(lambda message: None, format=PLAIN)
    logger.add(logging.StreamHandler(sys.stdout), format="handler {message}")
    logger.info("several sinks")
    start(enqueue=True)
    logger.info("from a queue")
    logger.complete()
    logger.remove()
    logger.info("without any sink {}", 1)
    logger.info("wrong {format}", 1)
    logger.opt(lazy=True).info("nobody asks {}", lambda: print("for this"))

def disabled():
    start()
    logger.disable("__main__")
    logger.error("disabled")
    logger.enable("__main__")

def from_logging():
    start()
    logging.basicConfig(handlers=[Intercept()], level=0, force=True)
    logging.getLogger("shop").warning("intercepted %s", "once", extra={"order": 5})
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger("shop").exception("intercepted error")
    logger.info("of loguru itself")
    logging.getLogger().handlers.clear()

def to_logging():
    logging.basicConfig(stream=sys.stdout, format="logging %(name)s %(message)s", level=logging.INFO, force=True)
    start(Propagate(), format="{message}")
    logger.bind(order=6).info("propagated")
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("propagated error")
    start(Propagate(), format="{message}", enqueue=True)
    logger.info("propagated from a queue")
    logger.complete()
    logging.getLogger("shop").info("of logging itself")

for step in (fields, levels, errors, sinks, disabled, from_logging, to_logging):
    step()
logger.remove()
"""

NAME = "__main__"
SAID: dict[str, tuple[str, str, dict[str, Any]]] = {
    "keywords 1 2": ("info", NAME, {"n": 2}),
    "bound": ("info", NAME, {"user": "u1", "levelName": "SUCCESS"}),
    "in a context": ("warn", NAME, {"task": "t1"}),
    "patched": ("info", NAME, {"by": "patch"}),
    "coloured": ("info", NAME, {}),
    "lazy 3": ("info", NAME, {}),
    "raw": ("info", NAME, {}),
    "critical": ("error", NAME, {"levelName": "CRITICAL"}),
    "a level of one's own": ("info", NAME, {"levelName": "NOTICE"}),
    "a number": ("warn", NAME, {"levelName": "Level 33"}),
    "traced": ("debug", NAME, {"levelName": "TRACE"}),
    "it broke": ("error", NAME, {"step": 1}),
    "it broke again": ("error", NAME, {}),
    "caught": ("error", NAME, {}),
    "several sinks": ("info", NAME, {}),
    "from a queue": ("info", NAME, {}),
    "without any sink 1": ("info", NAME, {}),
    "intercepted once": ("warn", "shop", {"order": 5}),
    "intercepted error": ("error", "shop", {}),
    "of loguru itself": ("info", NAME, {}),
    "propagated": ("info", NAME, {"order": 6}),
    "propagated error": ("error", NAME, {}),
    "propagated from a queue": ("info", NAME, {}),
    "of logging itself": ("info", "shop", {}),
}
BROKEN = ("it broke", "it broke again", "caught", "intercepted error", "propagated error")


@pytest.fixture(scope="module", params=["true", "false"], ids=["native", "python"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    found = run_app(tmp_path_factory.mktemp("loguru"), SCRIPT, AEGIS_NATIVE=request.param)
    assert found.status == 0, found.err
    return found


def only(ran: Ran, message: str) -> dict[str, Any]:
    (record,) = (record for record in ran.records() if record["message"] == message)
    return record


def fields(record: dict[str, Any]) -> dict[str, Any]:
    ours = ("timestamp", "level", "message", "service", "environment", "logger", "errorName", "errorMessage", "error")
    return {name: value for name, value in record.items() if name not in ours and not name.startswith("code.")}


@pytest.mark.parametrize("message", SAID)
def test_a_line_is_one_record_with_its_fields(ran: Ran, message: str) -> None:
    record = only(ran, message)
    assert (record["level"], record["logger"], fields(record)) == SAID[message]


@pytest.mark.parametrize("message", BROKEN)
def test_an_exception_is_there_once(ran: Ran, message: str) -> None:
    record = only(ran, message)
    assert record["errorName"] in ("ZeroDivisionError", "ValueError")
    assert str(record).count("Traceback") == 1


def test_nothing_else_is_recorded(ran: Ran) -> None:
    assert set(ran.messages()) == SAID.keys()


def test_a_record_names_the_line_of_the_app(ran: Ran) -> None:
    for record in ran.records():
        assert record["code.file.path"].endswith("app.py"), record
    assert only(ran, "patched")["code.function.name"] == "fields"


def test_the_apps_own_output_is_the_same_without_us(tmp_path: Path) -> None:
    def run(way: str) -> tuple[str, str]:
        found = run_app(tmp_path, SCRIPT, way)
        return found.out, "".join(line for line in found.err.splitlines(True) if not line.startswith("aegis-otel: "))

    assert run("auto") == run("plain")


def test_the_default_sink_needs_no_set_up(tmp_path: Path) -> None:
    found = run_app(tmp_path, "from loguru import logger\nlogger.info('hello', n=1)\n")
    assert [(record["message"], record["n"]) for record in found.records()] == [("hello", 1)]
    assert found.err.count("hello") == 1
