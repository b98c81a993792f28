"""Make `.venv` and install in it what `make demo` or `make test` need; nothing to do takes a blink.

    python3 tools/provision.py demo     # aegis-otel with its command line, the Collector, what the examples need
    python3 tools/provision.py test     # the same, editable, with everything the tests and linters need

Runs on any Python from 3.10 without anything installed. What is installed is remembered in
`.venv/provisioned.json` by the content of the files it was made from, so a new checkout of the same content
does not install again, and a changed file does.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "provisioned.json"
STARTED = time.monotonic()

PROFILES = ("demo", "test")


def main(profile: str) -> None:
    """Bring `.venv` up to what `profile` needs."""
    have = _have()
    if have is None:
        _make_venv()
        have = {}
    # The installation for the tests serves the demo too. It is editable: only what is declared can get old.
    profile = "test" if "test" in (profile, have.get("profile")) else "demo"
    declared = [ROOT / "pyproject.toml", ROOT / "aegis_otel.pth"]
    want = {
        "profile": profile,
        "package": _digest(declared if profile == "test" else [*declared, *_below("aegis_otel")]),
        "collector": _digest(_below("collector", skip=("loki", "victorialogs", "grafana", "k8s"))),
        "native": _native_wanted() if profile == "test" else have.get("native", ""),
    }
    if want["collector"] != have.get("collector"):
        _install_collector()
    if (want["profile"], want["package"]) != (have.get("profile"), have.get("package")):
        _install_package(profile)
    if want["native"] != have.get("native", ""):
        _install_native(want["native"])
    STAMP.write_text(json.dumps(want, indent=1))


def _have() -> dict[str, str] | None:
    """What we have installed; None where there is no usable environment."""
    usable = "import pip, sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))"
    try:
        subprocess.run([PYTHON, "-c", usable], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    try:
        have = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}  # one that somebody else has made serves as well
    return have if isinstance(have, dict) else {}


def _make_venv() -> None:
    _say(f"making .venv with Python {sys.version.split()[0]}")
    if VENV.is_symlink() or (VENV.exists() and any(VENV.iterdir()) and not (VENV / "pyvenv.cfg").is_file()):
        _fail(".venv is there and is no virtual environment; move it away")
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        _fail(
            f"{sys.executable} cannot make a virtual environment (on Debian and Ubuntu: apt install python3-venv)\n"
            f"{(done.stdout + done.stderr).strip()}"
        )


def _install_collector() -> None:
    # Built apart from pip, since pip hides for two minutes what goes on; it then finds the binary in the cache.
    _say("building the Collector (the first time: a few minutes), or finding it in the cache")
    _run([PYTHON, "collector/build_collector.py"], "the Collector cannot be built", quiet=True)
    _say("installing the Collector")
    _pip("./collector")


def _install_package(profile: str) -> None:
    if profile == "test":
        _say("installing aegis-otel (editable) and what the tests need")
        _pip("--editable", ".[dev]")
    else:
        _say("installing aegis-otel and what the examples need")
        _pip(".[cli,http]", "fastapi>=0.115", "uvicorn>=0.32")


def _native_wanted() -> str:
    """What the extension in Rust is built from; "" where nothing can build it: it is optional."""
    found = _below("native", skip=("target", "Cargo.lock"))
    if found and not shutil.which("cargo"):
        _say("leaving out the extension in Rust, which makes a record cheaper: no cargo here")
        return ""
    return _digest(found) if found else ""


def _install_native(digest: str) -> None:
    cache = _cache() / "native"
    wheels = cache / "wheels" / digest[:16]
    if not list(wheels.glob("*.whl")):
        _say("building the extension in Rust (the first time: about a minute)")
        command = [PYTHON, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
        # Each checkout builds in a folder of its own: cargo gives the library one name, whatever it was built from.
        target = cache / f"target-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"
        if not _attempt([*command, "--wheel-dir", wheels, "./native"], {"CARGO_TARGET_DIR": str(target)}):
            _say("the extension in Rust cannot be built here; everything works without it, for more CPU")
            return
    _say("installing the extension in Rust")
    _pip("--force-reinstall", "--no-deps", *map(str, sorted(wheels.glob("*.whl"))))


def _attempt(command: list[str | Path], environ: dict[str, str]) -> bool:
    return not subprocess.run(command, cwd=ROOT, env={**os.environ, **environ}, check=False).returncode


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or ""
    return (Path(base) if os.path.isabs(base) else Path("~/.cache").expanduser()) / "aegis-otel"


def _pip(*arguments: str) -> None:
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    _run(command, f"pip install {' '.join(arguments)} failed")


def _run(command: list[str | Path], failure: str, *, quiet: bool = False) -> None:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL if quiet else None, check=False)
    if done.returncode:
        _fail(failure)


def _below(folder: str, skip: tuple[str, ...] = ()) -> list[Path]:
    base = ROOT / folder
    return [
        path
        for path in base.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and path.relative_to(base).parts[0] not in (*skip, "build", "dist")
    ]


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _say(text: str) -> None:
    print(f"[set-up {time.monotonic() - STARTED:4.0f} s] {text}", flush=True)


def _fail(text: str) -> NoReturn:
    sys.exit(f"error: {text}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in PROFILES:
        _fail(f"usage: provision.py {' | '.join(PROFILES)}")
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        _fail("interrupted")
