"""A test that fails runs once more, alone: passing then it is told as flaky, failing again it fails the run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

SUITE = """
import pathlib, pytest
mark = pathlib.Path(__file__).with_name("ran")

@pytest.fixture(scope="module")
def shaky():
    if not mark.exists():
        mark.write_text("")
        raise OSError("a busy machine")

def test_good(): pass
def test_flaky():
    print("what it said")
    if not mark.exists():
        mark.write_text("")
        assert "first" == "run"
def test_with_a_flaky_fixture(shaky): pass
def test_bad(): assert "always" == "bad"
@pytest.mark.parametrize("n", range(11))
def test_many(n): assert 0
def test_elsewhere(): pytest.skip("no Docker engine here")
"""

WORKERS = [[], ["-n", "2"]]

pytestmark = pytest.mark.integration


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.support.workers", "tests.support.again"]')
    (tmp_path / "test_suite.py").write_text(SUITE)
    return tmp_path


def run(suite: Path, chosen: str, *options: str, **variables: str) -> tuple[int, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AEGIS_TEST"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", chosen, *options, "test_suite.py"]
    done = subprocess.run(
        command,
        cwd=suite,
        env={**kept, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def needs_xdist(options: list[str]) -> None:
    if options:
        pytest.importorskip("xdist")


@pytest.mark.parametrize("options", WORKERS, ids=["one process", "workers"])
def test_what_passes_alone_is_flaky_and_the_run_is_green(suite: Path, options: list[str]):
    needs_xdist(options)
    status, output = run(suite, "good or test_flaky", *options)
    assert status == 0
    assert re.search(r"= 1 passed,.*1 flaky in", output)
    assert "FLAKY test_suite.py::test_flaky\n" in output
    assert "assert 'first' == 'run'" in output
    assert "what it said" in output


def test_a_fixture_that_fails_once_is_flaky_too(suite: Path):
    status, output = run(suite, "flaky_fixture")
    assert status == 0
    assert "FLAKY test_suite.py::test_with_a_flaky_fixture\n" in output
    assert "a busy machine" in output


@pytest.mark.parametrize("options", WORKERS, ids=["one process", "workers"])
def test_what_fails_again_fails_the_run(suite: Path, options: list[str]):
    needs_xdist(options)
    status, output = run(suite, "bad or test_flaky", *options)
    assert status == 1
    assert re.search(r"= 1 failed,.*1 flaky in", output)
    assert "assert 'always' == 'bad'" in output


def test_too_many_failures_are_no_flaky_tests(suite: Path):
    status, output = run(suite, "test_many")
    assert status == 1
    assert "11 tests failed; none ran again" in output


def test_the_second_run_can_be_switched_off(suite: Path):
    status, output = run(suite, "test_flaky", AEGIS_TEST_AGAIN="no")
    assert status == 1
    assert "flaky tests" not in output


def test_what_was_missing_is_told(suite: Path):
    status, output = run(suite, "good or elsewhere")
    assert status == 0
    assert "1 x no Docker engine here" in output
