"""What counts as a difference between a peer's suite with us and without."""

from __future__ import annotations

from tools import peers


def test_a_test_that_passes_only_without_us_is_a_difference() -> None:
    without = {"a.x": "passed", "a.y": "failed", "a.z": "passed", "a.gone": "passed", "a.skipped": "skipped"}
    with_ours = {"a.x": "passed", "a.y": "passed", "a.z": "failed", "a.skipped": "failed"}
    assert peers.differences(without, with_ours) == ["a.gone", "a.z"]


def test_each_known_difference_has_a_reason_and_others_have_none() -> None:
    assert (
        peers.reason("test.test_logging.LastResortTest.test_last_resort")
        == peers.KNOWN["LastResortTest.test_last_resort"]
    )
    assert peers.reason("tests.test_bind.test_bind") is None
