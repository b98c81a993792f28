"""Runs the Collector: checks its ports, starts it, waits until it is healthy, passes signals, stops it.

The Collector gets secrets through its environment only, so the process list does not show them. Only this user can
read the files that it writes.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final

from aegis_otel.cli import terminal
from aegis_otel.settings import Address

STOP_SECONDS: Final = 30.0
"""Seconds that the Collector has to hand over and write its records before it is killed."""

_POLL_SECONDS: Final = 0.1
_LOG_BYTES: Final = 8 * 2**20
_TAIL_LINES: Final = 20
_SECRET_WORDS: Final = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH")
_PR_SET_PDEATHSIG: Final = 1


class CollectorError(Exception):
    """The Collector cannot be started, or ended by itself; the text gives the reason and the remedy."""


@dataclass(frozen=True)
class Endpoint:
    """An address on which the Collector listens.

    Attributes:
        name: for people.
        variable: the environment variable that passes the address to the Collector's configuration.
        option: the command line's option for the port.
    """

    name: str
    variable: str
    option: str
    listens: Address

    @property
    def address(self) -> str:
        """``host:port``, IPv6 in brackets."""
        return str(self.listens)

    @property
    def reachable(self) -> str:
        """The same address as clients on this machine can reach it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.listens.host)  # noqa: S104 - read, not bound
        return str(self.listens._replace(host=host)) if host else self.address


@dataclass
class Collector:
    """One Collector process.

    Attributes:
        binary, pieces: the program and its configuration files.
        environ: its whole environment.
        data_dir: contains queues, store, dead letters and its own log.
    """

    binary: Path
    pieces: Sequence[Path]
    environ: Mapping[str, str] = field(repr=False)
    endpoints: Sequence[Endpoint]
    data_dir: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _lock: IO[str] | None = field(default=None, repr=False)
    _signals: list[int] = field(default_factory=list, repr=False)

    @property
    def argv(self) -> list[str]:
        """Program and arguments."""
        return [str(self.binary), *(f"--config=file:{piece}" for piece in self.pieces)]

    @property
    def log(self) -> Path:
        """The file of the Collector's own log."""
        return self.data_dir / "collector.log"

    def validate(self) -> str | None:
        """Let the Collector check its configuration; return its error, or None if it is valid."""
        done = subprocess.run(  # noqa: S603 - the binary is the user's own choice
            [str(self.binary), "validate", *self.argv[1:]],
            env=dict(self.environ),
            capture_output=True,
            timeout=60,
            check=False,
        )
        if done.returncode == 0:
            return None
        return self._without_secrets((done.stderr + done.stdout).decode(errors="replace").strip())

    def start(self) -> None:
        """Start it; `wait_until_healthy` does the rest.

        Raises:
            CollectorError: a port is taken, another Collector uses the folder, or it cannot be run.
        """
        os.umask(0o077)
        self._prepare_folders()
        self._take_lock()
        for endpoint in self.endpoints:
            _check_port(endpoint)
        with contextlib.suppress(FileNotFoundError):
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            lock = self._lock
            assert lock is not None
            try:
                # In its own session, so a Ctrl-C at the terminal reaches it only once, through `stop`. It
                # inherits the lock: the folder is in use as long as it lives, even if this process dies.
                self._process = subprocess.Popen(  # noqa: S603 - the binary is the user's own choice
                    self.argv,
                    env=dict(self.environ),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(lock.fileno(),),
                    preexec_fn=before_it_runs(),
                )
            except OSError as error:
                raise CollectorError(f"{self.binary} cannot be run: {error.strerror}") from None

    def wait_until_healthy(self, url: str, seconds: float) -> bool:
        """Wait until its health check answers 200; False if a signal asked to stop first.

        Raises:
            CollectorError: it ended, or `seconds` passed; the text has its last lines.
        """
        import httpx  # slow to import, and few commands need it

        deadline = time.monotonic() + seconds
        while not self._asked_to_stop:
            self._raise_if_ended()
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url, timeout=2.0, trust_env=False).status_code == 200:
                    return True
            if time.monotonic() >= deadline:
                raise CollectorError(f"the Collector is not healthy after {seconds:g} s.\n{self.last_lines()}")
            time.sleep(_POLL_SECONDS)
        return False

    def run_until_signal(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Keep it running until SIGINT or SIGTERM. SIGHUP is passed on; it then reads its configuration again.

        `meanwhile` is called now and then.

        Raises:
            CollectorError: it ended by itself; the text has its last lines.
        """
        while True:
            if self._asked_to_stop:
                return
            self._raise_if_ended()
            if signal.SIGHUP in self._signals and not _ignores(self._running.pid, signal.SIGHUP):
                self._signals.remove(signal.SIGHUP)
                self._send(signal.SIGHUP)
            self._bound_log()
            meanwhile()
            time.sleep(_POLL_SECONDS)

    @property
    def _asked_to_stop(self) -> bool:
        return any(number != signal.SIGHUP for number in self._signals)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def stop(self) -> bool:
        """Stop it and wait for its end; return whether it ended by itself. A second signal kills it at once."""
        process = self._process
        if process is None:
            return True
        asked = len(self._signals)
        self._send(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while process.poll() is None:
            if time.monotonic() >= deadline or len(self._signals) > asked:
                self._send(signal.SIGKILL)
                process.wait()
                return False
            time.sleep(_POLL_SECONDS)
        return True

    @contextlib.contextmanager
    def signals_caught(self) -> Any:
        """During this block, SIGINT, SIGTERM and SIGHUP are recorded and do not end this process."""

        def note(number: int, frame: FrameType | None) -> None:
            self._signals.append(number)

        previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def last_lines(self, count: int = _TAIL_LINES) -> str:
        """The end of its log, without secrets."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 64 * 1024))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        text = "\n".join(line[:2_000] for line in lines if line.strip() and not line.startswith(("\t", "  -")))
        return "Its last lines:\n" + "\n".join(
            "  " + line for line in self._without_secrets(text).splitlines()[-count:]
        )

    def _without_secrets(self, text: str) -> str:
        for name, value in self.environ.items():
            if len(value) >= 4 and any(word in name.upper() for word in _SECRET_WORDS):
                text = text.replace(value, "(hidden)")
        return text

    def _prepare_folders(self) -> None:
        try:
            existed = self.data_dir.is_dir()
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            # An existing folder may belong to someone else, unless it has our name.
            if existed and self.data_dir.name == ".aegis":
                self.data_dir.chmod(0o700)
            for name in ("queue", "store", "dead-letter"):
                folder = self.data_dir / name
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)
        except OSError as error:
            raise CollectorError(
                f"the folder {self.data_dir} cannot be used: {error.strerror}; name another with AEGIS_DATA_DIR"
            ) from None

    def _take_lock(self) -> None:
        path = self.data_dir / "up.lock"
        try:
            lock = path.open("a+", encoding="ascii")
        except OSError as error:
            raise CollectorError(f"{path} cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read(20).strip() or "unknown"
            lock.close()
            raise CollectorError(
                f"another `aegis-otel up` (process {holder}) uses {self.data_dir}; stop it, or name another"
                " folder with AEGIS_DATA_DIR"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _raise_if_ended(self) -> None:
        status = self._running.poll()
        if status is not None:
            how = f"with status {status}" if status >= 0 else f"by signal {signal.Signals(-status).name}"
            raise CollectorError(f"the Collector ended by itself, {how}.\n{self.last_lines()}")

    def _bound_log(self) -> None:
        """Rotate its log. It appends, so truncating the open file is safe; the old part stays as `collector.log.1`."""
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > _LOG_BYTES:
                self.log.with_suffix(".log.1").write_bytes(self.log.read_bytes())
                os.truncate(self.log, 0)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)


def _check_port(endpoint: Endpoint) -> None:
    family = socket.AF_INET6 if ":" in endpoint.listens.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((endpoint.listens.host, endpoint.listens.port))
        except socket.gaierror:
            raise CollectorError(f"{endpoint.listens.host!r} is not an address of this machine") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CollectorError(
                    f"port {endpoint.listens.port} ({endpoint.name}, {endpoint.address}) is already in use; stop what"
                    f" listens there, or choose another with {endpoint.option}"
                ) from None
            raise CollectorError(
                f"port {endpoint.listens.port} ({endpoint.name}, {endpoint.address}) cannot be used: {error.strerror}"
            ) from None


def before_it_runs() -> Callable[[], None]:
    """Runs in the new process before it becomes the Collector, or the query API beside it.

    The process ignores SIGHUP until the Collector handles it, shortly after it is healthy. Before, SIGHUP would end it.
    Linux: if `aegis-otel up` is killed, it gets SIGTERM. The function is looked up before the fork.
    """
    prctl = None
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def prepare() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def _ignores(pid: int, number: signal.Signals) -> bool:
    """Whether a process ignores a signal; False if there is no /proc to read."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        ignored = int(Path(f"/proc/{pid}/status").read_text().partition("SigIgn:")[2].split()[0], 16)
        return bool(ignored >> (number - 1) & 1)
    return False


def describe_stop(collector: Collector) -> None:
    """Stop the Collector, with a message."""
    terminal.warn("stopping the Collector")
    if not collector.stop():
        terminal.warn("the Collector did not stop in time and was killed; what it had queued is on disk")
