"""`aegis-otel query --serve`: Loki's query API over the embedded store; and the same beside `aegis-otel up`.

Beside `up` it is a process of its own, so whatever happens to it, the Collector goes on.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Final

from aegis_otel import settings
from aegis_otel.cli import terminal
from aegis_otel.cli.collector import CollectorError, Endpoint, before_it_runs
from aegis_otel.settings import Address, QuerySettings, Settings, name_of

DEFAULT_PORT: Final = 3100
"""Loki's, which clients expect."""
HOST: Final = "127.0.0.1"
INSTALL_HINT: Final = "the query API needs Starlette and uvicorn; install them with: pip install 'aegis-otel[query]'"

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0


def run(data_dir: Path, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    try:
        query_api = _query_api()
        token, where = _token(data_dir)
        listening = query_api.listen(host, port)
    except CollectorError as error:
        terminal.fail(str(error))
    except query_api.QueryApiError as error:
        terminal.fail(str(error))
    terminal.say(f"Loki's query API is at http://{Address(host, port)}; the token is in {where}. Ctrl-C stops it.")
    query_api.serve(listening, data_dir, token)


@dataclass
class QueryServer:
    """The query API as a process beside the Collector.

    Attributes:
        endpoint: where it listens.
        data_dir: whose store it reads.
        token: where the token is, for people.
    """

    endpoint: Endpoint
    data_dir: Path
    token: str
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _told: bool = field(default=False, repr=False)

    @classmethod
    def planned(cls, data_dir: Path, port: int) -> QueryServer:
        """One that can be started.

        Raises:
            CollectorError: the extra is not installed, or there is no usable token.
        """
        return cls(Endpoint("query API", "", "--query-port", Address(HOST, port)), data_dir, _token(data_dir)[1])

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            CollectorError: it does not.
        """
        import httpx  # slow to import, and few commands need it

        command = [sys.executable, "-m", "aegis_otel.cli", "query", "--serve", f"--port={self.endpoint.listens.port}"]
        # Of its own session, so that a Ctrl-C at the terminal reaches it once, through `stop`.
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            command,
            env=settings.child_environment({name_of(Settings, "data_dir"): str(self.data_dir)}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=before_it_runs(),
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                url = f"http://{self.endpoint.address}/ready"
                if httpx.get(url, timeout=2.0, trust_env=False).status_code == 200:
                    return
            time.sleep(0.1)
        self.stop()
        raise CollectorError(f"the query API at {self.endpoint.address} did not start")

    def check(self) -> None:
        """Say once if it has ended by itself."""
        if self._process is not None and self._process.poll() is not None and not self._told:
            self._told = True
            terminal.warn(
                f"the query API ended by itself (status {self._process.returncode}); the Collector goes on. Start it"
                f" again with: aegis-otel query --serve --port {self.endpoint.listens.port}"
            )

    def stop(self) -> None:
        """Stop it and wait for its end."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _query_api() -> ModuleType:
    try:
        from aegis_otel import query_api
    except ImportError:
        raise CollectorError(INSTALL_HINT) from None
    return query_api


def _token(data_dir: Path) -> tuple[str, str]:
    configured = settings.read_group(QuerySettings)
    query_api = _query_api()
    try:
        token, where = query_api.find_token(data_dir, configured.token, configured.token_file)
    except query_api.QueryApiError as error:
        raise CollectorError(str(error)) from None
    return token, where
