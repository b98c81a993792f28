"""The example in docs/redaction.md does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aegis_otel.redaction import DEFAULT, Redactor, load_rules
from aegis_otel.redaction.load import TEXT_CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "redaction.md").read_text(encoding="utf-8")
ROWS = re.findall(
    r"^\| `([^`]+)` \| `([^`]+)` \|$", PAGE.partition("| Message | becomes |")[2].partition("\n\n")[0], re.M
)


@pytest.fixture(scope="module")
def redactor(tmp_path_factory: pytest.TempPathFactory) -> Redactor:
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.S)
    assert example is not None
    path = tmp_path_factory.mktemp("docs") / "rules.yaml"
    path.write_text(example.group(1), encoding="utf-8")
    return Redactor(load_rules(path))


@pytest.mark.parametrize(("message", "becomes"), ROWS)
def test_the_example(redactor: Redactor, message: str, becomes: str) -> None:
    assert redactor.redact_text(message) == becomes


def test_the_example_has_rows() -> None:
    assert len(ROWS) == 3


def test_every_kind_by_key_is_named() -> None:
    assert {rule.kind for rule in DEFAULT.keys if f"`{rule.kind}`" not in PAGE} == set()


def test_every_check_is_named() -> None:
    assert {check for check in TEXT_CHECKS - {"none"} if f"`{check}`" not in PAGE} == set()
