"""Variables are read once, checked, and fall back to their defaults with a clear word."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import aegis_otel
from aegis_otel import schema, settings

PACKAGE = Path(aegis_otel.__file__).parent
ROOT = Path(__file__).resolve().parents[1]


def test_without_any_variable_the_development_preset_holds():
    read = settings.read({})
    assert read.environment == "development"
    assert (read.level, read.console_enabled, read.file_enabled) == (schema.DEBUG, True, True)
    assert read.problems == ()


@pytest.mark.parametrize(
    ("environment", "level", "console", "file"),
    [
        ("development", schema.DEBUG, True, True),
        ("staging", schema.INFO, False, True),
        ("production", schema.WARN, False, True),
        ("PROD", schema.WARN, False, True),
        ("qa", schema.INFO, False, True),
    ],
)
def test_the_environment_chooses_the_preset(environment, level, console, file):
    read = settings.read({"ENVIRONMENT": environment})
    assert (read.level, read.console_enabled, read.file_enabled) == (level, console, file)
    assert read.environment == environment


def test_a_variable_beats_its_preset():
    read = settings.read({"ENVIRONMENT": "production", "LOG_LEVEL": "debug", "LOG_CONSOLE_ENABLED": "yes"})
    assert read.level == schema.DEBUG
    assert read.console_enabled


def test_standard_names_beat_those_of_aegisx():
    read = settings.read(
        {
            "SERVICE_NAME": "theirs",
            "OTEL_SERVICE_NAME": "standard",
            "ENVIRONMENT": "staging",
            "OTEL_RESOURCE_ATTRIBUTES": "service.name=resource,deployment.environment.name=prod%20eu",
            "LOG_LEVEL": "error",
            "OTEL_PYTHON_LOG_LEVEL": "info",
        }
    )
    assert read.service == "standard"
    assert read.environment == "prod eu"
    assert read.level == schema.INFO


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LOG_CONSOLE_ENABLED", "maybe", "true or false"),
        ("LOG_LEVEL", "loud", "error, warn, info or debug"),
        ("AEGIS_LOG_FILE_MAX_BYTES", "-1", "a number of bytes from 4096"),
        ("AEGIS_SHUTDOWN_TIMEOUT", "soon", "a number of seconds"),
        ("SEQ_URL", "seq.local", "an http:// or https:// URL"),
        ("SEQ_URL", "http://[::1", "an http:// or https:// URL"),
        ("AEGIS_CORRELATION_HEADER", "x correlation", "a header name"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "grpc or http/protobuf"),
        ("SERVICE_NAME", "a\nb", "a printable name"),
        ("AEGIS_CONSOLE_STREAM", "printer", "stderr or stdout"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed_and_its_default_is_used(name, value, expected):
    read = settings.read({name: value})
    assert len(read.problems) == 1
    problem = read.problems[0]
    assert name in problem
    assert repr(value) in problem
    assert expected in problem
    plain = settings.read({})
    changed = {field for field in vars(plain) if getattr(plain, field) != getattr(read, field)}
    assert changed == {"problems"}


def test_the_standard_batch_size_is_no_limit_unless_it_is_set():
    assert settings.read({}).batch_size is None
    assert settings.read({"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "512"}).batch_size == 512
    for wrong in ("0", "-1", "many"):
        read = settings.read({"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": wrong})
        assert read.batch_size is None
        assert "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE" in read.problems[0]


def test_in_strict_mode_a_wrong_value_is_an_error_that_names_each():
    with pytest.raises(settings.SettingsError) as caught:
        settings.read({"AEGIS_STRICT": "true", "LOG_LEVEL": "loud", "SEQ_ENABLED": "perhaps"})
    assert "LOG_LEVEL" in str(caught.value)
    assert "SEQ_ENABLED" in str(caught.value)


def test_a_secret_is_never_shown():
    secret = "s3cr3t-value"
    read = settings.read({"SEQ_API_KEY": secret, "AEGIS_REDACTION_HASH_KEY": secret})
    assert read.seq_api_key == secret
    assert secret not in repr(read)
    assert secret not in str(settings.effective(read))


def test_everything_is_off_when_it_is_switched_off():
    assert not settings.read({"AEGIS_ENABLED": "false"}).enabled
    assert not settings.read({"OTEL_SDK_DISABLED": "true"}).enabled


@pytest.mark.parametrize(
    ("exporters", "otlp", "protocol"),
    [
        ("otlp", True, "grpc"),
        ("none", False, "grpc"),
        ("otlp_proto_http", True, "http/protobuf"),
        ("console, otlp", True, "grpc"),
    ],
)
def test_the_standard_exporter_variable_decides_on_otlp(exporters, otlp, protocol):
    read = settings.read({"OTEL_LOGS_EXPORTER": exporters, "ENVIRONMENT": "production"})
    assert read.otlp_enabled is otlp
    assert read.protocol == protocol
    assert read.console_enabled is ("console" in exporters)


def test_problems_are_shown_once_for_a_process_and_its_children(monkeypatch):
    monkeypatch.delenv(settings.REPORTED, raising=False)
    read = settings.read({"LOG_LEVEL": "loud"})
    shown: list[str] = []
    settings.report(read, shown.append)
    settings.report(read, shown.append)
    monkeypatch.delenv(settings.REPORTED)
    assert len(shown) == 1
    assert shown[0].startswith("aegis-otel: LOG_LEVEL")


def test_upstreams_configuration_sees_no_second_log_exporter_and_nothing_else_stays_changed(monkeypatch):
    monkeypatch.setenv("OTEL_LOGS_EXPORTER", "otlp")
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "console")
    monkeypatch.delenv("OTEL_SEMCONV_STABILITY_OPT_IN", raising=False)
    monkeypatch.setenv("GRPC_ENABLE_FORK_SUPPORT", "1")
    import os

    with settings.upstream_environment():
        assert os.environ["OTEL_LOGS_EXPORTER"] == "none"
        assert os.environ["OTEL_TRACES_EXPORTER"] == "none"
        assert os.environ["OTEL_METRICS_EXPORTER"] == "console"
    assert os.environ["OTEL_LOGS_EXPORTER"] == "otlp"
    assert "OTEL_TRACES_EXPORTER" not in os.environ
    monkeypatch.delenv("OTEL_SEMCONV_STABILITY_OPT_IN")


def test_every_field_of_a_variable_exists_and_every_name_is_its_own():
    fields = set(vars(settings.read({})))
    names = [name for variable in settings.VARIABLES for name in variable.names]
    assert {variable.field for variable in settings.VARIABLES} <= fields
    assert len(names) == len(set(names))


def test_a_home_in_a_path_is_expanded():
    assert settings.read({"LOG_FILE_PATH": "~/app.log"}).file_path == Path.home() / "app.log"


def test_the_default_spool_is_below_the_state_home_where_that_is_absolute():
    assert settings.read({"XDG_STATE_HOME": "/state"}).spool_dir == Path("/state/aegis-otel/spool")
    assert settings.read({"XDG_STATE_HOME": "state"}).spool_dir == Path.home() / ".local/state/aegis-otel/spool"
    assert settings.read({"XDG_STATE_HOME": "/state", "AEGIS_SPOOL_DIR": "/spool"}).spool_dir == Path("/spool")


@pytest.mark.parametrize(
    ("variables", "no_colour"),
    [
        ({}, False),
        ({"NO_COLOR": "0"}, True),
        ({"NO_COLOR": ""}, False),
        ({"TERM": "dumb"}, True),
        ({"TERM": "xterm"}, False),
    ],
)
def test_colours_are_switched_off_by_the_usual_variables(variables, no_colour):
    assert settings.read(variables).no_colour is no_colour


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:14317", ("127.0.0.1", 14317)),
        ("127.0.0.1", ("127.0.0.1", 4317)),
        (":14317", ("0.0.0.0", 14317)),
        ("[::1]:14317", ("::1", 14317)),
    ],
)
def test_an_address_is_read_as_the_collector_reads_it(text, address):
    read = settings.read_group(settings.CollectorSettings, {"AEGIS_OTLP_GRPC_ENDPOINT": text})
    assert read.grpc_endpoint == address


def test_a_wrong_value_for_the_collector_is_an_error_that_names_each_and_shows_no_secret():
    wrong = {
        "AEGIS_OTLP_GRPC_ENDPOINT": "here:there",
        "AEGIS_METRICS_PORT": "70000",
        "AEGIS_OTLP_TOKEN": "s3cr3t-value",
    }
    with pytest.raises(settings.SettingsError) as caught:
        settings.read_group(settings.CollectorSettings, wrong)
    said = str(caught.value).splitlines()
    assert said == [
        "AEGIS_OTLP_GRPC_ENDPOINT: 'here:there' is not valid, expected an address such as 127.0.0.1:4317",
        "AEGIS_METRICS_PORT: '70000' is not valid, expected a port number from 1 to 65535",
    ]
    token = settings.read_group(settings.CollectorSettings, {"AEGIS_OTLP_TOKEN": "s3cr3t-value"})
    assert "s3cr3t-value" not in repr(token)


def test_the_collectors_variables_have_the_defaults_of_its_configuration():
    plain = settings.read_group(settings.CollectorSettings, {})
    pieces = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "collector" / "config").glob("receive*.yaml"))
    for variable in settings.variables_of(settings.CollectorSettings):
        defaults = re.findall(rf"\$\{{env:{variable.names[0]}:-([^}}]*)\}}", pieces)
        assert set(defaults) == {variable.text_of(getattr(plain, variable.field))}, variable.names


def test_every_variable_of_the_readme_is_described():
    assert all(variable.help for variable in settings.DOCUMENTED)
    assert {"AEGIS_OTELCOL_BINARY", "AEGIS_OTELCOL_CONFIG_DIR"} <= {
        name for variable in settings.DOCUMENTED for name in variable.names
    }


def test_a_child_has_the_whole_environment_and_the_changes(monkeypatch):
    monkeypatch.setenv("AEGIS_TEST_KEPT", "kept")
    child = settings.child_environment({"AEGIS_TEST_CHANGED": "changed"})
    assert (child["AEGIS_TEST_KEPT"], child["AEGIS_TEST_CHANGED"]) == ("kept", "changed")


def uses_of_the_environment(source: str) -> list[int]:
    """The lines of a module that read or write the environment by `os`, whatever name it has there."""
    names = ("environ", "environb", "getenv", "getenvb", "putenv", "unsetenv")
    nodes = list(ast.walk(ast.parse(source)))
    imports = [alias for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules = {alias.asname or alias.name for alias in imports if alias.name in ("os", "posix")}
    return [
        node.lineno
        for node in nodes
        if (
            isinstance(node, ast.Attribute)
            and node.attr in names
            and isinstance(node.value, ast.Name)
            and node.value.id in modules
        )
        or (
            isinstance(node, ast.ImportFrom)
            and node.module in ("os", "posix")
            and any(alias.name in (*names, "*") for alias in node.names)
        )
    ]


@pytest.mark.parametrize(
    "source",
    ["import os\nos.environ['A']", "import os as o\no.getenv('A')", "from os import environ as e", "from os import *"],
)
def test_a_use_of_the_environment_is_recognised(source):
    assert uses_of_the_environment(source)
    assert not uses_of_the_environment("import os\nos.getpid()\nself.environ\nplan.environ()")


def test_nothing_but_the_settings_knows_the_environment():
    # It names this distribution for OpenTelemetry, and runs before anything of ours may be imported.
    exceptions = {PACKAGE / "_choose.py"}
    found = {
        path.relative_to(PACKAGE): lines
        for path in PACKAGE.rglob("*.py")
        if path.parent != PACKAGE / "settings" and path not in exceptions
        if (lines := uses_of_the_environment(path.read_text(encoding="utf-8")))
    }
    assert not found
    writes = PACKAGE / "settings" / "_environment.py"
    reads = PACKAGE / "settings" / "_variable.py"
    inside = {path for path in (PACKAGE / "settings").glob("*.py") if uses_of_the_environment(path.read_text())}
    assert inside == {writes, reads}


def test_the_name_of_a_field_is_the_variable_that_gives_it():
    name = settings.name_of(settings.Settings, "spool_max_bytes")
    assert settings.read({name: "4194304"}).spool_max_bytes == 4_194_304
    with pytest.raises(KeyError):
        settings.name_of(settings.Settings, "no_such_field")
