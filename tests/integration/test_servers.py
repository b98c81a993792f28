"""Servers with worker processes: every line is delivered once, however the workers come and go."""

from __future__ import annotations

import os
import signal

import pytest

from tests.deliver.receivers import GrpcReceiver, HttpReceiver
from tests.support.processes import free_port, wait_for
from tests.support.served import ASGI, GUNICORN, UVICORN, WSGI, Site, each_once

KINDS = {
    "sync": (WSGI, ["-k", "sync"]),
    "gthread": (WSGI, ["-k", "gthread", "--threads", "4"]),
    "uvicorn": (ASGI, ["-k", "uvicorn_worker.UvicornWorker"]),
}


@pytest.fixture(params=[GrpcReceiver, HttpReceiver], ids=["grpc", "http"])
def receiver(request):
    with request.param() as found:
        yield found


def gunicorn(kind: str, *more: str) -> tuple[str, list[str]]:
    script, options = KINDS[kind]
    return script, [*GUNICORN, *options, *more, "site_app:app"]


# Each with one protocol: what differs between the two is how a fork finds the transport, and both preload.
@pytest.mark.parametrize(
    ("receiver", "kind", "preload"),
    [
        (GrpcReceiver, "sync", False),
        (GrpcReceiver, "sync", True),
        (HttpReceiver, "gthread", False),
        (GrpcReceiver, "gthread", True),
        (GrpcReceiver, "uvicorn", False),
        (HttpReceiver, "uvicorn", True),
    ],
    indirect=["receiver"],
    ids=["sync", "sync preload", "gthread", "gthread preload", "uvicorn", "uvicorn preload"],
)
def test_gunicorn_delivers_each_line_once_and_through_a_reload(tmp_path, receiver, kind, preload):
    script, arguments = gunicorn(kind, *(["--preload"] if preload else []))
    with Site(tmp_path, script, arguments, receiver) as site:
        site.wait_until_serving()
        site.get_many("before", 100)
        site.reload()
        site.get_many("after", 100)
        site.stop()
    each_once(site, receiver, loaded=1 if preload else 4)


def test_uvicorn_delivers_the_lines_of_each_worker_once_and_through_a_reload(tmp_path):
    with GrpcReceiver() as receiver, Site(tmp_path, ASGI, [*UVICORN, "site_app:app"], receiver, "instrument") as site:
        site.wait_until_serving()
        site.get_many("before", 100)
        site.reload()
        site.get_many("after", 100)
        site.stop()
        each_once(site, receiver)
        assert receiver.bodies().count("HTTP Request Completed") >= len(site.answered)


@pytest.mark.parametrize("server", ["gunicorn sync", "gunicorn uvicorn", "uvicorn"])
def test_of_a_worker_that_is_killed_no_line_is_lost_that_was_in_the_spool(tmp_path, server):
    receiver = GrpcReceiver()
    receiver.port = free_port()
    script, arguments = (ASGI, [*UVICORN, "site_app:app"]) if server == "uvicorn" else gunicorn(server.split()[1])
    with Site(tmp_path, script, arguments, receiver) as site:
        site.wait_until_serving()
        site.get_many("away", 50)
        wait_for(lambda: site.spooled("serving /") >= len(site.answered), what="all in the spool")
        workers = set(site.pids)
        os.kill(site.pids[-1], signal.SIGKILL)
        # Of gunicorn's, one that is starting takes no notice of the stop.
        site.get_until("killed", lambda: set(site.pids) - workers)
        site.stop()
        with receiver:
            site.start()
            site.wait_until_serving()
            site.get_many("back", 20)
            wait_for(lambda: not site.spooled("serving /away"), what="sent by a later process")
            site.stop()
            each_once(site, receiver)
