"""The bars of the forms that public scanners know, through the real Collector: one run for the whole corpus, one for the group `hipaa`."""

from __future__ import annotations

import pytest

from tests.redaction.peers.measure import BARS, Result, each_miss, in_collector, meets, misses, share


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return in_collector(tmp_path_factory.mktemp("peers"))


@pytest.mark.parametrize("group", BARS)
def test_a_group_meets_its_bar(results: list[Result], group: str) -> None:
    of_group = [result for result in misses(results) if result.entry.group == group]
    assert meets(results, group), f"{share(results, group):.1f} %, such as:\n{each_miss(of_group[:20])}"
