"""Range aggregations and how they are evaluated. Expectations are worked out by hand from the entries listed beside them."""

from __future__ import annotations

import math

import pytest

from aegis_otel.stores import logql
from tests.stores.logql.entries import SECOND, Listed, entry, samples

X, Y = {"job": "a", "x": "1"}, {"job": "a", "x": "2"}
VALUES = Listed(
    [entry(at, f"v={value} size=2KB took=150ms", X) for at, value in ((10, 4), (20, 1), (30, 7), (40, 2))]
    + [entry(35, "v=10", Y), entry(36, "other", Y)]
)


def one(query: str, at: float = 40) -> float:
    [value] = samples(VALUES, query, at).values()
    return value


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [
        ("count_over_time({{x='1'}}[30s])", 3),
        ("rate({{x='1'}}[30s])", 0.1),
        ("bytes_over_time({{x='1'}}[30s])", 3 * 23),
        ("bytes_rate({{x='1'}}[30s])", 3 * 23 / 30),
        ("count_over_time({{x='1'}} |= 'v=7' [30s])", 1),
        ("bytes_over_time({{x='1'}} | line_format 'ab' [30s])", 6),
        ("sum_over_time({{x='1'}} | logfmt | unwrap v [30s])", 10),
        ("avg_over_time({{x='1'}} | logfmt | unwrap v [30s])", 10 / 3),
        ("min_over_time({{x='1'}} | logfmt | unwrap v [30s])", 1),
        ("max_over_time({{x='1'}} | logfmt | unwrap v [30s])", 7),
        ("first_over_time({{x='1'}} | logfmt | unwrap v [30s])", 1),
        ("last_over_time({{x='1'}} | logfmt | unwrap v [30s])", 2),
        ("stdvar_over_time({{x='1'}} | logfmt | unwrap v [30s])", 62 / 9),
        ("stddev_over_time({{x='1'}} | logfmt | unwrap v [30s])", math.sqrt(62 / 9)),
        ("quantile_over_time(0.5, {{x='1'}} | logfmt | unwrap v [30s])", 2),
        ("quantile_over_time(0.75, {{x='1'}} | logfmt | unwrap v [30s])", 4.5),
        ("rate({{x='1'}} | logfmt | unwrap v [30s])", 10 / 30),
        ("sum_over_time({{x='1'}} | logfmt | unwrap bytes(size) [30s])", 6000),
        ("sum_over_time({{x='1'}} | logfmt | unwrap duration(took) [30s])", 0.45),
        ("sum_over_time({{x='1'}} | logfmt | unwrap duration_seconds(took) [30s])", 0.45),
        ("sum_over_time({{x='1'}} | logfmt | unwrap v | v > 1 [30s])", 9),
        ("absent_over_time({{x='3'}}[30s])", 1),
    ],
)
def test_a_function_has_the_value_of_its_window(aggregation, value):
    query = aggregation.replace("'", '"').replace("{{", "{").replace("}}", "}")
    assert one(f"sum({query})") == pytest.approx(value)


def test_a_window_is_open_on_its_left_and_closed_on_its_right():
    assert one('sum(count_over_time({x="1"}[20s]))', at=30) == 2
    assert one('sum(count_over_time({x="1"}[20s]))', at=29.999999999) == 2
    assert one('sum(count_over_time({x="1"}[10s]))', at=30) == 1


def test_offset_moves_the_window_back_or_forth():
    assert one('sum_over_time({x="1"} | logfmt | unwrap v | drop_="" [10s] offset 10s)') == 7
    assert one('sum(count_over_time({x="1"}[30s] offset 10s))') == 3
    assert one('sum(count_over_time({x="1"}[10s] offset -10s))', at=20) == 1


def test_a_series_with_nothing_in_its_window_is_not_there():
    assert samples(VALUES, 'count_over_time({x="1"}[5s])', 99) == {}


def test_each_stream_and_each_extracted_label_makes_a_series():
    assert samples(VALUES, 'count_over_time({job="a"}[1m])', 40) == {tuple(X.items()): 4, tuple(Y.items()): 2}
    assert samples(VALUES, 'count_over_time({job="a"} | logfmt | keep v [15s])', 40) == {
        (("v", "7"),): 1, (("v", "2"),): 1, (("v", "10"),): 1, (): 1,
    }  # fmt: skip


def test_structured_metadata_makes_a_series_too():
    source = Listed([entry(1, "x", metadata={"correlationId": name}) for name in ("one", "two", "two")])
    assert samples(source, 'count_over_time({job="a"}[5s])', 2) == {
        (("correlationId", "one"), ("job", "a")): 1,
        (("correlationId", "two"), ("job", "a")): 2,
    }
    assert samples(source, 'sum(count_over_time({job="a"}[5s]))', 2) == {(): 3}


def test_the_unwrapped_label_is_no_label_of_the_series():
    found = samples(VALUES, 'max_over_time({x="1"} | logfmt v="v" | unwrap v [1m])', 40)
    assert found == {tuple(X.items()): 7}


@pytest.mark.parametrize(
    ("grouping", "labels"),
    [("by (x)", {(("x", "1"),): 7, (("x", "2"),): 10}), ("by ()", {(): 10}), ("without (x)", {(("job", "a"),): 10})],
)
def test_a_range_aggregation_can_be_grouped(grouping, labels):
    query = f'max_over_time({{job="a"}} | logfmt v="v" | unwrap v [1m]) {grouping}'
    assert samples(VALUES, query, 40) == labels


def test_entries_without_the_unwrapped_label_are_left_out():
    assert one('sum(sum_over_time({x="2"} | logfmt | unwrap v [1m]))') == 10


def test_a_value_that_is_no_number_fails_the_query_unless_it_is_filtered_out():
    source = Listed([entry(1, "v=1"), entry(2, "v=abc")])
    with pytest.raises(logql.PipelineError, match="SampleExtractionErr"):
        samples(source, 'sum(sum_over_time({job="a"} | logfmt | unwrap v [5s]))', 3)
    assert samples(source, 'sum(sum_over_time({job="a"} | logfmt | unwrap v | __error__="" [5s]))', 3) == {(): 1}


@pytest.mark.parametrize(
    ("pipeline", "kind"),
    [("| json", "JSONParserErr"), ("| v > 5", "LabelFilterErr"), ("| logfmt --strict", "LogfmtParserErr")],
)
def test_an_error_that_is_left_fails_a_metric_query_as_loki_says_it(pipeline, kind):
    source = Listed([entry(1, "=", {"job": "a", "v": "x"})])
    query = f'sum(count_over_time({{job="a"}} {pipeline} [5s]))'
    with pytest.raises(logql.PipelineError) as failed:
        samples(source, query, 3)
    assert failed.value.reason.startswith(f"pipeline error: '{kind}' for series: ")
    assert f'(e.g | __error__!="{kind}")' in failed.value.reason
    assert failed.value.position == 4
    assert samples(source, query.replace(" [5s]", ' | __error__="" [5s]'), 3) == {}


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        ('{job="none"}', {"job": "none"}),
        ('{job="none", x!="1"}', {"job": "none"}),
        ('{job="none", x=~".+"}', {"job": "none"}),
        ('{job="none", y="2"}', {"job": "none", "y": "2"}),
        ('{job="none", job!="a"}', {}),
    ],
)
def test_what_is_absent_has_the_labels_that_the_selector_tells(selector, labels):
    assert samples(VALUES, f"absent_over_time({selector}[1m])", 40) == {tuple(sorted(labels.items())): 1}
    assert samples(VALUES, 'absent_over_time({job="a"}[1m])', 40) == {}


def test_a_counter_is_extrapolated_to_its_window():
    """Prometheus' rate: 6 gained in 30 s of 40 s, first value 4: 10 s between samples, so 5 s before are added... see below.

    Samples at 10, 20, 30, 40 s: 4, 1, 7, 2. Resets at 20 and 40 s add 4 and 7: gained = 2 - 4 + 4 + 7 = 9. Zero would have
    been 30 * 4 / 9 = 13.3 s before the first, beyond 1.1 times the 10 s between samples, so half of these, 5 s, is added:
    9 * 35 / 30 / 60.
    """
    assert one('rate_counter({x="1"} | logfmt v="v" | unwrap v [1m])') == pytest.approx(9 * 35 / 30 / 60)


def test_entries_need_not_come_in_order():
    shuffled = Listed([VALUES.entries_[index] for index in (3, 0, 2, 1)])
    assert samples(shuffled, 'sum(last_over_time({x="1"} | logfmt | unwrap v | keep_="" [1m]))', 40) == samples(
        Listed(VALUES.entries_[:4]), 'sum(last_over_time({x="1"} | logfmt | unwrap v | keep_="" [1m]))', 40
    )
    found = samples(shuffled, 'first_over_time({x="1"} | logfmt v="v" | unwrap v [1m])', 40)
    assert list(found.values()) == [4]


def test_a_range_query_has_a_value_at_each_step_both_ends_included():
    answer = logql.range_(
        VALUES,
        'sum by (x) (count_over_time({job="a"}[10s]))',
        start_ns=10 * SECOND,
        end_ns=40 * SECOND,
        step_ns=10 * SECOND,
    )
    assert answer == logql.Matrix(
        [
            logql.Series({"x": "1"}, [(at * SECOND, 1.0) for at in (10, 20, 30, 40)]),
            logql.Series({"x": "2"}, [(40 * SECOND, 2.0)]),
        ]
    )


def test_a_number_is_a_scalar_at_a_moment_and_a_series_over_a_range():
    assert logql.instant(VALUES, "1 + 2 * 3", time_ns=5) == logql.Scalar(5, 7.0)
    assert logql.range_(VALUES, "2", start_ns=0, end_ns=2, step_ns=1) == logql.Matrix(
        [logql.Series({}, [(0, 2.0), (1, 2.0), (2, 2.0)])]
    )


def test_series_that_would_take_too_much_memory_are_refused():
    labels = [{"job": "a", "name": f"{number}" + "x" * 1_000_000} for number in range(250)]
    source = Listed([entry(1, "x", one) for one in labels])
    assert samples(source, "sum(count_over_time({job='a'}[1m]))".replace("'", '"'), 2) == {(): 250}
    for query in ('count_over_time({job="a"}[1m])', 'vector(1) or (vector(2) or count_over_time({job="a"}[1m]))'):
        with pytest.raises(logql.LimitError, match="too many series to hold in memory: group them"):
            samples(source, query, 2)


def test_an_answer_with_too_many_values_is_refused():
    source = Listed([entry(1, "x", {"job": "a", "number": f"{number}"}) for number in range(1000)])
    query = 'count_over_time({job="a"}[1h])'
    logql.range_(source, query, start_ns=SECOND, end_ns=1000 * SECOND, step_ns=SECOND)
    with pytest.raises(logql.LimitError, match="more than 1,000,000 values: use a longer step"):
        logql.range_(source, query, start_ns=SECOND, end_ns=1001 * SECOND, step_ns=SECOND)


def test_too_many_steps_are_refused():
    with pytest.raises(logql.LimitError, match="11,000"):
        logql.range_(VALUES, "1", start_ns=0, end_ns=12_000, step_ns=1)


# Log queries


def lines(query: str, **more: object) -> list[tuple[int, str]]:
    answer = logql.range_(VALUES, query, start_ns=0, end_ns=40 * SECOND, step_ns=1, **more)  # type: ignore[arg-type]
    assert isinstance(answer, logql.Streams)
    return [(time_ns // SECOND, stream.labels["x"]) for stream in answer.streams for time_ns, _ in stream.entries]


def test_lines_come_by_stream_the_newest_first_and_without_the_end():
    assert lines('{job="a"}') == [(30, "1"), (20, "1"), (10, "1"), (36, "2"), (35, "2")]
    assert lines('{job="a"}', direction="forward") == [(10, "1"), (20, "1"), (30, "1"), (35, "2"), (36, "2")]


def test_the_limit_holds_for_all_streams_together():
    assert lines('{job="a"}', limit=3) == [(30, "1"), (36, "2"), (35, "2")]
    assert lines('{job="a"}', limit=3, direction="forward") == [(10, "1"), (20, "1"), (30, "1")]


def test_lines_of_one_nanosecond_stay_in_the_order_of_the_store():
    source = Listed([entry(1, text) for text in "abc"])
    for direction, limited in (("forward", ["a", "b"]), ("backward", ["c", "b"])):
        answer = logql.range_(
            source, '{job="a"}', start_ns=0, end_ns=2 * SECOND, step_ns=1, limit=2, direction=direction
        )
        assert [line for _, line in answer.streams[0].entries] == limited
