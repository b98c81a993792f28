"""The command line as users have it: a process of its own, a folder of its own, a clean environment."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import apps

ROOT = Path(__file__).resolve().parents[2]
CLI = [sys.executable, "-m", "aegis_otel.cli"]


def clean_environment(**more: str) -> dict[str, str]:
    """This process's, without any setting of the instrumentation or the Collector, and `more`."""
    ours = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    return apps.clean_environment(**{**ours, **more})


@dataclass
class Done:
    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Done]

_PR_CAPBSET_DROP = 24
_MODES_DO_NOT_HOLD = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


def held_by_modes() -> None:
    """For a child before it runs: root gives up the right to read any file. Others never had it."""
    libc = ctypes.CDLL(None)
    for capability in _MODES_DO_NOT_HOLD:
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `aegis-otel` with these arguments in `tmp_path`; keyword arguments are environment variables.

    An `obedient` one is held by the modes of files even if root runs it.
    """

    def run_it(*arguments: str, obedient: bool = False, **variables: str) -> Done:
        done = subprocess.run(
            [*CLI, *arguments],
            cwd=tmp_path,
            env=clean_environment(**variables),
            preexec_fn=held_by_modes if obedient else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run_it


def _built(script: str) -> Path:
    done = subprocess.run([sys.executable, ROOT / script], stdout=subprocess.PIPE, check=True)
    return Path(done.stdout.decode().splitlines()[-1])


@pytest.fixture(scope="session")
def collector() -> dict[str, str]:
    """Variables that make `aegis-otel` use the Collector and the configuration of this checkout."""
    return {
        "AEGIS_OTELCOL_BINARY": str(_built("collector/build_collector.py")),
        "AEGIS_OTELCOL_CONFIG_DIR": str(ROOT / "collector" / "config"),
    }
