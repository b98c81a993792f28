"""`aegis-otel query` and `aegis-otel logs --query` on an embedded store, as processes."""

from __future__ import annotations

import contextlib
import datetime
import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import CLI, Run, clean_environment
from tests.support.processes import wait_for
from tests.support.stored import lines, record

AT = "2026-01-31T12:00:10Z"


@pytest.fixture
def filled(store: Path) -> Path:
    (store / "logs.jsonl").write_bytes(
        lines(record(1, responseTime=5), record(2, level="error", responseTime=9), record(3, service="inventory"))
    )
    return store


def test_a_log_query_shows_lines_the_oldest_first(run: Run, filled: Path):
    done = run("query", '{service="orders"} | line_format "{{.level}} {{.correlationId}}"', "--at", AT)
    assert (done.status, done.out.splitlines()) == (0, ["info id-1", "error id-2"])


def test_lines_before_the_last_hour_are_asked_for_with_since(run: Run, filled: Path):
    assert run("query", '{service="orders"}', "--at", "2026-02-01T12:00:00Z").out == ""
    done = run("query", '{service="orders"}', "--at", "2026-02-01T12:00:00Z", "--since", "2026-01-31T12:00:02Z")
    assert [each["message"] for each in done.records] == ["message 2"]


def test_the_newest_lines_are_shown_where_the_limit_cuts(run: Run, filled: Path):
    done = run("query", '{service=~".+"}', "--at", AT, "--limit", "1")
    assert [each["message"] for each in done.records] == ["message 3"]
    assert "only the newest 1 lines are shown" in done.err


def test_a_metric_query_shows_a_table(run: Run, filled: Path):
    done = run("query", 'sum by (level) (count_over_time({service="orders"}[1m]))', "--at", AT)
    rows = [line.split() for line in done.out.splitlines()[-2:]]
    assert [[cell for cell in row if cell not in "│|"] for row in rows] == [
        ["2026-01-31T12:00:10Z", '{level="error"}', "1"],
        ["2026-01-31T12:00:10Z", '{level="info"}', "1"],
    ]


def test_a_number_is_shown_alone(run: Run, filled: Path):
    assert run("query", "1 + 2 * 3").out == "7\n"


@pytest.mark.parametrize(
    ("query", "options", "answer"),
    [
        (
            'max_over_time({service="orders"} | json | unwrap responseTime [1m]) by (service)',
            [],
            {"resultType": "vector", "result": [{"metric": {"service": "orders"}, "value": [1769860810, "9"]}]},
        ),
        (
            'sum(count_over_time({service="orders"}[1s]))',
            ["--since", "2026-01-31T12:00:01Z", "--at", "2026-01-31T12:00:03Z", "--step", "1s"],
            {
                "resultType": "matrix",
                "result": [{"metric": {}, "values": [[1769860801, "1"], [1769860802, "1"]]}],
            },
        ),
        ("2", [], {"resultType": "scalar", "result": [1769860810, "2"]}),
        (
            '{service="inventory"} | keep service | line_format "x"',
            [],
            {
                "resultType": "streams",
                "result": [{"stream": {"service": "inventory"}, "values": [["1769860803000000000", "x"]]}],
            },
        ),
    ],
)
def test_json_gives_the_shapes_of_loki(run: Run, filled: Path, query: str, options: list[str], answer: object):
    done = run("query", query, "--json", *(options or ["--at", AT]))
    assert json.loads(done.out) == answer


@pytest.mark.parametrize("command", [["query"], ["logs", "--query"]])
def test_a_query_that_is_wrong_is_shown_with_a_caret(run: Run, filled: Path, command: list[str]):
    done = run(*command, '{service="orders"} | nonsense')
    assert done.status == 2
    assert done.err.splitlines()[-2:] == ['{service="orders"} | nonsense', " " * 29 + "^"]
    assert done.out == ""


def test_an_error_that_a_pipeline_leaves_is_said_as_loki_says_it(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1, responseTime="slow")))
    done = run("query", 'sum(sum_over_time({service="orders"} | json | unwrap responseTime [1m]))', "--at", AT)
    assert done.status == 2
    assert "pipeline error: 'SampleExtractionErr'" in done.err


def test_what_others_wrote_cannot_act_on_the_terminal(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1, level="\x1b[2J", message="\u202e\x1b[31m")))
    queries = (
        '{service="orders"} | json | line_format "{{.message}}"',
        'count_over_time({service="orders"}[1m])',
        '{service="orders"} | line_format "\\x1b]0;title\\a"',
    )
    for query in queries:
        for options in ([], ["--json"]):
            done = run("query", query, "--at", AT, *options)
            assert done.out
            assert "\x1b" not in done.out + done.err
            assert "\u202e" not in done.out
    assert "\x1b" not in run("query", '{service="\x1b[31m"').err


def test_the_store_in_use_is_asked_unless_another_is_named(run: Run, filled: Path):
    query = ("query", '{service="orders"}', "--at", AT)
    assert "127.0.0.1:9" in run(*query, AEGIS_LOKI_URL="http://127.0.0.1:9").err
    assert "message 2" in run(*query, "--store", "file", AEGIS_LOKI_URL="http://127.0.0.1:9").out
    assert "message 2" in run(*query).out


def test_sql_asks_the_embedded_store_whichever_is_in_use(run: Run, filled: Path):
    done = run("query", "--sql", "select count(*) as n from stream", "--json", AEGIS_LOKI_URL="http://127.0.0.1:9")
    assert done.records == [{"n": 3}]


def test_no_store_is_an_error_that_says_what_to_do(run: Run):
    done = run("query", '{service="orders"}')
    assert done.status == 1
    assert "aegis-otel up" in done.err


@pytest.mark.parametrize(
    "options", [["--since", "x"], ["--at", "x"], ["--step", "x"], ["--step", "0s"], ["--since", "1h", "--at", "2h"]]
)
def test_wrong_options_are_refused(run: Run, filled: Path, options: list[str]):
    assert run("query", '{service="orders"}', *options).status == 2


def test_logs_shows_the_records_that_a_query_finds(run: Run, filled: Path):
    done = run("logs", "--query", '{service="orders"} | json | responseTime > 5')
    assert done.out.splitlines() == ["2026-01-31T12:00:02.000Z ERROR orders id-2  message 2 responseTime=9"]
    assert [each["message"] for each in run("logs", "--query", '{level="info"}', "--json").records] == [
        "message 1",
        "message 3",
    ]


def test_logs_shows_lines_that_a_query_made(run: Run, filled: Path):
    assert run("logs", "--query", '{level="error"} | line_format "made {{.level}}"').out == "made error\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--query", "vector(1)"],
        ["--query", '{a="b"}', "--service", "x"],
        ["--query", '{a="b"}', "--store", "victorialogs"],
        ["--query", '{a="b"}', "--store", "loki", "--follow"],
    ],
)
def test_logs_refuses_what_a_query_does_not_go_with(run: Run, filled: Path, arguments: list[str]):
    done = run("logs", *arguments)
    assert (done.status, done.out) == (2, "")


def test_logs_follows_a_query(tmp_path: Path, filled: Path):
    command = [
        *CLI,
        "logs",
        "--query",
        '{service="orders"} | line_format "{{.correlationId}}"',
        "--follow",
        "--limit",
        "1",
    ]
    with subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "id-2\n"
            with (filled / "logs.jsonl").open("ab") as file:
                file.write(lines(record(5, service="other"), now("new")))
            assert process.stdout.readline() == "new\n"
        finally:
            process.send_signal(signal.SIGINT)
        assert wait_for(lambda: process.poll() is not None, what="the end after Ctrl-C")
        assert process.returncode == 0


def now(correlation_id: str) -> dict[str, object]:
    moment = datetime.datetime.now(datetime.timezone.utc)
    return record(timestamp=f"{moment:%Y-%m-%dT%H:%M:%S}.000Z", correlationId=correlation_id)


def test_a_disk_that_is_full_is_said_in_a_line(filled: Path, tmp_path: Path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*CLI, "query", "1 + 1"],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr.decode()) == (
        1,
        "aegis-otel: the output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize("command", [["query"], ["logs", "--query"]])
def test_ctrl_c_ends_a_long_query_quietly(store: Path, tmp_path: Path, command: list[str]):
    (store / "logs.jsonl").write_bytes(lines(record(1)) * 300_000)
    query = [*CLI, *command, '{service=~".+"} | json | message="none"', "--since", "2026-01-01"]
    with subprocess.Popen(
        query, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_for(lambda: reads(process, store / "logs.jsonl"), what="the query to read the store")
        process.send_signal(signal.SIGINT)
        assert process.communicate() == (b"", b"")
    assert process.returncode == 130


def reads(process: subprocess.Popen[bytes], path: Path) -> bool:
    opened = Path(f"/proc/{process.pid}/fd").iterdir()
    with contextlib.suppress(FileNotFoundError):
        return any(file.readlink() == path for file in opened)
    return False


STARTS_LIKE_CTRL_C = """
import sys
class Interrupted:
    def find_spec(self, name, path, target=None):
        if name == "aegis_otel.cli.commands":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from aegis_otel.cli import main
main()
"""


def test_ctrl_c_while_it_starts_ends_it_quietly(tmp_path: Path):
    command = [*CLI[:1], "-c", STARTS_LIKE_CTRL_C]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")
