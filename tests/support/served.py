"""A site under a real server, and the records that it must have delivered: each line once, whatever happens to it."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.deliver.receivers import Receiver
from tests.support.apps import PATIENT_FORKS, clean_environment, command
from tests.support.processes import StartedProcess, exists, free_port, wait_for

WSGI = """
import logging, os
log = logging.getLogger("site")
log.info("loaded")

def app(environ, start_response):
    log.info("serving %s", environ["PATH_INFO"])
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""

ASGI = """
import logging, os
log = logging.getLogger("site")
log.info("loaded")

async def app(scope, receive, send):
    assert scope["type"] == "http"
    log.info("serving %s", scope["path"])
    body = str(os.getpid()).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
"""

WORKERS = 2

# Both servers kill a worker that a busy machine keeps from answering for some seconds.
GUNICORN = ["-m", "gunicorn", "-b", "127.0.0.1:{port}", "-w", str(WORKERS), "--timeout", "120"]
GUNICORN += ["--graceful-timeout", "60"]
UVICORN = ["-m", "uvicorn", "--port", "{port}", "--lifespan", "off", "--workers", str(WORKERS)]
# One that is killed while it is asked whether it lives is missed as late as this.
UVICORN += ["--timeout-worker-healthcheck", "30"]


class Site:
    """One of the two apps above under a server, with the distribution around it; use it as a context manager.

    Args:
        folder: for the app, its output and its spool.
        script: the module that is served, as `site_app:app`.
        arguments: of ``python``; `{port}` is replaced. The server has `WORKERS` workers.
        receiver: where its records go.
        way: how it is switched on (`tests.support.apps`).
        variables: further environment variables.
    """

    def __init__(
        self, folder: Path, script: str, arguments: list[str], receiver: Receiver, way: str = "auto", **variables: str
    ) -> None:
        (folder / "site_app.py").write_text(script)
        # gunicorn reads it where it is started, before it forks.
        (folder / "gunicorn.conf.py").write_text(PATIENT_FORKS)
        self.folder = folder
        self.spool = folder / "spool"
        self.port = free_port()
        self.answered: list[str] = []
        self.unanswered: set[str] = set()
        self.pids: list[int] = []
        self._starts = 0
        self._lock = threading.Lock()
        argv, switch = command(way, *(argument.format(port=self.port) for argument in arguments))
        self._argv = argv
        self._env = clean_environment(
            SERVICE_NAME="site",
            LOG_CONSOLE_ENABLED="false",
            LOG_FILE_ENABLED="false",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL=receiver.protocol,
            AEGIS_SPOOL_DIR=str(self.spool),
            # Until all is delivered, however busy the machine is.
            AEGIS_SHUTDOWN_TIMEOUT="45",
            # What is answered late is not sent again.
            OTEL_BLRP_EXPORT_TIMEOUT="60000",
            PYTHONPATH=str(folder),
            PYTHONFAULTHANDLER="1",
            **switch,
            **variables,
        )
        self.start()

    def start(self) -> None:
        self._starts += 1
        self.pids.clear()
        self.process = StartedProcess(self._argv, log=self.folder / "out", env=self._env, cwd=self.folder)

    def get(self, path: str) -> int:
        """Ask for a page over a connection of its own; which process answered. Notes that it was answered.

        Raises:
            OSError, http.client.HTTPException: it was not.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            answer = connection.getresponse()
            assert answer.status == 200
            pid = int(answer.read())
        finally:
            connection.close()
        with self._lock:
            self.answered.append(path)
            self.pids.append(pid)
        return pid

    def get_many(self, name: str, count: int, threads: int = 4) -> None:
        """Ask for `count` pages, from several threads at once; every one is answered."""
        failed: list[BaseException] = []

        def ask(first: int) -> None:
            try:
                for number in range(first, count, threads):
                    self.get(f"/{name}/{number}")
            except BaseException as error:
                failed.append(error)

        asking = [threading.Thread(target=ask, args=(first,)) for first in range(threads)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        if failed:
            raise AssertionError(f"{failed[0]!r}\n{self.process.output()[-3000:]}") from failed[0]

    def wait_until_serving(self) -> None:
        """Until each worker has answered a page: one that is still starting knows no record yet, and may miss a signal."""
        self.process.wait_until_listening(self.port)
        self.get_until(f"start-{self._starts}", lambda: len(set(self.pids)) >= WORKERS)

    def reload(self) -> None:
        """SIGHUP to the server, until its workers are all new ones: an old one may take a page and not answer it."""
        old = set(self.pids)
        os.kill(self.process.pid, signal.SIGHUP)
        self.get_until("reload", lambda: len(set(self.pids) - old) >= WORKERS and not any(map(exists, old)))

    def get_until(self, name: str, reached: Callable[[], object], seconds: float = 120) -> None:
        """Ask for one page after another until something is so.

        A server whose worker goes may close a connection that it has just taken: that page may have a record or none.
        """
        deadline = time.monotonic() + seconds
        number = 0
        while not reached():
            assert time.monotonic() < deadline, f"{name}: not reached\n{self.process.output()[-3000:]}"
            try:
                self.get(f"/{name}/{number}")
            except (OSError, http.client.HTTPException):
                self.unanswered.add(f"serving /{name}/{number}")
            number += 1

    def spooled(self, text: str) -> int:
        """How often a text is in what waits on disk."""
        return sum(path.read_bytes().count(text.encode()) for path in self.spool.rglob("*") if path.is_file())

    def stop(self) -> None:
        """SIGTERM to the server alone, which then stops its workers."""
        self.process.popen.terminate()
        self.process.wait(120)
        self.process.kill()

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()


def each_once(site: Site, receiver: Receiver, *, loaded: int | None = None) -> None:
    """Of every page that was answered there is one record, no more and no less."""
    expected = Counter(f"serving {path}" for path in site.answered)
    assert set(expected.values()) == {1}
    with contextlib.suppress(TimeoutError):
        wait_for(lambda: served(receiver).keys() >= expected.keys(), what="a record of every page")
    found = Counter({text: number for text, number in served(receiver).items() if text not in site.unanswered})
    assert found == expected, f"lost: {expected - found}, doubled: {found - expected}\n{site.process.output()}"
    if loaded is not None:
        assert receiver.bodies().count("loaded") == loaded, site.process.output()


def served(receiver: Receiver) -> Counter[str]:
    return Counter(body for body in receiver.bodies() if body.startswith("serving "))
