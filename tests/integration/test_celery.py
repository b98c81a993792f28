"""Celery with its prefork pool: what tasks log is delivered once, with the correlation id of whoever sent them."""

from __future__ import annotations

import os
import signal
from collections import Counter

from tests.deliver.receivers import GrpcReceiver
from tests.support.apps import PATIENT_FORKS, clean_environment, command, run_app
from tests.support.processes import StartedProcess, wait_for

TASKS = """
import logging, pathlib
from celery import Celery

folder = pathlib.Path(__file__).parent / "broker"
folder.mkdir(exist_ok=True)
app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder / "control"), "polling_interval": 0.02,
}
log = logging.getLogger("tasks")
log.info("loaded")

@app.task
def work(number):
    log.info("working %d", number)
    (folder.parent / f"done-{number}").touch()
    if number == 13:
        raise LookupError("a bug")
"""

SENDER = """
import tasks
from aegis_otel import correlation_scope
for number in range(60):
    with correlation_scope(f"job-{number}"):
        tasks.work.delay(number)
"""

WORKER = ["-m", "celery", "-A", "tasks", "worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "info"]
WORKER += ["--max-tasks-per-child", "20", "--without-gossip", "--without-mingle", "--without-heartbeat"]


def test_what_tasks_log_is_delivered_once_with_the_senders_correlation_id(tmp_path):
    (tmp_path / "tasks.py").write_text(PATIENT_FORKS + TASKS)
    with GrpcReceiver() as receiver:
        variables = {
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "AEGIS_SPOOL_DIR": str(tmp_path / "spool"),
            "LOG_FILE_ENABLED": "false",
            "LOG_CONSOLE_ENABLED": "false",
            # Longer than the test: what is delivered is delivered because a process ends.
            "OTEL_BLRP_SCHEDULE_DELAY": "600000",
            "AEGIS_SHUTDOWN_TIMEOUT": "60",
            "OTEL_BLRP_EXPORT_TIMEOUT": "60000",
        }
        sent = run_app(tmp_path, SENDER, "auto", SERVICE_NAME="sender", PYTHONPATH=str(tmp_path), **variables)
        assert sent.status == 0, sent.err
        argv, more = command("auto", *WORKER)
        env = clean_environment(**variables, **more, SERVICE_NAME="worker", PYTHONPATH=str(tmp_path))
        with StartedProcess(argv, log=tmp_path / "out", env=env, cwd=tmp_path) as process:
            process.wait_until(lambda: len(list(tmp_path.glob("done-*"))) == 60, seconds=120, what="all tasks are done")
            os.kill(process.pid, signal.SIGTERM)
            process.wait(120)
        wait_for(lambda: receiver.bodies().count("working 59") >= 1, what="delivered")
        lines = Counter(body for body in receiver.bodies() if body.startswith("working"))
        assert lines == Counter(f"working {number}" for number in range(60)), process.output()
        # Once by the sender and once by the worker, and not again by each child.
        assert receiver.bodies().count("loaded") == 2
        for log in receiver.logs():
            text, attributes = log.body.string_value, {pair.key: pair.value.string_value for pair in log.attributes}
            if text.startswith("working"):
                assert attributes["correlationId"] == f"job-{text.split()[1]}"
        failed = [log for log in receiver.logs() if "raised unexpected" in log.body.string_value]
        assert len(failed) == 1
