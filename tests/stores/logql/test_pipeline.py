"""The stages of a pipeline. Expectations are worked out by hand, or from Loki's "Log queries", whose section is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stores.logql.entries import extracted, row, rows

ERROR = "__error__"


def texts(stages: str, *lines: str) -> list[str]:
    return [line for _, line in rows(stages, *lines)]


@pytest.mark.parametrize(
    ("stages", "left"),
    [
        ('|= "a"', ["a", "ab"]),
        ('|= "a" != "b"', ["a"]),
        ('|= "a" or "c"', ["a", "ab", "bc"]),
        ('!= "a" or "c"', []),
        ('|~ "^a"', ["a", "ab"]),
        ('|~ "^a$" or "c"', ["a", "bc"]),
        ('!~ "b"', ["a"]),
        ('|= "A"', []),
        ('|~ "(?i)A"', ["a", "ab"]),
        ('|= ""', ["a", "ab", "bc"]),
        ('|> "<_>b<_>"', ["ab", "bc"]),
        ('|> "b<_>"', ["bc"]),
        ('!> "<_>b"', ["a", "bc"]),
    ],
)
def test_line_filters_keep_or_discard(stages, left):
    assert texts(stages, "a", "ab", "bc") == left


def test_a_dot_of_a_line_filter_matches_line_feeds():
    """Log queries, Line filter expression."""
    assert texts('|~ "a.b"', "a\nb") == ["a\nb"]


@pytest.mark.parametrize(
    ("addresses", "left"),
    [
        ("192.168.4.5", [0]),
        ("192.168.4.5-192.168.4.20", [0, 1]),
        ("192.168.0.0/16", [0, 1]),
        ("2001:db8::/32", [2]),
    ],
)
def test_ip_finds_addresses_in_lines(addresses, left):
    lines = ["from 192.168.4.5:80 in", "x 192.168.4.20", "[2001:db8::1]:22", "1192.168.4.5", "none"]
    assert texts(f'|= ip("{addresses}")', *lines) == [lines[index] for index in left]


def test_ip_compares_labels():
    """Query examples, "filter on IP address": a network without one of its addresses."""
    lines = ["addr=192.168.4.2", "addr=192.168.4.9", "addr=10.0.0.1", "other=192.168.4.9"]
    stages = '| logfmt | addr = ip("192.168.4.5/16") | addr != ip("192.168.4.2")'
    assert texts(stages, *lines) == ["addr=192.168.4.9"]


# json

DOCUMENT = """{"protocol": "HTTP/2.0", "servers": ["129.0.1.1","10.2.1.3"], "request": {"time": "6.032", "method": "GET",
"host": "foo.grafana.net", "size": "55", "headers": {"Accept": "*/*", "User-Agent": "curl/7.68.0"}},
"response": {"status": 401, "size": "228", "latency_seconds": "6.031"}}"""


def test_json_flattens_objects_and_skips_lists():
    """Log queries, Parser expression, JSON: the example."""
    assert extracted("| json", DOCUMENT) == {
        "protocol": "HTTP/2.0",
        "request_time": "6.032",
        "request_method": "GET",
        "request_host": "foo.grafana.net",
        "request_size": "55",
        "request_headers_Accept": "*/*",
        "request_headers_User_Agent": "curl/7.68.0",
        "response_status": "401",
        "response_size": "228",
        "response_latency_seconds": "6.031",
    }


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        (
            r'first_server="servers[0]", ua="request.headers[\"User-Agent\"]"',
            {"first_server": "129.0.1.1", "ua": "curl/7.68.0"},
        ),
        (
            'server_list="servers", headers="request.headers"',
            {
                "server_list": '["129.0.1.1","10.2.1.3"]',
                "headers": '{"Accept": "*/*", "User-Agent": "curl/7.68.0"}',
            },
        ),
        ("servers", {"servers": '["129.0.1.1","10.2.1.3"]'}),
        ('s="response.status"', {"s": "401"}),
        ('a="nothing", b="servers[7]", c="protocol.x"', {}),
    ],
)
def test_json_with_fields_takes_only_these(fields, labels):
    """Log queries, Parser expression, JSON: with parameters."""
    assert extracted(f"| json {fields}", DOCUMENT) == labels


def test_numbers_stay_as_they_are_written():
    line = '{"a":1.50,"b":1e3,"c":12345678901234567890123,"d":-0}'
    assert extracted("| json", line) == {"a": "1.50", "b": "1e3", "c": "12345678901234567890123", "d": "-0"}


def test_numbers_are_texts_in_templates():
    assert texts('| json | line_format `{{ eq .n "5" }}{{ len .n }}{{ upper .n }}`', '{"n":5}') == ["true15"]


def test_true_and_false_are_texts_and_null_is_nothing():
    assert extracted("| json", '{"a":true,"b":false,"c":null}') == {"a": "true", "b": "false"}


@pytest.mark.parametrize(
    ("key", "label"), [("a.b", "a_b"), ("a-b c", "a_b_c"), ("5x", "_5x"), ("é", "_"), ("a:b", "a:b"), (" x ", "x")]
)
def test_names_are_made_fit_for_labels(key, label):
    assert extracted("| json", json.dumps({key: "v"})) == {label: "v"}


def test_of_a_name_that_comes_twice_the_first_value_stays():
    """Log queries, Parser expression: "if an extracted key appears twice, only the first label value will be kept"."""
    assert extracted("| json", '{"a":"1","a":"2","a ":"3"}') == {"a": "1"}
    assert extracted('| json | line_format "a=2 b=3" | logfmt', '{"a":"1"}') == {"a": "1", "b": "3"}


def test_a_label_of_the_stream_stays_and_the_extracted_one_gets_a_suffix():
    assert extracted("| json", '{"job":"b","x":"y"}') == {"job_extracted": "b", "x": "y"}
    assert extracted("| json job", '{"job":"b"}') == {"job_extracted": "b"}
    assert extracted("| logfmt", "job=b") == {"job_extracted": "b"}
    assert extracted('| pattern "<job>;"', "b;") == {"job_extracted": "b"}
    assert extracted('| regexp "(?P<job>b)"', "b") == {"job_extracted": "b"}


def test_structured_metadata_stays_too():
    found = rows("| json", '{"correlationId":"two"}', metadata={"correlationId": "one"})
    assert found == [({"correlationId_extracted": "two"}, '{"correlationId":"two"}')]


def test_a_condition_sees_stream_labels_metadata_and_extracted_labels():
    metadata = {"correlationId": "one"}
    stages = '| json | job="a" | correlationId="one" | x="y" | job_extracted="b"'
    assert len(rows(stages, '{"job":"b","x":"y"}', metadata=metadata)) == 1


@pytest.mark.parametrize("line", ["no json", '{"a":', "[1]", "5", '"text"', "", '{"a":NaN}', "{" * 5000, "[" * 200_000])
def test_what_is_no_json_object_stays_with_an_error(line):
    labels, text = row("| json", line)
    assert labels[ERROR] == "JSONParserErr"
    assert labels["__error_details__"]
    assert text == line


def test_errors_are_filtered_out_by_a_condition():
    assert texts('| json | __error__=""', '{"a":1}', "broken") == ['{"a":1}']
    assert texts('| json | __error__!=""', '{"a":1}', "broken") == ["broken"]
    assert texts('| json | __error__="JSONParserErr"', '{"a":1}', "broken") == ["broken"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.dictionaries(st.text(), x) | st.lists(x)
    )
)
def test_any_json_gives_labels_or_an_error(value):
    rows("| json", json.dumps(value))


# logfmt

LOGFMT = 'at=info method=GET path=/ host=grafana.net fwd="124.133.124.161" service=8ms status=200'


def test_logfmt_takes_all_pairs():
    """Log queries, Parser expression, logfmt: the example."""
    assert extracted("| logfmt", LOGFMT) == {
        "at": "info",
        "method": "GET",
        "path": "/",
        "host": "grafana.net",
        "fwd": "124.133.124.161",
        "service": "8ms",
        "status": "200",
    }


def test_logfmt_with_fields_takes_only_these():
    assert extracted('| logfmt host, fwd_ip="fwd"', LOGFMT) == {"host": "grafana.net", "fwd_ip": "124.133.124.161"}


@pytest.mark.parametrize("wrong", ["=value", "foo=bar=buzz", 'fo"o=bar', 'x="open'])
def test_strict_logfmt_stops_at_what_is_not_well_formed(wrong):
    """Log queries, Parser expression, logfmt: --strict."""
    assert extracted("| logfmt --strict", f"{wrong} b=2")[ERROR] == "LogfmtParserErr"
    if "open" not in wrong:
        assert extracted("| logfmt", f"a=1 {wrong} b=2") == {"a": "1", "b": "2"}


def test_keys_without_a_value_are_kept_when_asked_for():
    """Log queries, Parser expression, logfmt: --keep-empty. An empty label shows only that it was there."""
    assert extracted('| logfmt --keep-empty | line_format "[{{.debug}}]"', "debug a=1") == {"a": "1"}
    assert texts('| logfmt | debug=""', "debug a=1") == ["debug a=1"]


def test_logfmt_reads_escapes_in_quotes():
    assert extracted("| logfmt", r'msg="say \"hi\"\n" b=2') == {"msg": 'say "hi"\n', "b": "2"}


# pattern, regexp, unpack


def test_pattern_takes_what_stands_between_literals():
    """Log queries, Parser expression, Pattern: the example."""
    line = (
        '0.191.12.2 - - [10/Jun/2021:09:14:29 +0000] "GET /api/plugins/versioncheck HTTP/1.1" 200 2 "-"'
        ' "Go-http-client/2.0" "13.76.247.102, 34.120.177.193" "TLSv1.2" "US" ""'
    )
    stage = r'| pattern `<ip> - - <_> "<method> <uri> <_>" <status> <size> <_> "<agent>" <_>`'
    assert extracted(stage, line) == {
        "ip": "0.191.12.2",
        "method": "GET",
        "uri": "/api/plugins/versioncheck",
        "status": "200",
        "size": "2",
        "agent": "Go-http-client/2.0",
    }


def test_pattern_is_anchored_at_the_start_unless_it_begins_with_a_capture():
    assert extracted('| pattern "x=<x> "', "y x=1 z") == {}
    assert extracted('| pattern "<_>x=<x> "', "y x=1 z") == {"x": "1"}


def test_regexp_takes_named_groups():
    """Log queries, Parser expression, Regular expression: the example."""
    stage = r'| regexp "(?P<method>\\w+) (?P<path>[\\w|/]+) \\((?P<status>\\d+?)\\) (?P<duration>.*)"'
    assert extracted(stage, "POST /api/prom/api/v1/query_range (200) 1.5s") == {
        "method": "POST",
        "path": "/api/prom/api/v1/query_range",
        "status": "200",
        "duration": "1.5s",
    }
    assert extracted(stage, "nothing like it") == {}


def test_unpack_takes_labels_and_puts_the_entry_in_place_of_the_line():
    """Log queries, Parser expression, unpack: the example."""
    line = '{"container": "myapp", "pod": "pod-3223f", "_entry": "original log message"}'
    assert row("| unpack", line) == ({"container": "myapp", "pod": "pod-3223f"}, "original log message")


def test_decolorize_removes_escape_sequences():
    """Query examples: Log line formatting."""
    line = "[2022-11-04 22:17:57.811] \x1b[0;32mhttp\x1b[0m: GET /_health (0 ms) 204"
    assert row("| decolorize", line)[1] == "[2022-11-04 22:17:57.811] http: GET /_health (0 ms) 204"


# Conditions


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("n > 5", [10]),
        ("n >= 5", [5, 10]),
        ("n < 5", [-1, 1.5]),
        ("n <= 1.5", [-1, 1.5]),
        ("n = 5", [5]),
        ("n == 5.0", [5]),
        ("n != 5", [-1, 1.5, 10]),
        ("n > -2 and n < 0", [-1]),
        ("n > 5 or n < 0", [-1, 10]),
        ('n="5"', [5]),
        ('n!="5"', [-1, 1.5, 10]),
        ('n=~"1.*"', [1.5, 10]),
        ('n=~"1"', []),
        ('n!~"1.*"', [-1, 5]),
    ],
)
def test_numbers_and_texts_are_compared(condition, left):
    lines = [json.dumps({"n": n}) for n in (-1, 1.5, 5, 10)]
    assert [json.loads(line)["n"] for line in texts(f"| json | {condition}", *lines)] == left


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("d > 1s", ["1.5s", "1m", "1h30m"]),
        ("d >= 1h30m", ["1h30m"]),
        ("d < 100ms", ["99ms", "10us"]),
        ("d == 90m", ["1h30m"]),
        ("d > 1d", []),
    ],
)
def test_durations_are_compared(condition, left):
    lines = [f"d={text}" for text in ("99ms", "1.5s", "10us", "1m", "1h30m")]
    assert texts(f"| logfmt | {condition}", *lines) == [f"d={text}" for text in left]


@pytest.mark.parametrize(
    ("condition", "left"),
    [("s > 5KB", ["5KiB", "1MB"]), ("s = 5KiB", ["5KiB"]), ("s <= 5kB", ["12", "5000"]), ("s >= 1MB", ["1MB"])],
)
def test_sizes_are_compared(condition, left):
    lines = [f"s={text}" for text in ("12", "5000", "5KiB", "1MB")]
    assert texts(f"| logfmt | {condition}", *lines) == [f"s={text}" for text in left]


@pytest.mark.parametrize(
    "condition", ["x > 5", "x != 5", "x = 5m", "x > 5KB", 'x = ip("10.0.0.1")', 'x="5"', 'x=~".+"']
)
def test_a_label_that_is_missing_fulfils_no_condition_but_emptiness(condition):
    assert texts(f"| json | {condition}", '{"y":1}') == []
    assert texts('| json | x=""', '{"y":1}') == ['{"y":1}']
    assert texts('| json | x!="5"', '{"y":1}') == ['{"y":1}']


@pytest.mark.parametrize("condition", ["x > 5", "x > 5m", "x > 5KB"])
def test_a_label_that_cannot_be_compared_stays_with_an_error(condition):
    """Log queries, Label filter expression: the line is not filtered and an __error__ label is added."""
    assert extracted(f"| logfmt | {condition}", "x=abc")[ERROR] == "LabelFilterErr"


def test_only_a_text_condition_takes_out_an_entry_with_an_error():
    assert texts("| json | n > 5", "broken") == ["broken"]
    assert texts('| json | n = ip("10.0.0.1")', "broken") == ["broken"]
    assert texts('| json | n = "5"', "broken") == []


def test_and_binds_stronger_than_or():
    """grafana/loki pull request 23902: `and` is evaluated before `or`."""
    assert texts('| logfmt | a="1" or b="1" and c="1"', "a=1 b=0 c=0") == ["a=1 b=0 c=0"]
    assert texts('| logfmt | (a="1" or b="1") and c="1"', "a=1 b=0 c=0") == []


def test_comma_and_space_mean_and():
    for between in (" and ", ", ", " "):
        assert texts(f'| logfmt | a="1"{between}b="1"', "a=1 b=1", "a=1 b=2") == ["a=1 b=1"]


# Formatting


def test_line_format_makes_a_new_line():
    """Log queries, Line format expression: the example with div."""
    line = "ip=1.1.1.1 status=200 duration=3000"
    assert row('| logfmt | line_format "{{.ip}} {{.status}} {{div .duration 1000}}"', line)[1] == "1.1.1.1 200 3"


def test_a_template_that_fails_leaves_the_line_and_an_error():
    labels, line = row('| line_format "{{ div 1 0 }}"', "x")
    assert (labels[ERROR], line) == ("TemplateFormatErr", "x")


def test_label_format_renames_and_makes_labels():
    """Log queries, Labels format expression: renaming drops the source, a template keeps it."""
    assert extracted("| logfmt | label_format b=a", "a=1") == {"b": "1"}
    assert extracted('| logfmt | label_format b="{{.a}}{{.a}}"', "a=1") == {"a": "1", "b": "11"}
    assert extracted("| logfmt | label_format b=missing", "a=1") == {"a": "1"}
    assert extracted('| logfmt | label_format job="new"', "a=1") == {"a": "1", "job": "new"}


def test_drop_removes_labels():
    """Log queries, Drop Labels expression: the examples."""
    line = '{"level": "info", "method": "GET", "path": "/", "host": "grafana.net", "status": "200"}'
    assert extracted('| json | drop level, method="GET"', line) == {"host": "grafana.net", "path": "/", "status": "200"}
    assert extracted('| json | drop level, method="POST"', line)["method"] == "GET"
    assert extracted("| json | drop __error__, __error_details__", "INFO GET / loki.net 200") == {}


def test_keep_removes_all_other_labels():
    """Log queries, Keep Labels expression: the examples; the labels of errors stay."""
    lines = ['{"level": "info", "method": "GET", "path": "/"}', '{"level": "info", "method": "POST", "path": "/"}']
    found = rows('| json | keep level, method="GET"', *lines)
    assert [labels for labels, _ in found] == [{"level": "info", "method": "GET"}, {"level": "info"}]
    assert extracted("| json | keep level", "broken")[ERROR] == "JSONParserErr"
