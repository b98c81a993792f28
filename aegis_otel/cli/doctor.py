"""What `aegis-otel doctor` looks at. Each check looks at one thing and changes nothing that it finds."""

from __future__ import annotations

import enum
import importlib.metadata
import os
import re
import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx
from rich.table import Table
from rich.text import Text

from aegis_otel import _native
from aegis_otel.cli import pieces, terminal
from aegis_otel.deliver import processes, refused
from aegis_otel.deliver.spool import waiting
from aegis_otel.settings import OpenTelemetrySettings, Settings, read_group
from aegis_otel.stores._http import without_credentials
from aegis_otel.stores.loki import LokiStore

_SECONDS: Final = 10.0
"""What does not answer for so long is away; a busy machine can well be silent for a few seconds."""
_GRPC_EXPORT: Final = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


class Verdict(enum.Enum):
    """How a check came out."""

    FINE = "ok"
    OFF = "off"
    NOTE = "note"
    WRONG = "wrong"


# A line of the Collector's metrics, in Prometheus' text format.
_SAMPLE: Final = re.compile(r"(?m)^otelcol_(\w+?)(?:_total)?\{([^}]*)\} ([0-9.e+]+)$")
_EXPORTER: Final = re.compile(r'exporter="([^"]*)"')

_STYLES: Final = {Verdict.FINE: "green", Verdict.OFF: "dim", Verdict.NOTE: "yellow", Verdict.WRONG: "bold red"}


class Finding(NamedTuple):
    """One line of the outcome: what was looked at, how it is, what was seen and what to do."""

    what: str
    verdict: Verdict
    detail: str


def examine(current: Settings, state: Mapping[str, Any]) -> list[Finding]:
    """All checks. `state` is what `aegis-otel up` left about itself, empty where it never ran."""
    checks: list[Callable[[], list[Finding]]] = [
        lambda: _settings(current),
        lambda: _distribution(current),
        lambda: _extension(current),
        _collector_installed,
        lambda: _collector_reachable(current),
        lambda: _collector_counters(state),
        lambda: _dead_letters(current.data_dir / "dead-letter"),
        lambda: _stores(current, state),
        lambda: _spool(current),
        lambda: _refused(current.spool_dir),
        lambda: _delivery(current.spool_dir),
        lambda: _log_file(current),
    ]
    findings: list[Finding] = []
    for check in checks:
        findings += check()
    return findings


def as_table(findings: list[Finding]) -> Table:
    """For people."""
    rows = [
        (finding.what, Text(finding.verdict.value, _STYLES[finding.verdict]), finding.detail) for finding in findings
    ]
    return terminal.table("aegis-otel doctor", ("what", "is", "seen"), rows)


_COUNTS: Final = ("accepted", "delivered", "pending", "spooled", "retried", "dropped", "refused")


def processes_as_table(folder: Path) -> Table | None:
    """The counters of each process that delivers from this machine, and their sums; None where there is none."""
    found = processes.read(folder)
    if not found:
        return None
    rows: list[tuple[str | Text, ...]] = []
    for process in found:
        state = Text("runs", "green") if process.alive else Text("gone", "dim")
        if process.alive and process.counts.get("away"):
            state = Text("Collector away", "yellow")
        counts = (f"{process.counts.get(name, 0):.0f}" for name in _COUNTS)
        latency = f"{process.counts.get('export_seconds', 0) * 1000:.0f} ms"
        rows.append((process.service, str(process.pid), state, *counts, latency, f"{process.age:.0f} s ago"))
    if len(found) > 1:
        sums = (f"{_sum(found, name):.0f}" for name in _COUNTS)
        rows.append(("all", "", "", *sums, "", ""))
    headings = ("service", "process", "is", *_COUNTS, "last export", "as of")
    return terminal.table("Delivery, records since each process started", headings, rows)


def _sum(found: list[processes.ProcessStats], name: str) -> float:
    return sum(process.counts.get(name, 0) for process in found)


def _settings(current: Settings) -> list[Finding]:
    if current.problems:
        return [Finding("settings", Verdict.WRONG, problem) for problem in current.problems]
    return [Finding("settings", Verdict.FINE, f"service {current.service}, environment {current.environment}")]


def _distribution(current: Settings) -> list[Finding]:
    """Which distribution `opentelemetry-instrument` takes: the named one, else the first it finds."""
    what = "distribution"
    if not current.enabled:
        return [Finding(what, Verdict.NOTE, "switched off by AEGIS_ENABLED or OTEL_SDK_DISABLED")]
    found = [point.name for point in importlib.metadata.entry_points(group="opentelemetry_distro")]
    named = read_group(OpenTelemetrySettings).distro
    if "aegis" not in found:
        return [Finding(what, Verdict.WRONG, "the entry point of aegis-otel is not there: pip install aegis-otel")]
    if named and named != "aegis":
        return [Finding(what, Verdict.WRONG, f"OTEL_PYTHON_DISTRO={named} chooses another one; unset it")]
    others = ", ".join(sorted(name for name in found if name != "aegis"))
    return [Finding(what, Verdict.FINE, f"aegis wins over {others}" if others else "aegis, the only one")]


def _extension(current: Settings) -> list[Finding]:
    """Whether the optional extension is in use; without it everything works as well, for more CPU."""
    what = "native extension"
    if not current.native:
        return [Finding(what, Verdict.OFF, "AEGIS_NATIVE is false")]
    module, said = _native.load()
    if module is not None:
        return [Finding(what, Verdict.FINE, f"aegis-otel-native {said}, in use")]
    return [Finding(what, Verdict.OFF if said == _native.MISSING else Verdict.NOTE, said)]


def _collector_installed() -> list[Finding]:
    try:
        return [Finding("Collector's program", Verdict.FINE, str(pieces.binary()))]
    except pieces.CollectorMissingError:
        # The Collector may well run on another machine.
        hint = "not installed here; only `aegis-otel up` needs it: pip install 'aegis-otel[collector]'"
        return [Finding("Collector's program", Verdict.NOTE, hint)]


def _collector_reachable(current: Settings) -> list[Finding]:
    what = "Collector"
    if not current.otlp_enabled:
        return [Finding(what, Verdict.OFF, "OTEL_LOGS_EXPORTER does not name otlp")]
    url = _endpoint(current)
    parts = urlsplit(url if "://" in url else f"http://{url}")
    default_port = 4317 if current.protocol == "grpc" else 4318
    host, port = parts.hostname or "localhost", parts.port or (443 if parts.scheme == "https" else default_port)
    try:
        if parts.scheme == "https":
            # Certificates and tokens are the exporter's business; here it is about the way there.
            socket.create_connection((host, port), timeout=_SECONDS).close()
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
                f"{without_credentials(url)} ({current.protocol}) does not answer: {reason[:200]}; start one with"
                " `aegis-otel up`, or set OTEL_EXPORTER_OTLP_ENDPOINT",
            )
        ]
    return [Finding(what, Verdict.FINE, f"{without_credentials(url)} ({current.protocol}) takes records")]


def _endpoint(current: Settings) -> str:
    """The standard variables' answer ("OTLP exporter configuration", "Endpoint Configuration")."""
    upstream = read_group(OpenTelemetrySettings)
    if upstream.logs_endpoint is not None:
        return upstream.logs_endpoint
    general = upstream.endpoint
    if current.protocol == "grpc":
        return general or "http://localhost:4317"
    return (general or "http://localhost:4318").rstrip("/") + "/v1/logs"


def _export_nothing_grpc(target: str) -> None:
    """An export request without a record: the Collector answers it and stores nothing."""
    import grpc

    with grpc.insecure_channel(target) as channel:
        try:
            channel.unary_unary(_GRPC_EXPORT)(b"", timeout=_SECONDS, wait_for_ready=False)
        except grpc.RpcError as error:
            code = error.code()
            if code is grpc.StatusCode.UNAUTHENTICATED:
                return  # it is there, and wants what the exporter sends in its headers
            raise ConnectionError(code.name.lower()) from None


def _export_nothing_http(url: str) -> None:
    answer = httpx.post(url, content=b"", headers={"content-type": "application/x-protobuf"}, timeout=_SECONDS)
    if answer.status_code not in (200, 401, 403):
        raise ConnectionError(f"status {answer.status_code}")


def _collector_counters(state: Mapping[str, Any]) -> list[Finding]:
    """What the Collector started here says of itself: taken, refused, still waiting for a store."""
    what = "Collector's counters"
    endpoints = state.get("endpoints")
    address = endpoints.get("AEGIS_METRICS_PORT") if isinstance(endpoints, Mapping) else None
    if not isinstance(address, str):
        return []
    try:
        text = httpx.get(f"http://{address}/metrics", timeout=_SECONDS, trust_env=False).text
    except (httpx.HTTPError, httpx.InvalidURL):
        return [Finding(what, Verdict.OFF, f"no `aegis-otel up` of this folder answers at {address}")]
    counts: dict[str, float] = {}
    queued: dict[str, float] = {}
    for name, labels, number in _SAMPLE.findall(text):
        counts[name] = counts.get(name, 0.0) + float(number)
        exporter = _EXPORTER.search(labels)
        if name in ("aegis_queue_size", "exporter_queue_size") and exporter is not None and float(number):
            queued[exporter.group(1).rpartition("/")[2]] = float(number)
    refused = counts.get("receiver_refused_log_records", 0) + counts.get("receiver_failed_log_records", 0)
    detail = f"{counts.get('receiver_accepted_log_records', 0):.0f} records taken, {refused:.0f} refused"
    for queue, size in sorted(queued.items()):
        detail += f"; {amount(size)} wait for {queue}"
    return [Finding(what, Verdict.NOTE if refused or queued else Verdict.FINE, detail)]


def _dead_letters(folder: Path) -> list[Finding]:
    what = "dead letters"
    count, size = _contents(folder)
    if not size:
        return []
    detail = f"{folder}: {amount(size)} in {count} files, which a store refused for good; they are in no store"
    return [Finding(what, Verdict.WRONG, detail)]


def _stores(current: Settings, state: Mapping[str, Any]) -> list[Finding]:
    findings = []
    names = pieces.chosen_stores(current)
    if "loki" in names and current.loki_url is not None:
        shown = without_credentials(current.loki_url)
        if LokiStore(current.loki_url).is_ready():
            findings.append(Finding("Loki", Verdict.FINE, f"{shown} is ready"))
        else:
            findings.append(
                Finding("Loki", Verdict.WRONG, f"{shown} is not ready; is it running, is AEGIS_LOKI_URL right?")
            )
    if "seq" in names:
        findings.append(_seq(current))
    if "file" in names:
        findings.append(_embedded(current.data_dir / "store", bool(state)))
    return findings


def _seq(current: Settings) -> Finding:
    shown = without_credentials(current.seq_url)
    try:
        status = httpx.get(f"{current.seq_url}/health", timeout=_SECONDS).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding("Seq", Verdict.WRONG, f"{shown} does not answer: {error}; is it running, is SEQ_URL right?")
    if status in (200, 401, 403):
        return Finding("Seq", Verdict.FINE, f"{shown} answers")
    return Finding("Seq", Verdict.WRONG, f"{shown} answers with status {status}")


def _embedded(folder: Path, was_up: bool) -> Finding:
    what = "embedded store"
    if not folder.is_dir():
        verdict = Verdict.WRONG if was_up else Verdict.NOTE
        return Finding(what, verdict, f"{folder} is not there yet; `aegis-otel up` makes it")
    if not os.access(folder, os.R_OK | os.X_OK):
        return Finding(what, Verdict.WRONG, f"{folder} may not be read by this user")
    count, size = _contents(folder)
    return Finding(what, Verdict.FINE, f"{folder}: {count} files, {amount(size)}")


def _spool(current: Settings) -> list[Finding]:
    what = "spool"
    if not current.spool_enabled or not current.otlp_enabled:
        return [Finding(what, Verdict.OFF, "AEGIS_SPOOL_ENABLED=false, or nothing goes to a Collector")]
    folder = current.spool_dir
    problem = _unwritable(folder)
    if problem:
        return [
            Finding(
                what, Verdict.WRONG, f"{problem}; records are lost while the Collector is away: set AEGIS_SPOOL_DIR"
            )
        ]
    found = waiting(folder)
    limit = amount(current.spool_max_bytes)
    if not found:
        return [Finding(what, Verdict.FINE, f"{folder}: nothing waits, {limit} may")]
    parts = ", ".join(f"{amount(size)} of {service}" for service, size in sorted(found.items()))
    return [Finding(what, Verdict.NOTE, f"{folder}: waiting for the Collector: {parts}; {limit} may")]


def _delivery(folder: Path) -> list[Finding]:
    found = processes.read(folder)
    if not found:
        return []
    alive = sum(process.alive for process in found)
    dropped, pending = _sum(found, "dropped"), _sum(found, "pending")
    detail = (
        f"{alive} processes run, {len(found) - alive} are gone and left records: {_sum(found, 'accepted'):.0f} records"
        f" accepted, {_sum(found, 'delivered'):.0f} delivered, {pending:.0f} wait, {dropped:.0f} dropped"
    )
    away = any(process.counts.get("away") for process in found if process.alive)
    verdict = Verdict.WRONG if dropped else Verdict.NOTE if away else Verdict.FINE
    return [Finding("delivery", verdict, detail)]


def _refused(folder: Path) -> list[Finding]:
    """What Collectors have refused of the records of services here."""
    return [
        Finding(
            "refused records",
            Verdict.WRONG,
            f"{folder / refused.FOLDER}: {found.records} of {found.service} ({found.kind});"
            " `aegis-otel spool` shows them and sends them again",
        )
        for found in refused.find(folder)
        if found.records
    ]


def _log_file(current: Settings) -> list[Finding]:
    what = "log file"
    if not current.file_enabled:
        return [Finding(what, Verdict.OFF, "LOG_FILE_ENABLED is not true")]
    path = current.file_path
    if path.exists():
        problem = "" if path.is_file() and os.access(path, os.W_OK) else f"{path} cannot be written"
    else:
        problem = _unwritable(path.parent)
    if problem:
        return [Finding(what, Verdict.WRONG, f"{problem}; set LOG_FILE_PATH, or LOG_FILE_ENABLED=false")]
    return [Finding(what, Verdict.FINE, f"{path.absolute()} can be written")]


def _unwritable(folder: Path) -> str:
    """Why no file can be made in `folder`; empty where one can, or where the folder could be made."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        return f"{place} is no folder"
    try:
        with tempfile.TemporaryFile(dir=place):
            return ""
    except OSError as error:
        return f"{place} cannot be written: {error.strerror}"


def _contents(folder: Path) -> tuple[int, int]:
    count = size = 0
    if folder.is_dir():
        for path in folder.rglob("*"):
            try:
                if path.is_file():
                    count, size = count + 1, size + path.stat().st_size
            except OSError:
                continue  # sent and removed meanwhile
    return count, size


def amount(size: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
