"""The configuration pieces compose: every combination of stores passes the Collector's own check."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.collector import Collector


@pytest.mark.parametrize(
    "stores",
    [("file",), ("loki",), ("seq",), ("loki", "seq"), ("victorialogs",), ("loki", "seq", "file", "victorialogs")],
    ids="+".join,
)
def test_every_combination_of_stores_is_valid(tmp_path: Path, stores: tuple[str, ...]) -> None:
    process = Collector(tmp_path, *stores).validate()
    assert process.popen.returncode == 0, process.output()


def test_a_rule_that_does_not_compile_stops_the_start_and_is_named(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("values:\n  - {kind: badge, pattern: '['}\n")
    said = Collector(tmp_path / "c", "file", env={"AEGIS_REDACTION_RULES": str(rules)}).start_in_vain()
    assert "badge" in said


def test_an_unknown_option_in_the_rules_file_stops_the_start(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("valuez: []\n")
    said = Collector(tmp_path / "c", "file", env={"AEGIS_REDACTION_RULES": str(rules)}).start_in_vain()
    assert "valuez" in said


def test_metrics_can_be_switched_off(tmp_path: Path) -> None:
    from tests.support.processes import port_is_open

    with Collector(tmp_path, "file", env={"AEGIS_METRICS_LEVEL": "none"}) as collector:
        assert not port_is_open(collector.metrics_port)
