"""Peers' own test suites, with aegis-otel in the process and without it: `python -m tools.peers [NAME …]`.

A test that passes without us and fails with us is a difference. Those of `KNOWN` have a reason; another one is a fault
(status 1). Sources and an environment of their own are in the cache; nothing of them is part of this repository.

    cpython    `test_logging` of the interpreter that runs this, where it ships its tests
    structlog  the tests of its source distribution
    loguru     the same, of the newest version whose source distribution has tests

asgi-correlation-id ships no tests; `tests/capture/test_id_middlewares.py` runs it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "aegis-otel" / "peers"


@dataclass(frozen=True)
class Peer:
    """One suite.

    Attributes:
        package: what pip installs; empty: the interpreter's own.
        version: of which version.
        needs: further packages that its tests import.
        arguments: of pytest.
    """

    package: str = ""
    version: str = ""
    needs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ("tests",)


PEERS = {
    # pytest's handlers on the root logger would be seen by its tests.
    "cpython": Peer(arguments=("-p", "no:logging", "--pyargs", "test.test_logging")),
    "structlog": Peer("structlog", "26.1.0", ("pytest-asyncio", "simplejson", "time-machine")),
    "loguru": Peer(
        "loguru",
        "0.7.2",
        ("freezegun", "colorama"),
        ("--ignore", "tests/typesafety", "--ignore", "tests/test_type_hinting.py", "tests"),
    ),
}

KNOWN: dict[str, str] = {
    "LastResortTest.test_last_resort": "what was recorded is not printed raw by logging's last resort",
    "LoggerTest.test_make_record_with_extra_overwrite": "an extra named as a field of logging's is kept, not an error",
    "test_exception_in_coroutine_not_caught": "the root logger has our level, so asyncio's debug line is made too",
    "test_exception_in_coroutine_during_complete_not_caught": "the same",
}
"""Differences by the end of a test's name, and why they are wanted."""


class PeerError(Exception):
    """A suite cannot be run; the text says why and what to do."""


def run(argv: Sequence[str | Path], **options: object) -> subprocess.CompletedProcess[str]:
    """A command that has to succeed.

    Raises:
        PeerError: it failed.
    """
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise PeerError(f"`{' '.join(map(str, argv))}` failed:\n{done.stderr[-2000:]}")
    return done  # type: ignore[no-any-return]


def environment(peer: Peer) -> Path:
    """The Python of an environment with aegis-otel and the peer, made where it is missing."""
    folder = CACHE / f"{peer.package or 'cpython'}-{peer.version or sys.version.split()[0]}"
    python = folder / "venv" / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"[peers] an environment for {folder.name}", file=sys.stderr)
        run([sys.executable, "-m", "venv", folder / "venv"])
        wanted = [f"{peer.package}=={peer.version}"] if peer.package else []
        run([python, "-m", "pip", "install", "-q", "pytest", *wanted, *peer.needs])
        (folder / "ready").touch()
    run([python, "-m", "pip", "install", "-q", "-e", ROOT])
    return python


def sources(peer: Peer, python: Path) -> Path:
    """The folder of the peer's sources, from its source distribution.

    Raises:
        PeerError: it has no tests.
    """
    if not peer.package:
        if find_spec("test.test_logging") is None:
            raise PeerError("this interpreter ships no `test.test_logging`; take one that does")
        return CACHE
    folder = CACHE / f"{peer.package}-{peer.version}" / "source"
    if not folder.exists():
        with tempfile.TemporaryDirectory() as place:
            fetch = ["download", "-q", "--no-deps", "--no-binary", peer.package, f"{peer.package}=={peer.version}"]
            run([python, "-m", "pip", *fetch, "-d", place])
            (archive,) = Path(place).glob("*.tar.gz")
            with tarfile.open(archive) as packed:
                packed.extractall(place, filter="data")
            (unpacked,) = (path for path in Path(place).iterdir() if path.is_dir())
            run(["cp", "-r", unpacked, folder])
    if not (folder / "tests").is_dir():
        raise PeerError(f"the source distribution of {peer.package} {peer.version} has no tests")
    return folder


def outcomes(peer: Peer, python: Path, folder: Path, *, ours: bool) -> dict[str, str]:
    """What became of each test: ``passed``, ``failed`` or ``skipped``, by its name.

    Raises:
        PeerError: the suite did not run.
    """
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.xml"
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("AEGIS_", "OTEL_", "LOG_"))
        }
        environ |= {"OTEL_LOGS_EXPORTER": "none", "LOG_CONSOLE_ENABLED": "false", "LOG_FILE_PATH": f"{place}/app.log"}
        environ["AEGIS_AUTO_ENABLE"] = str(ours).lower()
        argv = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *peer.arguments]
        done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        if not report.exists():
            raise PeerError(f"pytest did not run:\n{(done.stdout + done.stderr)[-2000:]}")
        found = {}
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            kinds = {child.tag for child in case}
            outcome = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
            found[f"{case.get('classname')}.{case.get('name')}".strip(".")] = outcome
    return found


def differences(without: dict[str, str], with_ours: dict[str, str]) -> list[str]:
    """The tests that pass without us, and do not with us."""
    return sorted(name for name, outcome in without.items() if outcome == "passed" != with_ours.get(name))


def reason(name: str) -> str | None:
    """Why a difference is wanted; None where nobody wants it."""
    return next((why for end, why in KNOWN.items() if name.endswith(end)), None)


def compare(name: str) -> list[str]:
    """Run one suite both ways and print what differs; the differences without a reason."""
    peer = PEERS[name]
    python = environment(peer)
    folder = sources(peer, python)
    without, with_ours = (outcomes(peer, python, folder, ours=ours) for ours in (False, True))
    passed = list(without.values()).count("passed")
    found = differences(without, with_ours)
    ran = f"{name} {peer.version or sys.version.split()[0]}"
    print(f"{ran}: {passed} of {len(without)} tests pass without aegis-otel, {len(found)} of these not with it")
    for test in found:
        print(f"  {test}: {reason(test) or 'NO REASON IS KNOWN'}")
    return [test for test in found if reason(test) is None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suites that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tools.peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("peer", nargs="*", choices=[*PEERS, []], help="all, if none is named")
    chosen = parser.parse_args(arguments).peer or list(PEERS)
    unknown = 0
    for name in chosen:
        try:
            unknown += len(compare(name))
        except PeerError as error:
            print(f"{name}: {error}", file=sys.stderr)
            unknown += 1
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
