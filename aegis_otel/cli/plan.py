"""What `aegis-otel up` is about to run: where it listens, which stores it feeds, what it tells people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aegis_otel import settings
from aegis_otel.cli import terminal
from aegis_otel.cli.collector import Endpoint
from aegis_otel.settings import Address, CollectorSettings, Settings, name_of
from aegis_otel.stores import LOKI_DEFAULT, METRICS_ENDPOINT, VICTORIALOGS_DEFAULT, UpNote, without_credentials


@dataclass(frozen=True)
class Plan:
    """One Collector as it is to be run.

    Attributes:
        stores: what it feeds.
        configured: what the Collector's own variables say.
        endpoints: where it listens: OTLP over gRPC, OTLP over HTTP, health check, and metrics unless they are off.
        loki_url, victorialogs_url, seq_url: may hold credentials, so they are shown without.
        data_dir: absolute.
    """

    stores: tuple[str, ...]
    configured: CollectorSettings
    endpoints: tuple[Endpoint, ...]
    loki_url: str
    victorialogs_url: str
    seq_url: str
    data_dir: Path

    @property
    def health_url(self) -> str:
        """Answers 200 when the Collector is ready."""
        return f"http://{self.endpoints[2].reachable}/"

    def environ(self) -> dict[str, str]:
        """The Collector's whole environment: ours, and what the plan says."""
        changes = {
            name_of(Settings, "data_dir"): str(self.data_dir),
            name_of(Settings, "loki_url"): self.loki_url,
            name_of(Settings, "victorialogs_url"): self.victorialogs_url,
            name_of(Settings, "seq_url"): self.seq_url,
        }
        for each in self.endpoints:
            if each.variable == METRICS_ENDPOINT:
                # The Collector takes host and port of its metrics apart, unlike the others.
                changes[name_of(CollectorSettings, "metrics_host")] = each.listens.host
                changes[each.variable] = str(each.listens.port)
            else:
                changes[each.variable] = each.address
        return settings.child_environment(changes)

    def optional_pieces(self) -> list[str]:
        """The token piece where there is a token, the TLS piece where there is a certificate.

        That others reach an address which neither guards is for the Collector itself to refuse.
        """
        wanted = {
            "receive-token": self.configured.asks_for_token,
            "receive-tls": self.configured.has_certificate,
        }
        return [name for name, on in wanted.items() if on]

    def show(self, *further: tuple[str, str]) -> None:
        """Where everything listens, `further` things too, and what to set in the app."""
        where = {
            "file": f"{self.data_dir / 'store'} (read it with: aegis-otel logs)",
            "loki": without_credentials(self.loki_url),
            "victorialogs": without_credentials(self.victorialogs_url),
            "seq": without_credentials(self.seq_url),
        }
        rows = [(each.name, each.address) for each in self.endpoints]
        rows += [(f"store: {name}", where[name]) for name in self.stores]
        rows += [*further, ("queues, own log", str(self.data_dir))]
        terminal.show(terminal.table("The Collector is up", ("what", "where"), rows))
        grpc, http = self.endpoints[:2]
        lines = ["", "Run an app with it:", "  SERVICE_NAME=orders opentelemetry-instrument python app.py"]
        scheme = "https" if self.configured.has_certificate else "http"
        if grpc.listens.port != 4317 or scheme == "https":
            over_http = "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT"
            lines.append(f"and set OTEL_EXPORTER_OTLP_ENDPOINT={scheme}://{grpc.reachable}")
            lines.append(f"(over HTTP: {over_http}={scheme}://{http.reachable})")
        if self.configured.asks_for_token:
            lines.append('and set OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<the token>"')
        terminal.say("\n".join([*lines, "", "Ctrl-C stops it."]))

    def leave_note(self) -> None:
        """For other terminals. No credentials: they get these from their own environment."""
        endpoints = {each.variable: each.reachable for each in self.endpoints}
        urls = {"loki_url": self.loki_url, "victorialogs_url": self.victorialogs_url}
        shown = {name: without_credentials(url) for name, url in urls.items()}
        UpNote(self.stores, endpoints=endpoints, **shown).write(self.data_dir)


def make(
    current: Settings,
    stores: tuple[str, ...],
    *,
    host: str | None = None,
    grpc: int | None = None,
    http: int | None = None,
    health: int | None = None,
    metrics: int | None = None,
) -> Plan:
    """The plan for these settings. An address or port that is None is taken from its variable, else the usual one.

    Raises:
        SettingsError: a variable of the Collector holds no address or no port.
    """
    configured = settings.read_group(CollectorSettings)

    def endpoint(name: str, field: str, option: str, host: str | None, port: int | None) -> Endpoint:
        listens: Address = getattr(configured, field)
        variable = name_of(CollectorSettings, field)
        return Endpoint(name, variable, option, Address(host or listens.host, port or listens.port))

    endpoints = [
        endpoint("OTLP over gRPC", "grpc_endpoint", "--grpc-port", host, grpc),
        endpoint("OTLP over HTTP", "http_endpoint", "--http-port", host, http),
        endpoint("health check", "health_endpoint", "--health-port", None, health),
    ]
    if configured.metrics_level != "none":
        listens = Address(configured.metrics_host, metrics or configured.metrics_port)
        endpoints.append(Endpoint("own metrics", METRICS_ENDPOINT, "--metrics-port", listens))
    return Plan(
        stores,
        configured,
        tuple(endpoints),
        current.loki_url or LOKI_DEFAULT,
        current.victorialogs_url or VICTORIALOGS_DEFAULT,
        current.seq_url,
        current.data_dir.absolute(),
    )
