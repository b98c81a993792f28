"""Only has to type-check under mypy --strict: the public API as apps use it."""

from __future__ import annotations

from pathlib import Path

import aegis_otel
from aegis_otel import configure, correlation_scope, flush, get_correlation_id, shutdown

version: str = aegis_otel.__version__
configure()
configure(
    service="orders", level="info", spool_dir=Path("spool"), file_enabled=False, exporters=("otlp",), batch_size=None
)
configure(servcie="orders")  # type: ignore[call-arg]
configure(file_enabled="yes please")  # type: ignore[arg-type]
done: bool = flush()
done = flush(2) and flush(timeout=0.5)
done = shutdown(timeout=None)
current: str | None = get_correlation_id()
with correlation_scope("job-17") as in_force:
    text: str = in_force
with correlation_scope():
    pass
