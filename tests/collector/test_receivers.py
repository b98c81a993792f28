"""Other ways in: AegisX's old log files, Fluent Bit's protocol, TLS and mTLS, tokens, large bodies."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from tests.support.collector import Collector, pieces
from tests.support.otlp import Log, post, request
from tests.support.processes import free_port, wait_for

Start = Callable[..., Collector]
CORRELATION = "30da77f5-faef-490b-9218-1db2628d4764"


def test_aegisx_log_files_are_read_redacted_and_not_read_twice(start_collector: Start, tmp_path: Path) -> None:
    old = {
        "timestamp": "2025-06-26T00:22:21.578Z",
        "level": "error",
        "message": "HTTP Request Error",
        "service": "aegisx-api",
        "environment": "development",
        "correlationId": CORRELATION,
        "statusCode": 401,
        "error": {"name": "UnauthorizedError", "message": "password=hunter2"},
    }
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "app.log").write_text(json.dumps(old) + "\nnot JSON, password=hunter2\n")
    collector = start_collector("file", env={"AEGIS_FILES_INCLUDE": f"{logs}/*.log"}, more=pieces("receive-files"))
    first, second = wait_for(lambda: len(collector.stored()) == 2 and collector.stored(), what="both lines")
    assert first == {**old, "error": {"name": "UnauthorizedError", "message": "password=[REDACTED:password]"}}
    assert second["message"] == "not JSON, password=[REDACTED:password]"
    collector.stop()
    with (logs / "app.log").open("a") as file:
        file.write(json.dumps({**old, "message": "later"}) + "\n")
    collector.start()
    wait_for(lambda: len(collector.stored()) == 3, what="the new line")
    assert collector.stored()[2]["message"] == "later"


def test_fluent_forward_records_get_the_same_treatment(start_collector: Start) -> None:
    port = free_port()
    collector = start_collector(
        "file", env={"AEGIS_FLUENT_ENDPOINT": f"127.0.0.1:{port}"}, more=pieces("receive-fluent")
    )
    # [tag, time, record] of the Forward protocol, in MessagePack by hand.
    record = b"\x82" + text(b"log") + text(b"login password=hunter2") + text(b"level") + text(b"warn")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"\x93" + text(b"app.web") + b"\xce" + (1_750_897_341).to_bytes(4, "big") + record)
        wait_for(collector.stored, what="the record")
    (stored,) = collector.stored()
    assert stored["message"] == "login password=[REDACTED:password]"
    assert stored["timestamp"] == "2025-06-26T00:22:21.000Z"


def text(value: bytes) -> bytes:
    return b"\xd9" + bytes([len(value)]) + value


def post_tls(port: int, context: ssl.SSLContext) -> int:
    message = urllib.request.Request(
        f"https://127.0.0.1:{port}/v1/logs",
        request([Log("over TLS")]).SerializeToString(),
        {"content-type": "application/x-protobuf"},
    )
    with urllib.request.urlopen(message, context=context, timeout=60) as response:
        return int(response.status)


def test_senders_must_show_a_certificate_with_mtls(start_collector: Start, certificates: Path) -> None:
    collector = start_collector(
        "file",
        env={
            "AEGIS_OTLP_CERT_FILE": str(certificates / "server.pem"),
            "AEGIS_OTLP_KEY_FILE": str(certificates / "server.key"),
            "AEGIS_OTLP_CLIENT_CA_FILE": str(certificates / "ca.pem"),
        },
        more=pieces("receive-tls"),
    )
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    with pytest.raises((urllib.error.URLError, OSError)):
        post_tls(collector.port, context)
    context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
    assert post_tls(collector.port, context) == 200
    assert [record["message"] for record in collector.stored()] == ["over TLS"]


def test_tls_without_a_certificate_stops_the_start(tmp_path: Path) -> None:
    assert "cert" in Collector(tmp_path, "file", more=pieces("receive-tls")).start_in_vain()


def test_senders_must_show_the_token(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_OTLP_TOKEN": "s3cret-t0ken"}, more=pieces("receive-token"))
    message = request([Log("x")])
    assert post(collector.port, message) == 401
    assert post(collector.port, message, headers={"authorization": "Bearer wrong"}) == 401
    assert post(collector.port, message, headers={"authorization": "Bearer s3cret-t0ken"}) == 200
    assert "s3cret-t0ken" not in collector.output()


def test_a_token_file_can_be_replaced_without_a_restart(start_collector: Start, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    collector = start_collector("file", env={"AEGIS_OTLP_TOKEN_FILE": str(file)}, more=pieces("receive-token"))
    message = request([Log("x")])
    assert post(collector.port, message, headers={"authorization": "Bearer first"}) == 200
    file.write_text("second")
    wait_for(
        lambda: post(collector.port, message, headers={"authorization": "Bearer second"}) == 200, what="the new token"
    )
    assert post(collector.port, message, headers={"authorization": "Bearer first"}) == 401


def test_certificates_can_be_replaced_without_a_restart(start_collector: Start, certificates: Path) -> None:
    in_use = {kind: certificates / f"in-use.{kind}" for kind in ("pem", "key")}

    def use(name: str) -> str:
        for kind, path in in_use.items():
            path.write_bytes((certificates / f"{name}.{kind}").read_bytes())
        return (certificates / f"{name}.pem").read_text()

    first = use("server")
    collector = start_collector(
        "file",
        env={
            "AEGIS_OTLP_CERT_FILE": str(in_use["pem"]),
            "AEGIS_OTLP_KEY_FILE": str(in_use["key"]),
            "AEGIS_OTLP_CERT_RELOAD": "100ms",
        },
        more=pieces("receive-tls"),
    )
    address = ("127.0.0.1", collector.port)
    assert ssl.get_server_certificate(address) == first
    second = use("client")
    wait_for(lambda: ssl.get_server_certificate(address) == second, what="the new certificate")
    assert post_tls(collector.port, ssl.create_default_context(cafile=str(certificates / "ca.pem"))) == 200


def test_the_authority_of_senders_can_be_replaced_without_a_restart(
    start_collector: Start, certificates: Path, tmp_path: Path
) -> None:
    authority = tmp_path / "senders.pem"
    right = (certificates / "ca.pem").read_bytes()
    # Of the same form, and nobody's authority: the certificate of the server.
    authority.write_bytes((certificates / "server.pem").read_bytes())
    collector = start_collector(
        "file",
        env={
            "AEGIS_OTLP_CERT_FILE": str(certificates / "server.pem"),
            "AEGIS_OTLP_KEY_FILE": str(certificates / "server.key"),
            "AEGIS_OTLP_CLIENT_CA_FILE": str(authority),
        },
        more=pieces("receive-tls"),
    )
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    context.load_cert_chain(certificates / "client.pem", certificates / "client.key")
    with pytest.raises((urllib.error.URLError, OSError)):
        post_tls(collector.port, context)
    authority.write_bytes(right)

    def accepted() -> bool:
        try:
            return post_tls(collector.port, context) == 200
        except OSError:
            return False

    wait_for(accepted, what="the new authority")


@pytest.mark.parametrize("address", ["0.0.0.0:{port}", ":{port}", "[::]:{port}", "example.org:{port}"])
def test_the_collector_does_not_start_where_strangers_could_send(tmp_path: Path, address: str) -> None:
    endpoint = address.format(port=free_port())
    collector = Collector(tmp_path, "file", env={"AEGIS_OTLP_GRPC_ENDPOINT": endpoint})
    said = collector.start_in_vain()
    assert "receivers::otlp::protocols::grpc::endpoint" in said
    assert endpoint in said
    assert "AEGIS_OTLP_TOKEN" in said
    check = collector.validate()
    assert check.wait(60) != 0
    assert endpoint in check.output()


def test_no_way_to_give_an_address_passes_by_the_guard(tmp_path: Path) -> None:
    for n, more in enumerate(
        (
            ["--set", "receivers::otlp::protocols::http::endpoint=:4318"],
            ["--config", "yaml:receivers::otlp::protocols::http::endpoint: 0.0.0.0:4318"],
            ["--config", 'yaml:{receivers: {otlp/more: {protocols: {grpc: {endpoint: "${env:HOST_AND_PORT}"}}}}}'],
            ["--config", "yaml:{receivers: {otlp/more: {protocols: {http: {endpoint: }, grpc: {endpoint: ''}}}}}"],
        )
    ):
        folder = tmp_path / str(n)
        said = Collector(folder, "file", env={"HOST_AND_PORT": "[::]:4319"}, more=more).start_in_vain()
        assert "can be reached by other machines" in said, more


def test_a_token_or_a_client_authority_opens_the_address(tmp_path: Path, certificates: Path) -> None:
    env = {"AEGIS_OTLP_GRPC_ENDPOINT": "0.0.0.0:4317", "AEGIS_OTLP_HTTP_ENDPOINT": "[::]:4318"}
    token = Collector(
        tmp_path / "token", "file", env={**env, "AEGIS_OTLP_TOKEN": "s3cret-t0ken"}, more=pieces("receive-token")
    )
    assert token.validate().wait(60) == 0, token.output()
    tls = {
        "AEGIS_OTLP_CERT_FILE": str(certificates / "server.pem"),
        "AEGIS_OTLP_KEY_FILE": str(certificates / "server.key"),
    }
    authority = {"AEGIS_OTLP_CLIENT_CA_FILE": str(certificates / "ca.pem")}
    mtls = Collector(tmp_path / "mtls", "file", env={**env, **tls, **authority}, more=pieces("receive-tls"))
    assert mtls.validate().wait(60) == 0, mtls.output()
    only_tls = Collector(tmp_path / "tls", "file", env={**env, **tls}, more=pieces("receive-tls"))
    assert only_tls.validate().wait(60) != 0


def test_a_protocol_without_senders_needs_an_explicit_word(start_collector: Start, tmp_path: Path) -> None:
    env = {"AEGIS_FLUENT_ENDPOINT": f"0.0.0.0:{free_port()}"}
    assert "AEGIS_ALLOW_UNAUTHENTICATED=fluentforward" in (
        Collector(tmp_path / "refused", "file", env=env, more=pieces("receive-fluent")).start_in_vain()
    )
    env["AEGIS_ALLOW_UNAUTHENTICATED"] = "fluentforward"
    collector = start_collector("file", env=env, more=pieces("receive-fluent"))
    assert "Anyone who reaches this receiver can write records" in collector.output()


def test_a_body_over_the_limit_is_refused(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_OTLP_HTTP_MAX_BYTES": "20000"})
    assert post(collector.port, request([Log("x" * 30_000)])) >= 400
    collector.send(Log("small"))
    assert len(collector.stored()) == 1


def test_a_message_over_the_limit_is_refused_over_grpc(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_OTLP_GRPC_MAX_MIB": "1"})
    with grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}") as channel:
        export = LogsServiceStub(channel).Export  # type: ignore[no-untyped-call]
        with pytest.raises(grpc.RpcError) as refusal:
            export(request([Log("x" * 2**21)]), timeout=30)
        assert refusal.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        export(request([Log("small")]), timeout=30)
    assert [record["message"] for record in collector.stored()] == ["small"]


TEAM = "yaml:service::pipelines::logs/team: {receivers: [otlp], processors: [batch], exporters: [debug]}"
BATCH_AND_DEBUG = ("--config=yaml:processors::batch: {}", "--config=yaml:exporters::debug: {verbosity: detailed}")


def test_a_pipeline_of_the_operator_that_goes_past_redaction_is_refused_by_name(tmp_path: Path) -> None:
    collector = Collector(tmp_path, "file", more=[*BATCH_AND_DEBUG, f"--config={TEAM}"])
    said = collector.start_in_vain()
    assert "service::pipelines::logs/team: its records reach debug without redaction" in said
    assert "AEGIS_ALLOW_UNREDACTED=logs/team" in said
    assert "logs/in:" not in said


def test_a_pipeline_of_the_operator_that_redacts_is_taken_and_shows_no_secret(start_collector: Start) -> None:
    redacting = TEAM.replace("[batch]", "[batch, aegis_redact]")
    collector = start_collector("file", more=[*BATCH_AND_DEBUG, f"--config={redacting}"])
    post(collector.port, request([Log("password=hunter2")]))
    wait_for(lambda: "[REDACTED:password]" in collector.output(), what="the record in the debug exporter's output")
    assert "hunter2" not in collector.output()


def test_an_allowed_pipeline_is_named_in_the_log(start_collector: Start) -> None:
    env = {"AEGIS_ALLOW_UNREDACTED": "logs/team"}
    collector = start_collector("file", env=env, more=[*BATCH_AND_DEBUG, f"--config={TEAM}"])
    assert "Records leave this Collector without redaction" in collector.output()
    assert "logs/team" in collector.output()


def test_a_variable_of_the_wrong_kind_is_named(tmp_path: Path) -> None:
    said = Collector(tmp_path, "file", env={"AEGIS_SAMPLING_RATE": "abc"}).start_in_vain()
    assert 'AEGIS_SAMPLING_RATE="abc": expected a number' in said
