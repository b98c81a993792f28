"""Collectors for the tests of this folder: each test gets its own, and none outlives its test."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support import loki as lokis
from tests.support import seq as seqs
from tests.support.collector import Collector, Sink


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start_collector(tmp_path: Path, stack: ExitStack) -> Callable[..., Collector]:
    """Start our Collector with the stores named: `start_collector("file", "loki", env={…})`."""

    def start(*stores: str, **options: Any) -> Collector:
        return stack.enter_context(Collector(tmp_path / "collector", *stores, **options))

    return start


@pytest.fixture
def service() -> str:
    """A name that no test had before, on a server that may hold the records of many runs."""
    return f"aegis-test-{uuid.uuid4().hex}"


@pytest.fixture(params=lokis.ways())
def loki_store(request: pytest.FixtureRequest, tmp_path: Path, stack: ExitStack) -> lokis.Store:
    """Loki by contract; and the Loki that AEGIS_TEST_LOKI_URL names."""
    return stack.enter_context(lokis.started(request.param, tmp_path / "loki"))


@pytest.fixture(params=seqs.ways())
def seq_store(request: pytest.FixtureRequest, tmp_path: Path, stack: ExitStack) -> seqs.Store:
    """Seq by contract; and the Seq that AEGIS_TEST_SEQ_URL names."""
    return stack.enter_context(seqs.started(request.param, tmp_path / "seq"))


@pytest.fixture
def loki(tmp_path: Path, stack: ExitStack) -> Sink:
    """A Collector that listens where Loki would."""
    return stack.enter_context(Sink(tmp_path / "loki", "/otlp/v1/logs"))


@pytest.fixture
def seq(tmp_path: Path, stack: ExitStack) -> Sink:
    """A Collector that listens where Seq would, and notes the API key."""
    return stack.enter_context(Sink(tmp_path / "seq", "/ingest/otlp/v1/logs", header="x-seq-apikey"))


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """An authority, a certificate for the server, and one for a client."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
    for name in ("server", "client"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", f"{name}.pem", "-days", "2", "-extfile", "names",
        )  # fmt: skip
    return tmp_path
