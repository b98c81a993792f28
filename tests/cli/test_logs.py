"""`aegis-otel logs` on an embedded store, as a process."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest

from tests.cli.conftest import CLI, Run, clean_environment
from tests.support.processes import wait_for
from tests.support.stored import lines, record


def test_records_are_shown_for_people(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1, orderId=7), record(2, level="error")))
    done = run("logs")
    assert done.status == 0
    assert done.out.splitlines() == [
        "2026-01-31T12:00:01.000Z INFO  orders id-1  message 1 orderId=7",
        "2026-01-31T12:00:02.000Z ERROR orders id-2  message 2",
    ]


@pytest.mark.parametrize("closed", [".aegis", ".aegis/store", ".aegis/store/logs.jsonl"])
@pytest.mark.parametrize(
    "command",
    [
        ["logs"],
        ["logs", "--correlation-id", "id-1"],
        ["logs", "--follow"],
        ["logs", "--query", '{level="info"}'],
        ["logs", "--query", '{level="info"}', "--follow"],
        ["query", '{level="info"}'],
        ["query", 'sum by (level) (count_over_time({level="info"}[1h]))'],
        ["query", "--sql", "select * from stream"],
    ],
)
def test_a_store_of_somebody_else_is_a_clear_error(
    run: Run, store: Path, tmp_path: Path, closed: str, command: list[str]
):
    (store / "logs.jsonl").write_bytes(lines(record(1)))
    (tmp_path / closed).chmod(0)
    done = run(*command, obedient=True)
    (tmp_path / closed).chmod(0o700)
    assert done.status == 1, done
    assert "cannot be read" in done.err
    assert "Traceback" not in done.err


def test_json_gives_the_records_as_stored(run: Run, store: Path):
    stored = [record(1, extra={"a": [1, None, "ü\u202e\x1b"]}), record(2)]
    (store / "logs.jsonl").write_bytes(lines(*stored))
    done = run("logs", "--json")
    assert done.records == stored
    assert "\u202e" not in done.out


def test_filters_work_together(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(
        lines(
            record(1, correlationId="x", level="error"),
            record(2, correlationId="x", level="error", service="inventory"),
            record(3, correlationId="x"),
            record(4, correlationId="y", level="error"),
        )
    )
    done = run("logs", "--json", "--correlation-id", "x", "--level", "WARN", "--service", "orders")
    assert [each["message"] for each in done.records] == ["message 1"]


def test_since_leaves_out_older_records(run: Run, store: Path):
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    (store / "logs.jsonl").write_bytes(lines(record(1), record(2, timestamp=now)))
    assert [each["message"] for each in run("logs", "--json", "--since", "5m").records] == ["message 2"]


def test_the_limit_says_that_there_is_more(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(*map(record, range(10))))
    done = run("logs", "--json", "--limit", "3")
    assert [each["message"] for each in done.records] == ["message 7", "message 8", "message 9"]
    assert "only the newest 3" in done.err


def test_skipped_lines_are_counted_on_stderr(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1)) + b'{"torn')
    done = run("logs", "--json")
    assert len(done.records) == 1
    assert "1 line skipped" in done.err


def test_hostile_content_does_not_reach_the_terminal(run: Run, store: Path):
    hostile = "\x1b]0;pwned\x07\x1b[2J\x9b31m\r\u202e\u2028[bold]x[/bold]:smile:"
    everywhere = dict.fromkeys(("message", "service", "level", "timestamp", "logger", "correlationId"), hostile)
    (store / "logs.jsonl").write_bytes(lines(record(1, **everywhere, **{hostile: {hostile: hostile}}, error=hostile)))
    for options in ([], ["--json"]):
        done = run("logs", *options)
        assert done.status == 0
        bad = [c for c in done.out if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
        assert not bad
    assert "[bold]x[/bold]:smile:" in run("logs").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--level", "loud"], "error, warn, info or debug"),
        (["--since", "yesterday"], "90s, 5m, 1h30m"),
        (["--store", "seq"], "auto, file, loki or victorialogs"),
        (["--limit", "0"], "--limit"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_wrong_options_end_with_status_2_and_say_what_is_allowed(run: Run, arguments: list[str], said: str):
    done = run("logs", *arguments)
    assert done.status == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_missing_store_ends_with_status_1(run: Run):
    done = run("logs")
    assert (done.status, done.out) == (1, "")
    assert "aegis-otel up" in done.err
    assert "Traceback" not in done.err


def test_a_hostile_option_is_shown_escaped(run: Run):
    assert "\x1b" not in run("logs", "--level", "\x1b[2J").err


@pytest.mark.parametrize(("variable", "name"), [("AEGIS_LOKI_URL", "Loki"), ("AEGIS_VICTORIALOGS_URL", "VictoriaLogs")])
def test_an_unreachable_store_is_named_without_its_password(run: Run, variable: str, name: str):
    done = run("logs", **{variable: "http://user:sesame@127.0.0.1:9"})
    assert done.status == 1
    assert f"{name} at http://127.0.0.1:9 does not answer" in done.err
    assert variable in done.err
    assert "sesame" not in done.err + done.out
    assert "Traceback" not in done.err


def test_a_reader_that_ends_early_is_no_error(store: Path, tmp_path: Path):
    (store / "logs.jsonl").write_bytes(lines(*map(record, range(20_000))))
    command = " ".join([*CLI, "logs", "--limit", "20000"]) + " | head -n 1; exit ${PIPESTATUS[0]}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=clean_environment(), capture_output=True, timeout=60, check=False
    )
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""
    assert done.returncode == 0


class Terminal:
    """`aegis-otel` on a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execve(sys.executable, [*CLI, *arguments], clean_environment(TERM="xterm-256color"))
        self.pid = pid
        self.ended = False
        self.shown = ""

    def read(self) -> str:
        while select.select([self.fd], [], [], 0)[0]:
            try:
                part = os.read(self.fd, 65536)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            self.shown += part.decode()
        return self.shown

    def wait_for(self, text: str) -> None:
        wait_for(lambda: text in self.read(), what=f"{text!r} on the terminal")

    def type(self, text: bytes) -> None:
        os.write(self.fd, text)

    def status(self) -> int:
        def ended() -> tuple[int, int] | None:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.ended = pid != 0
            return (pid, status) if pid else None

        return os.waitstatus_to_exitcode(wait_for(ended, what="its end")[1])

    def close(self) -> None:
        if not self.ended:  # else another process may have its number by now
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def on_terminal(tmp_path: Path):
    terminals: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        terminals.append(Terminal(tmp_path, *arguments))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


def test_follow_on_a_terminal_is_coloured_safe_and_ends_with_ctrl_c(on_terminal, store: Path):
    live = store / "logs.jsonl"
    live.write_bytes(lines(record(1, level="error")))
    terminal = on_terminal("logs", "--follow")
    terminal.wait_for("message 1")
    with live.open("ab") as file:
        file.write(lines(record(2, message="evil \x1b[2J\x1b]0;t\x07")))
    terminal.wait_for("evil \\x1b[2J\\x1b]0;t\\x07")
    live.rename(store / "logs-1.jsonl")
    live.write_bytes(lines(record(3)))
    terminal.wait_for("message 3")
    terminal.type(b"\x03")
    assert terminal.status() == 0
    assert "Traceback" not in terminal.shown
    assert "\x1b[1;31mERROR" in terminal.shown
    assert "\x1b[2J" not in terminal.shown
    assert "\x1b]0" not in terminal.shown


def test_follow_into_a_pipe_shows_each_record_at_once(store: Path, tmp_path: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1)))
    process = subprocess.Popen(
        [*CLI, "logs", "--follow", "--json"], cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["message"] == "message 1"
        with (store / "logs.jsonl").open("ab") as file:
            file.write(lines(record(2)))
        assert json.loads(process.stdout.readline())["message"] == "message 2"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()
