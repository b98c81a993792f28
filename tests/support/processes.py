"""Real processes for tests: free ports, waiting for a condition, a started process that always stops.

Nothing here knows about Collectors or Loki; see the `conftest.py` of the tests which start those.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
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
_WAIT_SECONDS = 60.0
"""For what takes a moment where nothing else runs: a wait that is fulfilled costs nothing, however long it may take."""

_FIRST_PORT = 20_000
_ports_given: set[int] = set()


class ProcessEndedError(AssertionError):
    """A process ended while a test waited for something from it."""


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port nobody listens on at the moment of the call, and that nobody gets who asks for any port."""
    (port,) = free_ports(1, host)
    return port


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """`count` such ports.

    What a port is for listens only later, and does not while it is restarted. So each is given once, and they are below
    those that the kernel hands out, to this end of any connection too.
    """
    ports: list[int] = []
    while len(ports) < count:
        port = random.SystemRandom().randrange(_FIRST_PORT, _first_of_the_kernel())
        if port not in _ports_given and _is_free(port, host):
            _ports_given.add(port)
            ports.append(port)
    return ports


def _is_free(port: int, host: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        return True


def _first_of_the_kernel() -> int:
    """Where the ports begin that the kernel hands out; the end of all where it leaves no room for ours."""
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        return 1 << 16
    return first if first >= _FIRST_PORT + 1_000 else 1 << 16


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
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def http_is_ok(url: str) -> bool:
    """Whether a GET of `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2.0) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


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

    def stop(self, seconds: float = _WAIT_SECONDS) -> int:
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
        return self.popen.wait(timeout=_WAIT_SECONDS)

    def _signal_group(self, number: signal.Signals) -> None:
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
