"""What each path answers: functions of a source and parameters, which give the JSON of Loki's documentation."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

from aegis_otel import __version__
from aegis_otel.query_api._errors import RequestError
from aegis_otel.query_api._parameters import HOUR, Parameters, matchers
from aegis_otel.query_api._work import StoppedSource
from aegis_otel.stores import logql
from aegis_otel.stores.logql import series
from aegis_otel.stores.logql.shapes import as_loki

Answer = Callable[[StoppedSource, Parameters], dict[str, Any]]

_SIX_HOURS: Final = 6 * HOUR
"""Loki's default span where labels and series are asked for."""
_TOO_MANY_STEPS: Final = (
    "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter"
)


def query(source: StoppedSource, asked: Parameters) -> dict[str, Any]:
    """`/loki/api/v1/query`: the value of a metric query at one moment."""
    text, moment, limit = asked.query(), asked.moment("time", asked.now_ns), asked.limit()
    asked.direction()
    if logql.is_log_query(logql.parse(text)):
        raise RequestError(
            400,
            "log queries are not supported as an instant query type, please change your query to a range query type",
        )
    return _answer(source, lambda: logql.instant(source, text, time_ns=moment, limit=limit))


def query_range(source: StoppedSource, asked: Parameters) -> dict[str, Any]:
    """`/loki/api/v1/query_range`: lines, or the values of a metric query, from start to end."""
    text, limit, direction = asked.query(), asked.limit(), asked.direction()
    start, end = asked.span()
    step = asked.step(start, end)
    is_log = logql.is_log_query(logql.parse(text))
    if is_log and start == end:
        raise RequestError(400, "end timestamp must not be before or equal to start time")
    if not is_log and (end - start) // step > 11_000:
        raise RequestError(400, _TOO_MANY_STEPS)
    return _answer(
        source,
        lambda: logql.range_(
            source,
            text,
            start_ns=start,
            end_ns=end,
            step_ns=step,
            limit=limit,
            direction=direction,
            each_step=source.stop.check,
        ),
    )


def labels(source: StoppedSource, asked: Parameters) -> dict[str, Any]:
    """`/loki/api/v1/labels`: the names of the labels of streams."""
    return _success(sorted({name for stream in _streams(source, asked) for name in stream}))


def label_values(name: str) -> Answer:
    """`/loki/api/v1/label/<name>/values`: the values of one label."""

    def values(source: StoppedSource, asked: Parameters) -> dict[str, Any]:
        return _success(sorted({stream[name] for stream in _streams(source, asked) if name in stream}))

    return values


def all_series(source: StoppedSource, asked: Parameters) -> dict[str, Any]:
    """`/loki/api/v1/series`: the labels of each stream that one of the selectors finds."""
    return _success(_streams(source, asked, *matchers(asked.all("match[]", "match"))))


def index_stats(source: StoppedSource, asked: Parameters) -> dict[str, Any]:
    """`/loki/api/v1/index/stats`: how much a selector finds."""
    found = _volumes(source, asked)
    entries, size = sum(one.entries for one in found), sum(one.bytes for one in found)
    # There are no chunks; Loki has one or more for each stream.
    return {"streams": len(found), "chunks": len(found), "bytes": size, "entries": entries}


def index_volume(source: StoppedSource, asked: Parameters) -> dict[str, Any]:
    """`/loki/api/v1/index/volume`: the bytes of each stream, or of each value of `targetLabels`, the most first."""
    limit, end = asked.limit(), asked.span()[1]
    names = [name for name in asked.get("targetLabels").split(",") if name]
    by_label = asked.get("aggregateBy") == "labels"
    selector = logql.selector(logql.parse(asked.query()))
    wanted = names or [matcher.name for matcher in selector]
    sizes: dict[tuple[tuple[str, str], ...], int] = {}
    for one in _volumes(source, asked):
        shown = {name: value for name, value in one.labels.items() if name in wanted}
        keys = [((name, ""),) for name in (names or one.labels)] if by_label else [tuple(sorted(shown.items()))]
        for key in keys:
            sizes[key] = sizes.get(key, 0) + one.bytes
    most = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:limit]
    result = [{"metric": dict(key), "value": [end // 10**9, str(size)]} for key, size in most]
    return _success({"resultType": "vector", "result": result, "stats": {}})


def build_info(source: StoppedSource, asked: Parameters) -> dict[str, Any]:
    """`/loki/api/v1/status/buildinfo`: what this is; it is no Loki, and says so."""
    return {
        "version": __version__,
        "revision": "aegis-otel",
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    }


def as_bytes(answer: dict[str, Any]) -> bytes:
    """The JSON text."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _answer(source: StoppedSource, work: Callable[[], logql.Answer]) -> dict[str, Any]:
    begun = time.perf_counter()
    data = as_loki(work())
    summary = {"execTime": round(time.perf_counter() - begun, 6), "totalLinesProcessed": source.handed_out}
    return _success({**data, "stats": {"summary": summary}})


def _success(data: Any) -> dict[str, Any]:
    return {"status": "success", "data": data}


def _streams(source: StoppedSource, asked: Parameters, *selectors: str) -> list[dict[str, str]]:
    start, end = asked.span(_SIX_HOURS)
    texts = selectors or tuple(matchers(asked.all("query")))
    found = [logql.selector(logql.parse(text)) for text in texts if text != "{}"]
    return series.series(source, start, end, found or [()])


def _volumes(source: StoppedSource, asked: Parameters) -> list[series.Volume]:
    start, end = asked.span()
    return series.volumes(source, start, end, logql.selector(logql.parse(asked.query())))
