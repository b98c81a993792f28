"""The Collector's redact.yaml is the rule set, nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

from aegis_otel.redaction import DEFAULT, render_collector_yaml, to_collector_config

COMMITTED = Path(__file__).parents[2] / "collector" / "config" / "redact.yaml"


def test_the_committed_file_is_up_to_date() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == render_collector_yaml(), (
        "run: python -m aegis_otel.redaction > collector/config/redact.yaml"
    )


def test_the_module_writes_the_file() -> None:
    run = subprocess.run([sys.executable, "-m", "aegis_otel.redaction"], capture_output=True, check=True)
    assert run.stdout.decode("utf-8").replace("\r\n", "\n") == render_collector_yaml()


def test_a_yaml_parser_reads_the_same_back() -> None:
    assert yaml.safe_load(render_collector_yaml())["processors"] == {"aegis_redact": to_collector_config()}


def test_dollars_are_doubled_for_the_collector() -> None:
    config = to_collector_config()
    patterns = [rule["pattern"].replace("$$", "$") for rule in config["values"]]
    assert patterns == [rule.pattern for rule in DEFAULT.values]
    assert all("$" not in rule["pattern"].replace("$$", "") for rule in config["values"])


def test_patterns_are_re2_patterns() -> None:
    for rule in DEFAULT.values:
        assert not re.search(r"\(\?[=!<P]|(?<!\\)\\[1-9]|[*+?}]\+|\\Z", rule.pattern), rule.pattern


def test_hints_hold_for_what_the_corpus_holds() -> None:
    """`literals` and `digits` are promises about every match."""
    from tests.redaction.corpus import secrets

    texts = [secret.shown for secret in secrets()]
    for rule in DEFAULT.values:
        pattern = re.compile(rule.pattern, re.ASCII)
        for text in texts:
            match = pattern.search(text)
            if match is not None and (rule.check or not rule.key):
                assert not rule.literals or any(literal in text.lower() for literal in rule.literals), (rule, text)
                assert not rule.digits or any(character.isdigit() for character in match.group())
