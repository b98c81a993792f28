"""`aegis-otel up --query-port`, `aegis-otel query --serve`, and the command line as a client of what they serve."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import ROOT, Run
from tests.cli.test_up import Up
from tests.support.processes import free_port, http_is_ok, port_is_open, wait_for
from tests.support.query_api import QueryApi
from tests.support.stored import lines, recent

TOKEN = "sesame-open-4711-sesame"


@pytest.fixture
def up(tmp_path: Path, collector: dict[str, str]) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(*options: str, **variables: str) -> Up:
        started.append(Up(tmp_path, {**collector, **variables}, *options))
        return started[-1]

    yield start
    for each in started:
        each.process.stop()


def asked(port: int, token: str, query: str) -> httpx.Response:
    url = f"http://127.0.0.1:{port}/loki/api/v1/query_range"
    return httpx.get(url, params={"query": query}, headers={"authorization": f"Bearer {token}"}, trust_env=False)


def server_pid(running: Up) -> int:
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    [found] = [pid for pid in children if b"--serve" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return int(found)


def test_up_serves_what_it_stores_and_takes_the_server_with_it(up, tmp_path: Path):
    port = free_port()
    running = up("--query-port", str(port)).wait_until_up()
    token_file = tmp_path / ".aegis/query-token"
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    token = token_file.read_text().strip()
    shown = running.process.output()
    assert f"http://127.0.0.1:{port}" in shown
    assert str(token_file) in shown
    running.send(message="hello", correlationId="id-1")
    query = '{service="orders"} | json | correlationId="id-1"'
    answer = wait_for(
        lambda: (a := asked(port, token, query)).json()["data"]["result"] and a, what="the record in an answer"
    )
    [[_, line]] = answer.json()["data"]["result"][0]["values"]
    assert json.loads(line)["message"] == "hello"
    for pid in (running.process.pid, server_pid(running)):
        assert token.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    running.process.stop()
    assert not port_is_open(port)
    assert token not in running.process.output()
    loose = [p for p in (tmp_path / ".aegis").rglob("*") if stat.S_IMODE(p.stat().st_mode) & 0o077]
    assert loose == []


def test_without_the_option_there_is_no_server(up, tmp_path: Path):
    up().wait_until_up()
    assert not (tmp_path / ".aegis/query-token").exists()


def test_the_collector_goes_on_when_the_server_dies(up, run: Run):
    running = up("--query-port", str(port := free_port())).wait_until_up()
    os.kill(server_pid(running), signal.SIGKILL)
    running.process.wait_until(
        lambda: f"Start it again with: aegis-otel query --serve --port {port}" in running.process.output(),
        what="what happened",
    )
    running.send(message="after", correlationId="id-2")
    assert [each["message"] for each in run("logs", "--json", "-c", "id-2").records] == ["after"]
    os.kill(running.process.pid, signal.SIGTERM)
    assert running.process.wait() == 0


def test_a_server_whose_up_was_killed_ends_too(up):
    running = up("--query-port", str(port := free_port())).wait_until_up()
    os.kill(running.process.pid, signal.SIGKILL)
    wait_for(lambda: not port_is_open(port), what="the end of the server")


def test_a_port_in_use_is_told_with_how_to_choose_another(up, run: Run, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = up("--query-port", str(port))
        assert refused.process.wait() == 1
        assert f"port {port} (query API" in refused.process.output()
        assert "choose another with --query-port" in refused.process.output()
        done = run("query", "--serve", "--port", str(port))
        assert done.status == 1
        assert "choose another with --port" in done.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "nowhere"])
def test_it_listens_nowhere_else(run: Run, host: str):
    done = run("query", "--serve", "--host", host)
    assert done.status == 1
    assert "127.0.0.1" in done.err


def test_a_given_token_is_used_and_never_shown(tmp_path: Path):
    (tmp_path / ".aegis/store").mkdir(parents=True)
    with QueryApi(tmp_path / ".aegis", AEGIS_QUERY_TOKEN=TOKEN) as api:
        assert asked(api.port, TOKEN, '{service="x"}').status_code == 200
        assert asked(api.port, TOKEN[:-1], '{service="x"}').status_code == 401
        assert "AEGIS_QUERY_TOKEN" in api.process.output()
        assert TOKEN not in api.process.output()
    assert not (tmp_path / ".aegis/query-token").exists()


@pytest.mark.parametrize("arguments", [("query", "--serve"), ("up", "--query-port", "3999")])
def test_a_missing_package_is_named(run: Run, tmp_path: Path, collector: dict[str, str], arguments: tuple[str, ...]):
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/starlette.py").write_text("raise ModuleNotFoundError('starlette')")
    done = run(*arguments, **collector, PYTHONPATH=f"{tmp_path / 'hidden'}:{ROOT}")
    assert done.status == 1
    assert "pip install 'aegis-otel[query]'" in done.err


# The command line as a client


@pytest.fixture
def api(tmp_path: Path) -> Iterator[QueryApi]:
    store = tmp_path / "elsewhere/store"
    store.mkdir(parents=True)
    levels = ("error", "info", "info")
    (store / "logs.jsonl").write_bytes(lines(*(recent(n, level=levels[n % 3]) for n in range(9))))
    with QueryApi(store.parent) as started:
        yield started


def test_logs_reads_it_as_a_loki(run: Run, api: QueryApi):
    url = api.url_with_credentials
    done = run("logs", "--json", "--level", "error", "--since", "10m", AEGIS_LOKI_URL=url)
    assert [each["message"] for each in done.records] == ["message 0", "message 3", "message 6"]
    assert [each["message"] for each in run("logs", "--json", "-c", "id-4", AEGIS_LOKI_URL=url).records] == [
        "message 4"
    ]


def test_a_token_that_is_missing_is_told(run: Run, api: QueryApi):
    done = run("logs", AEGIS_LOKI_URL=api.url)
    assert done.status == 1
    assert "401" in done.err


def test_query_asks_a_loki_and_shows_the_same_as_of_the_embedded_store(run: Run, api: QueryApi):
    loki = {"AEGIS_LOKI_URL": api.url_with_credentials}
    file = {"AEGIS_DATA_DIR": str(api.data_dir)}
    asked = ('{service="orders"} |= "message"', '{service="orders"} | json | line_format "{{.message}}"', "1 + 1")
    for query in (*asked, 'sum by (level) (count_over_time({service="orders"}[1h]))'):
        shown = run("query", query, "--at", "0s", "--store", "loki", **loki)
        assert shown.status == 0, shown.err
        rows = [line.rpartition("Z")[2] for line in shown.out.splitlines()]
        assert rows == [line.rpartition("Z")[2] for line in run("query", query, "--at", "0s", **file).out.splitlines()]
        assert rows


def test_query_tells_what_a_loki_refuses(run: Run, api: QueryApi):
    done = run("query", '{service="orders"', "--store", "loki", AEGIS_LOKI_URL=api.url_with_credentials)
    assert done.status == 1
    assert "refused the query with 400: parse error at line 1, col 18" in done.err
    assert api.token not in done.err


def test_query_says_that_victorialogs_has_another_language(run: Run):
    done = run("query", '{service="orders"}', "--store", "victorialogs")
    assert done.status == 2
    assert "LogsQL, not LogQL" in done.err


def test_a_server_without_a_store_yet_says_nothing_of_paths(tmp_path: Path):
    with QueryApi(tmp_path / "data") as api:
        assert http_is_ok(f"{api.url}/ready")
        answer = asked(api.port, api.token, '{service="x"}')
        assert answer.status_code == 500
        assert str(tmp_path) not in answer.text
