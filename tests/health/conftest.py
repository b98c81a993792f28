"""Checks are called as they are; what they look at is real: a server, a spool, files, the installed package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http import Answering, answering


@pytest.fixture
def server() -> Iterator[Answering]:
    """Answers everything with `status`, for what Seq, Loki and an OTLP/HTTP receiver answer to a probe."""
    with answering() as started:
        yield started


@pytest.fixture
def variables(server: Answering, tmp_path: Path) -> dict[str, str]:
    """Variables under which there is nothing to complain of."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "AEGIS_LOKI_URL": server.url,
        "SEQ_ENABLED": "true",
        "SEQ_URL": server.url,
        "AEGIS_SPOOL_DIR": str(tmp_path / "spool"),
        "AEGIS_DATA_DIR": str(tmp_path / ".aegis"),
        "LOG_FILE_PATH": str(tmp_path / "logs" / "app.log"),
    }
