"""Checks of the Collector: its program, whether it takes records, its own counters, its dead letters."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aegis_otel import _otelcol
from aegis_otel.health._files import contents
from aegis_otel.health._finding import Finding, Verdict, amount
from aegis_otel.settings import OpenTelemetrySettings, ProgramSettings, Settings
from aegis_otel.stores import METRICS_ENDPOINT, UpNote, without_credentials

SECONDS: Final = 10.0
"""What does not answer for so long is away; a busy machine can well be silent for a few seconds."""

_GRPC_EXPORT: Final = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
# A line of the Collector's metrics, in Prometheus' text format.
_SAMPLE: Final = re.compile(r"(?m)^otelcol_(\w+?)(?:_total)?\{([^}]*)\} ([0-9.e+]+)$")
_EXPORTER: Final = re.compile(r'exporter="([^"]*)"')


def check_program(program: ProgramSettings) -> list[Finding]:
    """Whether `aegis-otel up` has a Collector to run. It may well run on another machine."""
    what = "Collector's program"
    try:
        return [Finding.fine(what, str(_otelcol.binary(program)))]
    except _otelcol.CollectorMissingError:
        if program.otelcol_binary is not None:
            text = f"AEGIS_OTELCOL_BINARY: {program.otelcol_binary} is not a program that can be run"
            return [Finding(what, Verdict.NOTE, text, next_step="name another, or unset it")]
        install = "only `aegis-otel up` needs it: pip install 'aegis-otel[collector]'"
        return [Finding(what, Verdict.NOTE, "not installed here", next_step=install)]


def check_reachable(current: Settings, upstream: OpenTelemetrySettings) -> list[Finding]:
    """Whether the Collector that the app sends to takes records; it is sent a request without any."""
    what = "Collector"
    if not current.otlp_enabled:
        text = "OTEL_LOGS_EXPORTER does not name otlp"
        return [Finding(what, Verdict.OFF, text, next_step="set it to otlp to send records to a Collector")]
    url = _endpoint(current, upstream)
    parts = urlsplit(url if "://" in url else f"http://{url}")
    default_port = 4317 if current.protocol == "grpc" else 4318
    host, port = parts.hostname or "localhost", parts.port or (443 if parts.scheme == "https" else default_port)
    shown = f"{without_credentials(url)} ({current.protocol})"
    try:
        if parts.scheme == "https":
            # Certificates and tokens are the exporter's business; here it is about the way there.
            socket.create_connection((host, port), timeout=SECONDS).close()
        elif current.protocol == "grpc":
            _export_nothing_grpc(f"{host}:{port}")
        else:
            _export_nothing_http(url)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return [
            Finding(
                what,
                Verdict.WRONG,
                f"{shown} does not answer",
                cause=reason[:200],
                next_step="start one with `aegis-otel up`, or set OTEL_EXPORTER_OTLP_ENDPOINT",
            )
        ]
    return [Finding.fine(what, f"{shown} takes records")]


def _endpoint(current: Settings, upstream: OpenTelemetrySettings) -> str:
    """The standard variables' answer ("OTLP exporter configuration", "Endpoint Configuration")."""
    if upstream.logs_endpoint is not None:
        return upstream.logs_endpoint
    if current.protocol == "grpc":
        return upstream.endpoint or "http://localhost:4317"
    return (upstream.endpoint or "http://localhost:4318").rstrip("/") + "/v1/logs"


def _export_nothing_grpc(target: str) -> None:
    """An export request without a record: the Collector answers it and stores nothing."""
    import grpc

    with grpc.insecure_channel(target) as channel:
        try:
            channel.unary_unary(_GRPC_EXPORT)(b"", timeout=SECONDS, wait_for_ready=False)
        except grpc.RpcError as error:
            code = error.code()
            if code is grpc.StatusCode.UNAUTHENTICATED:
                return  # it is there, and wants what the exporter sends in its headers
            raise ConnectionError(code.name.lower()) from None


def _export_nothing_http(url: str) -> None:
    import httpx  # slow to import, and few commands need it

    answer = httpx.post(url, content=b"", headers={"content-type": "application/x-protobuf"}, timeout=SECONDS)
    if answer.status_code not in (200, 401, 403):
        raise ConnectionError(f"status {answer.status_code}")


def check_counters(note: UpNote | None, data_dir: Path) -> list[Finding]:
    """What the Collector started here says of itself: taken, refused, still waiting for a store."""
    import httpx  # slow to import, and few commands need it

    what = "Collector's counters"
    address = None if note is None else note.endpoints.get(METRICS_ENDPOINT)
    if address is None:
        return []
    try:
        text = httpx.get(f"http://{address}/metrics", timeout=SECONDS, trust_env=False).text
    except (httpx.HTTPError, httpx.InvalidURL):
        seen = f"no `aegis-otel up` of this folder answers at {address}"
        return [Finding(what, Verdict.OFF, seen, next_step="start it to see them")]
    counts: dict[str, float] = {}
    queued: dict[str, float] = {}
    for name, labels, number in _SAMPLE.findall(text):
        counts[name] = counts.get(name, 0.0) + float(number)
        exporter = _EXPORTER.search(labels)
        if name in ("aegis_queue_size", "exporter_queue_size") and exporter is not None and float(number):
            queued[exporter.group(1).rpartition("/")[2]] = float(number)
    refused = counts.get("receiver_refused_log_records", 0) + counts.get("receiver_failed_log_records", 0)
    seen = f"{counts.get('receiver_accepted_log_records', 0):.0f} records taken, {refused:.0f} refused"
    for queue, size in sorted(queued.items()):
        seen += f"; {amount(size)} wait for {queue}"
    log = f"{data_dir / 'collector.log'} says why"
    if refused:
        return [Finding(what, Verdict.NOTE, seen, next_step=log)]
    if queued:
        return [Finding(what, Verdict.NOTE, seen, next_step=f"if this does not become less, {log}")]
    return [Finding.fine(what, seen)]


def check_dead_letters(folder: Path) -> list[Finding]:
    """What stores have refused for good of what the Collector had taken."""
    count, size = contents(folder)
    if not size:
        return []
    return [
        Finding(
            "dead letters",
            Verdict.WRONG,
            f"{folder}: {amount(size)} in {count} files, which a store refused for good; they are in no store",
            next_step=f"each file has the reason; when that is gone, move it to {folder / 'resend'} to send it again",
        )
    ]
