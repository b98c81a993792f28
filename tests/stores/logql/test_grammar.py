"""Our parser and Grafana's own grammar of LogQL take the same queries, and refuse the same."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from aegis_otel.stores import logql
from tests.stores.logql import corpus

TAKEN = [*corpus.shipped(), *corpus.listed(corpus.PAGE), *corpus.listed(corpus.TAKEN)]
REFUSED = corpus.listed(corpus.REFUSED)


def is_taken(query: str) -> bool:
    try:
        logql.parse(query)
    except logql.LogQLError:
        return False
    return True


@pytest.fixture(scope="module")
def grammar():
    """Which queries the reference grammar takes."""
    queries = [*TAKEN, *REFUSED, *corpus.REFUSED_BY_MEANING, *corpus.TAKEN_BY_US]
    command = [sys.executable, corpus.ROOT / "tools" / "logql_grammar.py"]
    done = subprocess.run(command, input=json.dumps(queries), capture_output=True, text=True, timeout=200)
    if done.returncode == 3:
        pytest.skip(f"the reference grammar is not here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return {query: wrong < 0 for query, wrong in zip(queries, json.loads(done.stdout), strict=True)}


def test_the_corpus_is_large_enough():
    assert len(set(TAKEN)) >= 250
    assert len(set(REFUSED)) >= 60
    assert len(set(corpus.listed(corpus.TAKEN))) >= 200


@pytest.mark.parametrize("query", TAKEN)
def test_a_query_is_taken(query):
    logql.parse(query)


@pytest.mark.parametrize("query", [*REFUSED, *corpus.REFUSED_BY_MEANING])
def test_a_query_is_refused(query):
    with pytest.raises(logql.LogQLError):
        logql.parse(query)


def test_the_reference_grammar_takes_and_refuses_the_same(grammar):
    same = [*TAKEN, *REFUSED]
    assert {query: grammar[query] for query in same} == {query: is_taken(query) for query in same}


def test_the_differences_are_differences(grammar):
    assert [query for query in corpus.REFUSED_BY_MEANING if not grammar[query]] == []
    assert [query for query in corpus.TAKEN_BY_US if grammar[query] or not is_taken(query)] == []
