"""The id goes along into threads, pools, tasks and the event loop's last words, and never stays where it does not belong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.apps import run_app

SCRIPT = """
import asyncio, logging, threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from aegis_otel import correlation_scope

log = logging.getLogger("work")

def say(text):
    log.info(text)

class Own(threading.Thread):
    def run(self):
        say("thread of a subclass")

async def fails():
    raise LookupError("nobody fetched me")

async def main():
    loop = asyncio.get_running_loop()
    with correlation_scope("loop"):
        await loop.run_in_executor(None, say, "default executor")
        await asyncio.to_thread(say, "to_thread")
        loop.call_soon(say, "callback")
        background = asyncio.create_task(asyncio.to_thread(say, "background task"))
        lost = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await background
    await asyncio.wait([lost])
    with correlation_scope("another"):
        del lost
        import gc
        gc.collect()
    await loop.run_in_executor(None, say, "after it")

if __name__ == "__main__":
    pool = ThreadPoolExecutor(1)
    with correlation_scope("first"):
        pool.submit(say, "first job").result()
        thread = threading.Thread(target=say, args=("thread",))
        thread.start()
        own = Own()
        own.start()
        timer = threading.Timer(0.01, say, ("timer",))
        timer.start()
        crash = threading.Thread(target=lambda: 1 / 0)
        crash.start()
        with ProcessPoolExecutor(1) as processes:
            processes.submit(say, "process").result()
            list(processes.map(say, ["mapped process"]))
        list(pool.map(say, ["mapped job"]))
    for started in (thread, own, timer, crash):
        started.join()
    with correlation_scope("second"):
        pool.submit(say, "second job").result()
    pool.submit(say, "job without an id").result()
    asyncio.run(main())
"""


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("threads")
    ran = run_app(folder, SCRIPT, "auto")
    assert ran.status == 0, ran.err
    return ran.records()


def test_work_has_the_id_of_whoever_asked_for_it(records):
    ids = {record["message"]: record.get("correlationId") for record in records if record["logger"] == "work"}
    first = ["first job", "thread", "thread of a subclass", "timer", "process", "mapped process", "mapped job"]
    assert {text: ids[text] for text in first} == dict.fromkeys(first, "first")
    loop = ["default executor", "to_thread", "callback", "background task"]
    assert {text: ids[text] for text in loop} == dict.fromkeys(loop, "loop")
    assert (ids["second job"], ids["job without an id"], ids["after it"]) == ("second", None, None)


def test_a_thread_that_crashes_has_the_id(records):
    (crash,) = [record for record in records if record.get("errorName") == "ZeroDivisionError"]
    assert crash["correlationId"] == "first"


def test_an_exception_that_nobody_fetched_has_the_tasks_id(records):
    (lost,) = [record for record in records if "never retrieved" in record["message"]]
    assert (lost["correlationId"], lost["errorName"]) == ("loop", "LookupError")
