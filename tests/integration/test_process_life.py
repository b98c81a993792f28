"""Whatever way a process ends or multiplies, each record reaches the receiver, once."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import Counter

import pytest

from tests.deliver.receivers import GrpcReceiver, HttpReceiver, Receiver
from tests.support.apps import PATIENT_FORKS, Ran, clean_environment, command, run_app
from tests.support.processes import StartedProcess, free_port

# The tests' environment holds OpenTelemetry's own distribution too; as if the word about that had been said.
QUIET = {"AEGIS_REPORTED": "distribution", "LOG_FILE_ENABLED": "false", "LOG_CONSOLE_ENABLED": "false"}
# An end that waits until all is delivered, however busy the machine is; and what is answered late is not sent again.
PATIENT = {"AEGIS_SHUTDOWN_TIMEOUT": "100", "OTEL_BLRP_EXPORT_TIMEOUT": "60000"}


@pytest.fixture(params=[GrpcReceiver, HttpReceiver], ids=["grpc", "http"])
def receiver(request):
    with request.param() as found:
        yield found


def variables(folder, endpoint: str, protocol: str) -> dict[str, str]:
    return QUIET | {
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "AEGIS_SPOOL_DIR": str(folder / "spool"),
    }


def run(folder, script: str, receiver: Receiver, **more: str) -> Ran:
    return run_app(folder, script, **PATIENT, **variables(folder, receiver.endpoint, receiver.protocol), **more)


def spooled(folder) -> str:
    """What waits on disk."""
    return "".join(path.read_text(errors="replace") for path in folder.glob("*/*.rest"))


# A later process that ends when nothing is left of the earlier ones: for theirs, its end does not wait.
NEXT = """
import logging, os, time
from pathlib import Path
from aegis_otel.deliver.spool import waiting
logging.getLogger("app").info("line next")
while waiting(Path(os.environ["AEGIS_SPOOL_DIR"])):
    time.sleep(0.02)
"""


LINES = """
import logging, os, signal, sys, threading, time
log = logging.getLogger("app")
for number in range(100):
    log.info("line %d", number)
"""
HUNDRED = [f"line {number}" for number in range(100)]

ENDINGS = {
    "end of the script": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "sys.exit in a thread": ("threading.Thread(target=sys.exit, args=(3,)).start()", 0),
    "threads that outlive the script": (
        "threading.Thread(target=lambda: (time.sleep(0.2), log.info('line late'))).start()",
        0,
    ),
    "unhandled exception": ("def f(): raise KeyError('stock')\nf()", 1),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", -signal.SIGTERM),
    # Python forgets the status of Ctrl-C when something is imported after it, as the exporter would be.
    "SIGINT": (
        "from aegis_otel import distro; distro.flush(60); os.kill(os.getpid(), signal.SIGINT); time.sleep(60)",
        -signal.SIGINT,
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_line_is_delivered_once_whatever_way_the_process_ends(tmp_path, ending):
    code, status = ENDINGS[ending]
    with GrpcReceiver() as receiver:
        ran = run(tmp_path, LINES + code, receiver)
        assert ran.status == status, ran.err
        expected = [*HUNDRED, *(["line late"] if "late" in code else [])]
        assert [body for body in receiver.bodies() if body.startswith("line")] == expected
        crashes = [log for log in receiver.logs() if log.body.string_value == "Unhandled exception"]
        assert len(crashes) == (ending == "unhandled exception")
        for crash in crashes:
            assert "in f" in str(crash.attributes)
    assert list((tmp_path / "spool").iterdir()) == []


# An output that a busy machine stalls for longer than the queue's patience would cost records, as it is meant to.
BUSY = """
import logging, sys, threading
from aegis_otel.deliver.queue import _queue
_queue.PATIENCE = 100.0
log = logging.getLogger("app")
def work(name):
    number = 0
    while True:
        # Only what was logged is counted; the signal may come between the two.
        log.info("line %s.%d", name, number)
        counts[name] = number = number + 1
counts = {}
threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in range(3)]
for thread in threads: thread.start()
while len(counts) < 3 or sum(counts.values()) < 5000: pass
print("ready", flush=True)
while True:
    log.info("line main")
"""


def test_sigterm_in_the_midst_of_logging_neither_hangs_nor_doubles(tmp_path, receiver):
    (tmp_path / "app.py").write_text(BUSY)
    argv, more = command("instrument", str(tmp_path / "app.py"))
    env = clean_environment(**PATIENT, **variables(tmp_path, receiver.endpoint, receiver.protocol), **more)
    with StartedProcess(argv, log=tmp_path / "out", env=env, cwd=tmp_path) as process:
        process.wait_until(lambda: "ready" in process.output(), what="the app is ready")
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(120) == -signal.SIGTERM
    lines = Counter(body for body in receiver.bodies() if body.startswith("line ") and body != "line main")
    assert list((tmp_path / "spool").iterdir()) == []
    assert set(lines.values()) == {1}
    for name in range(3):
        numbers = sorted(int(line.partition(".")[2]) for line in lines if line.startswith(f"line {name}."))
        assert numbers == list(range(len(numbers)))
    assert len(lines) >= 5000


def test_what_reached_the_spool_survives_an_exit_without_ceremony(tmp_path):
    receiver = GrpcReceiver()
    receiver.port = free_port()
    script = LINES + "from aegis_otel import distro\ndistro.flush(60)\nos._exit(5)"
    assert run(tmp_path, script, receiver).status == 5
    with receiver:
        run(tmp_path, NEXT, receiver)
        assert sorted(receiver.bodies()) == sorted([*HUNDRED, "line next"])


# As RQ's work-horse: a fork that does its job within milliseconds and ends past all that Python would do.
FORKED = """
if os.fork() == 0:
    for number in range(6):
        log.info("line of the job %d", number)
    os._exit(0)
assert os.wait()[1] == 0
log.info("line after the job")
"""


@pytest.mark.parametrize(
    ("ending", "more"),
    [
        ("os._exit(5)", []),
        ("os.execv(sys.executable, [sys.executable, '-S', '-c', 'raise SystemExit(5)'])", []),
        (FORKED + "os._exit(5)", [*(f"line of the job {number}" for number in range(6)), "line after the job"]),
    ],
    ids=["os._exit", "os.execv", "forked"],
)
def test_what_was_logged_just_before_an_exit_without_ceremony_is_in_the_spool(tmp_path, ending, more):
    receiver = GrpcReceiver()
    receiver.port = free_port()
    patient = "from aegis_otel.lifecycle import _lifecycle\n_lifecycle.HAND_OVER = 60.0\n"
    ran = run(tmp_path, patient + LINES + ending, receiver, PYTHONWARNINGS="ignore::DeprecationWarning")
    assert ran.status == 5, ran.err
    with receiver:
        run(tmp_path, NEXT, receiver)
        assert sorted(receiver.bodies()) == sorted([*HUNDRED, *more, "line next"])


@pytest.mark.parametrize(("protocol", "again"), [("grpc", False), ("grpc", True), ("http/protobuf", True)])
def test_the_exit_waits_for_the_shutdown_timeout_at_most_and_leaves_the_rest_in_the_spool(tmp_path, protocol, again):
    # A signal just before a `signal.pause` would be handled after the next one only.
    (tmp_path / "app.py").write_text(LINES + "print('ready', flush=True)\nwhile True: time.sleep(0.05)")
    argv, more = command("instrument", str(tmp_path / "app.py"))
    with socket.socket() as silent:
        # Takes connections and never answers.
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        # An attempt to send takes much longer than the shutdown timeout, and so would whoever waited for one.
        env = clean_environment(
            **variables(tmp_path, endpoint, protocol),
            **more,
            AEGIS_SHUTDOWN_TIMEOUT="1",
            OTEL_BLRP_EXPORT_TIMEOUT="300000",
        )
        with StartedProcess(argv, log=tmp_path / "out", env=env, cwd=tmp_path) as process:
            process.wait_until(lambda: "ready" in process.output(), what="the app is ready")
            # The timeout bounds the way to the spool too, which a busy machine may make a long one.
            process.wait_until(lambda: "line 99" in spooled(tmp_path / "spool"), what="the last line is in the spool")
            started = time.monotonic()
            os.kill(process.pid, signal.SIGTERM)
            if again:
                time.sleep(0.2)
                os.kill(process.pid, signal.SIGTERM)
            assert process.wait(120) == -signal.SIGTERM
            assert time.monotonic() - started < 60
        _, *told = process.output().splitlines()
        assert len(told) == 1
        assert str(tmp_path / "spool") in told[0]
    with GrpcReceiver() as receiver:
        run(tmp_path, NEXT, receiver)
        assert sorted(receiver.bodies()) == sorted([*HUNDRED, "line next"])


CHILDREN = """
import concurrent.futures, logging, multiprocessing, os, sys
log = logging.getLogger("app")

def work(name):
    for number in range(50):
        log.info("line %s.%d", name, number)
    return name

def processes(context):
    children = [context.Process(target=work, args=(name,)) for name in range(4)]
    for child in children:
        child.start()
        log.info("line started")
    for child in children: child.join()
    assert [child.exitcode for child in children] == [0] * 4

def pool(context):
    with context.Pool(2) as workers:  # ends them by SIGTERM
        assert workers.map(work, range(4), chunksize=1) == list(range(4))

def executor(context):
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as workers:
        assert list(workers.map(work, range(4))) == list(range(4))

def fork(context):
    children = []
    for name in range(4):
        child = os.fork()
        if child == 0:
            work(name)
            sys.exit(0)
        children.append(child)
        log.info("line started")
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4

if __name__ == "__main__":
    log.info("line before")
    {kind}(multiprocessing.get_context("{method}"))
    log.info("line after")
"""


@pytest.mark.parametrize(
    ("receiver", "kind", "method"),
    [
        (GrpcReceiver, "processes", "fork"),
        (HttpReceiver, "processes", "fork"),
        (GrpcReceiver, "processes", "spawn"),
        (GrpcReceiver, "processes", "forkserver"),
        (GrpcReceiver, "pool", "fork"),
        (HttpReceiver, "pool", "spawn"),
        (GrpcReceiver, "executor", "fork"),
        (GrpcReceiver, "fork", "fork"),
        (HttpReceiver, "fork", "fork"),
    ],
    indirect=["receiver"],
)
def test_children_deliver_each_line_once(tmp_path, receiver, kind, method):
    script = PATIENT_FORKS + CHILDREN.replace("{kind}", kind).replace("{method}", method)
    ran = run(tmp_path, script, receiver, PYTHONWARNINGS="ignore::DeprecationWarning")
    assert ran.status == 0, ran.err
    assert ran.err == ""
    expected = Counter([f"line {name}.{number}" for name in range(4) for number in range(50)])
    expected.update(["line before", "line after", *["line started"] * (4 if kind in ("processes", "fork") else 0)])
    assert Counter(body for body in receiver.bodies() if body.startswith("line")) == expected


THIRTY = """
import logging
for number in range(30):
    logging.getLogger("app").warning("line %d", number)
"""


def test_a_log_file_that_hangs_holds_up_neither_the_receiver_nor_the_console(tmp_path, receiver):
    (tmp_path / "logs").mkdir()
    os.mkfifo(tmp_path / "logs" / "app.log")
    outputs = {"LOG_FILE_ENABLED": "true", "LOG_CONSOLE_ENABLED": "true"}
    ran = run_app(
        tmp_path, THIRTY, **{**PATIENT, **variables(tmp_path, receiver.endpoint, receiver.protocol), **outputs}
    )
    assert ran.status == 0
    assert sorted(receiver.bodies()) == sorted(f"line {number}" for number in range(30))
    assert ran.err.count('"message":"line ') == 30
    assert "app.log took nothing at the end: 30 records did not reach it" in ran.err


def test_a_log_file_that_hangs_keeps_nothing_from_the_spool(tmp_path):
    (tmp_path / "logs").mkdir()
    os.mkfifo(tmp_path / "logs" / "app.log")
    away = variables(tmp_path, f"http://127.0.0.1:{free_port()}", "grpc")
    ran = run_app(tmp_path, THIRTY, **{**away, "LOG_FILE_ENABLED": "true"})
    assert ran.status == 0
    assert all(f"line {number}" in spooled(tmp_path / "spool") for number in range(30))
    assert "30 records did not reach it" in ran.err


def test_no_thread_of_ours_is_there_while_the_process_forks(tmp_path, receiver):
    # Of what runs before a fork, what was registered first runs last.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, threading\n"
        "os.register_at_fork(before=lambda: print([thread.name for thread in threading.enumerate()], flush=True))"
    )
    # What was logged last before the fork waits to be sent for longer than the script takes.
    script = PATIENT_FORKS + LINES + "from aegis_otel import distro\nassert distro.flush(60)\nlog.info('line 100')\n"
    script += "if os.fork() == 0:\n    os._exit(0)\nlog.info('line 101')"
    ran = run_app(
        tmp_path,
        script,
        "auto",
        **PATIENT,
        **variables(tmp_path, receiver.endpoint, receiver.protocol),
        OTEL_BLRP_SCHEDULE_DELAY="60000",
        PYTHONPATH=str(tmp_path),
        PYTHONWARNINGS="ignore::DeprecationWarning",
    )
    assert ran.status == 0, ran.err
    assert ran.out == "['MainThread']\n"
    assert [body for body in receiver.bodies() if body.startswith("line")] == [*HUNDRED, "line 100", "line 101"]
