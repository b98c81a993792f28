"""`aegis-otel query --sql` on an embedded store, as a process."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import unicodedata
from pathlib import Path

import pytest

from tests.cli.conftest import CLI, Run, clean_environment
from tests.support.processes import wait_for
from tests.support.stored import lines, record

HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x9b31m\r\u202e\u2028[bold]x[/bold]"


def test_records_are_shown_as_by_logs(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1, orderId=7), record(2, level="error")))
    query = run("query", "--sql", "select * from stream order by @t")
    assert query.status == 0
    assert query.out == run("logs").out


def test_other_rows_are_shown_as_a_table(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1), record(2), record(3, level="warn")))
    done = run("query", "--sql", "select level, count(*) as n from stream group by level order by n desc")
    assert [line.split() for line in done.out.splitlines() if "info" in line or "warn" in line] == [
        ["info", "│", "2"],
        ["warn", "│", "1"],
    ]


def test_json_gives_an_object_for_each_row(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1, orderId=7)))
    assert run("query", "--json", "--sql", "select * from stream").records == [record(1, orderId=7)]
    assert run("query", "--json", "--sql", "select @t, x, 1.5 as n from stream").records == [
        {"@t": "2026-01-31T12:00:01.000Z", "x": None, "n": 1.5}
    ]


def test_csv_has_a_line_of_names(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1, message='a "b", c'), record(2, message="two\nlines")))
    done = run("query", "--csv", "--sql", "select message, level, x from stream order by @t")
    assert list(csv.reader(io.StringIO(done.out))) == [
        ["message", "level", "x"],
        ['a "b", c', "info", ""],
        ["two\nlines", "info", ""],
    ]


def test_nothing_found_says_so(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1)))
    done = run("query", "--sql", "select * from stream where level = 'error'")
    assert (done.status, done.out) == (0, "")
    assert "nothing found" in done.err


def test_what_is_left_out_is_told_on_stderr(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(*map(record, range(5))) + b'{"torn')
    done = run("query", "--json", "--limit", "3", "--sql", "select message from stream")
    assert len(done.records) == 3
    assert "only the first 3 rows" in done.err
    assert "1 line skipped" in done.err


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
@pytest.mark.parametrize("query", ["select * from stream", "select message, extra from stream"])
def test_hostile_content_does_not_reach_the_terminal(run: Run, store: Path, form: list[str], query: str):
    (store / "logs.jsonl").write_bytes(lines(record(1, message=HOSTILE, **{HOSTILE: {HOSTILE: HOSTILE}})))
    done = run("query", *form, "--sql", query)
    assert done.status == 0
    assert "x[/bold]" in done.out
    assert not [c for c in done.out if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]


def test_a_wrong_query_shows_the_place_and_no_traceback(run: Run, store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1)))
    done = run("query", "--sql", f"select count( from stream -- {HOSTILE}")
    assert (done.status, done.out) == (1, "")
    assert "\n                ^" in done.err
    assert "Traceback" not in done.err
    assert "\x1b" not in done.err


def test_ctrl_c_ends_a_query(store: Path, tmp_path: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1)))
    endless = "select count(*) from range(100000000) a, range(100000000) b, stream where a.range <> b.range + 1"
    process = subprocess.Popen(
        [*CLI, "query", "--sql", endless], cwd=tmp_path, env=clean_environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(lambda: len(list(Path(f"/proc/{process.pid}/task").iterdir())) > 1, what="DuckDB's threads")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in said
    finally:
        process.kill()
        process.communicate()


def test_a_query_that_writes_is_refused(run: Run, store: Path, tmp_path: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1)))
    done = run("query", "--sql", f"copy stream to '{tmp_path}/out'")
    assert done.status == 1
    assert "COPY is refused" in done.err
    assert not (tmp_path / "out").exists()
