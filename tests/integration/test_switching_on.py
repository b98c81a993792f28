"""The distribution is switched on and off from outside, and the app is never worse for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.support.apps import WAYS, clean_environment, command, run_app
from tests.support.processes import StartedProcess, free_port, wait_for

# The tests' environment holds OpenTelemetry's own distribution too; as if the word about that had been said.
ALONE = {"AEGIS_REPORTED": "distribution"}

HELLO = """
import logging
logging.getLogger("shop").info("hello", extra={"userId": "123"})
print("the app's own output")
"""

OFF = """
import logging, threading, signal, sys
from opentelemetry import trace
print(len(threading.enumerate()), logging.getLogger().handlers, logging.getLogger().level,
      logging.Logger.callHandlers.__module__, sys.excepthook is sys.__excepthook__,
      signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, type(trace.get_tracer_provider()).__name__)
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_line_is_recorded_and_stdout_is_the_apps(tmp_path, way):
    ran = run_app(tmp_path, HELLO, way, SERVICE_NAME="shop-api", ENVIRONMENT="staging")
    assert ran.status == 0
    assert ran.out == "the app's own output\n"
    (record,) = ran.records()
    assert record["message"] == "hello"
    assert record["service"] == "shop-api"
    assert record["environment"] == "staging"
    assert record["userId"] == "123"
    assert record["logger"] == "shop"


def test_without_a_switch_nothing_happens(tmp_path):
    ran = run_app(tmp_path, HELLO, "plain")
    assert ran.status == 0
    assert ran.records() == []


def test_switched_on_both_ways_it_acts_once(tmp_path):
    ran = run_app(tmp_path, HELLO, "instrument", AEGIS_AUTO_ENABLE="true")
    assert ran.messages() == ["hello"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("switch", [{"AEGIS_ENABLED": "false"}, {"OTEL_SDK_DISABLED": "true"}])
def test_switched_off_there_is_no_thread_no_handler_and_no_hook(tmp_path, way, switch):
    ran = run_app(tmp_path, OFF, way, **switch)
    assert ran.out == "1 [] 30 logging True True ProxyTracerProvider\n"
    assert ran.records() == []


def test_the_switch_in_the_environment_imports_nothing_while_it_is_not_set(tmp_path):
    script = "import sys; print([name for name in sys.modules if 'aegis' in name or 'opentelemetry' in name])"
    ran = run_app(tmp_path, script, "plain")
    assert ran.out == "[]\n"


def test_tools_of_the_environment_are_not_instrumented(tmp_path):
    env = clean_environment(AEGIS_AUTO_ENABLE="true")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--version"], cwd=tmp_path, env=env, capture_output=True, timeout=120, check=True
    )
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == []


def test_an_interpreter_stays_usable_when_the_switch_breaks(tmp_path):
    broken = tmp_path / "opentelemetry"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise RuntimeError('broken installation')")
    ran = run_app(tmp_path, "print('alive')", "auto", PYTHONPATH=str(tmp_path))
    assert ran.status == 0
    assert ran.out == "alive\n"
    assert ran.err.startswith("aegis-otel: not enabled: ")
    assert ran.err.count("\n") == 1


def test_a_wrong_setting_is_said_once_and_the_app_runs(tmp_path):
    script = HELLO + "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)\n"
    ran = run_app(tmp_path, script, "auto", LOG_LEVEL="loud")
    assert ran.status == 0
    assert ran.err.count("LOG_LEVEL: 'loud' is not valid, expected error, warn, info or debug; using debug") == 1
    assert ran.messages() == ["hello"]


@pytest.mark.parametrize("way", WAYS)
def test_in_strict_mode_a_wrong_setting_stops_the_app(tmp_path, way):
    ran = run_app(tmp_path, HELLO, way, LOG_LEVEL="loud", AEGIS_STRICT="true")
    assert ran.status == 78
    assert ran.out == ""
    assert "LOG_LEVEL" in ran.err


def test_beside_opentelemetrys_own_distribution_ours_is_the_one(tmp_path):
    script = HELLO + "import os; print(os.environ['OTEL_PYTHON_DISTRO'], os.environ['OTEL_PYTHON_CONFIGURATOR'])"
    ran = run_app(tmp_path, script, "instrument")
    assert ran.out.splitlines()[-1] == "aegis aegis"
    assert ran.err == "aegis-otel: another OpenTelemetry distribution is installed too; aegis-otel is the one in use\n"
    assert ran.messages() == ["hello"]


def test_another_distribution_can_be_chosen_and_ours_then_does_nothing(tmp_path):
    others = {"OTEL_PYTHON_DISTRO": "distro", "OTEL_PYTHON_CONFIGURATOR": "configurator"}
    nothing = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
    ran = run_app(tmp_path, HELLO, "instrument", **others, **nothing)
    assert ran.status == 0
    assert ran.out == "the app's own output\n"
    assert ran.records() == []


@pytest.mark.parametrize("way", WAYS)
def test_an_instrumentation_finds_the_apps_modules_as_the_app_does(tmp_path, way):
    info = tmp_path / "more" / "probe-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: probe\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[opentelemetry_instrumentor]\nprobe = probe:Probe\n")
    (tmp_path / "more" / "probe.py").write_text(
        "class Probe:\n    def instrument(self, **options):\n        import beside_the_app\n"
    )
    (tmp_path / "beside_the_app.py").write_text("")
    script = "import sys; print('beside_the_app' in sys.modules, sys.path.count(sys.path[0]))"
    ran = run_app(tmp_path, script, way, PYTHONPATH=str(tmp_path / "more"), **ALONE)
    assert ran.out.startswith("True")
    assert ran.err == ""


HOSTILE = """
import logging
log = logging.getLogger("shop")
class Bad:
    def __str__(self): raise RuntimeError("no")
    __repr__ = __str__
cycle = []; cycle.append(cycle)
log.info("1", extra={"x": Bad()})
log.info("2", extra={"message": "mine"})
log.info("3", extra={"big": "y" * 1_000_000})
log.info("4", extra={"raw": b"\\x00\\xff"})
log.info("5", extra={"n": float("nan"), "i": float("inf"), "huge": 10 ** 400})
log.info("6", extra={"cycle": cycle})
log.info("7 \\ud800", extra={"s": "\\udfff"})
log.info("8", extra={"a\\x00b": 1, 5: 6, "": ""})
log.info(Bad())
log.info("%d", "no number")
print("done")
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_hostile_extra_never_crashes_the_app_and_its_record_arrives(tmp_path, way):
    ran = run_app(tmp_path, HOSTILE, way)
    assert ran.status == 0
    assert ran.out == "done\n"
    records = ran.records()
    assert [record["message"][:1] for record in records[:8]] == list("12345678")
    assert len(records) == 10
    assert records[1]["extra.message"] == "mine"
    assert records[2]["big"].startswith("yyy")
    assert records[4]["n"] == "NaN"
    assert records[7]["5"] == 6


def test_an_unhandled_exception_is_recorded_once_and_shown_as_ever(tmp_path):
    script = "def f(): raise KeyError('stock')\nf()"
    plain = run_app(tmp_path, script, "plain")
    ran = run_app(tmp_path, script, "instrument", **ALONE)
    assert ran.status == plain.status == 1
    assert ran.err == plain.err
    (record,) = ran.records()
    assert record["message"] == "Unhandled exception"
    assert record["level"] == "error"
    assert record["errorName"] == "KeyError"
    assert "in f" in record["error"]["stack"]


def test_an_unhandled_exception_of_a_thread_is_recorded(tmp_path):
    script = (
        "import threading\ndef work(): raise ValueError('x')\nt = threading.Thread(target=work); t.start(); t.join()"
    )
    ran = run_app(tmp_path, script, "instrument")
    assert ran.status == 0
    assert [record["errorName"] for record in ran.records()] == ["ValueError"]


@pytest.mark.parametrize(
    ("ending", "status"),
    [("", 0), ("import sys; sys.exit(3)", 3), ("import threading, sys; threading.Thread(target=sys.exit).start()", 0)],
)
def test_what_was_logged_last_is_recorded_whatever_way_the_app_ends(tmp_path, ending, status):
    ran = run_app(tmp_path, f"import logging\nlogging.getLogger('a').info('last')\n{ending}", "instrument")
    assert ran.status == status
    assert ran.messages() == ["last"]


def test_sigterm_ends_the_app_as_ever_and_loses_nothing(tmp_path):
    script = "import logging, time\nlogging.getLogger('a').info('last')\nprint('ready', flush=True)\n"
    # A signal just before a long sleep would be handled after it only.
    script += "while True: time.sleep(0.05)"
    (tmp_path / "app.py").write_text(script)
    argv, _ = command("instrument", str(tmp_path / "app.py"))
    env = clean_environment(OTEL_LOGS_EXPORTER="none", LOG_CONSOLE_ENABLED="false")
    with StartedProcess(argv, log=tmp_path / "out", env=env, cwd=tmp_path) as process:
        process.wait_until(lambda: "ready" in process.output(), what="the app is ready")
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
    assert '"message":"last"' in (tmp_path / "logs" / "app.log").read_text()


FORKING = """
import logging, multiprocessing, os, sys
log = logging.getLogger("a")
def work(name):
    for number in range(100):
        log.info("%s %d", name, number)
if __name__ == "__main__":
    log.info("parent before")
    context = multiprocessing.get_context(sys.argv[1] if len(sys.argv) > 1 else METHOD)
    workers = [context.Process(target=work, args=(f"child{number}",)) for number in range(3)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    log.info("parent after")
    print([worker.exitcode for worker in workers])
"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_child_processes_record_each_line_once(tmp_path, way, method):
    ran = run_app(tmp_path, FORKING.replace("METHOD", repr(method)), way)
    assert ran.out == "[0, 0, 0]\n"
    expected = [f"child{child} {number}" for child in range(3) for number in range(100)]
    assert sorted(ran.messages()) == sorted([*expected, "parent before", "parent after"])


def test_a_collector_that_is_away_costs_one_warning_and_no_time(tmp_path):
    script = """
import logging, time
for number in range(200):
    logging.getLogger("a").info("line %d", number)
    time.sleep(0.01)
print("done")
"""
    ran = run_app(
        tmp_path,
        script,
        "instrument",
        OTEL_LOGS_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}",
        AEGIS_SPOOL_DIR=str(tmp_path / "spool"),
        # The end makes the first attempt where a busy machine has left no time for it before.
        AEGIS_SHUTDOWN_TIMEOUT="60",
        **ALONE,
    )
    assert ran.status == 0
    assert ran.out == "done\n"
    assert len(ran.records()) == 200
    assert len(ran.err.splitlines()) == 1, ran.err
    assert "Collector" in ran.err


ASGI = """
import logging
async def app(scope, receive, send):
    assert scope["type"] == "http"
    logging.getLogger("site").info("serving %s", scope["path"])
    if scope["path"] == "/bug":
        raise LookupError("a bug")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""


WORKERS = ["--lifespan", "off", "--workers", "2", "--timeout-worker-healthcheck", "120"]
SERVERS = {
    "uvicorn": ["-m", "uvicorn", "--port", "{port}", "--lifespan", "off", "site_app:app"],
    "uvicorn workers": ["-m", "uvicorn", "--port", "{port}", *WORKERS, "site_app:app"],
    "gunicorn": [
        "-m",
        "gunicorn",
        "-b",
        "127.0.0.1:{port}",
        "-w",
        "2",
        "-k",
        "uvicorn_worker.UvicornWorker",
        "site_app:app",
    ],
    "gunicorn preload": [
        "-m",
        "gunicorn",
        "--preload",
        "-b",
        "127.0.0.1:{port}",
        "-w",
        "2",
        "-k",
        "uvicorn_worker.UvicornWorker",
        "site_app:app",
    ],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("server", SERVERS)
def test_any_asgi_app_under_any_server_is_correlated_and_each_line_is_there_once(tmp_path, way, server):
    import httpx

    (tmp_path / "site_app.py").write_text(ASGI)
    port = free_port()
    argv, more = command(way, *(part.format(port=port) for part in SERVERS[server]))
    env = clean_environment(OTEL_LOGS_EXPORTER="none", LOG_CONSOLE_ENABLED="false", PYTHONPATH=str(tmp_path), **more)
    with StartedProcess(argv, log=tmp_path / "out", env=env, cwd=tmp_path) as process:
        process.wait_until_listening(port)
        # Behind an open port the workers may still be starting; and none of them closes a connection that is reused.
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=limits) as client:
            for number in range(20):
                answer = client.get(f"/page/{number}", headers={"x-correlation-id": f"id-{number}"})
                assert answer.headers.get_list("x-correlation-id") == [f"id-{number}"]
            assert client.get("/bug", headers={"x-correlation-id": "bug"}).status_code == 500
    from tests.support.apps import Ran

    ran = Ran(0, "", "", tmp_path)
    records = wait_for(lambda: ran.records(), what="records")
    for number in range(20):
        mine = [record["message"] for record in records if record.get("correlationId") == f"id-{number}"]
        assert sorted(m for m in mine if "page" not in m or m.startswith("serving")) == [
            "HTTP Request Completed",
            f"serving /page/{number}",
        ]
    bug = [record["message"].strip() for record in records if record.get("correlationId") == "bug"]
    assert bug.count("HTTP Request Error") == 1
    assert bug.count("Exception in ASGI application") == 1
