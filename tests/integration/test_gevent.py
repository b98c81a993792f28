"""Under gevent each line is delivered once, and no wait of ours stops the greenlets."""

from __future__ import annotations

import socket

import pytest

from tests.deliver.receivers import GrpcReceiver, HttpReceiver
from tests.support.apps import run_app
from tests.support.served import GUNICORN, WSGI, Site, each_once

SCRIPT = """
import gevent.monkey; gevent.monkey.patch_all()
import gevent, logging, time
log = logging.getLogger("app")
log.info("line first")
gaps = []

def work(name):
    for number in range(50):
        log.info("line %s.%d", name, number)
        gevent.sleep(0.01)

def tick():
    while True:
        before = time.monotonic()
        gevent.sleep(0.01)
        gaps.append(time.monotonic() - before)

gevent.spawn(tick)
gevent.joinall([gevent.spawn(work, name) for name in range(4)])
print(max(gaps) < 30)
"""
LINES = sorted(["line first", *(f"line {name}.{number}" for name in range(4) for number in range(50))])


def variables(folder, endpoint: str, protocol: str) -> dict[str, str]:
    return {
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "AEGIS_SPOOL_DIR": str(folder / "spool"),
        "LOG_FILE_ENABLED": "false",
    }


@pytest.mark.parametrize("kind", [GrpcReceiver, HttpReceiver], ids=["grpc", "http"])
def test_a_patched_app_delivers_each_line_once(tmp_path, kind):
    with kind() as receiver:
        given = variables(tmp_path, receiver.endpoint, receiver.protocol)
        ran = run_app(tmp_path, SCRIPT, "auto", **given, AEGIS_SHUTDOWN_TIMEOUT="60", OTEL_BLRP_EXPORT_TIMEOUT="60000")
        assert ran.status == 0, ran.err
        assert sorted(body for body in receiver.bodies() if body.startswith("line")) == LINES


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_collector_that_never_answers_stops_no_greenlet(tmp_path, protocol):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        # An attempt to send takes five minutes.
        more = {"AEGIS_SHUTDOWN_TIMEOUT": "1", "OTEL_BLRP_EXPORT_TIMEOUT": "300000"}
        ran = run_app(tmp_path, SCRIPT, "auto", **variables(tmp_path, endpoint, protocol), **more)
    assert ran.status == 0, ran.err
    assert ran.out == "True\n"


@pytest.mark.parametrize("preload", [False, True], ids=["", "preload"])
def test_gunicorns_gevent_workers_deliver_each_line_once_and_through_a_reload(tmp_path, preload):
    arguments = [*GUNICORN, "-k", "gevent", *(["--preload"] if preload else []), "site_app:app"]
    with GrpcReceiver() as receiver, Site(tmp_path, WSGI, arguments, receiver) as site:
        site.wait_until_serving()
        site.get_many("before", 100)
        site.reload()
        site.get_many("after", 100)
        site.stop()
        each_once(site, receiver)
