"""Answers as JSON: the shapes of "Query Loki" and "Query Loki over a range of time" in Loki's HTTP API."""

from __future__ import annotations

from aegis_otel.stores import logql
from aegis_otel.stores.logql.shapes import as_loki

LABELS = {"job": "a"}


def test_lines_are_streams_of_nanoseconds_and_texts():
    assert as_loki(logql.Streams([logql.Stream(LABELS, [(1_588_889_221_000_000_001, "line")])])) == {
        "resultType": "streams",
        "result": [{"stream": LABELS, "values": [["1588889221000000001", "line"]]}],
    }


def test_values_are_seconds_and_texts():
    assert as_loki(logql.Vector([logql.Sample(LABELS, 1_588_889_221_000_000_000, 1267.1266)])) == {
        "resultType": "vector",
        "result": [{"metric": LABELS, "value": [1588889221, "1267.1266"]}],
    }
    assert as_loki(logql.Matrix([logql.Series(LABELS, [(1_588_889_221_250_000_000, float("nan"))])])) == {
        "resultType": "matrix",
        "result": [{"metric": LABELS, "values": [[1588889221.25, "NaN"]]}],
    }
    assert as_loki(logql.Scalar(0, 2.0)) == {"resultType": "scalar", "result": [0, "2"]}
