"""Exporting makes no records of its own, at the most talkative level, whatever else is exported beside the logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deliver.receivers import GrpcReceiver, HttpReceiver, Receiver
from tests.support import apps
from tests.support.processes import free_port

APP = """
import logging

from opentelemetry import metrics, trace

from aegis_otel import distro

for name in ("grpc", "urllib3", "urllib3.connectionpool", "requests", "opentelemetry", "aegis_otel"):
    logging.getLogger(name).setLevel(logging.DEBUG)
assert logging.getLogger().getEffectiveLevel() <= logging.DEBUG
logging.debug("the app's own line")
for number in range(10):
    with trace.get_tracer("app").start_as_current_span("work"):
        pass
    trace.get_tracer_provider().force_flush()
    metrics.get_meter_provider().force_flush()
    assert distro.flush(60)
print("exported")
"""


@pytest.mark.parametrize("kind", [GrpcReceiver, HttpReceiver])
def test_at_debug_level_no_export_becomes_a_record(kind: type[Receiver], tmp_path: Path) -> None:
    receiver = kind()
    receiver.port = free_port()
    with receiver:
        ran = apps.run_app(
            tmp_path,
            APP,
            LOG_LEVEL="debug",
            OTEL_LOGS_EXPORTER="otlp",
            OTEL_TRACES_EXPORTER="otlp",
            OTEL_METRICS_EXPORTER="otlp",
            OTEL_EXPORTER_OTLP_PROTOCOL=receiver.protocol,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
            AEGIS_SPOOL_DIR=str(tmp_path / "spool"),
        )
        assert "exported" in ran.out, ran.err
        assert receiver.bodies() == ["the app's own line"]
