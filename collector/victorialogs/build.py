"""Build VictoriaLogs, as ``go.mod`` in this folder pins it, for machines that can't run its container image.

python collector/victorialogs/build.py            # build, or find in the cache; the last line on stdout is the path
python collector/victorialogs/build.py vmalert    # the same for vmalert, which checks alerts
"""

from __future__ import annotations

import re
import shutil
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent.resolve()
sys.path.append(str(HERE.parent))  # last: the folder also has the sources of aegis_otelcol, without its program

import gobuild

PACKAGES = {
    "victoria-logs": "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs",
    "vmalert": "github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert",
}


def recipe(program: str = "victoria-logs") -> gobuild.Recipe:
    """Return the recipe of a program of `PACKAGES`.

    Raises:
        gobuild.BuildError: there is no such program, or `go.mod` pins no version of it.
    """
    if program not in PACKAGES:
        raise gobuild.BuildError(f"{program!r} is not built here; use {' or '.join(PACKAGES)}")
    module, _, _ = PACKAGES[program].partition("/app/")
    requirements = (HERE / "go.mod").read_text()
    version = re.search(rf"^require {re.escape(module)} v(\S+)$", requirements, re.MULTILINE)
    if not version:
        raise gobuild.BuildError(f"{HERE / 'go.mod'} requires no version of {module}")
    return gobuild.Recipe(
        name="victorialogs",
        binary=f"{program}{gobuild.EXE}",
        version=f"{program}-{version[1]}",
        minimum_go=(1, 26, 5),
        inputs={"go.mod": requirements, "go.sum": HERE / "go.sum"},
        compile=partial(_compile, program),
    )


def _compile(program: str, go: gobuild.Go, work: Path, progress: gobuild.Progress) -> Path:
    # In a copy, because Go completes go.mod with every indirect requirement, which nobody wants to read here.
    source = work / "source"
    source.mkdir()
    for name in ("go.mod", "go.sum"):
        shutil.copy(HERE / name, source)
    return gobuild.compile_package(go, PACKAGES[program], source, work / f"{program}{gobuild.EXE}", progress)


if __name__ == "__main__":
    try:
        wanted = [recipe(program) for program in sys.argv[1:] or ["victoria-logs"]]
    except gobuild.BuildError as error:
        sys.exit(f"error: {error}")
    sys.exit(gobuild.command(wanted))
