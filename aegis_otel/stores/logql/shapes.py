"""Answers in the JSON shapes of Loki's HTTP API ("Query Loki", "Query Loki over a range of time")."""

from __future__ import annotations

from typing import Any

from aegis_otel.stores.logql._types import Answer, Matrix, Sample, Scalar, Series, Stream, Streams, Vector
from aegis_otel.stores.logql._units import format_number


def as_loki(answer: Answer) -> dict[str, Any]:
    """What Loki has in `data`: `resultType` and `result`. Times of lines are texts of nanoseconds, others seconds."""
    if isinstance(answer, Streams):
        return {
            "resultType": "streams",
            "result": [
                {"stream": stream.labels, "values": [[str(time_ns), line] for time_ns, line in stream.entries]}
                for stream in answer.streams
            ],
        }
    if isinstance(answer, Vector):
        return {
            "resultType": "vector",
            "result": [{"metric": one.labels, "value": _point(one.time_ns, one.value)} for one in answer.samples],
        }
    if isinstance(answer, Matrix):
        return {
            "resultType": "matrix",
            "result": [
                {"metric": one.labels, "values": [_point(time_ns, value) for time_ns, value in one.points]}
                for one in answer.series
            ],
        }
    return {"resultType": "scalar", "result": _point(answer.time_ns, answer.value)}


def _point(time_ns: int, value: float) -> list[float | int | str]:
    # Prometheus' times are milliseconds; whole seconds are written without a point.
    seconds, milliseconds = divmod(time_ns // 10**6, 1000)
    return [seconds + milliseconds / 1000 if milliseconds else seconds, format_number(value)]


def from_loki(data: dict[str, Any]) -> Answer:
    """The answer that Loki has in `data`.

    Raises:
        ValueError, KeyError, TypeError, IndexError, AttributeError: it has another shape.
    """
    kind, result = data["resultType"], data["result"]
    if kind == "streams":
        return Streams(
            [Stream(dict(one["stream"]), [(int(each[0]), str(each[1])) for each in one["values"]]) for one in result]
        )
    if kind == "vector":
        return Vector([Sample(dict(one["metric"]), *_sample(one["value"])) for one in result])
    if kind == "matrix":
        return Matrix([Series(dict(one["metric"]), [_sample(each) for each in one["values"]]) for one in result])
    if kind == "scalar":
        return Scalar(*_sample(result))
    raise ValueError(kind)


def _sample(point: list[Any]) -> tuple[int, float]:
    return round(point[0] * 1000) * 10**6, float(point[1])
