"""`aegis-otel logs` on Loki: against its HTTP API as documented (`tests/support/loki_api.py`); no Loki is run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_up import Up
from tests.support.loki_api import NOW, LokiApi, fill, line
from tests.support.processes import wait_for


@pytest.fixture
def api() -> Iterator[LokiApi]:
    with LokiApi() as started:
        yield started


def test_filters_are_those_of_the_command_line(run: Run, api: LokiApi) -> None:
    for service in ("one", "other"):
        for level in ("debug", "info", "warn", "error"):
            fill(api, service, level, 2, f"{service}-id")
    found = run("logs", "--json", "--service", "one", "--level", "warn", AEGIS_LOKI_URL=api.url)
    assert {each["message"] for each in found.records} == {"warn 0", "warn 1", "error 0", "error 1"}
    found = run("logs", "--json", "--correlation-id", "other-id", AEGIS_LOKI_URL=api.url)
    assert len(found.records) == 8
    assert run("logs", "--json", "--service", "one", "--since", "0s", AEGIS_LOKI_URL=api.url).records == []


def test_lines_that_are_no_records_are_told(run: Run, api: LokiApi) -> None:
    api.push("orders", "info", (NOW, "plain text", ""), (NOW + 1, line("orders", "info", "json", ""), ""))
    done = run("logs", "--json", "--service", "orders", AEGIS_LOKI_URL=api.url)
    assert [each["message"] for each in done.records] == ["json"]
    assert "1 line skipped" in done.err


def test_a_nanosecond_that_no_answer_holds_is_an_error_and_not_a_part_of_the_records(run: Run, api: LokiApi) -> None:
    fill(api, "burst", "info", 6_000, step_ns=0)
    done = run("logs", "--limit", "100000", "--service", "burst", AEGIS_LOKI_URL=api.url)
    assert done.status != 0
    assert done.out == ""
    assert "5000 records or more at one nanosecond" in done.err


def test_records_go_through_the_collector_and_are_read_back(
    run: Run, api: LokiApi, collector: dict[str, str], tmp_path: Path
) -> None:
    variables = {**collector, "AEGIS_LOKI_URL": api.url, "AEGIS_LOKI_COMPRESSION": "gzip"}
    running = Up(tmp_path, variables).wait_until_up()
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
