"""Our OpenTelemetry Collector, built and packed as a wheel.

Holds the program, its configuration pieces, and the verifier of audit trails, and says where they are; it starts
nothing by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["binary_path", "config_dir", "main", "verifier_path", "verify"]


def binary_path() -> Path:
    """Return the path of the Collector's executable.

    Raises:
        FileNotFoundError: if this installation has none, as an editable one.
    """
    return _program("aegis-otelcol")


def verifier_path() -> Path:
    """Return the path of ``aegis-audit-verify``, which verifies audit trails.

    Raises:
        FileNotFoundError: if this installation has none, as an editable one.
    """
    return _program("aegis-audit-verify")


def _program(name: str) -> Path:
    path = Path(__file__).parent / "bin" / (f"{name}.exe" if os.name == "nt" else name)
    if not path.is_file():
        raise FileNotFoundError(f"no {name} at {path}; install the built one: pip install ./collector")
    return path


def config_dir() -> Path:
    """Return the folder with the configuration pieces (``*.yaml``) that ``--config`` composes."""
    return Path(__file__).parent / "config"


def main() -> None:
    """Run the Collector with this process's arguments, in place of this process where the system can."""
    _run(binary_path())


def verify() -> None:
    """Run the verifier of audit trails in the same way."""
    _run(verifier_path())


def _run(program: Path) -> None:
    command = [str(program), *sys.argv[1:]]
    if os.name == "posix":
        os.execv(command[0], command)
    sys.exit(subprocess.call(command))
