"""The variables of the command line: those of the Collector that it runs, and OpenTelemetry's that it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aegis_otel.settings import _parsers as parse
from aegis_otel.settings._parsers import Address
from aegis_otel.settings._variable import variable


@dataclass(frozen=True)
class ProgramSettings:
    """Which Collector `aegis-otel up` runs."""

    otelcol_binary: Path | None = variable(
        "AEGIS_OTELCOL_BINARY",
        parse=parse.path,
        help="the Collector's program; unset: that of the package `aegis-otelcol`",
    )
    otelcol_config_dir: Path | None = variable(
        "AEGIS_OTELCOL_CONFIG_DIR",
        parse=parse.path,
        help="the folder of the Collector's configuration pieces; unset: that of the package `aegis-otelcol`",
    )


@dataclass(frozen=True)
class QuerySettings:
    """Of the query API."""

    token: str | None = variable(
        "AEGIS_QUERY_TOKEN", parse=str, secret=True, help="what clients of the query API must show"
    )
    token_file: Path | None = variable(
        "AEGIS_QUERY_TOKEN_FILE",
        parse=parse.path,
        help="a file that holds it; neither is set: one is made below `AEGIS_DATA_DIR`, `query-token`",
    )


@dataclass(frozen=True)
class CollectorSettings:
    """Those variables of the Collector's configuration that `aegis-otel up` has to know as well.

    The configuration's pieces say what each is for and have the same defaults; docs/collector.md is written from them.
    """

    grpc_endpoint: Address = variable(
        "AEGIS_OTLP_GRPC_ENDPOINT", parse=parse.address(4317), default=Address("127.0.0.1", 4317)
    )
    http_endpoint: Address = variable(
        "AEGIS_OTLP_HTTP_ENDPOINT", parse=parse.address(4318), default=Address("127.0.0.1", 4318)
    )
    health_endpoint: Address = variable(
        "AEGIS_HEALTH_ENDPOINT", parse=parse.address(13133), default=Address("127.0.0.1", 13133)
    )
    metrics_level: str = variable("AEGIS_METRICS_LEVEL", parse=str.lower, default="normal")
    metrics_host: str = variable("AEGIS_METRICS_HOST", parse=str, default="127.0.0.1")
    metrics_port: int = variable("AEGIS_METRICS_PORT", parse=parse.port, default=8888)
    token: str | None = variable("AEGIS_OTLP_TOKEN", parse=str, secret=True)
    token_file: str | None = variable("AEGIS_OTLP_TOKEN_FILE", parse=str)
    cert_file: str | None = variable("AEGIS_OTLP_CERT_FILE", parse=str)

    @property
    def asks_for_token(self) -> bool:
        """Whether senders must show a token."""
        return bool(self.token or self.token_file)

    @property
    def has_certificate(self) -> bool:
        """Whether senders must use TLS."""
        return bool(self.cert_file)


@dataclass(frozen=True)
class OpenTelemetrySettings:
    """What OpenTelemetry's own code reads, as the checks and the distribution look at it."""

    distro: str | None = variable("OTEL_PYTHON_DISTRO", parse=str)
    disabled_instrumentations: tuple[str, ...] = variable(
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", parse=parse.words, default=()
    )
    logs_endpoint: str | None = variable("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", parse=str)
    endpoint: str | None = variable("OTEL_EXPORTER_OTLP_ENDPOINT", parse=str)
