"""Vector aggregations, operators and label_replace. Expectations are worked out by hand from the table below."""

from __future__ import annotations

import math

import pytest

from aegis_otel.stores import logql
from tests.stores.logql.entries import Listed, entry, samples

# (app, host): how many entries
TABLE = {("web", "h1"): 4, ("web", "h2"): 1, ("db", "h1"): 2, ("db", "h3"): 6}
SOURCE = Listed(
    [
        entry(number / 10, "x", {"app": app, "host": host})
        for (app, host), count in TABLE.items()
        for number in range(1, count + 1)
    ]
)
ALL = 'count_over_time({app=~".+"}[1m])'
WEB, DB = 'count_over_time({app="web"}[1m])', 'count_over_time({app="db"}[1m])'


def asked(query: str) -> dict[tuple[str, ...], float]:
    """The values by the values of their labels."""
    return {tuple(value for _, value in labels): number for labels, number in samples(SOURCE, query, 30).items()}


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (f"sum({ALL})", {(): 13}),
        (f"sum by (app) ({ALL})", {("web",): 5, ("db",): 8}),
        (f"sum({ALL}) by (app)", {("web",): 5, ("db",): 8}),
        (f"sum without (app) ({ALL})", {("h1",): 6, ("h2",): 1, ("h3",): 6}),
        (f"avg by (app) ({ALL})", {("web",): 2.5, ("db",): 4}),
        (f"min by (app) ({ALL})", {("web",): 1, ("db",): 2}),
        (f"max by (app) ({ALL})", {("web",): 4, ("db",): 6}),
        (f"count by (app) ({ALL})", {("web",): 2, ("db",): 2}),
        (f"stdvar by (app) ({ALL})", {("web",): 2.25, ("db",): 4}),
        (f"stddev by (app) ({ALL})", {("web",): 1.5, ("db",): 2}),
        (f"topk(2, {ALL})", {("db", "h3"): 6, ("web", "h1"): 4}),
        (f"approx_topk(2, {ALL})", {("db", "h3"): 6, ("web", "h1"): 4}),
        (f"bottomk(1, {ALL})", {("web", "h2"): 1}),
        (f"topk(1, {ALL}) by (app)", {("db", "h3"): 6, ("web", "h1"): 4}),
        (f"topk by (host) (1, {ALL})", {("db", "h3"): 6, ("web", "h1"): 4, ("web", "h2"): 1}),
        (f"sum(sum by (app) ({ALL}))", {(): 13}),
        (f"sum by (missing) ({ALL})", {(): 13}),
        (f"max(sum by (host) ({ALL}))", {(): 6}),
    ],
)
def test_series_are_aggregated(query, values):
    assert asked(query) == values


@pytest.mark.parametrize(
    ("query", "order"),
    [
        (f"topk(3, {ALL})", [6, 4, 2]),
        (f"bottomk(3, {ALL})", [1, 2, 4]),
        (f"sort({ALL})", [1, 2, 4, 6]),
        (f"sort_desc({ALL})", [6, 4, 2, 1]),
    ],
)
def test_the_order_of_what_is_sorted_stays(query, order):
    assert list(asked(query).values()) == order


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (f"{WEB} * 2", {("web", "h1"): 8, ("web", "h2"): 2}),
        (f"10 - {WEB}", {("web", "h1"): 6, ("web", "h2"): 9}),
        (f"{WEB} / 2 ^ 2", {("web", "h1"): 1, ("web", "h2"): 0.25}),
        (f"{WEB} % 3", {("web", "h1"): 1, ("web", "h2"): 1}),
        (f"{WEB} > 1", {("web", "h1"): 4}),
        (f"1 < {WEB}", {("web", "h1"): 4}),
        (f"{WEB} > bool 1", {("web", "h1"): 1, ("web", "h2"): 0}),
        (f"{WEB} == 1 or {WEB} == 4", {("web", "h1"): 4, ("web", "h2"): 1}),
        (f"{WEB} != 1", {("web", "h1"): 4}),
        (f"{WEB} + {WEB}", {("web", "h1"): 8, ("web", "h2"): 2}),
        (f"{WEB} + {DB}", {}),
        (f"{WEB} + on(host) {DB}", {("h1",): 6}),
        (f"{WEB} + ignoring(app) {DB}", {("h1",): 6}),
        (f"{WEB} > ignoring(app) {DB}", {("h1",): 4}),
        (f"{WEB} < bool on(host) {DB}", {("h1",): 0}),
        (
            f"{ALL} / on(app) group_left sum by (app) ({ALL})",
            {("web", "h1"): 0.8, ("web", "h2"): 0.2, ("db", "h1"): 0.25, ("db", "h3"): 0.75},
        ),
        (
            f"sum by (app) ({ALL}) - on(app) group_right {ALL}",
            {("web", "h1"): 1, ("web", "h2"): 4, ("db", "h1"): 6, ("db", "h3"): 2},
        ),
        (f"sum by (host) ({WEB}) * on(host) group_left(app) {DB}", {("db", "h1"): 8}),
        (f"{WEB} and on(host) {DB}", {("web", "h1"): 4}),
        (f"{WEB} unless on(host) {DB}", {("web", "h2"): 1}),
        (f"{WEB} or on(host) {DB}", {("web", "h1"): 4, ("web", "h2"): 1, ("db", "h3"): 6}),
        (f"sum({DB}) or vector(0)", {(): 8}),
        ('sum(count_over_time({app="none"}[1m])) or vector(0)', {(): 0}),
        ("vector(2) + vector(3)", {(): 5}),
        (f"{WEB} + 1 > 2 and {WEB}", {("web", "h1"): 5}),
        (f'label_replace({WEB}, "h", "$1!", "host", "h(.*)")', {("web", "1!", "h1"): 4, ("web", "2!", "h2"): 1}),
        (f'label_replace({WEB}, "host", "", "host", ".*1")', {("web",): 4, ("web", "h2"): 1}),
        (f'label_replace({WEB}, "h", "x", "host", "1")', {("web", "h1"): 4, ("web", "h2"): 1}),
    ],
)
def test_operators_match_series_by_their_labels(query, values):
    assert asked(query) == pytest.approx(values)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2 ^ 3 ^ 2", 512), ("-2 ^ 2", 4), ("10 % 4", 2), ("1 == 1", 1), ("1 > 2", 0),
        ("7 - 2 - 1", 4), ("8 / 2 / 2", 2), ("1 < bool 2", 1), ("1e3 + 0x10", 1016), ("-1 + -1", -2),
    ],
)  # fmt: skip
def test_numbers_are_reckoned_with_the_usual_precedence(expression, value):
    answer = logql.instant(SOURCE, expression, time_ns=0)
    assert isinstance(answer, logql.Scalar)
    assert answer.value == value


@pytest.mark.parametrize("expression", ["1 / 0", "1 % 0", "0 / 0"])
def test_a_division_by_zero_is_no_number(expression):
    answer = logql.instant(SOURCE, expression, time_ns=0)
    assert isinstance(answer, logql.Scalar)
    assert math.isnan(answer.value)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (f"sum by (app) ({ALL}) + on(app) {ALL}", "many-to-many matching not allowed"),
        (f"{ALL} + on(app) sum by (app) ({ALL})", "many-to-one matching must be explicit"),
        (f"{ALL} + on(host) group_left {ALL}", "many-to-many matching not allowed"),
        (f'label_replace({WEB}, "host", "same", "host", ".*")', "two series have the labels"),
    ],
)
def test_series_that_cannot_be_told_apart_are_refused(query, reason):
    with pytest.raises(logql.LogQLError, match=reason):
        asked(query)
