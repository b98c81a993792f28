from __future__ import annotations

from pathlib import Path

import pytest

from aegis_otel import settings
from aegis_otel.health import Verdict
from aegis_otel.health._collector import check_counters, check_dead_letters, check_program, check_reachable
from aegis_otel.settings import OpenTelemetrySettings, ProgramSettings
from aegis_otel.stores import METRICS_ENDPOINT, UpNote
from tests.support.http import Answering
from tests.support.processes import free_port

METRICS = """
# HELP otelcol_receiver_accepted_log_records_total
otelcol_receiver_accepted_log_records_total{receiver="otlp",transport="grpc"} 7
otelcol_receiver_accepted_log_records_total{receiver="otlp",transport="http"} 5
otelcol_receiver_refused_log_records_total{receiver="otlp",transport="http"} %(refused)d
otelcol_aegis_queue_size{exporter="otlp_http/loki"} %(queued)d
"""


def reachable(**variables: str):
    upstream = settings.read_group(OpenTelemetrySettings, variables)
    [found] = check_reachable(settings.read(variables), upstream)
    return found


@pytest.mark.parametrize("status", [200, 401, 403])
def test_a_receiver_that_answers_is_fine_also_where_it_wants_a_token(server: Answering, status: int):
    server.status = status
    found = reachable(OTEL_EXPORTER_OTLP_ENDPOINT=server.url, OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf")
    assert found.verdict is Verdict.FINE
    assert f"{server.url}/v1/logs (http/protobuf) takes records" in found.text


def test_one_that_answers_something_else_is_wrong(server: Answering):
    server.status = 404
    found = reachable(OTEL_EXPORTER_OTLP_ENDPOINT=server.url, OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf")
    assert found.verdict is Verdict.WRONG
    assert "404" in found.cause


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_one_that_is_away_is_wrong_and_no_secret_is_shown(protocol: str):
    url = f"http://user:sesame@127.0.0.1:{free_port()}"
    found = reachable(OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
    assert found.verdict is Verdict.WRONG
    assert found.cause
    assert "aegis-otel up" in found.next_step
    assert "sesame" not in str(found)


def test_the_endpoint_of_logs_beats_the_general_one(server: Answering):
    found = reachable(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}",
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=f"{server.url}/logs",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    assert found.verdict is Verdict.FINE
    assert f"{server.url}/logs" in found.text


def test_an_app_that_sends_nothing_needs_no_collector():
    found = reachable(OTEL_LOGS_EXPORTER="none")
    assert found.verdict is Verdict.OFF
    assert found.next_step


def test_the_program_is_named_or_what_to_do(tmp_path: Path):
    program = tmp_path / "otelcol"
    named = ProgramSettings(otelcol_binary=program, otelcol_config_dir=None)
    [missing] = check_program(named)
    assert missing.verdict is Verdict.NOTE
    assert "AEGIS_OTELCOL_BINARY" in missing.text
    assert missing.next_step
    program.touch(mode=0o755)
    [found] = check_program(named)
    assert (found.verdict, found.text) == (Verdict.FINE, str(program))


@pytest.mark.parametrize(
    ("refused", "queued", "verdict", "said"),
    [
        (0, 0, Verdict.FINE, "12 records taken, 0 refused"),
        (3, 0, Verdict.NOTE, "12 records taken, 3 refused"),
        (0, 5000, Verdict.NOTE, "4.9 KiB wait for loki"),
    ],
)
def test_its_own_counters_are_summed(
    server: Answering, tmp_path: Path, refused: int, queued: int, verdict: Verdict, said: str
):
    server.body = (METRICS % {"refused": refused, "queued": queued}).encode()
    [found] = check_counters(UpNote(endpoints={METRICS_ENDPOINT: server.address}), tmp_path)
    assert found.verdict is verdict
    assert said in found.text
    assert (str(tmp_path / "collector.log") in found.next_step) is (verdict is Verdict.NOTE)


def test_one_that_ran_here_and_is_gone_is_off(tmp_path: Path):
    [found] = check_counters(UpNote(endpoints={METRICS_ENDPOINT: f"127.0.0.1:{free_port()}"}), tmp_path)
    assert found.verdict is Verdict.OFF
    assert found.next_step
    assert check_counters(None, tmp_path) == check_counters(UpNote(), tmp_path) == []


def test_dead_letters_are_wrong_and_it_is_said_how_they_are_sent_again(tmp_path: Path):
    folder = tmp_path / "dead-letter"
    assert check_dead_letters(folder) == []
    folder.mkdir()
    assert check_dead_letters(folder) == []
    (folder / "loki-audit.jsonl").write_bytes(bytes(2048))
    [found] = check_dead_letters(folder)
    assert found.verdict is Verdict.WRONG
    assert "2.0 KiB in 1 files" in found.text
    assert str(folder / "resend") in found.next_step
