"""A Docker engine for tests, and images made from what is on this machine instead of a registry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import StartedProcess

ROOT = Path(__file__).parents[2]
# The classic builder, as that of BuildKit is a plugin which may not be there.
BASE_ENV = {**os.environ, "DOCKER_BUILDKIT": "0"}


def works(command: Sequence[str], env: Mapping[str, str] = BASE_ENV) -> bool:
    try:
        return subprocess.run(command, env=env, capture_output=True, timeout=60, check=False).returncode == 0
    except OSError:
        return False


def compose_command() -> list[str] | None:
    """`docker compose` or `docker-compose`, whichever is there."""
    candidates = (["docker", "compose"], ["docker-compose"])
    return next((command for command in candidates if works([*command, "version"])), None)


@contextmanager
def engine(folder: Path) -> Iterator[tuple[str, dict[str, str]] | None]:
    """What was found, and the environment for docker commands: the running engine, else one started here, else None."""
    if works(["docker", "info"]):
        yield "the running Docker engine", dict(BASE_ENV)
        return
    daemon = shutil.which("dockerd")
    if not daemon or not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("docker"):
        yield None
        return
    env = {**BASE_ENV, "DOCKER_HOST": f"unix://{folder}/docker.sock"}
    places = [f"--{name}={folder / name}" for name in ("data-root", "exec-root", "pidfile")]
    with StartedProcess([daemon, *places, "--host", env["DOCKER_HOST"]], log=folder / "dockerd.log") as process:
        process.wait_until(lambda: works(["docker", "info"], env), seconds=120, what="dockerd")
        yield f"{daemon}, started by the test", env
    shutil.rmtree(folder / "data-root", ignore_errors=True)


def build(env: Mapping[str, str], name: str, context: Path, dockerfile: str) -> str:
    """Build an image of a folder, and return its name."""
    (context / "Dockerfile").write_text(dockerfile)
    done = subprocess.run(
        ["docker", "build", "--quiet", "--tag", name, str(context)],
        env=dict(env), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return name


def copy_programs(target: Path, *programs: Path) -> None:
    """Put programs, and every shared library that they and the modules below `target` load, below `target`."""
    for program in programs:
        copy(program, target / "usr/bin" / program.name)
    loaded = [str(path) for path in (*programs, *target.rglob("*.so*")) if path.is_file()]
    for start in range(0, len(loaded), 100):
        listing = subprocess.run(["ldd", *loaded[start : start + 100]], capture_output=True, text=True, check=False)
        for library in set(re.findall(r"(/\S+)(?= \(0x)", listing.stdout)):
            if not Path(library).is_relative_to(target) and not (target / library[1:]).exists():
                copy(Path(library), target / library[1:])


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source.resolve(), target)


def copy_python(target: Path) -> None:
    """Put this Python with its installed packages, and the aegis_otel of this checkout, below `target`."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = target / "opt/python/lib" / version
    skip = shutil.ignore_patterns("__pycache__", "test", "tests", "site-packages", "idlelib", "ensurepip", "config-*")
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=skip)
    packages = library / "site-packages"
    shutil.copytree(
        sysconfig.get_path("purelib"), packages, ignore=shutil.ignore_patterns("__pycache__", "*.pth", "mypy*")
    )
    shutil.copytree(ROOT / "aegis_otel", packages / "aegis_otel", dirs_exist_ok=True)
    shutil.copy(ROOT / "aegis_otel.pth", packages)
    interpreter = target / "opt/python/bin/python"
    copy(Path(sys.executable), interpreter)
    command = interpreter.with_name("opentelemetry-instrument")
    command.write_text(
        "#!/opt/python/bin/python\nfrom opentelemetry.instrumentation.auto_instrumentation import run\nrun()\n"
    )
    command.chmod(0o755)
    copy_programs(target, Path(sys.executable))
