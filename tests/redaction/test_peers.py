"""The bars of the forms that public scanners know, in the process."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.redaction.peers.corpus import HOSTILE_BYTES, Entry, entries, hostile_shapes
from tests.redaction.peers.measure import BARS, Result, each_miss, in_process, meets, misses, share


@pytest.fixture(scope="module")
def corpus() -> list[Entry]:
    return entries()


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return in_process()


@pytest.mark.parametrize("group", BARS)
def test_a_group_meets_its_bar(results: list[Result], group: str) -> None:
    of_group = [result for result in misses(results) if result.entry.group == group]
    assert meets(results, group), f"{share(results, group):.1f} %, such as:\n{each_miss(of_group[:20])}"


def test_the_corpora_are_as_large_as_the_bars_ask(corpus: list[Entry]) -> None:
    sizes = Counter(entry.group for entry in corpus)
    assert len({entry.kind for entry in corpus if entry.group == "telling prefix"}) >= 150
    assert sizes["harmless"] >= 400
    assert min(sizes.values()) >= 100


def test_each_secret_of_the_corpora_can_be_read_without_redaction(corpus: list[Entry]) -> None:
    """Or the bars would prove nothing."""
    assert [entry for entry in corpus if entry.group != "harmless" and not entry.remains(entry.written)] == []


def test_the_corpora_are_the_same_each_time(corpus: list[Entry]) -> None:
    assert corpus == entries()


def test_there_are_three_hundred_hostile_shapes_of_nearly_64_kb() -> None:
    sizes = [len(text.encode()) for _, text in hostile_shapes()]
    assert len(sizes) >= 300
    assert max(sizes) <= HOSTILE_BYTES
    assert min(sizes) > HOSTILE_BYTES - 100
