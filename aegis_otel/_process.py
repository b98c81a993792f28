"""aegis_otel in this process, by code: switch it on, flush, shut down. For notebooks, serverless functions, scripts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Options(TypedDict, total=False):
    """What `configure` takes: fields of `aegis_otel.settings.Settings`, of their types or as a variable's text.

    Those that are OpenTelemetry's or the Collector's to read as well are left to their variables.
    """

    service: str
    environment: str
    enabled: bool
    strict: bool
    level: str | int
    logger_levels: tuple[tuple[str, int], ...] | str
    console_enabled: bool
    console_stream: Literal["stderr", "stdout"]
    structured: bool | None
    file_enabled: bool
    file_path: Path | str
    file_max_bytes: int
    file_keep: int
    file_daily: bool
    exporters: tuple[str, ...] | str
    protocol: Literal["grpc", "http/protobuf"]
    spool_enabled: bool
    spool_dir: Path | str
    spool_max_bytes: int
    queue_size: int
    schedule_delay_ms: int
    batch_size: int | None
    export_timeout_ms: int | None
    shutdown_timeout: float
    correlation_header: tuple[str, ...] | str
    correlation_only_uuids: bool
    baggage: bool
    framework_spans: bool | None
    message_spans: bool
    request_logs: bool
    access_logs: bool
    capture_stdout: bool
    code_location: bool
    native: bool
    max_text: int
    redaction_enabled: bool
    redaction_rules: Path | str | None
    redaction_enable: tuple[str, ...] | str
    redaction_hash_key: str | None
    audit_enabled: bool | None
    audit_dir: Path | str
    audit_key: Path | str | None
    audit_on_failure: Literal["raise", "continue"]
    redaction_callback: str | None


def redact(value: Any) -> Any:
    """A value with its secrets masked, as a log record of this process would show it.

    Takes any value: text, numbers, bytes, maps, lists, dataclasses, pydantic models, other objects as their text. The
    rules are those of the process's settings, also where `AEGIS_REDACTION_ENABLED` is false. Never raises: what can't
    be redacted becomes ``[REDACTION FAILED]``.
    """
    from aegis_otel import distro

    return distro.redactor().redact(value)


def configure(**options: Unpack[Options]) -> None:
    """Switch the distribution on in a process that was not started with `opentelemetry-instrument`.

    Does what that command does: reads the variables, instruments the libraries that are installed, captures `logging`.
    A second call, and a call in a process that is instrumented already, change nothing and say so on stderr.

    Args:
        options: settings that win over the environment's variables; None leaves one to them. Addresses and credentials
            of the Collector stay with OpenTelemetry's own variables.

    Raises:
        SettingsError: an option is not known (the text lists the known ones) or its value is wrong. Nothing is
            switched on then.
    """
    from aegis_otel import _auto, distro, settings

    if unknown := sorted(set(options) - set(Options.__annotations__)):
        known = ", ".join(sorted(Options.__annotations__))
        raise settings.SettingsError(f"configure() does not know {', '.join(unknown)}; it knows {known}")
    if distro.was_configured():
        distro.warn("is on in this process already; configure() changes nothing")
        return
    chosen = settings.read(given=options)
    settings.report(chosen, sys.stderr.write)
    distro.use(chosen)
    _auto.switch_on()


def flush(timeout: float | None = None) -> bool:
    """Bring everything that this process has logged so far to safety.

    Args:
        timeout: seconds to wait at most; None: `AEGIS_SHUTDOWN_TIMEOUT`. If the Collector does not answer, the wait
            ends early.

    Returns:
        Whether all of it is written to the console and the file, and is acknowledged by the Collector or in the spool,
        from which the next process of the service sends it. True also where nothing is switched on.
    """
    from aegis_otel import distro

    return distro.flush(timeout)


def shutdown(timeout: float | None = None) -> bool:
    """`flush`, then end delivery: what is logged afterwards is lost. The end of the process does this by itself.

    Args:
        timeout: seconds for both; None: `AEGIS_SHUTDOWN_TIMEOUT`.

    Returns:
        As `flush`.
    """
    from aegis_otel import distro

    return distro.shutdown(timeout)
