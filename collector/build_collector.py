"""Build our Collector from ``manifest.yaml`` with the OpenTelemetry Collector Builder, and the audit trails' verifier.

    python collector/build_collector.py            # build, or find in the cache; stdout ends with the Collector's path
    python collector/build_collector.py --image    # also the health check that the container image needs
    python collector/build_collector.py --sums     # after a change of the manifest: write go.sum again

``pip install ./collector`` does the same through ``hatch_build.py``; run this first to see progress, which pip hides.
Compiled here rather than by the builder: its ``go mod tidy`` asks for modules that only tests need and that the
module proxy does not have.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

import gobuild

HERE = Path(__file__).parent.resolve()
BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.152.0"
MINIMUM_GO = (1, 25, 0)


def _not_compiled(path: Path) -> bool:
    return path.name.endswith(("_test.go", ".md")) or "testdata" in path.parts or "trailtest" in path.parts


def recipe() -> gobuild.Recipe:
    """Return the recipe of our Collector as this source tree has it now."""
    manifest = (HERE / "manifest.yaml").read_text()
    version = re.search(r"^  version: (\S+)$", manifest, re.MULTILINE)
    if not version:
        raise gobuild.BuildError(f"{HERE / 'manifest.yaml'} names no dist.version")
    components = gobuild.files_below(HERE / "components", lambda path: _not_compiled(path) or path.parts[0] == "cmd")
    return gobuild.Recipe(
        name="otelcol",
        binary=f"aegis-otelcol{gobuild.EXE}",
        version=version[1],
        minimum_go=MINIMUM_GO,
        inputs={
            "builder": BUILDER,
            "manifest": manifest,
            "sums": HERE / "go.sum",
            **{f"components/{name}": path for name, path in components.items()},
        },
        compile=_compile,
    )


def _compile(go: gobuild.Go, work: Path, progress: gobuild.Progress) -> Path:
    source = _generate(go, work, progress)
    # Recorded checksums are compared with what is downloaded; Go asks its checksum database only for others.
    shutil.copy(HERE / "go.sum", source)
    return gobuild.compile_package(go, ".", source, work / f"aegis-otelcol{gobuild.EXE}", progress)


def verifier() -> gobuild.Recipe:
    """Return the recipe of ``aegis-audit-verify``, the program that verifies audit trails."""
    parts = ("cmd", "internal/auditlog", "go.mod", "go.sum")
    files = {
        name: path
        for name, path in gobuild.files_below(HERE / "components", _not_compiled).items()
        if name.startswith(parts)
    }

    def compile_(go: gobuild.Go, work: Path, progress: gobuild.Progress) -> Path:
        for name, path in files.items():  # a copy, since Go may write to go.mod
            copied = work / "source" / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copied)
        output = work / f"aegis-audit-verify{gobuild.EXE}"
        return gobuild.compile_package(go, "./cmd/aegis-audit-verify", work / "source", output, progress)

    return gobuild.Recipe(
        name="audit-verify",
        binary=f"aegis-audit-verify{gobuild.EXE}",
        version="1",
        minimum_go=MINIMUM_GO,
        inputs=dict(files),
        compile=compile_,
    )


def healthcheck() -> gobuild.Recipe:
    """Return the recipe of the program that asks a Collector in a container whether it works."""
    folder = HERE / "healthcheck"

    def compile_(go: gobuild.Go, work: Path, progress: gobuild.Progress) -> Path:
        return gobuild.compile_package(go, ".", folder, work / f"healthcheck{gobuild.EXE}", progress)

    return gobuild.Recipe(
        name="healthcheck",
        binary=f"healthcheck{gobuild.EXE}",
        version="1",
        minimum_go=MINIMUM_GO,
        inputs=dict(gobuild.files_below(folder)),
        compile=compile_,
    )


def _generate(go: gobuild.Go, work: Path, progress: gobuild.Progress) -> Path:
    """Let the builder write the Collector's main package and return its folder."""
    source = work / "source"
    manifest = work / "manifest.yaml"
    text = (HERE / "manifest.yaml").read_text()
    manifest.write_text(re.sub(r"(?m)^  output_path: .*$", lambda _: f"  output_path: {source}", text))
    install = [go.command, "install", "-buildvcs=false", BUILDER]
    progress.run("building the builder", install, env=gobuild.environment(GOBIN=str(work / "bin")))
    builder = str(work / "bin" / f"builder{gobuild.EXE}")
    # In this folder, because paths in the manifest are relative to it.
    progress.run(
        "generating",
        [builder, "--skip-get-modules", "--skip-compilation", "--config", str(manifest)],
        HERE,
    )
    return source


def write_sums() -> None:
    """Resolve the manifest anew and write the checksums of all modules to ``go.sum``."""
    progress = gobuild.Progress("otelcol")
    go = gobuild.require_go(MINIMUM_GO, progress)
    with tempfile.TemporaryDirectory() as scratch:
        source = _generate(go, Path(scratch), progress)
        gobuild.count_packages(go, ".", source, progress)
        shutil.copy(source / "go.sum", HERE / "go.sum")


if __name__ == "__main__":
    if sys.argv[1:] == ["--sums"]:
        write_sums()
    image = [healthcheck()] if sys.argv[1:] == ["--image"] else []
    sys.exit(gobuild.command([*image, verifier(), recipe()]))
