"""Every environment variable of the instrumentation, read and checked once, into one frozen value.

Nothing else in the package reads the environment. A variable that OpenTelemetry defines beats the AegisX
name for the same thing; every variable of our own is named ``AEGIS_*``. A wrong value is reported, with
what is allowed, and its default used instead; with ``AEGIS_STRICT=true`` it is an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import unquote, urlsplit

from aegis_otel import schema

REPORTED: Final = "AEGIS_REPORTED"
"""Says to child processes what was shown already, so that four workers do not show it four times."""


class SettingsError(ValueError):
    """One or more variables have values that cannot be used; the text names each."""


@dataclass(frozen=True)
class Preset:
    """What an environment's name implies (AegisX, "Environment-Specific Configuration")."""

    level: int
    console: bool
    file: bool


PRESETS: Final[Mapping[str, Preset]] = {
    "development": Preset(schema.DEBUG, console=True, file=True),
    "staging": Preset(schema.INFO, console=False, file=True),
    "production": Preset(schema.WARN, console=False, file=True),
}
_PRESET_ALIASES: Final = {
    "dev": "development",
    "local": "development",
    "stage": "staging",
    "prod": "production",
}


@dataclass(frozen=True)
class Variable:
    """One setting: the variables that give it (the first that is set wins), its parser and its default.

    Attributes:
        field: its name in `Settings`.
        names: environment variables, the strongest first.
        parse: text to value; raises ValueError whose text completes "expected …".
        default: the value where none is set, or a function of the preset.
        help: one line for people.
        secret: whether its value must never be shown.
    """

    field: str
    names: tuple[str, ...]
    parse: Callable[[str], Any]
    default: Any
    help: str
    secret: bool = False

    def default_for(self, preset: Preset) -> Any:
        """The default under a preset."""
        return self.default(preset) if callable(self.default) else self.default


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off"):
        return False
    raise ValueError("true or false")


_LEVELS: Final = {
    "error": schema.ERROR,
    "critical": schema.FATAL,
    "fatal": schema.FATAL,
    "warn": schema.WARN,
    "warning": schema.WARN,
    "info": schema.INFO,
    "http": schema.INFO,
    "debug": schema.DEBUG,
    "verbose": schema.DEBUG,
    "silly": schema.DEBUG,
    "trace": schema.DEBUG,
    "notset": schema.DEBUG,
}


def _level(text: str) -> int:
    try:
        return _LEVELS[text.lower()]
    except KeyError:
        raise ValueError("error, warn, info or debug") from None


def _number(low: float, high: float, unit: str, kind: type[int] | type[float] = int) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        expected = f"a number of {unit} from {low} to {high}"
        try:
            value = kind(text.replace("_", ""))
        except ValueError:
            raise ValueError(expected) from None
        if not low <= value <= high:
            raise ValueError(expected)
        return value

    return parse


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError(" or ".join(allowed))
        return text.lower()

    return parse


def _name(text: str) -> str:
    if not text.isprintable() or len(text) > 128:
        raise ValueError("a printable name of at most 128 characters")
    return text


def _path(text: str) -> Path:
    if "\0" in text:
        raise ValueError("a file path")
    return Path(text).expanduser()


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("an http:// or https:// URL")
    return text.rstrip("/")


def _header_name(text: str) -> str:
    if not text or not all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in text):
        raise ValueError("a header name of letters, digits and -")
    return text.lower()


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip().lower() for word in text.split(",") if word.strip())


def _exporters(text: str) -> tuple[str, ...]:
    words = _words(text)
    for word in words:
        if word not in ("none", "otlp", "otlp_proto_grpc", "otlp_proto_http", "console"):
            raise ValueError("a list of otlp, otlp_proto_grpc, otlp_proto_http, console, or none")
    return words


def _exported(text: str) -> bool:
    return any(word != "none" for word in _words(text))


def _default_spool() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or ""
    base = Path(state) if os.path.isabs(state) else Path("~/.local/state").expanduser()
    return base / "aegis-otel" / "spool"


VARIABLES: Final[tuple[Variable, ...]] = (
    Variable("enabled", ("AEGIS_ENABLED",), _boolean, True, "false turns all of aegis-otel off"),
    Variable("strict", ("AEGIS_STRICT",), _boolean, False, "a wrong setting stops the app"),
    Variable("level", ("OTEL_PYTHON_LOG_LEVEL", "LOG_LEVEL"), _level, lambda preset: preset.level,
             "the least severe level that is recorded: error, warn, info, debug"),
    Variable("console_enabled", ("LOG_CONSOLE_ENABLED",), _boolean, lambda preset: preset.console,
             "records on the console"),
    Variable("console_stream", ("AEGIS_CONSOLE_STREAM",), _choice("stderr", "stdout"), "stderr",
             "where the console output goes"),
    Variable("structured", ("STRUCTURED_LOGGING_ENABLED",), _boolean, None,
             "console as JSON (true) or as readable text (false); unset: text on a development terminal"),
    Variable("file_enabled", ("LOG_FILE_ENABLED",), _boolean, lambda preset: preset.file,
             "records in a file of JSON lines"),
    Variable("file_path", ("LOG_FILE_PATH",), _path, Path("logs/app.log"), "that file"),
    Variable("file_max_bytes", ("AEGIS_LOG_FILE_MAX_BYTES",), _number(4096, 2**40, "bytes"), 100 * 2**20,
             "the size at which the file is rotated"),
    Variable("file_keep", ("AEGIS_LOG_FILE_KEEP",), _number(0, 10_000, "files"), 14,
             "how many rotated files are kept"),
    Variable("file_daily", ("AEGIS_LOG_FILE_DAILY",), _boolean, True, "also rotate at the start of a UTC day"),
    Variable("exporters", ("OTEL_LOGS_EXPORTER",), _exporters, ("otlp",), "otlp, or none"),
    Variable("protocol", ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"),
             _choice("grpc", "http/protobuf"), "grpc", "the OTLP protocol"),
    Variable("metrics_exported", ("OTEL_METRICS_EXPORTER",), _exported, False,
             "metrics go nowhere unless this names an exporter"),
    Variable("spool_enabled", ("AEGIS_SPOOL_ENABLED",), _boolean, True,
             "keep records on disk while the Collector is away"),
    Variable("spool_dir", ("AEGIS_SPOOL_DIR",), _path, lambda _: _default_spool(), "the folder for that"),
    Variable("spool_max_bytes", ("AEGIS_SPOOL_MAX_BYTES",), _number(2**20, 2**40, "bytes"), 256 * 2**20,
             "how much of the disk it may take"),
    Variable("queue_size", ("OTEL_BLRP_MAX_QUEUE_SIZE",), _number(1, 10_000_000, "records"), 65_536,
             "how many records may wait in memory"),
    Variable("schedule_delay_ms", ("OTEL_BLRP_SCHEDULE_DELAY",), _number(1, 3_600_000, "milliseconds"), 200,
             "the longest a record waits for its batch to fill"),
    Variable("batch_size", ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",), _number(1, 10_000_000, "records"), None,
             "how many records a request has at most; unset: 1 MB of them"),
    Variable("export_timeout_ms", ("OTEL_BLRP_EXPORT_TIMEOUT",), _number(1, 3_600_000, "milliseconds"), None,
             "how long one export may take; unset: `OTEL_EXPORTER_OTLP_TIMEOUT`"),
    Variable("shutdown_timeout", ("AEGIS_SHUTDOWN_TIMEOUT",), _number(0, 3600, "seconds", float), 5.0,
             "the longest the exit of the app waits for delivery"),
    Variable("correlation_header", ("AEGIS_CORRELATION_HEADER",), _header_name, "x-correlation-id",
             "the header that carries the correlation id"),
    Variable("traces_exported", ("OTEL_TRACES_EXPORTER",), _exported, False,
             "traces go nowhere unless this names an exporter"),
    Variable("framework_spans", ("AEGIS_FRAMEWORK_SPANS",), _boolean, None,
             "use FastAPI's and Starlette's own instrumentation where it is installed; unset: if traces are exported"),
    Variable("message_spans", ("AEGIS_MESSAGE_SPANS",), _boolean, False,
             "ASGI: also a span for every message sent and received"),
    Variable("request_logs", ("AEGIS_REQUEST_LOGS_ENABLED",), _boolean, True, "a record for every request served"),
    Variable("code_location", ("OTEL_PYTHON_LOG_CODE_ATTRIBUTES",), _boolean, True,
             "file, line and function of the log call"),
    Variable("native", ("AEGIS_NATIVE",), _boolean, True,
             "use the extension `aegis-otel-native` where it is installed"),
    Variable("max_text", ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "AEGIS_MAX_TEXT"),
             _number(16, 2**20, "characters"), schema.MAX_TEXT, "how much of one text is kept"),
    Variable("redaction_enabled", ("AEGIS_REDACTION_ENABLED",), _boolean, True,
             "redact in the process too, before a record goes anywhere"),
    Variable("redaction_rules", ("AEGIS_REDACTION_RULES",), _path, None, "a file with your own rules and exceptions"),
    Variable("redaction_enable", ("AEGIS_REDACTION_ENABLE",), _words, (), "further kinds to mask, e.g. ipv4,ipv6"),
    Variable("redaction_hash_key", ("AEGIS_REDACTION_HASH_KEY",), str, None,
             "masks carry a keyed hash, so that equal values can be joined", secret=True),
    Variable("seq_enabled", ("SEQ_ENABLED",), _boolean, False, "the Collector sends to Seq"),
    Variable("seq_url", ("SEQ_URL",), _http_url, "http://localhost:5341", "where Seq listens"),
    Variable("seq_api_key", ("SEQ_API_KEY",), str, None, "Seq's API key", secret=True),
    Variable("loki_url", ("AEGIS_LOKI_URL",), _http_url, None, "where Loki listens; set: the Collector sends to it"),
    Variable("victorialogs_url", ("AEGIS_VICTORIALOGS_URL",), _http_url, None,
             "where VictoriaLogs listens; set: the Collector sends to it"),
    Variable("data_dir", ("AEGIS_DATA_DIR",), _path, Path(".aegis"), "queues and store of `aegis-otel up`"),
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What all variables say together; see `VARIABLES` for each. Secrets are left out of its repr."""

    service: str
    environment: str
    preset: Preset
    enabled: bool
    strict: bool
    level: int
    console_enabled: bool
    console_stream: str
    structured: bool | None
    file_enabled: bool
    file_path: Path
    file_max_bytes: int
    file_keep: int
    file_daily: bool
    exporters: tuple[str, ...]
    protocol: Literal["grpc", "http/protobuf"]
    metrics_exported: bool
    spool_enabled: bool
    spool_dir: Path
    spool_max_bytes: int
    queue_size: int
    schedule_delay_ms: int
    batch_size: int | None
    export_timeout_ms: int | None
    shutdown_timeout: float
    correlation_header: str
    traces_exported: bool
    framework_spans: bool | None
    message_spans: bool
    request_logs: bool
    code_location: bool
    native: bool
    max_text: int
    redaction_enabled: bool
    redaction_rules: Path | None
    redaction_enable: tuple[str, ...]
    redaction_hash_key: str | None = field(repr=False)
    seq_enabled: bool
    seq_url: str
    seq_api_key: str | None = field(repr=False)
    loki_url: str | None
    victorialogs_url: str | None
    data_dir: Path
    problems: tuple[str, ...] = ()

    @property
    def identity(self) -> schema.Identity:
        """The `service` and `environment` fields of every record."""
        return schema.Identity(self.service, self.environment)

    @property
    def framework_instrumentation(self) -> bool:
        """Whether the instrumentations of ASGI frameworks are used, not only our hook at the server."""
        return self.traces_exported if self.framework_spans is None else self.framework_spans

    @property
    def otlp_enabled(self) -> bool:
        """Whether records go to a Collector."""
        return any(name.startswith("otlp") for name in self.exporters)


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check all variables.

    Args:
        environ: the variables; the process's own where None.

    Raises:
        SettingsError: a value is wrong and ``AEGIS_STRICT`` is true. Otherwise `Settings.problems` says
            what is wrong, a sentence each, and the defaults stand in.
    """
    env = os.environ if environ is None else environ
    problems: list[str] = []
    service, environment = _identity(env, problems)
    word = environment.lower()
    # A name of one's own (qa, test, …) gets the quiet middle: info records, nothing on the console.
    preset = PRESETS.get(_PRESET_ALIASES.get(word, word), PRESETS["staging"])
    values = {variable.field: _value(variable, env, preset, problems) for variable in VARIABLES}
    if "console" in values["exporters"]:
        values["console_enabled"] = True
    for name in values["exporters"]:
        if name == "otlp_proto_grpc":
            values["protocol"] = "grpc"
        elif name == "otlp_proto_http":
            values["protocol"] = "http/protobuf"
    if env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        values["enabled"] = False
    if problems and values["strict"]:
        raise SettingsError("\n".join(problems))
    return Settings(service=service, environment=environment, preset=preset, problems=tuple(problems), **values)


@contextmanager
def upstream_environment() -> Iterator[None]:
    """The environment in which OpenTelemetry's own configuration runs: our defaults, and no second log exporter.

    Logs are delivered by this package. Traces and metrics are exported where the user asks for it; upstream's
    default, to export them, would need a Collector that takes them. Two choices outlive the
    block, since they are looked up later: stable names for HTTP, and gRPC's support for forks, without which a
    forked child that uses gRPC hangs.
    """
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "1")
    inside = {
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_TRACES_EXPORTER": os.environ.get("OTEL_TRACES_EXPORTER", "none"),
        "OTEL_METRICS_EXPORTER": os.environ.get("OTEL_METRICS_EXPORTER", "none"),
    }
    outside = {name: os.environ.get(name) for name in inside}
    os.environ.update(inside)
    try:
        yield
    finally:
        for name, value in outside.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _value(variable: Variable, env: Mapping[str, str], preset: Preset, problems: list[str]) -> Any:
    default = variable.default_for(preset)
    for name in variable.names:
        text = env.get(name, "").strip()
        if not text:
            continue
        try:
            return variable.parse(text)
        except ValueError as error:
            shown = "its value" if variable.secret else repr(schema.safe_text(text, limit=100))
            problems.append(f"{name}: {shown} is not valid, expected {error}; {_instead(variable, default)}")
            return default
    return default


def _instead(variable: Variable, default: Any) -> str:
    if default is None:
        return "it is ignored"
    if variable.field == "level":
        default = schema.level_name(default)
    elif isinstance(default, bool):
        default = str(default).lower()
    elif isinstance(default, tuple):
        default = ",".join(default) or "nothing"
    return f"using {default}"


def _identity(env: Mapping[str, str], problems: list[str]) -> tuple[str, str]:
    resource = resource_attributes(env.get("OTEL_RESOURCE_ATTRIBUTES", ""))

    def first(candidates: tuple[tuple[str, str], ...], default: str) -> str:
        for origin, text in candidates:
            text = text.strip()
            if not text:
                continue
            try:
                return _name(text)
            except ValueError as error:
                shown = repr(schema.safe_text(text, limit=100))
                problems.append(f"{origin}: {shown} is not valid, expected {error}; using {default}")
                return default
        return default

    in_resource = "OTEL_RESOURCE_ATTRIBUTES"
    service = first(
        (
            ("OTEL_SERVICE_NAME", env.get("OTEL_SERVICE_NAME", "")),
            (in_resource, resource.get("service.name", "")),
            ("SERVICE_NAME", env.get("SERVICE_NAME", "")),
        ),
        "unknown_service",
    )
    environment = first(
        (
            (in_resource, resource.get("deployment.environment.name", "")),
            (in_resource, resource.get("deployment.environment", "")),
            ("ENVIRONMENT", env.get("ENVIRONMENT", "")),
        ),
        "development",
    )
    return service, environment


def resource_attributes(text: str) -> dict[str, str]:
    """``OTEL_RESOURCE_ATTRIBUTES`` (``key=value,…``, values percent-encoded) as a mapping."""
    pairs = (item.partition("=") for item in text.split(","))
    return {key.strip(): unquote(value.strip()) for key, equals, value in pairs if equals and key.strip()}


def report(settings: Settings, write: Callable[[str], object]) -> None:
    """Show the problems, once for this process and its children.

    Args:
        write: takes the text, newline included.
    """
    if settings.problems and first_time("settings"):
        write("".join(f"aegis-otel: {problem}\n" for problem in settings.problems))


def first_time(what: str) -> bool:
    """Whether this process and its parents have not yet shown `what` to people; true once."""
    shown = _words(os.environ.get(REPORTED, ""))
    if what in shown:
        return False
    os.environ[REPORTED] = ",".join((*shown, what))
    return True


def effective(settings: Settings) -> list[tuple[str, str, str]]:
    """For people: each variable's name, its value in force (secrets hidden) and its help."""
    rows = [
        ("SERVICE_NAME", settings.service, "the `service` field"),
        ("ENVIRONMENT", settings.environment, "the `environment` field; also chooses the preset"),
    ]
    for variable in VARIABLES:
        value = getattr(settings, variable.field)
        if variable.secret:
            shown = "(set)" if value else ""
        elif variable.field == "level":
            shown = schema.level_name(value)
        elif isinstance(value, bool):
            shown = str(value).lower()
        elif isinstance(value, tuple):
            shown = ",".join(value)
        else:
            shown = "" if value is None else str(value)
        rows.append((variable.names[-1], shown, variable.help))
    return rows
