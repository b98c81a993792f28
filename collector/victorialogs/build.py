"""Build VictoriaLogs, as ``go.mod`` in this folder pins it, for machines that can't run its container image.

python collector/victorialogs/build.py     # build, or find in the cache; the last line on stdout is the path
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent.resolve()
sys.path.insert(0, str(HERE.parent))

import gobuild

PACKAGE = "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs"


def recipe() -> gobuild.Recipe:
    """Return the recipe of the pinned VictoriaLogs."""
    module = (HERE / "go.mod").read_text()
    version = re.search(r"^require github\.com/VictoriaMetrics/VictoriaLogs v(\S+)$", module, re.MULTILINE)
    if not version:
        raise gobuild.BuildError(f"{HERE / 'go.mod'} requires no version of github.com/VictoriaMetrics/VictoriaLogs")
    return gobuild.Recipe(
        name="victorialogs",
        binary=f"victoria-logs{gobuild.EXE}",
        version=version[1],
        minimum_go=(1, 26, 5),
        inputs={"go.mod": module, "go.sum": HERE / "go.sum"},
        compile=_compile,
    )


def _compile(go: gobuild.Go, work: Path, progress: gobuild.Progress) -> Path:
    # In a copy, because Go completes go.mod with every indirect requirement, which nobody wants to read here.
    source = work / "source"
    source.mkdir()
    for name in ("go.mod", "go.sum"):
        shutil.copy(HERE / name, source)
    return gobuild.compile_package(go, PACKAGE, source, work / f"victoria-logs{gobuild.EXE}", progress)


if __name__ == "__main__":
    sys.exit(gobuild.command([recipe()]))
