"""`python -m aegis_otel.redaction` writes the Collector's redact.yaml to standard output."""

import sys

from aegis_otel.redaction.collector import render_collector_yaml

sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
sys.stdout.write(render_collector_yaml())
