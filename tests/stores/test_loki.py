"""`aegis-otel logs` on a real Loki."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores import Query, StoreError, loki
from aegis_otel.stores.loki import LokiStore
from tests.cli.conftest import ROOT, Run, clean_environment
from tests.support.processes import StartedProcess, free_ports, wait_for

NOW = time.time_ns() // 1_000_000_000 * 1_000_000_000


@pytest.fixture(scope="module")
def url(loki_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("loki")
    port, grpc_port = free_ports(2)
    variables = {"AEGIS_LOKI_PORT": str(port), "AEGIS_LOKI_GRPC_PORT": str(grpc_port), "AEGIS_LOKI_DATA": str(folder)}
    command = [loki_binary, f"-config.file={ROOT}/collector/loki/loki.yaml", "-config.expand-env=true"]
    with StartedProcess(command, log=folder / "loki.log", env=clean_environment(**variables), cwd=folder) as process:
        process.wait_until_healthy(f"http://127.0.0.1:{port}/ready", seconds=120)
        yield f"http://127.0.0.1:{port}"


def push(url: str, service: str, level: str, *entries: tuple[int, str, str]) -> None:
    """Entries (ns, line, correlation id) as the Collector has them in Loki."""
    values = [[str(moment), line, {"correlationId": correlation_id}] for moment, line, correlation_id in entries]
    body = {"streams": [{"stream": {"service": service, "level": level}, "values": values}]}
    request = urllib.request.Request(
        f"{url}/loki/api/v1/push", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=60).close()


def line(service: str, level: str, message: str, correlation_id: str) -> str:
    return json.dumps({"level": level, "message": message, "service": service, "correlationId": correlation_id})


def fill(url: str, service: str, level: str, count: int, correlation_id: str = "x", *, step_ns: int = 1000) -> None:
    entries = [
        (NOW - 10**9 + number * step_ns, line(service, level, f"{level} {number}", correlation_id), correlation_id)
        for number in range(count)
    ]
    push(url, service, level, *entries)


def test_filters_are_those_of_the_command_line(run: Run, url: str):
    for service in ("filters-a", "filters-b"):
        for level in ("debug", "info", "warn", "error"):
            fill(url, service, level, 2, f"{service}-id")
    found = run("logs", "--json", "--service", "filters-a", "--level", "warn", AEGIS_LOKI_URL=url)
    assert {each["message"] for each in found.records} == {"warn 0", "warn 1", "error 0", "error 1"}
    found = run("logs", "--json", "--correlation-id", "filters-b-id", AEGIS_LOKI_URL=url)
    assert len(found.records) == 8
    assert run("logs", "--json", "--service", "filters-a", "--since", "0s", AEGIS_LOKI_URL=url).records == []


def test_more_records_than_one_answer_of_loki_holds_are_fetched_in_order(url: str):
    fill(url, "many", "info", 6_500)
    # Many of them at the very same time, so that a page ends between them.
    fill(url, "many", "warn", 1_500, step_ns=0)
    messages = [each["message"] for each in LokiStore(url).newest(Query(service="many", limit=100_000))]
    assert len(messages) == len(set(messages)) == 8_000
    assert [text for text in messages if text.startswith("info")] == [f"info {number}" for number in range(6_500)]
    newest = [each["message"] for each in LokiStore(url).newest(Query(service="many", level="info", limit=3))]
    assert newest[-1] == "info 6499"
    assert len(newest) == 3


@pytest.mark.parametrize("value", ['a"} or {b="', "back\\slash`", "new\nline", "ü 世 👍", "{{.x}}", "\x7f"])
def test_any_value_is_found_and_changes_no_query(url: str, value: str):
    service = f"quoting {value}"
    push(url, service, "info", (NOW, line(service, "info", "found", value), value))
    store = LokiStore(url)
    assert [each["message"] for each in store.newest(Query(service=service, correlation_id=value))] == ["found"]


@given(st.text())
def test_a_quoted_value_has_no_end_inside(value: str):
    quoted = loki.quote(value)
    assert json.loads(quoted) == value
    assert "\n" not in quoted


def test_text_that_is_no_unicode_is_refused():
    with pytest.raises(StoreError, match="not valid text"):
        loki.quote("\udcff")


def test_lines_that_are_no_records_are_skipped_and_counted(run: Run, url: str):
    push(url, "foreign", "info", (NOW, "plain text", ""), (NOW + 1, line("foreign", "info", "json", ""), ""))
    done = run("logs", "--json", "--service", "foreign", AEGIS_LOKI_URL=url)
    assert [each["message"] for each in done.records] == ["json"]
    assert "1 line skipped" in done.err


def test_follow_shows_new_records_once(url: str):
    service, now = "follow", time.time_ns()
    push(url, service, "info", *((now + n, line(service, "info", f"old {n}", ""), "") for n in range(3)))
    seen: list[object] = []
    pushed = False

    def stopped() -> bool:
        nonlocal pushed
        if not pushed:
            # One with a time before those that are there: records of an app that was cut off come late.
            push(url, service, "info", (now - 10**9, line(service, "info", "late", ""), ""))
            push(url, service, "info", (time.time_ns(), line(service, "info", "new", ""), ""))
            pushed = True
        return {"late", "new"} <= set(seen) or time.monotonic() > deadline

    deadline = time.monotonic() + 60
    for each in LokiStore(url).follow(Query(service=service, limit=2), stopped):
        seen.append(each["message"])
    assert seen[:2] == ["old 1", "old 2"]
    assert sorted(map(str, seen[2:])) == ["late", "new"]


def test_an_answer_that_is_not_lokis_is_named(url: str):
    with pytest.raises(StoreError, match="refused the query with 404"):
        LokiStore(f"{url}/elsewhere").newest(Query())


def test_records_go_through_the_collector_into_loki(run: Run, url: str, collector: dict[str, str], tmp_path: Path):
    from tests.cli.test_up import Up

    running = Up(tmp_path, {**collector, "AEGIS_LOKI_URL": url}).wait_until_up()
    try:
        running.send(message="through", correlationId="through-1")
        # Without AEGIS_LOKI_URL: `logs` in the same folder knows which store is in use.
        done = wait_for(
            lambda: (d := run("logs", "--json", "--correlation-id", "through-1")).records and d, what="the record"
        )
        assert [(each["message"], each["service"]) for each in done.records] == [("through", "orders")]
        assert not (tmp_path / ".aegis/store/logs.jsonl").exists()
    finally:
        running.process.stop()
