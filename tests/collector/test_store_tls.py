"""TLS on the way to a store, with a certificate of the Collector's own where the store asks for one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.collector import Collector, Sink
from tests.support.otlp import Log
from tests.support.processes import wait_for

Start = Callable[..., Collector]

STORES = {
    "loki": ("AEGIS_LOKI", "AEGIS_LOKI_URL", "/otlp/v1/logs"),
    "seq": ("AEGIS_SEQ", "SEQ_URL", "/ingest/otlp/v1/logs"),
    "victorialogs": ("AEGIS_VICTORIALOGS", "AEGIS_VICTORIALOGS_URL", "/insert/opentelemetry/v1/logs"),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path, certificates: Path, stack: ExitStack) -> tuple[str, Sink]:
    """A store that takes records only from who shows a certificate of the authority."""
    tls = {
        "cert_file": str(certificates / "server.pem"),
        "key_file": str(certificates / "server.key"),
        "client_ca_file": str(certificates / "ca.pem"),
    }
    name: str = request.param
    return name, stack.enter_context(Sink(tmp_path / "store", STORES[name][2], tls=tls))


def test_records_reach_a_store_that_asks_for_a_certificate(
    store: tuple[str, Sink], certificates: Path, start_collector: Start
) -> None:
    name, sink = store
    prefix, url, _ = STORES[name]
    authority = {url: sink.url, f"{prefix}_CA_FILE": str(certificates / "ca.pem")}
    own = {
        f"{prefix}_CERT_FILE": str(certificates / "client.pem"),
        f"{prefix}_KEY_FILE": str(certificates / "client.key"),
    }
    collector = start_collector(name, env=authority)
    collector.send(Log("for those with a certificate"))
    # Which end of the broken handshake the Collector sees first differs, and so does the error.
    wait_for(lambda: "does not take records" in collector.output(), what="the refusal in the Collector's log")
    assert sink.received() == []
    collector.stop()
    # With the certificate what waited goes out.
    collector.env.update(own)
    collector.start()
    assert len(sink.wait_for(1)) == 1


def test_nothing_is_sent_to_a_store_of_an_unknown_authority(store: tuple[str, Sink], start_collector: Start) -> None:
    name, sink = store
    collector = start_collector(name, env={STORES[name][1]: sink.url})
    collector.send(Log("not for strangers"))
    wait_for(lambda: "unknown authority" in collector.output(), what="the refusal in the Collector's log")
    assert sink.received() == []
