"""Where the Collector is: its program and its configuration's pieces, of the wheel `aegis-otelcol` unless named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from aegis_otel.settings import ProgramSettings

INSTALL_HINT: Final = (
    "The Collector is not installed. Install it with: pip install 'aegis-otel[collector]'\n"
    "or, from a checkout of this repository: pip install ./collector\n"
    "or name a binary that is there with AEGIS_OTELCOL_BINARY, and its configuration's folder with"
    " AEGIS_OTELCOL_CONFIG_DIR."
)


class CollectorMissingError(Exception):
    """The Collector's binary or configuration is not there; the text says what to do."""


def binary(program: ProgramSettings) -> Path:
    """The Collector's binary: of the wheel `aegis-otelcol`, or the one that AEGIS_OTELCOL_BINARY names.

    Raises:
        CollectorMissingError: there is none.
    """
    named = program.otelcol_binary
    if named is not None:
        if not (named.is_file() and os.access(named, os.X_OK)):
            raise CollectorMissingError(f"AEGIS_OTELCOL_BINARY: {named} is not a program that can be run.")
        return named
    try:
        import aegis_otelcol

        return Path(aegis_otelcol.binary_path())
    except (ImportError, FileNotFoundError):
        raise CollectorMissingError(INSTALL_HINT) from None


def config_dir(program: ProgramSettings) -> Path:
    """The folder of the pieces: of the wheel `aegis-otelcol`, or the one AEGIS_OTELCOL_CONFIG_DIR names.

    Raises:
        CollectorMissingError: there is none.
    """
    if program.otelcol_config_dir is not None:
        return program.otelcol_config_dir
    try:
        import aegis_otelcol

        return Path(aegis_otelcol.config_dir())
    except (ImportError, FileNotFoundError):
        raise CollectorMissingError(INSTALL_HINT) from None
