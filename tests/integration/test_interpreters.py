"""The package works with other Pythons than the one that runs these tests: the oldest and the newest at hand.

`make matrix` takes all of them (`AEGIS_TEST_PYTHONS=all`), and all generated examples; else it is a tenth of these,
as the Python in use tries them all.

Each gets an environment of its own in the user's cache folder, kept by what is declared, with the package as a
wheel; in it the tests run that need no Collector.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.apps import clean_environment

ROOT = Path(__file__).resolve().parents[2]
SUPPORTED = ("3.10", "3.11", "3.12", "3.13")
NEEDED = ["pytest>=8", "pytest-timeout", "hypothesis", "httpx", "opentelemetry-proto>=1.45.1", "pyyaml"]
TESTS = ["tests/test_settings.py", "tests/test_schema.py", "tests/test_correlation.py", "tests/test_testing.py"]
TESTS += ["tests/capture", "tests/deliver/queue", "tests/deliver/outputs"]
TESTS += ["tests/integration/test_switching_on.py"]
TESTS += ["tests/deliver/otlp/test_encoder.py", "tests/redaction/test_native.py"]
# Of the tests that start processes, those in which versions of Python differ; of the long ones, those of the extension.
CHOSEN = "(not switching_on or line_is_recorded or hostile or unhandled or fork or usable or sigterm or no_thread)"
CHOSEN += " and not (upstream_makes or seen_other or hashing or operator or defaults_of_its_configuration)"
CHOSEN += " and not (structlog or loguru or id_middlewares or test_access or test_prints or public_reports)"  # need more packages


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def interpreters() -> dict[str, str]:
    """The supported Pythons of this machine but for the one in use: version, path."""
    current = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found: dict[str, str] = {}
    for version in SUPPORTED:
        managed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python{version}"), reverse=True)
        for candidate in (shutil.which(f"python{version}"), *map(str, managed)):
            if candidate and version != current and version not in found:
                done = subprocess.run([candidate, "-c", "import venv, ensurepip"], capture_output=True, check=False)
                if done.returncode == 0:
                    found[version] = candidate
    return found


FOUND = interpreters()
ALL = os.environ.get("AEGIS_TEST_PYTHONS") == "all"
if not ALL:
    FOUND = {
        version: FOUND[version] for version in FOUND if version in (min(FOUND, key=_number), max(FOUND, key=_number))
    }


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)])
    (built,) = folder.glob("aegis_otel-*.whl")
    return built


def run(argv: list[str], **options) -> subprocess.CompletedProcess[str]:
    env = clean_environment(**({} if ALL else {"AEGIS_TEST_EXAMPLES": "0.1"}))
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False, **options)
    assert done.returncode == 0, f"{argv[:6]}\n{done.stdout[-6000:]}\n{done.stderr[-4000:]}"
    return done


@contextlib.contextmanager
def environment(python: str, version: str, wheel: Path) -> Iterator[Path]:
    """The Python of an environment that holds the wheel and what the tests need; ours alone until this ends."""
    declared = (ROOT / "pyproject.toml").read_text() + json.dumps(NEEDED) + python
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aegis-otel" / "pythons"
    folder = cache / f"{version}-{hashlib.sha256(declared.encode()).hexdigest()[:16]}"
    inside = folder / "bin" / "python"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs of this suite may share the cache
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            run([python, "-m", "venv", str(folder)])
            run([str(inside), "-m", "pip", "install", "--quiet", f"{wheel}[http]", *NEEDED])
            (folder / "complete").touch()
        run([str(inside), "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", str(wheel)])
        yield inside


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("version", FOUND or [pytest.param("", id="no other at hand")])
def test_the_package_works_with(version, wheel, tmp_path):
    if not version:
        return
    # From a copy: the tests must find the installed package, not the checkout.
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "contract", tmp_path / "contract")
    # One build of the extension serves all versions: it lies beside the tests, where `-m pytest` finds it.
    extension = importlib.util.find_spec("aegis_otel_native")
    if extension is not None and extension.origin is not None:
        shutil.copytree(Path(extension.origin).parent, tmp_path / "aegis_otel_native")
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-k", CHOSEN]
    with environment(FOUND[version], version, wheel) as python:
        run([str(python), "-m", "pytest", *options, *TESTS], cwd=tmp_path)
