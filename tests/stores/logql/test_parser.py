"""The parser: what is refused and where, hostile texts, nesting."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores import logql
from tests.stores.logql import corpus

WORDS = [
    "{", "}", "(", ")", "[5m]", "[", "]", ",", "|", "|=", "|~", "!=", "!~", "=", "==", "=~", ">", ">=", "<", "+", "-", "*",
    "/", "^", "%", '"x"', '"(?P<a>x)"', "`{{.a}}`", "5", "5m", "5KB", "app", "job", "json", "logfmt", "pattern", "regexp",
    "unwrap", "rate", "sum", "by", "without", "topk", "count_over_time", "quantile_over_time", "offset", "bool", "on",
    "group_left", "and", "or", "unless", "vector", "label_replace", "keep", "drop", "ip", "--strict", "#", "\n",
    '{app="x"}', "label_format", "line_format", "decolorize", "unpack",
]  # fmt: skip


def position_of_refusal(query: str) -> int:
    """Where it is refused; 0 where it is taken."""
    try:
        logql.parse(query)
    except logql.LogQLError as error:
        return error.position if str(error) else -1
    return 0


def refusal(query: str) -> logql.LogQLError:
    with pytest.raises(logql.LogQLError) as refused:
        logql.parse(query)
    return refused.value


@given(st.text(max_size=200))
def test_any_text_is_taken_or_refused(text):
    assert 0 <= position_of_refusal(text) <= len(text)


@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_any_words_of_the_language_are_taken_or_refused(text):
    assert 0 <= position_of_refusal(text) <= len(text)


@given(st.sampled_from([*corpus.listed(corpus.TAKEN), *corpus.shipped()]), st.data())
def test_a_query_with_a_piece_cut_out_is_taken_or_refused(query, data):
    begin = data.draw(st.integers(0, len(query)))
    end = data.draw(st.integers(begin, len(query)))
    with contextlib.suppress(logql.LogQLError):
        logql.parse(query[:begin] + data.draw(st.sampled_from(["", "(", '"', "{{", "\\", "\x00"])) + query[end:])


@given(st.text(alphabet='{}|.$"`()=:-, \nabifelsndrg0159', max_size=60))
def test_any_template_is_taken_or_refused(text):
    quoted = text.replace("`", "'")
    with contextlib.suppress(logql.LogQLError):
        logql.parse('{a="b"} | line_format `' + quoted + "`")


@given(st.text(alphabet="()[]{}*+?|^$\\.,-abd019PQE<>:i", max_size=30))
def test_any_regular_expression_is_taken_or_refused(text):
    with contextlib.suppress(logql.LogQLError):
        logql.parse('{a="b"} |~ `' + text + "`")


@pytest.mark.parametrize(
    "query",
    [
        "(" * 5_000 + "1" + ")" * 5_000,
        "sum(" * 5_000,
        "2^" * 5_000 + "2",
        "1+" * 5_000 + "1",
        '{a="b"} | ' + "(" * 5_000,
        '{a="b"} | x="1"' + ' and x="1"' * 5_000,
        "rate(" + "(" * 5_000 + '{a="b"}',
        '{a="b"} | line_format "' + "{{if .a}}" * 5_000 + '"',
        '{a="b"} | line_format "{{' + "(" * 5_000 + '"',
        '{a="b"} |~ "' + "(" * 5_000 + '"',
        "1 " * 100_000,
    ],
    ids=lambda query: query[:30],
)
def test_what_is_too_deep_or_too_long_is_refused(query):
    refusal(query)


def test_an_error_shows_the_line_and_a_caret_under_the_place():
    assert str(refusal('{job="a"}\n| json\n| status > > 5')) == (
        "a string in quotes, a number, a duration or a size is missing\n| status > > 5\n           ^"
    )


def test_an_error_in_a_very_long_line_shows_what_is_around_the_place():
    shown = str(refusal('{job="' + "x" * 1000 + '"} | nonsense')).splitlines()
    assert shown[1].endswith('"} | nonsense')
    assert shown[2].index("^") == len(shown[1])


@pytest.mark.parametrize(
    ("query", "position", "reason"),
    [
        ('sum(rate({a="b"}))', 16, "a range such as [5m] is missing"),
        ("histogram_quantile(0.9, x)", 0, "histogram_quantile is no function of LogQL, or one that is not supported"),
        ("{a='b'}", 3, "a string is written in double quotes or backticks"),
        ('{a="b"} | json |= "x', 18, 'the string is not closed with "'),
        ('{a="b"} | unwrap x', 10, "unwrap stands in a range aggregation only, such as sum_over_time(… [5m])"),
        ('{a=~".*"}', 0, 'one condition at least must not match the empty value, as in {service=~".+"}'),
        ('{json="x"}', 1, "json is a word of LogQL, so it cannot be a label's name"),
        ('rate({a="b"}[5])', 13, "a range is a duration greater than 0 with its unit, such as [5m]"),
        ("", 0, "the query ends too early"),
    ],
)
def test_an_error_says_what_is_wrong_and_where(query, position, reason):
    error = refusal(query)
    assert (error.position, error.reason) == (position, reason)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'"a\"b\\c"', 'a"b\\c'),
        (r'"\t\n\a\x41\u00e9\U0001F600\101"', "\t\n\aAé😀A"),
        (r'"\xc3\xa9"', "é"),
        (r"`a\nb`", r"a\nb"),
        ("`a\nb`", "a\nb"),
        ('"# no comment"', "# no comment"),
    ],
)
def test_strings_are_read_as_go_reads_them(written, meant):
    query = logql.parse("{a=" + written + "}")
    assert query.root.matchers[0].value == meant


def test_a_log_query_is_told_from_a_metric_query():
    assert logql.is_log_query(logql.parse('{a="b"} | json'))
    assert not logql.is_log_query(logql.parse('rate({a="b"}[1m])'))
