"""docs/query-api.md: what it says of Grafana and of limits is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from aegis_otel.query_api import _application, _guard, _parameters, _server, _tail, _work
from aegis_otel.stores.logql import _engine
from tests.support.query_api import QueryApi

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "query-api.md").read_text()


@pytest.mark.integration
def test_the_provisioned_data_source_gets_through(tmp_path: Path) -> None:
    (tmp_path / "data/store").mkdir(parents=True)
    [example] = re.findall(r"(?s)```yaml\n(.*?)```", PAGE)
    [source] = yaml.safe_load(example)["datasources"]
    assert (source["type"], source["access"], source["url"]) == ("loki", "proxy", "http://127.0.0.1:3100")
    with QueryApi(tmp_path / "data") as api:
        value = source["secureJsonData"]["httpHeaderValue1"].replace("$AEGIS_QUERY_TOKEN", api.token)
        # Grafana asks this when one saves a data source.
        answer = api.ask(
            "/loki/api/v1/query",
            query="vector(1)+vector(1)",
            headers={"authorization": "", source["jsonData"]["httpHeaderName1"]: value},
        )
        assert answer.status == 200


@pytest.mark.parametrize(
    "limit",
    [
        f"{_parameters.MOST_ENTRIES:,} (`max_entries",
        f"{_engine.MOST_STEPS:,}, {_engine.MOST_SERIES:,}, {_engine.MOST_VALUES:,}",
        f"{_work.SECONDS:g} s, then 504",
        f"{_work.AT_ONCE}, {_work.MOST_WAITING}; then 429",
        f"{_parameters.LONGEST_QUERY:,}; {_guard.LONGEST_URL:,}; {_application.LONGEST_BODY // 2**20} MiB",
        f"{_server.MEMORY // 2**30} GiB",
        f"at most {_tail.MOST} at once",
    ],
)
def test_limits_are_those_of_the_code(limit: str) -> None:
    assert limit in PAGE
