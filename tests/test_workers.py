"""Under several workers, what a module's tests share is made once for each of its parameters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

SUITE = """
import pathlib, pytest
made = pathlib.Path(__file__).with_name("made")

@pytest.fixture(scope="module", params=["a", "b"])
def costly(request):
    with made.open("a") as file:
        file.write(request.param)

@pytest.mark.parametrize("n", range(5))
def test_with_it(costly, n): pass

@pytest.mark.parametrize("n", range(5))
def test_without_it(n): pass
"""

pytestmark = pytest.mark.integration


def test_each_fixture_of_a_module_is_made_once(tmp_path: Path):
    pytest.importorskip("xdist")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.support.workers"]')
    (tmp_path / "test_suite.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "3"]
    environ = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=240, check=False)
    assert "15 passed" in done.stdout, done.stdout + done.stderr
    assert sorted((tmp_path / "made").read_text()) == ["a", "b"]
