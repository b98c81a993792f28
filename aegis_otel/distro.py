"""The entry points that OpenTelemetry calls; wiring only: each part is told of the others here.

`opentelemetry-instrument` (or ``AEGIS_AUTO_ENABLE``) makes an `AegisDistro`, then an `AegisConfigurator`, then
gives every instrumentation to `AegisDistro.load_instrumentor`.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from opentelemetry import propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]
from opentelemetry.instrumentation.propagators import set_global_response_propagator
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk._configuration import _get_id_generator, _get_sampler, _import_sampler, _OTelSDKConfigurator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider, sampling

from aegis_otel import _choose, _native, _sealing, lifecycle
from aegis_otel import settings as settings_module
from aegis_otel.capture import Accept, clients, coverage, django, id_middlewares, jobs, loggers, servers, threads
from aegis_otel.capture.crash import CrashCapture
from aegis_otel.capture.lean import LeanRequests
from aegis_otel.capture.otel_logs import LogsApiCapture
from aegis_otel.capture.requests import RequestCapture, RequestSampler
from aegis_otel.correlation import (
    CorrelationPropagator,
    CorrelationResponsePropagator,
    CorrelationSpanProcessor,
    OwnBaggage,
    UuidTraceIds,
)
from aegis_otel.deliver.outputs import local_outputs
from aegis_otel.deliver.queue import Preparation, RecordQueue
from aegis_otel.settings import OpenTelemetrySettings, Settings, SettingsError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from aegis_otel.deliver.otlp import OtlpSink
    from aegis_otel.redaction import Redactor

_FRAMEWORKS: Final = (
    *("fastapi", "starlette", "flask", "django", "falcon", "pyramid", "tornado", "aiohttp-server"),
    *("grpc_server", "grpc_aio_server"),
)
_CLIENTS: Final = (
    *("httpx", "httpx2", "requests", "urllib", "urllib3", "aiohttp-client"),
    *("grpc_client", "grpc_aio_client"),
)
_CAPTURED: Final = ("loguru", "structlog")
EXIT_WRONG_SETTINGS: Final = 78  # EX_CONFIG of sysexits.h


class _NoMetrics(NoOpMeterProvider):
    """Measures nothing, and has nothing to flush: the instrumentation of AWS Lambda warns where it cannot flush."""

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """All that was measured is where it belongs."""
        return True

    def shutdown(self, timeout_millis: float = 30_000) -> None:
        """Nothing to do."""


@dataclass
class _State:
    """What is in force in this process."""

    settings: Settings | None = None
    queue: RecordQueue | None = None
    span_processors: int = 0
    otlp: OtlpSink | None = None
    redactor: Redactor | None = None


_state = _State()


def was_configured() -> bool:
    """Whether the distribution has read its settings in this process (it may be off by them)."""
    return _state.settings is not None


def use(settings: Settings) -> None:
    """Have these settings in force instead of those of the environment; before the distribution is loaded."""
    _state.settings = settings


def flush(timeout: float | None = None) -> bool:
    """See `aegis_otel.flush`."""
    queue, otlp = _state.queue, _state.otlp
    if queue is None:
        return True
    if queue.flush(_seconds(timeout)):
        return True
    return otlp is not None and queue.drain(0.0) and otlp.is_kept


def shutdown(timeout: float | None = None) -> bool:
    """See `aegis_otel.shutdown`."""
    if _state.queue is None:
        return True
    deadline = time.monotonic() + _seconds(timeout)
    delivered = flush(_seconds(timeout))
    _state.queue.close(max(deadline - time.monotonic(), 0.0))
    return delivered


def _seconds(timeout: float | None) -> float:
    return timeout if timeout is not None else _read_settings().shutdown_timeout


def preparation(settings: Settings) -> Preparation:
    """What happens to a record before any output sees it: redaction, if it is on, and the limits."""
    redactor = _redactor(settings)
    return Preparation(None if redactor is None else redactor.redact_record, settings.max_text, None)


def warn(text: str) -> None:
    """Say something to people, on stderr; never raises."""
    try:
        sys.stderr.write(f"aegis-otel: {text}\n")
        sys.stderr.flush()
    except Exception:
        return


class _OtherDistribution(logging.Filter):
    """Says once, in plain words, what OpenTelemetry's loader says in every process about a second configurator."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith("Configuration of %s not loaded"):
            return True
        if settings_module.first_time("distribution"):
            warn("another OpenTelemetry distribution is installed too; aegis-otel is the one in use")
        return False


class AegisDistro(BaseDistro):  # type: ignore[misc]
    """Reads the settings, and decides for every instrumentation whether and how it is used."""

    def _configure(self, **kwargs: Any) -> None:
        _read_settings()
        logging.getLogger("opentelemetry.instrumentation.auto_instrumentation._load").addFilter(_OtherDistribution())

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
        """Instrument one library as the settings allow."""
        settings = _read_settings()
        if not settings.enabled:
            return
        if entry_point.name in _FRAMEWORKS and not settings.framework_instrumentation:
            # The hooks at the servers cover them for less; what they know more of, only traces show.
            return
        if entry_point.name in _CLIENTS and not (settings.framework_instrumentation or settings.metrics_exported):
            return  # the hooks at the clients give the ids
        if entry_point.name in _CAPTURED:
            # It would record every line a second time.
            return
        if entry_point.name == "logging":
            # Its formats and hooks stay available; its handler would record every line a second time.
            kwargs["enable_log_auto_instrumentation"] = False
            factory = logging.getLogRecordFactory()
        if entry_point.name in ("aegis_asgi", "aegis_wsgi"):
            kwargs["lean"] = _lean(settings)
        if not settings.metrics_exported:
            kwargs.setdefault("meter_provider", _NoMetrics())
        if not settings.message_spans:
            kwargs.setdefault("exclude_spans", ["send", "receive"])
        if entry_point.name == "django":
            django.when_configured(lambda: self._load_later(entry_point, kwargs))
            return
        super().load_instrumentor(entry_point, **kwargs)
        if entry_point.name == "logging" and not hasattr(logging.makeLogRecord({}), "otelSpanID"):
            # Its record factory adds nothing then, and costs every call of the app.
            logging.setLogRecordFactory(factory)

    def _load_later(self, entry_point: EntryPoint, options: dict[str, Any]) -> None:
        """Instrument a library in the midst of the app's own work, which goes on whatever happens here."""
        try:
            super().load_instrumentor(entry_point, **options)
        except Exception as error:
            warn(f"{entry_point.name} is not instrumented: {type(error).__name__}: {error}")


class AegisConfigurator(_OTelSDKConfigurator):
    """Sets up the SDK, the outputs and the sources of records."""

    def _configure(self, **kwargs: Any) -> None:
        settings = _read_settings()
        if not settings.enabled or _state.queue is not None:
            return
        resource = {
            "service.name": settings.service,
            "deployment.environment.name": settings.environment,
            "telemetry.distro.name": "aegis-otel",
            **kwargs.pop("resource_attributes", {}),
        }
        redactor = _redactor(settings)
        native = _native.load()[0] if settings.native else None
        queue = _queue(settings, Resource.create(resource), redactor, native)
        _state.queue = queue
        if _state.otlp is not None:
            _state.otlp.queue_counts = lambda: (queue.waiting, queue.dropped)
        accept: Accept = queue.put
        logs_api = LogsApiCapture(accept, level=settings.level)
        processors: list[Any] = [CorrelationSpanProcessor()]
        if settings.request_logs:
            processors.append(RequestCapture(accept, level=settings.level))
        _state.span_processors = len(processors)
        if _get_id_generator() == "random":
            kwargs.setdefault("id_generator", UuidTraceIds())
        with settings_module.upstream_environment():
            super()._configure(  # type: ignore[no-untyped-call]
                resource_attributes=resource,
                sampler=RequestSampler(_import_sampler(_get_sampler()) or sampling.DEFAULT_ON),
                span_processors=processors,
                log_record_processors=[logs_api],
                setup_logging_handler=False,
                **kwargs,
            )
        if settings.metrics_exported and _state.otlp is not None:
            _state.otlp.report_metrics()
        _propagate(settings, redactor)
        accept_audited = _sealing.audited(settings, redactor, accept)
        loggers.start(settings, accept_audited, logs_api, lifecycle.OWN_THREADS.__contains__, native)
        lifecycle.attach(queue, settings.shutdown_timeout)
        _hook(settings)
        coverage.watch(warn, settings_module.first_time)
        CrashCapture(accept).install()  # its part of the end comes before that of delivery


def ensure_active() -> None:
    """Called before the instrumentations: says so if another distribution came first and ours is idle."""
    if _state.settings is None and not settings_module.read_group(OpenTelemetrySettings).distro:
        warn(
            "installed, but another OpenTelemetry distribution was loaded first and is in charge; "
            f"set OTEL_PYTHON_DISTRO={_choose.NAME} and OTEL_PYTHON_CONFIGURATOR={_choose.NAME} to use aegis-otel"
        )


def _read_settings() -> Settings:
    if _state.settings is None:
        try:
            settings = settings_module.read()
        except SettingsError as error:
            _stop(str(error))
        settings_module.report(settings, sys.stderr.write)
        _state.settings = settings
    return _state.settings


def _stop_if_strict(settings: Settings, problem: str) -> None:
    if settings.strict:
        _stop(problem)
    warn(problem)


def _stop(problem: str) -> NoReturn:
    warn(f"AEGIS_STRICT is true and a setting is wrong, so the app is not started.\n{problem}")
    # An exception would be swallowed by the instrumentation that calls us, and the app would run.
    os._exit(EXIT_WRONG_SETTINGS)


def _queue(settings: Settings, resource: Resource, redactor: Redactor | None, native: Any) -> RecordQueue:
    sinks = local_outputs(settings, warn)
    if settings.otlp_enabled:
        from aegis_otel.deliver.otlp import OtlpSink

        _state.otlp = OtlpSink(
            resource,
            protocol=settings.protocol,
            spool_dir=settings.spool_dir if settings.spool_enabled else None,
            spool_bytes=settings.spool_max_bytes,
            export_timeout=None if settings.export_timeout_ms is None else settings.export_timeout_ms / 1000,
            schedule_delay=settings.schedule_delay_ms / 1000,
            batch_size=settings.batch_size,
            warn=warn,
            native=native,
        )
        sinks.append(_state.otlp)
    prefilter = None
    if native is not None:
        records = redactor.native_screen(native, settings.max_text) if redactor is not None else None
        if redactor is None:
            records = native.RecordScreen(None, 0, settings.max_text)
        prefilter = records and records.left
    return _sealing.Queue(
        sinks,
        prepare=None if redactor is None else redactor.redact_record,
        queue_size=settings.queue_size,
        max_text=settings.max_text,
        warn=warn,
        prefilter=prefilter,
    )


def redactor() -> Redactor:
    """The redactor of this process's settings; it is there also where the process does not redact its records."""
    if _state.redactor is None:
        _state.redactor = _make_redactor(_read_settings())
    return _state.redactor


def _redactor(settings: Settings) -> Redactor | None:
    return _make_redactor(settings) if settings.redaction_enabled else None


def _make_redactor(settings: Settings) -> Redactor:
    from aegis_otel.redaction import (
        DEFAULT,
        CallbackError,
        Redactor,
        RuleError,
        load_callback,
        load_rules,
        unknown_kinds,
    )

    rules = DEFAULT
    if settings.redaction_rules is not None:
        try:
            rules = load_rules(settings.redaction_rules)
        except RuleError as error:
            _stop_if_strict(settings, f"{error}; the rules that come with aegis-otel are in force without yours")
    if wrong := unknown_kinds(rules, settings.redaction_enable):
        _stop_if_strict(settings, f"AEGIS_REDACTION_ENABLE: {wrong}")
    callback = None
    if settings.redaction_callback is not None:
        try:
            callback = load_callback(settings.redaction_callback)
        except CallbackError as error:
            _stop_if_strict(settings, f"AEGIS_REDACTION_CALLBACK: {error}; all matches are masked")
    return Redactor(rules, enable=settings.redaction_enable, hash_key=settings.redaction_hash_key, callback=callback)


def _propagate(settings: Settings, redactor: Redactor | None) -> None:
    harmless = None if redactor is None else lambda value: redactor.redact_text(value) == value
    headers = settings.correlation_header
    ours = CorrelationPropagator(headers, harmless, only_uuids=settings.correlation_only_uuids)
    theirs = propagate.get_global_textmap()
    members = list(getattr(theirs, "_propagators", [theirs]))
    # OTEL_PROPAGATORS may name ours as well; it is there once, with the headers of the settings.
    kept = [member for member in members if not isinstance(member, CorrelationPropagator)]
    if not settings.baggage:
        kept = [OwnBaggage() if type(member) is W3CBaggagePropagator else member for member in kept]
    propagate.set_global_textmap(CompositePropagator([*kept, ours]))
    set_global_response_propagator(CorrelationResponsePropagator(headers[0]))  # type: ignore[no-untyped-call]
    id_middlewares.install()


def _hook(settings: Settings) -> None:
    """Put the hooks in that need no entry point: OpenTelemetry looks at all our requirements for each of those."""
    disabled = settings_module.read_group(OpenTelemetrySettings).disabled_instrumentations
    hooks = {
        "aegis_servers": lambda: servers.instrument(_lean(settings)),
        "aegis_clients": clients.instrument,
        "aegis_jobs": jobs.instrument,
        "aegis_threads": threads.instrument,
    }
    for name, instrument in hooks.items():
        if name not in disabled and "*" not in disabled:
            instrument()


def _lean(settings: Settings) -> LeanRequests | None:
    """How requests are recorded while nobody looks at spans; None where the SDK is not ours."""
    provider = trace.get_tracer_provider()
    if _state.queue is None or not isinstance(provider, TracerProvider):
        return None
    return LeanRequests(
        accept=_state.queue.put if settings.request_logs else None,
        level=settings.level,
        header=settings.correlation_header[0],
        aliases=settings.correlation_header[1:],
        provider=provider,
        own_processors=_state.span_processors,
    )
