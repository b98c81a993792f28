"""Real processes for tests: free ports, waiting for a condition, a started process that always stops.

Nothing here knows about Collectors or stores; see the `conftest.py` of the tests which start those.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.05
_WAIT_SECONDS = 120.0
_STOP_SECONDS = 60.0

# Below what Linux, macOS and Windows give to those who ask for any port or who connect: between the moment a port is
# found and the moment it is listened on, nobody gets it by chance. Each process of tests goes through them in an order of its own.
_PORTS = range(10_000, 32_000)
_candidates = itertools.cycle(random.sample(_PORTS, len(_PORTS)))


class ProcessEndedError(AssertionError):
    """A process ended while a test waited for something from it."""


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port nobody listens on at the moment of the call; no other call in this process gives it."""
    for port in itertools.islice(_candidates, len(_PORTS)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port
    raise OSError(f"no free port in {_PORTS}")


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """`count` different free ports."""
    return [free_port(host) for _ in range(count)]


def wait_for(
    condition: Callable[[], T],
    *,
    seconds: float = _WAIT_SECONDS,
    what: str = "condition",
    give_up_on: type[Exception] | tuple[type[Exception], ...] = (),
) -> T:
    """Call `condition` until it returns something true, and return that.

    An exception of `condition` counts as "not yet", unless it is one of `give_up_on`.

    Raises:
        TimeoutError: naming `what`, when `seconds` pass first; the last exception of
            `condition` is its cause.
    """
    deadline = time.monotonic() + seconds
    while True:
        last: Exception | None = None
        try:
            value = condition()
            if value:
                return value
        except give_up_on:
            raise
        except Exception as error:
            last = error
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not reached within {seconds:g} s") from last
        time.sleep(_POLL_SECONDS)


def port_is_open(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something accepts TCP connections there."""
    try:
        with socket.create_connection((host, port), timeout=20.0):
            return True
    except OSError:
        return False


def http_is_ok(url: str) -> bool:
    """Whether a GET of `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=20.0) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def exists(pid: int) -> bool:
    """Whether a process has that number, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


class StartedProcess:
    """A child process whose output goes to a file; use it as a context manager.

    It leads its own process group, and `stop`, the end of the `with` block and the end of the
    interpreter all end the whole group, so that no test leaves anything running.

    Args:
        argv: program and arguments.
        log: file that receives stdout and stderr (appended to, so a restart keeps the history).
        env: the whole environment; the current one when None.
        cwd: working directory.
    """

    def __init__(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.argv = [os.fspath(part) for part in argv]
        self.log = log
        with log.open("ab") as sink:
            self.popen = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        atexit.register(self.kill)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def output(self) -> str:
        """All it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, condition: Callable[[], T], *, seconds: float = _WAIT_SECONDS, what: str = "ready") -> T:
        """Like `wait_for`, but raises `ProcessEndedError` at once when the process has ended."""

        def checked() -> T:
            if not self.running:
                raise ProcessEndedError(
                    f"{self.argv[0]} ended with {self.popen.returncode} before: {what}\n{self.output()[-4000:]}"
                )
            return condition()

        return wait_for(checked, seconds=seconds, what=what, give_up_on=ProcessEndedError)

    def wait_until_healthy(self, url: str, *, seconds: float = _WAIT_SECONDS) -> None:
        """Wait until a GET of `url` answers 200."""
        self.wait_until(lambda: http_is_ok(url), seconds=seconds, what=f"healthy at {url}")

    def wait_until_listening(self, port: int, *, seconds: float = _WAIT_SECONDS) -> None:
        self.wait_until(lambda: port_is_open(port), seconds=seconds, what=f"port {port} open")

    def wait(self, seconds: float = _WAIT_SECONDS) -> int:
        """Wait for it to end by itself; its exit status."""
        return self.popen.wait(timeout=seconds)

    def stop(self, seconds: float = _STOP_SECONDS) -> int:
        """SIGTERM, then SIGKILL when it has not ended after `seconds`; its exit status."""
        if self.running:
            self._signal_group(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(timeout=seconds)
        return self.kill()

    def kill(self) -> int:
        """SIGKILL to the whole group; its exit status."""
        self._signal_group(signal.SIGKILL)
        atexit.unregister(self.kill)
        return self.popen.wait(timeout=_STOP_SECONDS)

    def _signal_group(self, number: signal.Signals) -> None:
        if self.popen.returncode is not None and exists(self.popen.pid):
            return  # it is no more, so whoever has its number now got it since, and none of its group is left
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, number)

    def __enter__(self) -> StartedProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
