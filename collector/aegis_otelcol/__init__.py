"""Our OpenTelemetry Collector, built and packed as a wheel.

Holds the program and its configuration pieces, and says where they are; it starts nothing by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["binary_path", "config_dir", "main"]


def binary_path() -> Path:
    """Return the path of the Collector's executable.

    Raises:
        FileNotFoundError: if this installation has none, as an editable one.
    """
    path = Path(__file__).parent / "bin" / ("aegis-otelcol.exe" if os.name == "nt" else "aegis-otelcol")
    if not path.is_file():
        raise FileNotFoundError(f"no Collector at {path}; install the built one: pip install ./collector")
    return path


def config_dir() -> Path:
    """Return the folder with the configuration pieces (``*.yaml``) that ``--config`` composes."""
    return Path(__file__).parent / "config"


def main() -> None:
    """Run the Collector with this process's arguments, in place of this process where the system can."""
    command = [str(binary_path()), *sys.argv[1:]]
    if os.name == "posix":
        os.execv(command[0], command)
    sys.exit(subprocess.call(command))
