"""Requests that are made to take the Collector's memory: small on the wire, large once they are decoded."""

from __future__ import annotations

import gzip
import http.client
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from tests.support.collector import Collector
from tests.support.otlp import Log, post, request
from tests.support.processes import wait_for

Start = Callable[..., Collector]
EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
MEMORY_LIMIT_MIB = 512


def inside(number: int, content: bytes) -> bytes:
    """A message as the field of another one."""
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def records(content: bytes) -> bytes:
    return inside(1, inside(2, content))


def nested(levels: int) -> bytes:
    """A record whose body is lists in lists: built from the inside, each level before the one it holds."""
    parts: list[bytes] = []
    length = 0
    for _ in range(levels):
        for tag in (b"\x0a", b"\x2a"):
            head = tag + varint(length)
            parts.append(head)
            length += len(head)
    return records(inside(2, inside(5, b"".join(reversed(parts)))))


BOMBS: dict[str, tuple[bytes, str]] = {
    "empty records": (records(b"\x12\x00" * 4_100_000), "log records"),
    "empty attributes": (records(inside(2, b"\x32\x00" * 4_100_000)), "attributes and values"),
    "empty resources": (b"\x0a\x00" * 4_100_000, "memory"),
    "empty names in a resource": (inside(1, inside(1, b"\x1a\x00" * 4_100_000)), "memory"),
    "lists in lists": (nested(700_000), "levels deep"),
    "groups in groups": (b"\x0b" * 8_000_000, "not OTLP"),
}
TEXTS: dict[str, tuple[bytes, str]] = {
    "brackets": (b"[" * 8_000_000, "levels deep"),
    "records": (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + b"{}," * 2_600_000 + b"{}]}]}]}", "log records"),
    "values": (b'{"resourceLogs":[{"x":[' + b"{}," * 2_600_000 + b"{}]}]}", "attributes and values"),
}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    collector = Collector(tmp_path_factory.mktemp("attacked"), "file")
    with collector:
        yield collector


def peak_mib(collector: Collector) -> int:
    """The most memory that the Collector had so far."""
    assert collector.process is not None
    status = Path(f"/proc/{collector.process.popen.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) // 1024


def send_raw(collector: Collector, body: bytes, kind: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=60)
    try:
        connection.request(
            "POST", "/v1/logs", gzip.compress(body, 6), {"Content-Type": kind, "Content-Encoding": "gzip"}
        )
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def unharmed(collector: Collector) -> None:
    """It still takes a record, and never had more than twice its memory limit."""
    assert post(collector.port, request([Log("after the attack")])) == 200
    assert peak_mib(collector) <= 2 * MEMORY_LIMIT_MIB


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_request_that_decodes_to_much_is_refused_over_http(attacked: Collector, name: str) -> None:
    body, reason = BOMBS[name]
    status, said = send_raw(attacked, body, "application/x-protobuf")
    assert (status, reason in said) == (400, True), said
    unharmed(attacked)


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_request_that_decodes_to_much_is_refused_over_grpc(attacked: Collector, name: str) -> None:
    body, reason = BOMBS[name]
    with grpc.insecure_channel(f"127.0.0.1:{attacked.grpc_port}") as channel:
        export = channel.unary_unary(EXPORT)
        with pytest.raises(grpc.RpcError) as refusal:
            export(body, compression=grpc.Compression.Gzip, timeout=60)
    assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert reason in refusal.value.details()
    unharmed(attacked)


@pytest.mark.parametrize("name", TEXTS)
def test_a_small_request_in_json_that_decodes_to_much_is_refused(attacked: Collector, name: str) -> None:
    body, reason = TEXTS[name]
    status, said = send_raw(attacked, body, "application/json")
    assert (status, reason in said) == (400, True), said
    unharmed(attacked)


def test_many_large_requests_at_once_wait_for_each_others_memory(attacked: Collector) -> None:
    body = records(b"\x12\x00" * 45_000)

    def send(_: int) -> int:
        return send_raw(attacked, body, "application/x-protobuf")[0]

    with ThreadPoolExecutor(24) as pool:
        statuses = set(pool.map(send, range(48)))
    assert statuses <= {200, 503}
    assert 200 in statuses
    unharmed(attacked)


def test_a_body_that_does_not_come_is_not_waited_for_over_http(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_OTLP_TIMEOUT": "1s"})
    head = b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\n"
    slow = [socket.create_connection(("127.0.0.1", collector.port), timeout=60) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(head + b"\x0a")
        for connection in slow:
            while connection.recv(4096):  # until the Collector closes it
                pass
    finally:
        for connection in slow:
            connection.close()
    unharmed(collector)


def test_a_body_that_does_not_come_is_not_waited_for_over_grpc(start_collector: Start) -> None:
    collector = start_collector("file", env={"AEGIS_OTLP_TIMEOUT": "1s"})

    def never() -> Iterator[bytes]:
        wait_for(lambda: call.done(), what="the end of the call")
        yield b""

    with grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}") as channel:
        call = channel.stream_unary(EXPORT).future(never())
        assert isinstance(call.exception(timeout=60), grpc.RpcError)
        assert call.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)
    unharmed(collector)


def test_ordinary_requests_of_any_size_that_is_allowed_are_taken(start_collector: Start) -> None:
    collector = start_collector("file")
    logs = [
        Log(f"line {number} " + "x" * 100, attributes={"n": number, "list": [1, [2, {"a": 3}]]})
        for number in range(9000)
    ]
    assert post(collector.port, request(logs)) == 200
    wait_for(lambda: len(collector.stored()) == 9000, what="all of them")
