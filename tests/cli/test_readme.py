"""README.md: its commands do what it says, and its table is that of the settings."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.cli.conftest import CLI, ROOT, clean_environment
from tests.support.loki_api import LokiApi
from tests.support.processes import StartedProcess, free_ports, wait_for

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(heading: str) -> list[str]:
    """The shell commands below a heading, in order."""
    section = re.split(rf"(?m)^#+ {re.escape(heading)}\b.*$", README)[1]
    section = re.split(r"(?m)^#+ ", section)[0] if heading else section
    return re.findall(r"```bash\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with an app in it, and the Collector's folder as in a checkout."""
    (tmp_path / "collector").symlink_to(ROOT / "collector")
    (tmp_path / "app.py").write_text(
        "import logging\nlogging.getLogger('app').info('hello from the app', extra={'password': 'hunter2'})\n"
    )
    return tmp_path


class Shell:
    """Runs commands of the README, with the program of this checkout and with free ports instead of its fixed ones."""

    def __init__(self, place: Path, variables: dict[str, str]) -> None:
        grpc, http, self.health, metrics, self.victorialogs = free_ports(5)
        self.place = place
        self.ports = {"9428": str(self.victorialogs)}
        self.started: list[StartedProcess] = []
        self.env = clean_environment(
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            AEGIS_OTLP_GRPC_ENDPOINT=f"127.0.0.1:{grpc}",
            AEGIS_OTLP_HTTP_ENDPOINT=f"127.0.0.1:{http}",
            AEGIS_HEALTH_ENDPOINT=f"127.0.0.1:{self.health}",
            AEGIS_METRICS_PORT=str(metrics),
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{grpc}",
            AEGIS_SPOOL_DIR=str(place / "spool"),
            **variables,
        )

    def _text(self, command: str) -> str:
        for fixed, free in self.ports.items():
            command = command.replace(fixed, free)
        return command

    def start(self, command: str, healthy: str) -> None:
        log = self.place / f"{len(self.started)}.log"
        argv = ["bash", "-ec", self._text(command)]
        self.started.append(StartedProcess(argv, log=log, env=self.env, cwd=self.place))
        self.started[-1].wait_until_healthy(healthy, seconds=120)

    def start_collector(self, command: str) -> None:
        self.start(command, f"http://127.0.0.1:{self.health}/")

    def run(self, command: str, **more: str) -> str:
        done = subprocess.run(
            ["bash", "-ec", self._text(command)],
            cwd=self.place,
            env={**self.env, **more},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def shell(place: Path, collector: dict[str, str]) -> Iterator[Shell]:
    made = Shell(place, collector)
    yield made
    for process in reversed(made.started):
        process.stop()


def test_the_embedded_store_works_as_shown(shell: Shell):
    up, app, logs = commands("Embedded store")
    shell.start_collector(up)
    shell.run(app)
    shown = wait_for(lambda: "hello" in (text := shell.run(logs)) and text, what="the record")
    assert "orders" in shown
    assert "[REDACTED:password]" in shown
    assert "hunter2" not in shown


def test_auto_enable_works_as_shown(shell: Shell):
    shell.start_collector(commands("Embedded store")[0])
    (command,) = re.findall(r"`(AEGIS_AUTO_ENABLE=true [^`]+)`", README)
    shell.run(command)
    wait_for(lambda: "hello" in shell.run("aegis-otel logs"), what="the record")


def test_loki_gets_records_and_is_read_as_shown(shell: Shell):
    """Loki is not run here: its HTTP API stands there as documented."""
    with LokiApi() as loki:
        shell.ports["3100"] = loki.url.rpartition(":")[2]
        shell.env["AEGIS_LOKI_COMPRESSION"] = "gzip"  # what the stand-in can read
        (up,) = commands("Loki")
        shell.start_collector(up)
        shell.run(commands("Embedded store")[1])
        shown = wait_for(lambda: "hello" in (text := shell.run("aegis-otel logs")) and text, what="the record")
        assert "[REDACTED:password]" in shown
        assert "hunter2" not in shown
        assert loki.asked(), "`logs` reads from Loki now"


def test_the_loki_that_is_shown_is_that_of_the_compose_file():
    (image,) = re.findall(r"grafana/loki:\S+", README)
    assert f"${{LOKI_IMAGE:-{image}}}" in (ROOT / "docker-compose.otel.yml").read_text()
    (mounted,) = re.findall(r"\$PWD/(\S+?):/", README)
    assert (ROOT / mounted).is_file()


def test_victorialogs_works_as_shown(shell: Shell):
    victorialogs, up = commands("VictoriaLogs")
    shell.start(victorialogs, f"http://127.0.0.1:{shell.victorialogs}/health")
    shell.start_collector(up)
    shell.run(commands("Embedded store")[1])
    # No variable is set here: `logs` in the same folder knows which store is in use.
    shown = wait_for(lambda: "hello" in (text := shell.run("aegis-otel logs")) and text, what="the record")
    assert "[REDACTED:password]" in shown
    assert shell.run("aegis-otel logs --store victorialogs") == shown


class _Seq(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"] or 0))
        self.server.seen.append((self.path, self.headers["X-Seq-ApiKey"]))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


def test_seq_gets_records_as_shown(shell: Shell):
    """Seq is a closed image; here it is enough that its ingestion path is called with the key."""
    server = HTTPServer(("127.0.0.1", 0), _Seq)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        shell.ports["5341"] = str(server.server_port)
        shell.env["SEQ_API_KEY"] = "key-1"
        shell.start_collector(commands("Seq")[0])
        shell.run(commands("Embedded store")[1])
        wait_for(lambda: ("/ingest/otlp/v1/logs", "key-1") in server.seen, what="a call of Seq")  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_every_command_of_the_table_is_there():
    named = set(re.findall(r"(?m)^\| `aegis-otel ([a-z-]+)`", README))
    shown = subprocess.run([*CLI, "--help"], env=clean_environment(), capture_output=True, text=True, check=True).stdout
    assert named == set(re.findall(r"(?m)^  ([a-z-]+)  ", shown.partition("Commands:")[2]))


def test_the_python_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", "import logging\nlog = logging.getLogger()\nlogging.basicConfig(level=20)\n" + code],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "importing" in done.stderr


def test_the_table_of_variables_is_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "readme.py", "--check"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
