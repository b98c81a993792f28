"""Templates: the examples of Loki's "LogQL template functions" and of Go's text/template, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores.logql import _template
from aegis_otel.stores.logql._template_functions import TemplateError

LABELS = {
    "path": "/api/very/long", "method": "GET", "err": "ErrTimeout in x", "n": "7", "empty": "", "ip": "  1.1.1.1 ",
    "queries": '[{"query": "a", "n": 1.5}, {"query": "b"}]', "from": "1679577215", "size": "5 MiB", "took": "1m30s",
    "date": "2021-11-02",
}  # fmt: skip
TIME_NS = 1_750_897_341_578_999_999  # 2025-06-26T00:22:21.578999999Z


def rendered(template: str, line: str = "The Line") -> str:
    return _template.parse(template).render(LABELS, line, TIME_NS)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        # Loki's documentation, function by function
        ("{{ .path | replace `/` `_` | trunc 5 | upper }}", "_API_"),
        ("{{ if and (contains `he` `hello`) (contains `llo` `hello`) }} yes {{end}}", " yes "),
        ("{{ if contains `ErrTimeout` .err }}timeout{{else if contains `he` `hello`}}yes{{else}}no{{end}}", "timeout"),
        ("{{ if contains `X` .err }}timeout{{else if contains `he` `hello`}}yes{{else}}no{{end}}", "yes"),
        ("{{ __line__ | lower }}", "the line"),
        ("{{ __timestamp__ | date `2006-01-02T15:04:05.00Z-07:00` }}", "2025-06-26T00:22:21.57Z+00:00"),
        ("{{ __timestamp__ | unixEpoch }}", "1750897341"),
        (
            "{{ __timestamp__ | unixEpochMillis }} {{ unixEpochNanos __timestamp__ }}",
            "1750897341578 1750897341578999999",
        ),
        ("{{ .took | duration }} {{ duration_seconds .took }}", "90 90"),
        ("{{ toDate `2006-01-02` .date | unixEpoch }}", "1635811200"),
        ("{{ .date | toDateInZone `2006-01-02` `Europe/Berlin` | unixEpoch }}", "1635807600"),
        ("{{date `2006-01-02` (unixToTime .from)}}", "2023-03-23"),
        ("{{ alignLeft 5 `hello world`}}|{{ alignLeft 5 `hi`}}", "hello|hi   "),
        ("{{ alignRight 5 `hello world`}}|{{ alignRight 5 `hi`}}", "world|   hi"),
        ("{{ `hello` | b64enc }} {{ `aGVsbG8=` | b64dec }}", "aGVsbG8= hello"),
        ("{{ .size | bytes }} {{ bytes `2KB` }}", "5.24288e+06 2000"),
        ("{{ default `-` .empty }}{{ .nothing | default `-` }}{{ default `-` `foo` }}", "--foo"),
        ("{{ range $q := fromJson .queries }} {{ $q.query }} {{ end }}", " a  b "),
        ("{{ fromJson `nonsense` }}", ""),
        ("{{ lower `HELLO` }}{{ upper `x` }}{{ title `hello world` }}", "helloXHello World"),
        ("{{ indent 2 `a\nb` }}{{ nindent 1 `c` }}", "  a\n  b\n c"),
        ("{{ repeat 3 `hello` }}", "hellohellohello"),
        ("{{ printf `The IP address was %s` .method }}", "The IP address was GET"),
        ("{{ printf `%-6.2s|` .method }}{{ printf `%6s` .method }}", "GE    |   GET"),
        ("{{ replace `hello` `world` `hello world` }}", "world world"),
        ("{{ substr 0 5 `hello world`}}{{ substr 6 11 `hello world`}}{{ `abc` | substr -1 2 }}", "helloworldab"),
        (
            "{{ trim .ip }}{{ trimAll `$` `$5.00` }}{{ trimPrefix `-` `-hello` }}{{ trimSuffix `-` `hello-` }}",
            "1.1.1.15.00hellohello",
        ),
        ("{{ trunc 5 `hello world`}}|{{ trunc -5 `hello world`}}", "hello|world"),
        ("{{ urlencode `a b/c` }} {{ urldecode `a+b%2Fc` }}", "a+b%2Fc a b/c"),
        (
            "{{ if eq `GET` .method }}1{{ end }}{{ if hasPrefix `he` `hello` }}2{{ end }}{{ if hasSuffix `lo` `hello` }}3{{ end }}",
            "123",
        ),
        ("{{ add 3 2 5 }} {{ addf 3.5 2 5 }} {{ sub 5 2 }} {{ subf 5.5 2 1.5 }}", "10 10.5 3 2"),
        ("{{ mul 5 2 3}} {{ mulf 5.5 2 2.5 }} {{ div 10 2}} {{ divf 10 2 4}} {{ mod 10 3}}", "30 27.5 5 1.25 1"),
        ("{{ ceil 123.001 }} {{ floor 123.9999 }} {{ `3.5` | float64 }} {{ `3` | int }}", "124 123 3.5 3"),
        ("{{ max 1 2 3 }} {{ maxf 1 2.5 3 }} {{ min 1 2 3 }} {{ minf 1 2.5 3 }}", "3 3 1 1"),
        ("{{ round 123.555555 3 }} {{ round 123.88571428571 5 .2 }}", "123.556 123.88572"),
        ("{{ count `a|b` `abab` }} {{ __line__ | count `e` }}", "4 2"),
        ("{{ regexReplaceAll `(a*)bc` `aabcbc` `${1}x` }}", "aaxx"),
        ("{{ regexReplaceAllLiteral `(ts=)` `ts=1` `t$1=` }}", "t$1=1"),
        (
            "{{ Replace .path `/` `` -1 }}{{ ToUpper .method }}{{ TrimSpace .ip }}{{ Trim `xax` `x` }}",
            "apiverylongGET1.1.1.1a",
        ),
        # Go's text/template
        ("{{ .nothing }}|{{ .n }}", "|7"),
        ("{{/* a comment */}}x{{- /* and one that trims */ -}}   y", "xy"),
        ("a   {{- .n -}}   b", "a7b"),
        ("{{ with .n }}[{{ . }}]{{ else }}none{{ end }}{{ with .empty }}x{{ else }}none{{ end }}", "[7]none"),
        ("{{ $x := .n }}{{ if true }}{{ $x = `8` }}{{ $y := `9` }}{{ end }}{{ $x }}", "8"),
        ("{{ range $i, $q := fromJson .queries }}{{ if $i }},{{ end }}{{ $i }}={{ .query }}{{ end }}", "0=a,1=b"),
        ("{{ range fromJson `[1,2,3]` }}{{ if eq . 2.0 }}{{ continue }}{{ end }}{{ . }}{{ else }}none{{ end }}", "13"),
        ("{{ range fromJson `[1,2,3]` }}{{ if eq . 2.0 }}{{ break }}{{ end }}{{ . }}{{ end }}", "1"),
        ("{{ range fromJson `[]` }}x{{ else }}none{{ end }}", "none"),
        ("{{ $.method }}{{ range fromJson `[1]` }}{{ $.method }}{{ end }}", "GETGET"),
        ('{{ len `abc` }} {{ index (fromJson `["a","b"]`) 1 }} {{ (index (fromJson .queries) 0).query }}', "3 b a"),
        ("{{ and `` `b` }}|{{ or `` `b` }}|{{ not `` }}", "|b|true"),
        ("{{ eq 1 2 1 }} {{ ne 1 2 }} {{ lt 1 2 }} {{ ge `b` `a` }}", "true true true true"),
        ("{{ print 1 2 `x` 3 }} {{ println 1 `a` }}", "1 2x3 1 a\n"),
        (
            "{{ printf `%d %05d %x %q %v %5.1f %t %%` 5 42 255 `a` true 2.25 false }}",
            '5 00042 ff "a" true   2.2 false %',
        ),
        ("{{ printf `%d` `5` }}{{ printf `%s` }}", "%!d(string=5)%!s(MISSING)"),
        ('{{ html `<a href="x">` }} {{ urlquery `a b&` }}', "&lt;a href=&#34;x&#34;&gt; a+b%26"),
        ('{{ `a}}b` }}{{ "\\"q\\"" }}{{ \'x\' }}', 'a}}b"q"120'),
        ("no action", "no action"),
        ("", ""),
    ],
)
def test_a_template_is_rendered(template, text):
    assert rendered(template) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ .a", "{{ }}", "{{ end }}", "{{ if .a }}", "{{ else }}", "{{ if }}x{{ end }}", "{{ range .a }}",
        "{{ nofunction .a }}", "{{ .a .b }}", "{{ .a | }}", "{{ | .a }}", "{{ (.a }}", "{{ .a) }}", "{{ $x }}",
        "{{ $x := }}", "{{ break }}", "{{ 'ab' }}", '{{ "a }}', "{{ template `x` }}", "{{ define `x` }}{{ end }}",
        "{{ if .a }}{{ else }}{{ else }}{{ end }}", "{{ .a.b. }}", "{{ upper.a }}", "{{ $x = 1 }}", "{{ \x00 }}",
        "{{ if .a }}{{ $x := 1 }}{{ end }}{{ $x }}", "{{" + "(" * 100 + ".a" + ")" * 100 + "}}",
    ],
)  # fmt: skip
def test_what_is_no_template_is_refused(template):
    with pytest.raises(ValueError):
        _template.parse(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ div 1 0 }}", "{{ upper 5 }}", "{{ toDate `2006` `x` }}", "{{ toDateInZone `2006` `No/Zone` `2021` }}",
        "{{ repeat 2000000 `x` }}", "{{ `%!` | urldecode | b64dec }}", "{{ regexReplaceAll `(` `x` `y` }}", "{{ .n.x }}",
        "{{ index (fromJson `[]`) 5 }}", "{{ eq 1 `1` }}", "{{ printf `%99999999d` 5 }}", "{{ replace }}", "{{ bytes `x` }}",
        "{{ range fromJson `[1,2,3,4,5,6,7,8,9,0]` }}{{ repeat 1000000 `x` }}{{ end }}", "{{ alignLeft 99999999 `x` }}",
        "{{ $x := `ab` }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}",
        "{{ $x := 9 }}{{ range 40 }}{{ $x = mul $x $x }}{{ end }}",
        "{{ range 1000000 }}{{ end }}", "{{ range 1000000 }}{{ range 1000000 }}{{ end }}{{ end }}", "{{ slice `abc` 5 9 }}",
    ],
)  # fmt: skip
def test_what_fails_for_a_line_is_an_error_of_the_template(template):
    with pytest.raises(TemplateError):
        rendered(template)


@given(st.text(max_size=60), st.text(max_size=60))
def test_labels_are_never_read_as_templates(value, line):
    assert _template.parse("{{ .a }}{{ __line__ }}").render({"a": value}, line, 0) == value + line


@given(
    st.sampled_from(sorted(_template.FUNCTIONS)),
    st.lists(st.sampled_from(["1", "-3", "1.5", "`a`", "``", ".x", "$", "now", "nil"]), max_size=4),
)
def test_any_function_takes_or_refuses_any_arguments(name, arguments):
    template = _template.parse("{{ " + " ".join([name, *arguments]) + " }}")
    try:
        text = template.render({"x": "5"}, "line", 0)
    except TemplateError:
        return
    assert isinstance(text, str)
