"""`aegis-otel env` and `aegis-otel doctor`, and what is said where the extra is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from aegis_otel import settings
from aegis_otel.deliver.spool import DeadLetters, Spool, write_stats
from tests.cli.conftest import Run, clean_environment
from tests.support.http import Answering, answering
from tests.support.processes import free_port
from tests.support.stored import lines, record


def row(text: str, name: str) -> str:
    """The lines of a table that belong to the row `name`."""
    return next(line for line in text.splitlines() if line.strip().startswith(name))


def test_env_lists_every_variable_and_its_value(run: Run):
    done = run("env", LOG_LEVEL="error", SERVICE_NAME="orders")
    assert done.status == 0
    assert "error" in row(done.out, "LOG_LEVEL")
    assert "orders" in row(done.out, "SERVICE_NAME")
    assert all(variable.names[-1] in done.out for variable in settings.DOCUMENTED)


def test_env_hides_secrets_and_escapes_the_rest(run: Run):
    done = run(
        "env",
        SEQ_API_KEY="sesame-1",
        AEGIS_REDACTION_HASH_KEY="sesame-2",
        AEGIS_LOKI_URL="http://user:sesame-3@loki:3100",
        LOG_FILE_PATH="logs/\x1b[2J.log",
    )
    assert "sesame" not in done.out + done.err
    assert "(set)" in row(done.out, "SEQ_API_KEY")
    assert "http://loki:3100" in row(done.out, "AEGIS_LOKI_URL")
    assert "\x1b" not in done.out


def test_env_says_which_values_are_wrong(run: Run):
    done = run("env", LOG_LEVEL="loud")
    assert "LOG_LEVEL: 'loud' is not valid" in done.err


def test_strict_settings_are_an_error(run: Run):
    done = run("env", LOG_LEVEL="loud", AEGIS_STRICT="true")
    assert done.status == 2
    assert "LOG_LEVEL" in done.err
    assert "Traceback" not in done.err


@pytest.fixture
def server() -> Iterator[Answering]:
    """Answers everything with `status`, for what Seq, Loki and an OTLP/HTTP receiver answer to a probe."""
    with answering() as started:
        yield started


def fine(server: Answering, tmp_path: Path) -> dict[str, str]:
    """Variables under which there is nothing to complain of."""
    url = server.url
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "AEGIS_LOKI_URL": url,
        "AEGIS_VICTORIALOGS_URL": url,
        "SEQ_ENABLED": "true",
        "SEQ_URL": url,
        "AEGIS_SPOOL_DIR": str(tmp_path / "spool"),
        "LOG_FILE_PATH": str(tmp_path / "logs" / "app.log"),
    }


def test_doctor_is_content_where_all_is_well(run: Run, server: Answering, tmp_path: Path):
    done = run("doctor", **fine(server, tmp_path))
    assert "wrong" not in done.out
    assert done.status == 0
    assert not (tmp_path / "spool").exists()  # it only looks


def test_refused_records_are_shown_and_handed_back(run: Run, server: Answering, tmp_path: Path):
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "refused one"
    variables = fine(server, tmp_path)
    assert run("spool", **variables).out.startswith("Nothing waits and nothing was refused")
    letters = DeadLetters(tmp_path / "spool", "orders")
    letters.keep(request.SerializeToString(), 1)

    done = run("doctor", **variables)
    assert done.status == 1
    assert "1 of orders" in row(done.out, "refused")
    assert "aegis-otel spool" in row(done.out, "refused")
    assert "1 records" in row(run("spool", **variables).out, "orders")
    assert "refused one" in run("spool", "--show", **variables).out

    assert "1 records of orders" in run("spool", "--retry", **variables).out
    assert run("doctor", **variables).status == 0
    assert "waits" in row(run("spool", **variables).out, "orders")
    assert "Nothing" in run("spool", "--retry", **variables).out


def test_doctor_shows_what_each_process_has_delivered(run: Run, server: Answering, tmp_path: Path):
    spools = [Spool(tmp_path / "spool", service) for service in ("orders", "billing")]
    for number, spool in enumerate(spools):
        spool.open()
        assert spool.folder is not None
        write_stats(spool.folder, {"accepted": 1000 + number, "delivered": 900, "away": number, "pending": 7})
    done = run("doctor", **fine(server, tmp_path))
    assert done.status == 0
    assert "2001 records accepted" in row(done.out, "delivery")
    table = done.out[done.out.index("Delivery") :]
    assert row(table, "orders").split()[1:4] == ["│", str(os.getpid()), "│"]
    assert "1000" in row(table, "orders")
    assert "Collector away" in row(table, "billing")
    assert "1800" in row(table, "all")

    assert spools[0].folder is not None
    write_stats(spools[0].folder, {"accepted": 1000, "delivered": 900, "dropped": 3})
    done = run("doctor", **fine(server, tmp_path))
    assert done.status == 1
    assert "3 dropped" in row(done.out, "delivery")
    for spool in spools:
        spool.close()


def test_doctor_ends_with_status_1_where_something_is_wrong(run: Run, server: Answering, tmp_path: Path):
    done = run("doctor", **{**fine(server, tmp_path), "LOG_FILE_PATH": "/dev/null/app.log"})
    assert done.status == 1
    assert "Traceback" not in done.err
    wrong = [line for line in done.out.splitlines() if "wrong" in line]
    assert [line.split()[0] for line in wrong] == ["log"]
    assert "LOG_FILE_PATH" in wrong[0]


def test_doctor_shows_no_secret(run: Run):
    url = f"http://user:sesame@127.0.0.1:{free_port()}"
    done = run(
        "doctor",
        OTEL_EXPORTER_OTLP_ENDPOINT=url,
        AEGIS_LOKI_URL=url,
        SEQ_ENABLED="true",
        SEQ_URL=url,
        SEQ_API_KEY="sesame",
    )
    assert done.status == 1
    assert "sesame" not in done.out + done.err


def without(missing: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command line where one module is not installed."""
    code = f"import sys; sys.modules[{missing!r}] = None; from aegis_otel.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command,
        env=clean_environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("missing", "arguments"), [("typer", []), ("rich", []), ("httpx", ["doctor"])])
def test_without_the_extra_the_pip_command_is_shown(missing: str, arguments: list[str]):
    done = without(missing, *arguments, AEGIS_LOKI_URL="http://127.0.0.1:9")
    assert done.returncode == 2
    assert done.stderr == (
        f"aegis-otel: the command line needs {missing}, which is not installed.\n"
        "Install it with: pip install 'aegis-otel[cli]'\n"
    )


def test_the_embedded_store_is_read_without_importing_an_http_client(store: Path):
    (store / "logs.jsonl").write_bytes(lines(record(1)))
    for command in (["logs"], ["query", "1 + 1"], ["query", "--sql", "select 1"]):
        done = without("httpx", *command, AEGIS_DATA_DIR=str(store.parent))
        assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_part_of_our_own_is_not_called_an_extra():
    code = "import sys; sys.modules['aegis_otel.settings'] = None; from aegis_otel.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert "pip install" not in done.stderr
