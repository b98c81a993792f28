"""Regular expressions: the same with google-re2 and with Python's `re`, as RE2's syntax page says, or refused."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_otel.stores.logql import _regex
from aegis_otel.stores.logql._translate import translate


@pytest.fixture(params=["re2", "re"])
def engine(request, monkeypatch):
    """Each of the two ways; the first where google-re2 is installed."""
    if request.param == "re2":
        pytest.importorskip("re2")
    else:
        monkeypatch.setattr(_regex, "_re2", None)
    _regex.compiled.cache_clear()
    yield
    _regex.compiled.cache_clear()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a.c", "xabcx", True),
        ("(?i)ABC", "xabc", True),
        ("(?i)straße", "STRAßE", True),
        ("x(?i:A)b", "xab", True),
        ("x(?i:A)B", "xab", False),
        ("x(?i)A", "xa", True),
        ("^a$", "a\n", False),
        ("(?m)^a$", "b\na\nc", True),
        (r"^\d+$", "٣", False),
        (r"^\w+$", "é", False),
        (r"\bx\b", "éxé", True),
        (r"^\s$", "\u00a0", False),
        ("^[[:alpha:]]+$", "abc", True),
        ("^[[:digit:][:space:]]+$", "1 2", True),
        (r"\Qa.b\E", "a.b", True),
        (r"\Qa.b\E", "axb", False),
        (r"\x41\x{42}", "AB", True),
        (r"\Aab\z", "ab", True),
        ("a{2}", "caac", True),
        ("a{2,}b", "aaab", True),
        ("a{,2}", "a{,2}", True),
        ("a|b|", "x", True),
        ("(?P<n>a)(?<m>b)", "ab", True),
        ("[a-c&&x]", "&", True),
        ("[]a]", "]", True),
        ("[^a]", "a", False),
        (r"\.\*\[", ".*[", True),
        ("a+?b??", "aab", True),
        ("", "", True),
        (r"^(\S+ {1,2}){3}", "a b  c d", True),
    ],
)
def test_an_expression_means_what_re2_says(pattern, text, found):
    assert bool(_regex.compiled(pattern).search(text)) == found


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "pattern",
    [
        "(", ")", "a)(b", "[", "*", "a**", "a++", "a*+", "+a", "|*", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", r"(a)\1", "(?P=n)",
        "(?>a)", "(?#c)", "(?P<n", "a{1001}", "a{2,1}", r"\8", r"\y", "(?z)a", "[[:nothing:]]", "[b-a]", "\\",
        r"\x{110000}", "(?i", "(?a:b)", "(?L:x)", "(?x) a",
    ],
)  # fmt: skip
def test_what_re2_refuses_is_refused(pattern):
    with pytest.raises(ValueError):
        _regex.compiled(pattern)


@pytest.mark.usefixtures("engine")
def test_the_parts_around_a_pattern_do_not_make_it_right():
    with pytest.raises(ValueError):
        _regex.whole("a)|(b")


@pytest.mark.usefixtures("engine")
def test_a_matcher_takes_the_whole_value_and_its_dot_no_line_feed():
    """Log queries, Log stream selector: the regex must match against the entire string."""
    assert _regex.whole("my.+")("mysql")
    assert not _regex.whole("my")("mysql")
    assert not _regex.whole("a|b")("ab")
    assert not _regex.whole("my.+")("my\nsql")
    assert _regex.whole("(?s)my.+")("my\nsql")


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a*)*b", "((a|b)+c*)*d", "(a+b?)+", r"(\w+\s?)*$", "(?:a{2,})+", "((ab)+)+"]
)
def test_without_google_re2_nothing_that_grows_exponentially_is_taken(pattern):
    with pytest.raises(re.error, match="re2"):
        translate(pattern)


def test_with_google_re2_it_is_taken_and_is_quick():
    pytest.importorskip("re2")
    begin = time.process_time()
    assert _regex.compiled("(a+)+$").search("a" * 50_000 + "b") is None
    assert time.process_time() - begin < 20


@pytest.mark.parametrize("pattern", [r"\pL", r"\p{Greek}", "(?U)a+", r"[\D]", "a|(?i)b"])
def test_what_only_google_re2_can_do_is_said(pattern):
    with pytest.raises(re.error, match="google-re2"):
        translate(pattern)


@given(
    st.text(alphabet="()[]{}*+?|^$\\.,-=!<>:PQEabdswizn019 é\n", max_size=25),
    st.text(alphabet="abds01 é\n", max_size=12),
)
def test_both_engines_find_the_same(pattern, text):
    re2 = pytest.importorskip("re2")
    try:
        translated = re.compile(translate(pattern))
    except (re.error, OverflowError, RecursionError):
        return  # refused, or left to google-re2
    options = re2.Options()
    options.log_errors = False
    expected = re2.compile(pattern, options).search(text)
    found = translated.search(text)
    assert (found is None) == (expected is None)
    if found is not None:
        assert found.start() == expected.start()
