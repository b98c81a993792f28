"""``AEGIS_AUTO_ENABLE=true``: instrument this process without `opentelemetry-instrument`.

`aegis_otel.pth` calls `arm` while the interpreter sets up its paths. The work waits until that is done,
since a package that is needed may be found by a later .pth file. Nothing here may keep Python from starting.
"""

from __future__ import annotations

import contextlib
import os
import site
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final

# Programs of a Python environment that are no app; instrumenting them would only slow them down.
_TOOLS: Final = frozenset(
    ("pip", "pip3", "aegis-otel", "opentelemetry-instrument", "opentelemetry-bootstrap", "virtualenv", "hatch", "uv")
)
_TOOL_MODULES: Final = frozenset(("pip", "venv", "ensurepip", "virtualenv", "aegis_otel"))

_armed = False


def arm() -> None:
    """Instrument the process as soon as the interpreter's paths are complete."""
    global _armed
    # `python -I` and `-E` ask for an interpreter that no variable changes.
    if _armed or sys.flags.ignore_environment or is_tool(sys.orig_argv):
        return
    # Some environments read a .pth file more than once.
    _armed = True
    run_customize = site.execsitecustomize

    def execsitecustomize() -> None:
        run_customize()
        enable()

    site.execsitecustomize = execsitecustomize


def enable() -> None:
    """Instrument the process, unless `opentelemetry-instrument` has done so."""
    try:
        distro = sys.modules.get("aegis_otel.distro")
        if distro is None or not distro.was_configured():
            with _importable(_app_folders(sys.orig_argv)):
                switch_on()
    except Exception as error:
        _say(f"not enabled: {type(error).__name__}: {error}")


def switch_on() -> None:
    """Do what `opentelemetry-instrument` does in the process that it starts."""
    from opentelemetry.instrumentation.auto_instrumentation import initialize

    from aegis_otel import _choose  # noqa: F401  (names this distribution)

    initialize()


@contextlib.contextmanager
def _importable(folders: list[str]) -> Iterator[None]:
    """An instrumentation may ask for a module of the app (Django's settings, by name). The interpreter adds the app's
    folder to its path later than this.
    """
    sys.path[:0] = folders
    try:
        yield
    finally:
        for folder in folders:
            with contextlib.suppress(ValueError):
                sys.path.remove(folder)


def _app_folders(argv: list[str]) -> list[str]:
    """The folder that the interpreter will put on its path, and the current one, as `opentelemetry-instrument` does."""
    if sys.flags.isolated or getattr(sys.flags, "safe_path", False):
        return []
    folders = []
    words = iter(argv[1:])
    for word in words:
        if word in ("-W", "-X", "--check-hash-based-pycs"):
            next(words, None)
        elif word in ("-c", "-m") or word == "-":
            break
        elif not word.startswith("-"):
            script = Path(os.path.realpath(word))
            folders.append(str(script if script.is_dir() else script.parent))
            break
    with contextlib.suppress(OSError):
        folders.append(str(Path.cwd()))
    return folders


def is_tool(argv: list[str]) -> bool:
    """Whether a command line starts a tool of the Python environment, or a helper process of Python's own."""
    words = argv[1:]
    for index, word in enumerate(words):
        if word == "-m":
            return words[index + 1 : index + 2] != [] and words[index + 1].partition(".")[0] in _TOOL_MODULES
        if word == "-c":
            return "multiprocessing.resource_tracker" in "".join(words[index + 1 : index + 2])
        if not word.startswith("-"):
            return PurePath(word).name in _TOOLS
    return False


def _say(text: str) -> None:
    try:
        sys.stderr.write(f"aegis-otel: {text}\n")
    except Exception:
        return
