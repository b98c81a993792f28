"""The answers' form: the keys, the nesting and the types of the examples in Loki's documentation, on records known here.

From "Loki HTTP API": times of lines are texts of nanoseconds, times of values numbers of seconds, values texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from aegis_otel import __version__
from tests.support.query_api import QueryApi
from tests.support.stored import lines

pytestmark = pytest.mark.integration

START = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=30)
START_S = int(START.timestamp())
ALL = '{service="orders"}'


def stored(second: int, level: str, **fields: object) -> dict[str, object]:
    moment = START + timedelta(seconds=second)
    record = {"level": level, "message": f"at {second}", "service": "orders", "environment": "test"}
    return {"timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z", **record, **fields}


RECORDS = [
    stored(0, "info", correlationId="one"),
    stored(10, "error", correlationId="one"),
    stored(20, "info", correlationId="one"),
    stored(30, "info", service="inventory", complianceLevel="HIPAA"),
]
TEXTS = [lines(each).decode().rstrip("\n") for each in RECORDS]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueryApi]:
    data = tmp_path_factory.mktemp("documented") / ".aegis"
    (data / "store").mkdir(parents=True)
    (data / "store/logs.jsonl").write_bytes(lines(*RECORDS))
    with QueryApi(data) as started:
        yield started


def ns(second: int) -> str:
    return str((START_S + second) * 10**9)


def test_lines_of_a_range(api: QueryApi) -> None:
    answer = api.ask("/loki/api/v1/query_range", query=ALL, start=ns(0), end=ns(60), direction="backward")
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    data = answer.json["data"]
    assert answer.json == {"status": "success", "data": data}
    assert isinstance(data.pop("stats"), dict)
    labels = {"service": "orders", "environment": "test", "correlationId": "one"}
    assert data == {
        "resultType": "streams",
        "result": [
            {"stream": {**labels, "level": "error"}, "values": [[ns(10), TEXTS[1]]]},
            {"stream": {**labels, "level": "info"}, "values": [[ns(20), TEXTS[2]], [ns(0), TEXTS[0]]]},
        ],
    }


def test_lines_the_oldest_first(api: QueryApi) -> None:
    answer = api.ask("/loki/api/v1/query_range", query=ALL, start=ns(0), end=ns(60), direction="forward", limit=2)
    streams = answer.json["data"]["result"]
    assert sorted(value for stream in streams for value in stream["values"]) == [[ns(0), TEXTS[0]], [ns(10), TEXTS[1]]]


def test_a_start_is_in_the_range_and_an_end_is_not(api: QueryApi) -> None:
    answer = api.ask("/loki/api/v1/query_range", query=ALL, start=ns(0), end=ns(10))
    assert [stream["values"] for stream in answer.json["data"]["result"]] == [[[ns(0), TEXTS[0]]]]


def test_values_of_a_range(api: QueryApi) -> None:
    query = f"sum by (level) (count_over_time({ALL}[20s]))"
    answer = api.ask("/loki/api/v1/query_range", query=query, start=ns(10), end=ns(20), step="10")
    data = answer.json["data"]
    assert isinstance(data.pop("stats"), dict)
    assert data == {
        "resultType": "matrix",
        "result": [
            {"metric": {"level": "error"}, "values": [[START_S + 10, "1"], [START_S + 20, "1"]]},
            {"metric": {"level": "info"}, "values": [[START_S + 10, "1"], [START_S + 20, "1"]]},
        ],
    }


def test_values_of_one_moment(api: QueryApi) -> None:
    query = f"sum by (level) (rate({ALL}[1m]))"
    answer = api.ask("/loki/api/v1/query", query=query, time=f"{START_S + 40}.5")
    data = answer.json["data"]
    assert isinstance(data.pop("stats"), dict)
    assert data == {
        "resultType": "vector",
        "result": [
            {"metric": {"level": "error"}, "value": [START_S + 40.5, "0.016666666666666666"]},
            {"metric": {"level": "info"}, "value": [START_S + 40.5, "0.03333333333333333"]},
        ],
    }


def test_the_health_check_of_grafanas_data_source(api: QueryApi) -> None:
    answer = api.ask("/loki/api/v1/query", query="vector(1)+vector(1)", time=ns(0))
    assert answer.json["data"]["resultType"] == "vector"
    assert answer.json["data"]["result"] == [{"metric": {}, "value": [START_S, "2"]}]


def test_a_number_alone_is_a_scalar(api: QueryApi) -> None:
    data = api.ask("/loki/api/v1/query", query="1 + 1", time=ns(0)).json["data"]
    assert (data["resultType"], data["result"]) == ("scalar", [START_S, "2"])


def test_labels_values_and_series(api: QueryApi) -> None:
    names = {"status": "success", "data": ["complianceLevel", "environment", "level", "service"]}
    assert api.ask("/loki/api/v1/labels").json == names
    assert api.ask("/loki/api/v1/label/service/values").json == {"status": "success", "data": ["inventory", "orders"]}
    assert api.ask("/loki/api/v1/label/level/values", query='{service="inventory"}').json["data"] == ["info"]
    assert api.ask("/loki/api/v1/label/nothing/values").json == {"status": "success", "data": []}
    orders = [{"environment": "test", "level": level, "service": "orders"} for level in ("error", "info")]
    audit = {"complianceLevel": "HIPAA", "environment": "test", "level": "info", "service": "inventory"}
    assert api.ask("/loki/api/v1/series", **{"match[]": ALL}).json == {"status": "success", "data": orders}
    both = {"match[]": [ALL, '{complianceLevel=~".+"}']}
    assert api.ask("/loki/api/v1/series", **both).json["data"] == [audit, *orders]
    assert api.ask("/loki/api/v1/series", form=both).json["data"] == [audit, *orders]


def test_labels_are_those_of_the_span(api: QueryApi) -> None:
    assert api.ask("/loki/api/v1/label/service/values", start=ns(25), end=ns(60)).json["data"] == ["inventory"]
    assert api.ask("/loki/api/v1/labels", since="1m").json["data"] == []


def test_a_selector_is_no_pipeline(api: QueryApi) -> None:
    answer = api.ask("/loki/api/v1/series", **{"match[]": f'{ALL} |= "x"'})
    assert (answer.status, "only label matchers are supported" in answer.text) == (400, True)


def test_the_index_tells_how_much_there_is(api: QueryApi) -> None:
    size = sum(len(text) for text in TEXTS[:3])
    answer = api.ask("/loki/api/v1/index/stats", query=ALL).json
    assert answer == {"streams": 2, "chunks": 2, "entries": 3, "bytes": size}
    volume = api.ask("/loki/api/v1/index/volume", query=ALL, end=ns(60), start=ns(0)).json["data"]
    assert volume["resultType"] == "vector"
    assert volume["result"] == [{"metric": {"service": "orders"}, "value": [START_S + 60, str(size)]}]
    by_level = api.ask("/loki/api/v1/index/volume", query=ALL, targetLabels="level").json["data"]["result"]
    assert [each["metric"] for each in by_level] == [{"level": "info"}, {"level": "error"}]


def test_it_says_that_it_is_no_loki(api: QueryApi) -> None:
    info = api.ask("/loki/api/v1/status/buildinfo").json
    assert (info["version"], info["revision"]) == (__version__, "aegis-otel")
    assert json.dumps(info)
