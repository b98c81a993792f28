"""The query API as a process: who may ask, what is refused, what is logged, and the tail."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import stat
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.processes import http_is_ok, wait_for
from tests.support.query_api import QueryApi
from tests.support.stored import lines, recent

pytestmark = pytest.mark.integration

LABELS = "/loki/api/v1/labels"
RANGE = "/loki/api/v1/query_range"
ALL = '{service="orders"}'


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueryApi]:
    data = tmp_path_factory.mktemp("api") / ".aegis"
    store = data / "store"
    store.mkdir(parents=True)
    (store / "logs.jsonl").write_bytes(lines(*(recent(n, level="error" if n % 5 == 0 else "info") for n in range(50))))
    with QueryApi(data) as started:
        yield started


# Who may ask


def test_without_a_token_nothing_is_told(api: QueryApi) -> None:
    answer = api.ask(LABELS, headers={"authorization": ""})
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert api.token not in answer.text


@pytest.mark.parametrize(
    "shown", ["Bearer wrong", "Bearer ", "Basic !!!", "Basic d3Jvbmc6d3Jvbmc=", "Digest x", "Bearer ü"]
)
def test_a_wrong_token_is_refused(api: QueryApi, shown: str) -> None:
    assert api.ask(LABELS, headers={"authorization": shown.encode().decode("latin-1")}).status == 401


def test_the_token_goes_as_bearer_or_as_the_password_of_any_user(api: QueryApi) -> None:
    assert api.ask(LABELS).status == 200
    assert api.ask(LABELS, headers=api.basic(api.token)).status == 200
    assert api.ask(LABELS, headers=api.basic("x" + api.token)).status == 401


@pytest.mark.parametrize("host", ["localhost:3100", "127.0.0.1", "[::1]:3100", "127.1.2.3"])
def test_this_machine_has_several_names(api: QueryApi, host: str) -> None:
    assert api.ask(LABELS, headers={"host": host}).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "0", ""]
)
def test_a_name_that_was_made_to_mean_this_machine_is_refused(api: QueryApi, host: str) -> None:
    assert api.ask(LABELS, headers={"host": host or " "}).status == 403


def test_no_page_of_another_site_may_read_an_answer(api: QueryApi) -> None:
    answer = api.ask(LABELS, headers={"origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_it_listens_on_loopback_only(api: QueryApi) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells the address of this machine towards others
        own = probe.getsockname()[0]
    if own.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(OSError):
        socket.create_connection((own, api.port), timeout=5)


# What is refused


def test_a_path_that_there_is_not_is_404(api: QueryApi) -> None:
    for path in ("/", "/loki/api/v1/push", "/config", "/metrics", "/loki/api/v1/delete"):
        assert api.ask(path).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_method_that_there_is_not_is_405(api: QueryApi, method: str) -> None:
    assert api.ask(LABELS, method=method).status == 405


def test_a_log_query_is_no_instant_query(api: QueryApi) -> None:
    answer = api.ask("/loki/api/v1/query", query=ALL)
    assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert (
        answer.text
        == "log queries are not supported as an instant query type, please change your query to a range query type"
    )


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ('{service="orders"', "line 1, col 18"),
        ('{service="orders"}\n | json | | x', "line 2, col 11"),
        ("", "line 1, col 1"),
    ],
)
def test_a_parse_error_names_its_place(api: QueryApi, query: str, place: str) -> None:
    answer = api.ask(RANGE, query=query)
    assert answer.status == 400
    assert answer.text.startswith(f"parse error at {place}: ")


def test_an_error_of_a_pipeline_is_400_with_its_name(api: QueryApi) -> None:
    answer = api.ask("/loki/api/v1/query", query=f"sum(rate({ALL} | json | unwrap message [1h]))")
    assert answer.status == 400
    assert answer.text.startswith("pipeline error: 'SampleExtractionErr' for series: ")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"limit": 5001}, "limit > max_entries_limit_per_query (5001 > 5000)"),
        ({"start": 2_000_000_000, "end": 1_900_000_000}, "end timestamp must not be before or equal to start time"),
        ({"query": f"rate({ALL}[1m])", "step": "1ms"}, "exceeded maximum resolution of 11,000 points"),
        ({"query": f"rate({ALL}[1m])", "step": 0}, "zero or negative query resolution"),
        ({"direction": "up"}, "invalid direction"),
        ({"start": "yesterday"}, "could not parse"),
    ],
)
def test_a_wrong_parameter_is_400_and_says_which(api: QueryApi, parameters: dict[str, Any], said: str) -> None:
    answer = api.ask(RANGE, **{"query": ALL, **parameters})
    assert answer.status == 400
    assert said in answer.text


def test_a_long_query_goes_by_post(api: QueryApi) -> None:
    long = ALL + ' != "x"' * 1_500
    assert len(long) > 10_000
    assert api.ask(RANGE, form={"query": long, "limit": 3}).json["data"]["result"]


def test_what_is_too_long_is_refused(api: QueryApi) -> None:
    assert api.ask(RANGE, query="x" * 70_000).status in (400, 414)
    assert api.ask(RANGE, form={"query": "x" * 200_000}).status == 400
    assert api.ask(RANGE, form={"query": "x" * 1_100_000}).status == 413
    assert api.ask(RANGE, form=[(f"p{n}", "") for n in range(300)]).status == 400


def test_broken_requests_end_nothing(api: QueryApi) -> None:
    for sent in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET " + b"a" * 200_000,
    ):
        with socket.create_connection(("127.0.0.1", api.port), timeout=30) as connection:
            # The server may close it before all is sent.
            with contextlib.suppress(OSError):
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
            connection.settimeout(30)
            with contextlib.suppress(ConnectionError):
                while connection.recv(65_536):
                    pass
    assert http_is_ok(f"{api.url}/ready")
    assert "Traceback" not in api.process.output()


# Answers


def test_a_post_form_answers_as_a_get(api: QueryApi) -> None:
    asked = {"query": ALL, "limit": 7, "direction": "forward"}
    assert api.ask(RANGE, form=asked).json["data"]["result"] == api.ask(RANGE, **asked).json["data"]["result"]


def test_another_tenant_is_no_matter(api: QueryApi) -> None:
    assert api.ask(LABELS, headers={"x-scope-orgid": "somebody"}).json == api.ask(LABELS).json


def test_an_answer_is_compressed_for_who_asks(api: QueryApi) -> None:
    asked = {"query": ALL, "direction": "forward"}
    packed = api.ask(RANGE, headers={"accept-encoding": "gzip"}, **asked)
    assert packed.headers["content-encoding"] == "gzip"
    plain = api.ask(RANGE, headers={"accept-encoding": "identity"}, **asked)
    assert "content-encoding" not in plain.headers
    unpacked = json.loads(gzip.decompress(packed.body))
    assert unpacked["data"]["result"] == plain.json["data"]["result"]


def test_ready_needs_no_token(api: QueryApi) -> None:
    answer = api.ask("/ready", headers={"authorization": ""})
    assert (answer.status, answer.text) == (200, "ready\n")


# What is logged


def test_each_request_is_logged_for_the_owner_alone(api: QueryApi) -> None:
    marked = '{service="marked for the log"}'
    api.ask(RANGE, query=marked, headers={**api.basic(api.token), "x-grafana-user": "alice"})
    api.ask(LABELS, headers={"authorization": "Bearer wrong"})
    log = api.data_dir / "query.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    noted = [json.loads(line) for line in log.read_text().splitlines()]
    [found] = [each for each in noted if each.get("query") == marked]
    assert (found["user"], found["grafanaUser"]) == ("grafana", "alice")
    assert found["statusCode"] == 200
    assert found["client"].startswith("127.0.0.1:")
    assert found["path"] == RANGE
    assert found["responseTime"] >= 0
    assert noted[-1]["statusCode"] == 401
    assert api.token not in log.read_text()


# The tail


@pytest.fixture
def own(tmp_path: Path) -> Iterator[QueryApi]:
    """A server whose store may be added to."""
    (tmp_path / ".aegis/store").mkdir(parents=True)
    with QueryApi(tmp_path / ".aegis") as started:
        yield started


def tail(api: QueryApi, query: str, **parameters: Any) -> connect:
    url = f"ws://127.0.0.1:{api.port}/loki/api/v1/tail?{urllib.parse.urlencode({'query': query, **parameters})}"
    return connect(url, additional_headers={"authorization": f"Bearer {api.token}"}, open_timeout=30)


def received(connection: ClientConnection, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        message = json.loads(connection.recv(timeout=30))
        assert set(message) == {"streams", "dropped_entries"}
        for stream in message["streams"]:
            assert all(isinstance(at, str) and at.isdigit() for at, _ in stream["values"])
            found += [json.loads(line) for _, line in stream["values"]]
    return found


def append(api: QueryApi, *records: dict[str, object]) -> None:
    with (api.data_dir / "store/logs.jsonl").open("ab") as file:
        file.write(lines(*records))


def test_a_tail_begins_with_the_newest_lines_and_goes_on_with_each_new_one(own: QueryApi) -> None:
    append(own, *(recent(n) for n in range(5)))
    with tail(own, ALL, limit=2) as connection:
        assert [each["message"] for each in received(connection, 2)] == ["message 3", "message 4"]
        append(own, recent(6), recent(7, service="other"), recent(8))
        assert [each["message"] for each in received(connection, 2)] == ["message 6", "message 8"]
        # A record of an app that was cut off comes late, and is new all the same.
        append(own, recent(1, message="late"), recent(1, message="late"))
        assert [each["message"] for each in received(connection, 2)] == ["late", "late"]


def test_a_tail_goes_on_through_a_rotation(own: QueryApi) -> None:
    live = own.data_dir / "store/logs.jsonl"
    append(own, recent(0))
    with tail(own, ALL) as connection:
        received(connection, 1)
        append(own, recent(1))
        live.rename(live.with_name("logs-1.jsonl"))
        append(own, recent(2))
        assert [each["message"] for each in received(connection, 2)] == ["message 1", "message 2"]


def test_a_tail_runs_the_pipeline(own: QueryApi) -> None:
    append(own, recent(0))
    with tail(
        own, ALL + ' | json | message=~".*[02]" | line_format "{\\"message\\":\\"got {{.message}}\\"}"'
    ) as connection:
        append(own, recent(1), recent(2))
        assert [each["message"] for each in received(connection, 2)] == ["got message 0", "got message 2"]


def test_a_tail_needs_the_token_and_a_log_query(own: QueryApi) -> None:
    with (
        pytest.raises(InvalidStatus) as raised,
        connect(f"ws://127.0.0.1:{own.port}/loki/api/v1/tail?query=%7B%7D", open_timeout=30),
    ):
        pass
    assert raised.value.response.status_code == 401
    for query in (f"rate({ALL}[1m])", '{service="'):
        with pytest.raises(InvalidStatus) as raised, tail(own, query):
            pass
        assert raised.value.response.status_code == 400
        assert (raised.value.response.body or b"").startswith(b"parse error")


def test_there_are_ten_tails_at_most(own: QueryApi) -> None:
    def another() -> bool:
        with tail(own, ALL):
            return True

    with contextlib.ExitStack() as opened:
        for _ in range(9):
            opened.enter_context(tail(own, ALL))
        with tail(own, ALL), pytest.raises(InvalidStatus) as raised:
            another()
        assert raised.value.response.status_code == 429
        assert wait_for(another, what="a place that is free again")


def test_it_stops_in_the_midst_of_a_query_and_a_tail(own: QueryApi) -> None:
    append(own, *(recent(n % 60) for n in range(20_000)))
    with tail(own, ALL, limit=1):
        asking = http.client.HTTPConnection("127.0.0.1", own.port, timeout=60)
        query = "query=quantile_over_time(0.5,%7Bservice=%22orders%22%7D%7Cjson%7Cunwrap%20x%5B1h%5D)&step=1"
        asking.request("GET", f"{RANGE}?{query}", headers={"authorization": f"Bearer {own.token}"})
        begun = time.monotonic()
        assert own.process.stop() == 0
        assert time.monotonic() - begun < 45  # of 60 s that the query may take
        asking.close()
