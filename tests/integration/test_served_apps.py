"""Apps under real servers: each request has one id, one record and the header, whatever the framework and the server.

No OpenTelemetry instrumentation of a framework is in force. One start of a server serves all checks of a row.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import wait_for
from tests.support.rows import CHOSEN, ROWS, Row, table


@pytest.fixture(scope="module", params=CHOSEN, ids=" ".join)
def row(request, tmp_path_factory) -> Iterator[Row]:
    way = "auto" if ROWS.index(request.param) % 2 else "instrument"
    found = Row(tmp_path_factory.mktemp("row"), request.param, way)
    yield found
    found.stop()


def messages(records: list[dict[str, Any]]) -> list[str]:
    return [record["message"] for record in records]


def test_a_request_has_one_id_everywhere(row):
    status, headers = row.get("/pay?number=7&x=%C3%BC", x_correlation_id="customers-id")
    records = row.of_request("/pay")
    assert (status, headers["x-correlation-id"]) == (200, "customers-id")
    assert {record["correlationId"] for record in records} == {"customers-id"}
    assert row.upstream.calls[-1]["x-correlation-id"] == "customers-id"
    own = [record for record in records if record["logger"] == "orders"]
    assert [(record["message"], record["level"], record.get("orderId")) for record in own] == [
        ("paying 7", "info", 7),
        ("paid 7", "warn", None),
    ]
    (completed,) = [record for record in records if record["logger"] == "aegis_otel.request"]
    assert completed["message"] == "HTTP Request Completed"
    assert (completed["method"], completed["url"], completed["statusCode"]) == ("GET", "/pay?number=7&x=%C3%BC", 200)
    assert completed["responseTime"] > 0


def test_a_request_that_fails_has_the_error_and_the_header(row):
    status, headers = row.get("/fail", x_correlation_id="fails")
    records = row.of_request("/fail")
    assert status == 500
    if row.answers_errors:
        assert headers["x-correlation-id"] == "fails"
    (failed,) = [record for record in records if record["logger"] == "aegis_otel.request"]
    assert failed["message"] == "HTTP Request Error"
    assert (failed["level"], failed["statusCode"]) == ("error", 500)
    assert (failed["errorName"], failed["errorMessage"]) == ("LookupError", "a bug")


def test_a_stream_that_breaks_is_an_error(row):
    row.get("/stream", x_correlation_id="streams")
    records = row.of_request("/stream")
    (failed,) = [record for record in records if record["logger"] == "aegis_otel.request"]
    assert (failed["message"], failed["statusCode"]) == ("HTTP Request Error", 200)
    assert "LookupError: broke midway" in failed["error"]["stack"]
    assert "streaming" in messages(records)


def test_late_lines_have_the_id(row):
    status, headers = row.get("/nowhere%20at%20all", x_correlation_id="missing")
    # An ASGI scope has the path decoded.
    records = row.of_request("/nowhere at all" if row.decodes_paths else "/nowhere%20at%20all")
    assert (status, headers["x-correlation-id"]) == (404, "missing")
    assert any(message.startswith("Not Found") for message in messages(records))


def test_the_id_that_the_app_answers_with_is_the_records(row):
    _, headers = row.get("/own", x_correlation_id="another")
    records = row.of_request("/own")
    assert headers["x-correlation-id"] == "the-apps-own"
    assert {record["correlationId"] for record in records} == {"the-apps-own"}


def test_ids_of_requests_never_mix(row):
    """On kept-alive connections of pooled threads, and at once."""
    before = len(row.upstream.calls)

    def ask(name: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", row.port, timeout=60)
        for number in range(5):
            given = {"X-Correlation-ID": f"{name}-{number}"} if number % 2 else {}
            connection.request("GET", f"/pay?mix={name}-{number}", headers=given)
            answer = connection.getresponse()
            answer.read()
            assert number % 2 == 0 or answer.headers["X-Correlation-ID"] == f"{name}-{number}"
        connection.close()

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def requests() -> list[dict[str, Any]]:
        return [record for record in row.records() if "mix=" in str(record.get("url", ""))]

    wait_for(lambda: len(requests()) >= 15, what="a record of each request")
    ids = [record["correlationId"] for record in requests()]
    assert len(set(ids)) == len(ids) == 15
    for correlation_id in ids:
        mine = [
            r["message"] for r in row.records() if r.get("correlationId") == correlation_id and r["logger"] == "orders"
        ]
        assert mine == ["paying 7", "paid 7"]
    assert sorted(call["x-correlation-id"] for call in row.upstream.calls[before:]) == sorted(ids)


def test_the_table_in_the_docs_has_the_rows_that_are_run():
    """`python -m tests.support.rows` prints it."""
    page = Path(__file__).resolve().parents[2] / "docs" / "frameworks.md"
    assert table() in page.read_text(encoding="utf-8")
