"""Every rule of the contract masks what stands beside it as a secret, and leaves the rest; what is generated is up to date."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aegis_otel.redaction import DEFAULT, Redactor
from tools.contract import collector
from tools.contract.source import SECRET, Example, load

ROOT = Path(__file__).parents[2]
CONTRACT = load()
EXAMPLES = CONTRACT.examples()
MASK = re.compile(r"\[REDACTED:([a-z0-9_]+)\]")


PLAIN = Redactor()
OFF = {kind: Redactor(enable=[kind]) for kind in DEFAULT.disable}


def redactor_for(example: Example) -> Redactor:
    """A kind that is off by default is on for its own examples."""
    return OFF.get(example.kind, PLAIN)


def name(example: Example) -> str:
    return f"{example.theme}-{example.kind}-{example.text[:40]}"


def test_what_is_generated_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.contract", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.is_secret], ids=name)
def test_a_rule_masks_its_secrets(example: Example) -> None:
    redacted = redactor_for(example).redact_text(example.plain)
    assert MASK.sub("⟦⟧", redacted) == SECRET.sub("⟦⟧", example.text)
    if example.kind:
        assert set(MASK.findall(redacted)) == {example.kind}


@pytest.mark.parametrize("example", [one for one in EXAMPLES if not one.is_secret], ids=name)
def test_a_rule_leaves_what_only_looks_like_its_secrets(example: Example) -> None:
    assert redactor_for(example).redact_text(example.text) == example.text


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.pattern and one.is_secret], ids=name)
def test_the_pattern_of_a_rule_matches_its_own_examples(example: Example) -> None:
    """Or another rule would pass for it."""
    assert re.search(example.pattern, example.plain, re.ASCII)


def test_every_rule_has_a_secret_beside_it() -> None:
    shown = {(one.kind, one.pattern) for one in EXAMPLES if one.is_secret}
    assert {(rule.kind, rule.pattern) for rule in DEFAULT.values} <= shown


def test_python_has_the_rules_of_the_contract() -> None:
    assert [rule.pattern for rule in DEFAULT.values] == [rule["pattern"] for rule in CONTRACT.values]
    assert [list(rule.names) for rule in DEFAULT.keys] == [rule["names"] for rule in CONTRACT.keys]


def test_a_yaml_parser_reads_the_collectors_piece_back() -> None:
    assert yaml.safe_load(collector.render(CONTRACT))["processors"] == {"aegis_redact": collector.config(CONTRACT)}


def test_dollars_are_doubled_for_the_collector() -> None:
    config = collector.config(CONTRACT)
    patterns = [rule["pattern"].replace("$$", "$") for rule in config["values"]]
    assert patterns == [rule.pattern for rule in DEFAULT.values]
    assert all("$" not in rule["pattern"].replace("$$", "") for rule in config["values"])


def test_patterns_are_re2_patterns() -> None:
    for rule in DEFAULT.values:
        assert not re.search(r"\(\?[=!<P]|(?<!\\)\\[1-9]|[*+?}]\+|\\Z", rule.pattern), rule.pattern
