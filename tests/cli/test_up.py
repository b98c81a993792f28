"""`aegis-otel up` with the real Collector."""

from __future__ import annotations

import http.client
import json
import os
import pty
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import CLI, Run, clean_environment
from tests.support.processes import StartedProcess, free_port, free_ports, http_is_ok, port_is_open, wait_for

SECRET = "sesame-open-4711"


class Up:
    """A running `aegis-otel up` on free ports, with its own folder."""

    def __init__(self, folder: Path, variables: dict[str, str], *options: str) -> None:
        self.grpc, self.http, self.health, self.metrics = free_ports(4)
        self.folder = folder
        self.variables = variables
        self.headers = {"content-type": "application/json"}
        self.process = StartedProcess(
            [*CLI, "up", *self.ports(), *options],
            log=folder / "up.log",
            env=clean_environment(**variables),
            cwd=folder,
        )

    def ports(self) -> list[str]:
        return [
            f"--grpc-port={self.grpc}",
            f"--http-port={self.http}",
            f"--health-port={self.health}",
            f"--metrics-port={self.metrics}",
        ]

    def wait_until_up(self) -> Up:
        self.process.wait_until(lambda: "Ctrl-C stops it" in self.process.output(), what="up")
        return self

    def collector_pid(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(self.process.wait_until(lambda: children.read_text().split(), what="the Collector")[0])

    def send(self, **fields: object) -> None:
        """One record by OTLP over HTTP, as JSON."""
        record = {
            "timeUnixNano": str(time.time_ns()),
            "severityNumber": 9,
            "body": {"stringValue": fields.pop("message")},
            "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in fields.items()],
        }
        body = {
            "resourceLogs": [
                {
                    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "orders"}}]},
                    "scopeLogs": [{"logRecords": [record]}],
                }
            ]
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=60)
        connection.request("POST", "/v1/logs", json.dumps(body), self.headers)
        assert connection.getresponse().status == 200
        connection.close()


@pytest.fixture
def up(tmp_path: Path, collector: dict[str, str]) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(*options: str, **variables: str) -> Up:
        started.append(Up(tmp_path, {**collector, **variables}, *options))
        return started[-1]

    yield start
    for each in started:
        each.process.stop()


def is_gone(pid: int) -> bool:
    """Whether there is no such process, not even one that nobody waited for."""
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stores_records_and_stops_cleanly(up, run: Run, number: signal.Signals):
    running = up().wait_until_up()
    pid = running.collector_pid()
    running.send(message="hello", correlationId="id-1", password="hunter2")

    found = run("logs", "--json", "--correlation-id", "id-1").records
    assert [(each["message"], each["service"], each["password"]) for each in found] == [
        ("hello", "orders", "[REDACTED:password]")
    ]

    os.kill(running.process.pid, number)
    assert running.process.wait() == 0
    assert is_gone(pid)
    assert not any(map(port_is_open, (running.grpc, running.http, running.health, running.metrics)))


def test_only_the_owner_can_read_what_it_writes(up, tmp_path: Path):
    running = up().wait_until_up()
    running.send(message="hello")
    running.process.stop()
    paths = [tmp_path / ".aegis", *(tmp_path / ".aegis").rglob("*")]
    assert (tmp_path / ".aegis/store/logs.jsonl") in paths
    loose = [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert not loose


def test_it_shows_where_everything_listens(up):
    running = up("--store", "file,seq", SEQ_URL=f"http://user:{SECRET}@127.0.0.1:9", SEQ_API_KEY=SECRET).wait_until_up()
    shown = running.process.output()
    for port in (running.grpc, running.http, running.health, running.metrics):
        assert f"127.0.0.1:{port}" in shown
    assert "http://127.0.0.1:9" in shown
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{running.grpc}" in shown
    running.process.wait_until_healthy(f"http://127.0.0.1:{running.health}/")


def test_secrets_are_not_in_the_process_list_nor_on_the_console_nor_on_disk(up, tmp_path: Path):
    running = up("--store", "file,seq", SEQ_URL=f"http://user:{SECRET}@127.0.0.1:9", SEQ_API_KEY=SECRET).wait_until_up()
    pid = running.collector_pid()
    for process in (pid, running.process.pid):
        assert SECRET.encode() not in Path(f"/proc/{process}/cmdline").read_bytes()
    running.process.stop()
    assert SECRET not in running.process.output()
    assert not [
        path for path in (tmp_path / ".aegis").rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]


def test_doctor_sees_what_it_took_and_what_waits(up, run: Run, tmp_path: Path, collector: dict[str, str]):
    running = up("--store", "file,seq", SEQ_URL="http://127.0.0.1:9").wait_until_up()
    running.send(message="hello")
    variables = {
        **collector,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{running.grpc}",
        "AEGIS_SPOOL_DIR": str(tmp_path / "spool"),
    }

    def seen() -> bool:
        done = run("doctor", **variables)
        assert done.status == 0, done.out
        assert "takes records" in done.out
        return "1 records taken, 0 refused" in done.out and "wait for seq-rest" in done.out

    wait_for(seen, what="the Collector's counters")

    (tmp_path / ".aegis/dead-letter/seq-rest.jsonl").write_text("{}\n")
    done = run("doctor", **variables)
    assert done.status == 1
    assert "dead-letter" in done.out


def test_a_public_address_needs_a_token(run: Run, collector: dict[str, str]):
    done = run("up", "--host", "0.0.0.0", **collector)
    assert done.status == 1
    assert "can be reached by other machines" in done.err
    assert "AEGIS_OTLP_TOKEN" in done.err


def test_with_a_token_only_its_bearer_gets_in(up, tmp_path: Path):
    running = up("--host", "0.0.0.0", AEGIS_OTLP_TOKEN=SECRET).wait_until_up()
    with pytest.raises(AssertionError):
        running.send(message="stranger")
    running.headers["authorization"] = f"Bearer {SECRET}"
    running.send(message="friend")
    running.process.stop()
    assert "friend" in (stored := (tmp_path / ".aegis/store/logs.jsonl").read_text())
    assert "stranger" not in stored
    assert "OTEL_EXPORTER_OTLP_HEADERS" in running.process.output()
    assert SECRET not in running.process.output() + (tmp_path / ".aegis/collector.log").read_text()


def test_a_port_in_use_is_named(up, run: Run, collector: dict[str, str]):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for option in ("--grpc-port", "--http-port", "--health-port", "--metrics-port"):
            others = dict(
                zip(("--grpc-port", "--http-port", "--health-port", "--metrics-port"), free_ports(4), strict=True)
            )
            others[option] = port
            done = run("up", *(f"{name}={number}" for name, number in others.items()), **collector)
            assert done.status == 1
            assert f"port {port}" in done.err
            assert "already in use" in done.err
            assert option in done.err
            assert "Traceback" not in done.err


def test_a_second_one_in_the_same_folder_is_refused(up, run: Run, collector: dict[str, str]):
    first = up().wait_until_up()
    ports = [f"--{name}-port={port}" for name, port in zip(("grpc", "http", "health"), free_ports(3), strict=True)]
    done = run("up", *ports, **collector)
    assert done.status == 1
    assert f"process {first.process.pid}" in done.err


def test_a_collector_that_dies_is_reported_with_its_last_lines(up, tmp_path: Path):
    running = up().wait_until_up()
    pid = running.collector_pid()
    # It is healthy a moment before it says so.
    log = tmp_path / ".aegis" / "collector.log"
    running.process.wait_until(lambda: "Everything is ready" in log.read_text(), what="its last line")
    os.kill(pid, signal.SIGKILL)
    assert running.process.wait() == 1
    shown = running.process.output()
    assert "ended by itself, by signal SIGKILL" in shown
    assert "Everything is ready" in shown
    assert is_gone(pid)


def test_when_it_is_killed_the_collector_ends_too(up):
    running = up().wait_until_up()
    pid = running.collector_pid()
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait()
    wait_for(lambda: is_gone(pid), what="the end of the Collector")


def test_sighup_makes_the_collector_read_its_configuration_again(up, tmp_path: Path):
    running = up().wait_until_up()
    pid = running.collector_pid()
    log = tmp_path / ".aegis" / "collector.log"
    os.kill(running.process.pid, signal.SIGHUP)
    running.process.wait_until(
        lambda: log.read_text().count("Everything is ready") == 2, what="the second start of its pipelines"
    )
    assert running.collector_pid() == pid
    running.send(message="after")


HEALTHY_BEFORE_IT_LISTENS_TO_SIGHUP = """#!{python}
import http.server, pathlib, signal, threading, time

class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

server = http.server.HTTPServer(("127.0.0.1", {health}), Healthy)
threading.Thread(target=server.serve_forever, daemon=True).start()
with open("listen") as pipe:
    pipe.read()
# No event: one that is set by a signal which comes while its wait begins waits for itself.
signal.signal(signal.SIGHUP, lambda *_: pathlib.Path("read").touch())
while True:
    time.sleep(0.05)
"""


def test_sighup_waits_for_a_collector_that_does_not_listen_to_it_yet(up, tmp_path: Path):
    """The real one listens a moment after it is healthy, so here a stand-in takes as long as the test wants."""
    health = free_port()
    program = tmp_path / "collector"
    program.write_text(HEALTHY_BEFORE_IT_LISTENS_TO_SIGHUP.format(python=sys.executable, health=health))
    program.chmod(0o755)
    os.mkfifo(tmp_path / "listen")
    running = up("--health-port", str(health), AEGIS_OTELCOL_BINARY=str(program))
    wait_for(lambda: http_is_ok(f"http://127.0.0.1:{health}/"), what="a healthy stand-in")
    os.kill(running.process.pid, signal.SIGHUP)
    running.wait_until_up()
    os.kill(running.process.pid, signal.SIGHUP)
    (tmp_path / "listen").write_text("now")
    running.process.wait_until((tmp_path / "read").exists, what="SIGHUP at the stand-in")


def test_a_piece_that_is_wrong_ends_it_with_the_collectors_words_and_without_secrets(up, tmp_path: Path):
    piece = tmp_path / "mine.yaml"
    piece.write_text("receivers: {otlp: {protocols: {grpc: {no_such: '${env:SEQ_API_KEY}-x'}}}}\n")
    running = up("--config", str(piece), SEQ_API_KEY=SECRET)
    assert running.process.wait() == 1
    shown = running.process.output()
    assert "no_such" in shown
    assert SECRET not in shown
    assert "Traceback" not in shown


def test_a_piece_of_ones_own_is_merged_last(up, tmp_path: Path):
    piece = tmp_path / "mine.yaml"
    piece.write_text("exporters: {aegis_file: {path: '${env:AEGIS_DATA_DIR}/store/logs-mine.jsonl'}}\n")
    running = up("--config", str(piece)).wait_until_up()
    running.send(message="hello")
    assert "hello" in (tmp_path / ".aegis/store/logs-mine.jsonl").read_text()


def test_without_the_collector_the_pip_command_is_shown(run: Run, tmp_path: Path):
    # `-S` hides what is installed, so that it is not there wherever the tests run.
    code = "import sys; sys.modules['aegis_otelcol'] = None; from aegis_otel.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "up"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'aegis-otel[collector]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "said", "status"),
    [
        (["--store", "splunk"], {}, "auto, file, loki, seq", 2),
        (["--grpc-port", "0"], {}, "--grpc-port", 2),
        (["--grpc-port", "x"], {}, "--grpc-port", 2),
        (["--config", "none.yaml"], {}, "none.yaml", 1),
        (["--host", "203.0.113.1"], {"AEGIS_OTLP_TOKEN": "t" * 32}, "203.0.113.1", 1),
        ([], {"AEGIS_DATA_DIR": "/dev/null/x"}, "AEGIS_DATA_DIR", 1),
        ([], {"AEGIS_OTELCOL_BINARY": "/dev/null"}, "AEGIS_OTELCOL_BINARY", 1),
        ([], {"AEGIS_OTLP_GRPC_ENDPOINT": "here:there"}, "AEGIS_OTLP_GRPC_ENDPOINT", 1),
        ([], {"AEGIS_METRICS_PORT": "70000"}, "AEGIS_METRICS_PORT", 1),
        ([], {"AEGIS_OTELCOL_CONFIG_DIR": "/dev/null"}, "receive.yaml", 1),
    ],
)
def test_wrong_input_is_named(
    run: Run, collector: dict[str, str], arguments: list[str], variables: dict[str, str], said: str, status: int
):
    done = run("up", *arguments, **{**collector, **variables})
    assert done.status == status
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("delay", [0.0, 0.15, 0.3, 0.6])
def test_ctrl_c_on_a_terminal_at_any_moment_leaves_nothing_behind(
    tmp_path: Path, collector: dict[str, str], delay: float
):
    grpc, http_port, health, metrics = free_ports(4)
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        ports = [f"--grpc-port={grpc}", f"--http-port={http_port}", f"--health-port={health}"]
        os.execve(sys.executable, [*CLI, "up", *ports, f"--metrics-port={metrics}"], clean_environment(**collector))
    try:
        lock = tmp_path / ".aegis" / "up.lock"
        wait_for(lock.exists, what="the start")
        time.sleep(delay)  # not to wait for something: the moment is what is varied
        os.write(fd, b"\x03")

        def ended() -> tuple[int, int] | None:
            found = os.waitpid(pid, os.WNOHANG)
            return found if found[0] else None

        status = os.waitstatus_to_exitcode(wait_for(ended, seconds=120, what="its end")[1])
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.close(fd)
    assert status == 0
    assert not any(map(port_is_open, (grpc, http_port, health, metrics)))
