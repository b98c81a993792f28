"""The instrumentation's own variables, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from aegis_otel import schema
from aegis_otel.settings import _parsers as parse
from aegis_otel.settings._presets import Preset, preset_of
from aegis_otel.settings._variable import Reader, SettingsError, Source, Variable, variable, variables_of

_RESOURCE: Final = "OTEL_RESOURCE_ATTRIBUTES"


def _in_resource(key: str, *older: str) -> Source:
    return Source(_RESOURCE, parse.resource_attribute(key, *older), f"`{key}` in `{_RESOURCE}`")


def _of_exporters(exported: bool) -> str:
    return str(exported).lower() if exported else "none"


@dataclass(frozen=True)
class Settings:
    """What all variables of the instrumentation say together. Secrets are left out of its repr.

    Attributes:
        preset: of the environment; it gives some of the defaults.
        problems: what is wrong with the variables, a sentence each.
    """

    preset: Preset
    service: str = variable(
        "OTEL_SERVICE_NAME",
        _in_resource("service.name"),
        "SERVICE_NAME",
        parse=parse.name,
        default="unknown_service",
        help="the `service` field",
    )
    environment: str = variable(
        _in_resource("deployment.environment.name", "deployment.environment"),
        "ENVIRONMENT",
        parse=parse.name,
        default="development",
        help="the `environment` field; also chooses the preset",
    )
    enabled: bool = variable(
        Source("OTEL_SDK_DISABLED", lambda text: "false" if text.lower() == "true" else "", "`OTEL_SDK_DISABLED=true`"),
        "AEGIS_ENABLED",
        parse=parse.boolean,
        default=True,
        help="false turns all of aegis-otel off",
    )
    strict: bool = variable("AEGIS_STRICT", parse=parse.boolean, default=False, help="a wrong setting stops the app")
    level: int = variable(
        "OTEL_PYTHON_LOG_LEVEL",
        "LOG_LEVEL",
        parse=parse.level,
        show=schema.level_name,
        default=lambda preset: preset.level,
        help="the least severe level that is recorded: error, warn, info, debug",
    )
    logger_levels: tuple[tuple[str, int], ...] = variable(
        "AEGIS_LOGGER_LEVELS",
        parse=parse.logger_levels,
        default=(),
        show=parse.show_logger_levels,
        help="levels of single loggers and those below them, `httpcore=debug,celery=warn`; `*` is every logger",
    )
    console_enabled: bool = variable(
        "LOG_CONSOLE_ENABLED", parse=parse.boolean, default=lambda preset: preset.console, help="records on the console"
    )
    console_stream: str = variable(
        "AEGIS_CONSOLE_STREAM",
        parse=parse.choice("stderr", "stdout"),
        default="stderr",
        help="where the console output goes",
    )
    structured: bool | None = variable(
        "STRUCTURED_LOGGING_ENABLED",
        parse=parse.boolean,
        help="console as JSON (true) or as readable text (false); unset: text on a development terminal",
    )
    no_colour: bool = variable(
        "NO_COLOR",
        Source("TERM", lambda text: text if text == "dumb" else "", "`TERM=dumb`"),
        parse=bool,
        default=False,
        help="no colours on the console, whatever its value",
    )
    file_enabled: bool = variable(
        "LOG_FILE_ENABLED",
        parse=parse.boolean,
        default=lambda preset: preset.file,
        help="records in a file of JSON lines",
    )
    file_path: Path = variable("LOG_FILE_PATH", parse=parse.path, default=Path("logs/app.log"), help="that file")
    file_max_bytes: int = variable(
        "AEGIS_LOG_FILE_MAX_BYTES",
        parse=parse.number(4096, 2**40, "bytes"),
        default=100 * 2**20,
        help="the size at which the file is rotated",
    )
    file_keep: int = variable(
        "AEGIS_LOG_FILE_KEEP",
        parse=parse.number(0, 10_000, "files"),
        default=14,
        help="how many rotated files are kept",
    )
    file_daily: bool = variable(
        "AEGIS_LOG_FILE_DAILY", parse=parse.boolean, default=True, help="also rotate at the start of a UTC day"
    )
    exporters: tuple[str, ...] = variable(
        "OTEL_LOGS_EXPORTER", parse=parse.exporters, default=("otlp",), help="otlp, or none"
    )
    protocol: Literal["grpc", "http/protobuf"] = variable(
        "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        parse=parse.choice("grpc", "http/protobuf"),
        default="grpc",
        help="the OTLP protocol",
    )
    metrics_exported: bool = variable(
        "OTEL_METRICS_EXPORTER",
        parse=parse.exported,
        default=False,
        show=_of_exporters,
        help="metrics go nowhere unless this names an exporter",
    )
    spool_enabled: bool = variable(
        "AEGIS_SPOOL_ENABLED",
        parse=parse.boolean,
        default=True,
        help="keep records on disk while the Collector is away",
    )
    spool_dir: Path = variable(
        "AEGIS_SPOOL_DIR",
        Source("XDG_STATE_HOME", parse.below_state_home, "`aegis-otel/spool` in `XDG_STATE_HOME`"),
        parse=parse.path,
        default=lambda _: Path("~/.local/state/aegis-otel/spool").expanduser(),
        help="the folder for that",
    )
    spool_max_bytes: int = variable(
        "AEGIS_SPOOL_MAX_BYTES",
        parse=parse.number(2**20, 2**40, "bytes"),
        default=256 * 2**20,
        help="how much of the disk it may take",
    )
    queue_size: int = variable(
        "OTEL_BLRP_MAX_QUEUE_SIZE",
        parse=parse.number(1, 10_000_000, "records"),
        default=65_536,
        help="how many records may wait in memory",
    )
    schedule_delay_ms: int = variable(
        "OTEL_BLRP_SCHEDULE_DELAY",
        parse=parse.number(1, 3_600_000, "milliseconds"),
        default=200,
        help="the longest a record waits for its batch to fill",
    )
    batch_size: int | None = variable(
        "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
        parse=parse.number(1, 10_000_000, "records"),
        help="how many records a request has at most; unset: 1 MB of them",
    )
    export_timeout_ms: int | None = variable(
        "OTEL_BLRP_EXPORT_TIMEOUT",
        parse=parse.number(1, 3_600_000, "milliseconds"),
        help="how long one export may take; unset: `OTEL_EXPORTER_OTLP_TIMEOUT`",
    )
    shutdown_timeout: float = variable(
        "AEGIS_SHUTDOWN_TIMEOUT",
        parse=parse.number(0, 3600, "seconds", float),
        default=5.0,
        help="the longest the exit of the app waits for delivery",
    )
    correlation_header: tuple[str, ...] = variable(
        "AEGIS_CORRELATION_HEADER",
        parse=parse.header_names,
        default=("x-correlation-id",),
        help="headers that may bring the correlation id, `x-correlation-id,x-request-id`; the first is the one sent",
    )
    correlation_only_uuids: bool = variable(
        "AEGIS_CORRELATION_ONLY_UUIDS",
        parse=parse.boolean,
        default=False,
        help="an incoming correlation id must be a UUID; else it is replaced",
    )
    baggage: bool = variable(
        "AEGIS_PASS_BAGGAGE",
        Source("OTEL_PROPAGATORS", parse.names_baggage, "`baggage` in `OTEL_PROPAGATORS`"),
        parse=parse.boolean,
        default=False,
        help="incoming baggage goes on with outgoing calls",
    )
    traces_exported: bool = variable(
        "OTEL_TRACES_EXPORTER",
        parse=parse.exported,
        default=False,
        show=_of_exporters,
        help="traces go nowhere unless this names an exporter",
    )
    framework_spans: bool | None = variable(
        "AEGIS_FRAMEWORK_SPANS",
        parse=parse.boolean,
        help="use the web frameworks' own instrumentations where they are installed; unset: if traces are exported",
    )
    message_spans: bool = variable(
        "AEGIS_MESSAGE_SPANS",
        parse=parse.boolean,
        default=False,
        help="ASGI: also a span for every message sent and received",
    )
    request_logs: bool = variable(
        "AEGIS_REQUEST_LOGS_ENABLED", parse=parse.boolean, default=True, help="a record for every request served"
    )
    access_logs: bool = variable(
        "AEGIS_ACCESS_LOGS_ENABLED",
        parse=parse.boolean,
        default=False,
        help="the servers' own access lines too, where a request record says the same",
    )
    capture_stdout: bool = variable(
        "AEGIS_CAPTURE_STDOUT",
        parse=parse.boolean,
        default=False,
        help="what the app prints to stdout is recorded too, a record for each line",
    )
    code_location: bool = variable(
        "OTEL_PYTHON_LOG_CODE_ATTRIBUTES",
        parse=parse.boolean,
        default=True,
        help="file, line and function of the log call",
    )
    native: bool = variable(
        "AEGIS_NATIVE",
        parse=parse.boolean,
        default=True,
        help="use the extension `aegis-otel-native` where it is installed",
    )
    max_text: int = variable(
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "AEGIS_MAX_TEXT",
        parse=parse.number(16, 2**20, "characters"),
        default=schema.MAX_TEXT,
        help="how much of one text is kept",
    )
    redaction_enabled: bool = variable(
        "AEGIS_REDACTION_ENABLED",
        parse=parse.boolean,
        default=True,
        help="redact in the process too, before a record goes anywhere",
    )
    redaction_rules: Path | None = variable(
        "AEGIS_REDACTION_RULES", parse=parse.path, help="a file with your own rules and exceptions"
    )
    redaction_enable: tuple[str, ...] = variable(
        "AEGIS_REDACTION_ENABLE", parse=parse.words, default=(), help="further kinds to mask, e.g. hipaa, or ipv4,ipv6"
    )
    redaction_hash_key: str | None = variable(
        "AEGIS_REDACTION_HASH_KEY",
        parse=str,
        help="masks carry a keyed hash, so that equal values can be joined",
        secret=True,
    )
    redaction_callback: str | None = variable(
        "AEGIS_REDACTION_CALLBACK",
        parse=parse.function,
        help="`module:function` that is asked about each match in the process: the text to show, or None to mask it",
    )
    seq_enabled: bool = variable("SEQ_ENABLED", parse=parse.boolean, default=False, help="the Collector sends to Seq")
    seq_url: str = variable("SEQ_URL", parse=parse.http_url, default="http://localhost:5341", help="where Seq listens")
    seq_api_key: str | None = variable("SEQ_API_KEY", parse=str, help="Seq's API key", secret=True)
    loki_url: str | None = variable(
        "AEGIS_LOKI_URL", parse=parse.http_url, help="where Loki listens; set: the Collector sends to it"
    )
    victorialogs_url: str | None = variable(
        "AEGIS_VICTORIALOGS_URL",
        parse=parse.http_url,
        help="where VictoriaLogs listens; if set, it is fed",
    )
    data_dir: Path = variable(
        "AEGIS_DATA_DIR", parse=parse.path, default=Path(".aegis"), help="queues and store of `aegis-otel up`"
    )
    audit_enabled: bool | None = variable(
        "AEGIS_AUDIT_ENABLED",
        parse=parse.boolean,
        help="true: audit lines of `logging` are sealed too; false: nothing is; unset: what `audit()` records is",
    )
    audit_dir: Path = variable(
        "AEGIS_AUDIT_DIR",
        Source("XDG_STATE_HOME", parse.audit_below_state_home, "`aegis-otel/audit` in `XDG_STATE_HOME`"),
        parse=parse.path,
        default=lambda _: Path("~/.local/state/aegis-otel/audit").expanduser(),
        help="the folder of the audit trail",
    )
    audit_key: Path | None = variable(
        "AEGIS_AUDIT_KEY_FILE",
        parse=parse.path,
        help="the file of the node key; made where there is none; unset: beside that folder, `….key`",
    )
    audit_on_failure: Literal["raise", "continue"] = variable(
        "AEGIS_AUDIT_ON_FAILURE",
        parse=parse.choice("raise", "continue"),
        default="raise",
        help="what `audit()` does if the record cannot be written: raise, or say so and go on without it",
    )
    problems: tuple[str, ...] = ()

    @property
    def audit_key_file(self) -> Path:
        """The file of the node key: the one that is set, else beside the trail's folder."""
        return self.audit_key or self.audit_dir.with_name(self.audit_dir.name + ".key")

    @property
    def identity(self) -> schema.Identity:
        """The `service` and `environment` fields of every record."""
        return schema.Identity(self.service, self.environment)

    @property
    def framework_instrumentation(self) -> bool:
        """Whether the instrumentations of web frameworks are used, not only our hooks at the servers."""
        return self.traces_exported if self.framework_spans is None else self.framework_spans

    @property
    def otlp_enabled(self) -> bool:
        """Whether records go to a Collector."""
        return any(name.startswith("otlp") for name in self.exporters)


VARIABLES: Final[tuple[Variable, ...]] = variables_of(Settings)


def read(environ: Mapping[str, str] | None = None, given: Mapping[str, Any] | None = None) -> Settings:
    """Read and check all variables of the instrumentation.

    A wrong value is reported in `Settings.problems`, with what is allowed, and its default used instead.

    Args:
        environ: the variables; the process's own where None.
        given: values by field, which win over the variables: of the field's type, or text as a variable has it. None
            leaves a field to the variables.

    Raises:
        SettingsError: a value is wrong and ``AEGIS_STRICT`` is true; or a given one is wrong.
    """
    reader = Reader(environ)
    values: dict[str, Any] = {}
    preset = preset_of("")  # until the environment is known, which depends on none
    for each in VARIABLES:
        if given is not None and given.get(each.field) is not None:
            values[each.field] = each.checked(given[each.field])
        else:
            values[each.field] = reader.value(each, preset)
        if each.field == "environment":
            preset = preset_of(values["environment"])
    if "console" in values["exporters"]:
        values["console_enabled"] = True
    for name in values["exporters"]:
        if name == "otlp_proto_grpc":
            values["protocol"] = "grpc"
        elif name == "otlp_proto_http":
            values["protocol"] = "http/protobuf"
    problems = tuple(f"{problem.what}; {problem.instead}" for problem in reader.problems)
    if problems and values["strict"]:
        raise SettingsError("\n".join(problems))
    return Settings(preset=preset, problems=problems, **values)
