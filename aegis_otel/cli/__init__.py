"""`aegis-otel`: run the Collector, read its store, look at the settings.

The command line needs the `cli` extra (typer, rich, httpx, PyYAML), which an instrumented app does not
have to carry; so everything that uses it is imported only when `main` runs, and httpx only by the commands that ask
over HTTP.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

_EXTRA = frozenset(("typer", "click", "rich", "httpx", "yaml"))


def main() -> None:
    """Entry point of the `aegis-otel` script. Ctrl-C ends it with status 130, at any moment."""
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.filename is not None:
            raise
        sys.stderr.write(f"aegis-otel: the output cannot be written: {error.strerror}\n")
        sys.exit(1)


def _run() -> None:
    try:
        from aegis_otel.cli.commands import app

        app(prog_name="aegis-otel")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRA:
            raise
        sys.stderr.write(
            f"aegis-otel: the command line needs {missing}, which is not installed.\n"
            "Install it with: pip install 'aegis-otel[cli]'\n"
        )
        sys.exit(2)
