"""The page on the Collector says what its configuration files say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_of_variables_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "collector_docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_component_has_a_page_that_is_linked() -> None:
    page = (ROOT / "docs" / "collector.md").read_text()
    for folder in sorted((ROOT / "collector" / "components").glob("aegis*")):
        assert (folder / "README.md").exists(), folder.name
        assert f"{folder.name}/README.md" in page
