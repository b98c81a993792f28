"""Counting by DuckDB gives what reading each line gives, or leaves it to that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aegis_otel.stores import logql
from aegis_otel.stores.logql import _ranges, series
from aegis_otel.stores.logql.embedded import EmbeddedSource

pytest.importorskip("duckdb")

SECOND = 10**9
BEGIN = 1_750_897_341 * SECOND  # 2025-06-26T00:22:21Z

TEXTS = st.sampled_from(
    ["", "a", "orders", "5", "05", "5.0", "1e3", "-7", "true", "null", "{", "[1]", "ü", 'x"y\\', "\n"]
)
VALUES = TEXTS | st.sampled_from(
    [0, -0.0, 5, 200, 404, 1.5, 1.50, 1e3, 1e-7, 2**70, True, False, None, [], [5], {"a": 5}]
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"at": st.integers(0, 20_000), "level": st.sampled_from(["info", "warn", "error"]), "message": TEXTS},
        optional={
            "service": VALUES,
            "environment": TEXTS,
            "complianceLevel": VALUES,
            "correlationId": VALUES,
            "statusCode": VALUES,
            "responseTime": st.integers(-5, 5000) | st.floats(0, 100) | TEXTS,
            "user": st.fixed_dictionaries({}, optional={"id": VALUES, "level": TEXTS}),
            "user_id": VALUES,
            "a": VALUES,
        },
    ),
    max_size=8,
)
BROKEN = st.lists(
    st.sampled_from(
        ["torn", '{"timestamp":"2025-06-26T00:22:22.000Z","lev', "[]", "5", "", "null", '{"level":"info"}', "\ufeff{}"]
        + [f'{{"timestamp":"{at}","level":"info"}}' for at in ("2025-06-26T00:22:21.5Z", "2025-06-26 00:22:22.000Z")]
        + [
            '{"timestamp":"2025-06-26T00:22:22.000Z","level":"info","level":"warn","a":1,"a":2}',
            '{"timestamp":null,"level":"info"}',
            '{"timestamp":5}',
        ]
    ),
    max_size=2,
)

SELECTORS = ['{level=~".+"}', '{level="info"}', '{service!="orders"}', '{level=~"info|warn", service=~".*a.*"}']
LINE_FILTERS = [
    '|= "a"', '|= ""', '!= "orders"', '|~ "(?i)ORD.rs"', '!~ "5|7"', '|= "a" or "5"', '|= "x\\"y"', '|> "<_>info<_>"',
]  # fmt: skip
AFTER_JSON = [
    '| level="info"', '| statusCode >= 400', '| statusCode=200', '| statusCode="200"', '| statusCode!=""',
    '| responseTime > 5', '| responseTime="5.0"', '| a=~"5|tr.*"', '| user_id="5"', '| correlationId="a"',
    '| service="a" or statusCode < 300', '| __error__=""', '| __error__!=""', '| missing=""', '| missing > 1',
    '| a != 5 and responseTime <= 100', '| level_extracted="info"', '| a > 1ms', '| keep level', '|= "1"',
]  # fmt: skip
BY = ["", "by (level) ", "by (service, environment) ", "by (statusCode) ", "by (a, level) ", "by (user_id) ",
      "by (correlationId) ", "by (complianceLevel, missing) ", "without (level) "]  # fmt: skip
OPS = ["count_over_time", "rate", "bytes_over_time", "bytes_rate"]


@st.composite
def queries(draw: st.DrawFn) -> str:
    stages = draw(st.lists(st.sampled_from(LINE_FILTERS), max_size=2))
    if draw(st.booleans()):
        stages.append(
            draw(st.sampled_from(["| json", "| json", "| json statusCode, a", '| json a="user.id"', "| logfmt"]))
        )
    stages += draw(st.lists(st.sampled_from(AFTER_JSON), max_size=2))
    length = draw(st.sampled_from(["5s", "7s", "1500ms", "1m"]))
    offset = draw(st.sampled_from(["", "", " offset 3s"]))
    log = f"{draw(st.sampled_from(SELECTORS))} {' '.join(stages)} [{length}]{offset}"
    if draw(st.integers(0, 7)) == 0:
        return f"absent_over_time({log})"
    return f"sum {draw(st.sampled_from(BY))}({draw(st.sampled_from(OPS))}({log}))"


def line(at: int, **fields: Any) -> str:
    moment = f"2025-06-26T00:22:{21 + at // 1000:02d}.{at % 1000:03d}Z"
    return json.dumps({"timestamp": moment, **fields}, ensure_ascii=False, separators=(",", ":"))


def answers(source: EmbeddedSource, query: str, ask: Callable[[EmbeddedSource, str], logql.Answer]) -> Any:
    try:
        return ask(source, query)
    except logql.LogQLError as error:
        return type(error)


def both(folder: Path, query: str, ask: Callable[[EmbeddedSource, str], logql.Answer]) -> tuple[Any, Any]:
    """The answer, and that without DuckDB."""
    counted = answers(EmbeddedSource(folder), query, ask)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EmbeddedSource, "tallies", lambda *ignored: None)
        return counted, answers(EmbeddedSource(folder), query, ask)


@given(
    RECORDS,
    BROKEN,
    queries(),
    st.integers(0, 25_000).map(lambda ms: BEGIN + ms * 10**6),
    st.sampled_from([None, 10**6, 700 * 10**6, SECOND, 3 * SECOND, 10 * SECOND, 1_500_000_001]),
    st.sampled_from([0, 0, 1, 999_999, -1]),
)
@example([{"at": 0, "level": "info", "message": ""}], [], 'absent_over_time({level=~".+"}[5s])', BEGIN, SECOND, 0)
def test_the_answer_is_the_same_as_without_duckdb(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[dict[str, Any]],
    broken: list[str],
    query: str,
    at: int,
    step: int | None,
    odd: int,
) -> None:
    folder = tmp_path_factory.mktemp("store")
    lines = [*broken, *(line(**one) for one in records)]
    (folder / "logs.jsonl").write_text("".join(one + "\n" for one in lines), encoding="utf-8")

    def ask(source: EmbeddedSource, text: str) -> logql.Answer:
        if step is None:
            return logql.instant(source, text, time_ns=at + odd)
        end = at + odd + 12 * step if step > 10**7 else at + odd + 300 * step
        return logql.range_(source, text, start_ns=at + odd, end_ns=end, step_ns=step)

    counted, read = both(folder, query, ask)
    assert counted == read


QUICK = [
    'sum by (level) (count_over_time({service=~".+"}[1h]))',
    'sum(rate({level="error"} |= "m" != "zz" |~ "(?i)M" [1h]))',
    'sum by (service) (bytes_over_time({level="error"} | json | statusCode >= 400 and method="GET" [1h]))',
    'sum by (method) (count_over_time({level="error"} | json | __error__="" [1h]))',
    'sum by (statusCode) (count_over_time({level="error"} | json | responseTime > 5 [1h]))',
    'sum(count_over_time({level="error"} | correlationId="c-1" [1h]))',
    'absent_over_time({level="error"}[1h])',
    'sum by (statusCode) (count_over_time({level="error"} | json statusCode | statusCode="500" [1h]))',
]


@pytest.mark.parametrize("query", QUICK)
@pytest.mark.parametrize("step", [None, 60 * SECOND])
def test_records_as_the_collector_writes_them_are_counted_without_reading_a_line(
    store: Path, monkeypatch: pytest.MonkeyPatch, query: str, step: int | None
) -> None:
    fields = {"service": "orders", "environment": "test", "correlationId": "c-1"}
    request = {"method": "GET", "statusCode": 500, "responseTime": 7.25, "error": {"name": "E", "stack": "a\nb"}}
    (store / "logs.jsonl").write_text(line(5, level="error", message="m", **fields, **request) + "\n")

    def never(*ignored: object) -> Any:
        raise AssertionError("lines are read")

    monkeypatch.setattr(EmbeddedSource, "entries", never)
    source = EmbeddedSource(store)
    if step is None:
        answer = logql.instant(source, query, time_ns=BEGIN + SECOND)
        assert isinstance(answer, logql.Vector)
        found = [one.value for one in answer.samples]
    else:
        ranged = logql.range_(source, query, start_ns=BEGIN + SECOND, end_ns=BEGIN + 3600 * SECOND, step_ns=step)
        assert isinstance(ranged, logql.Matrix)
        found = [value for one in ranged.series for _, value in one.points]
    assert (not found) == query.startswith("absent")


def test_more_streams_than_memory_may_hold_are_refused(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line(number, level="info", service=f"service-{number}") for number in range(100)]
    (store / "logs.jsonl").write_text("".join(one + "\n" for one in lines))
    monkeypatch.setattr(EmbeddedSource, "tallies", lambda *ignored: None)
    assert len(series.series(EmbeddedSource(store), BEGIN, BEGIN + SECOND, [()])) == 100
    monkeypatch.setattr(_ranges, "MOST_BYTES", 50_000)
    with pytest.raises(logql.LimitError, match="too many streams"):
        series.series(EmbeddedSource(store), BEGIN, BEGIN + SECOND, [()])


@given(RECORDS, BROKEN)
def test_streams_and_their_volumes_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], broken: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    lines = [*broken, *(line(**one) for one in records)]
    (folder / "logs.jsonl").write_text("".join(one + "\n" for one in lines), encoding="utf-8")
    span = (BEGIN + SECOND, BEGIN + 9 * SECOND)
    matchers = logql.selector(logql.parse('{level=~"info|warn"}'))
    counted = series.volumes(EmbeddedSource(folder), *span, matchers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EmbeddedSource, "tallies", lambda *ignored: None)
        assert counted == series.volumes(EmbeddedSource(folder), *span, matchers)
