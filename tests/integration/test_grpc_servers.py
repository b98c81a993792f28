"""gRPC's servers and clients, with threads and on asyncio: one id from call to call, and one record for each call."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.support.apps import clean_environment, command
from tests.support.processes import StartedProcess, free_port, wait_for
from tests.support.served_records import records_of

BEHAVIOURS = """
import logging, os
import grpc
log = logging.getLogger("orders")

def methods(**behaviours):
    kinds = {"stream": grpc.unary_stream_rpc_method_handler, "stream_breaks": grpc.unary_stream_rpc_method_handler}
    return grpc.method_handlers_generic_handler(
        "shop.Orders", {name: kinds.get(name, grpc.unary_unary_rpc_method_handler)(made) for name, made in behaviours.items()})
"""

SYNC = (
    BEHAVIOURS
    + """
from concurrent.futures import ThreadPoolExecutor

def pay(request, context):
    log.info("paying", extra={"orderId": 7})
    with grpc.insecure_channel(f"127.0.0.1:{os.environ['PORT']}") as channel:
        answer = channel.unary_unary("/shop.Orders/charge")(request, timeout=20)
    log.info("paid")
    return answer

def charge(request, context):
    log.info("charging")
    return dict(context.invocation_metadata())["x-correlation-id"].encode()

def fail(request, context):
    raise LookupError("a bug")

def refuse(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no such order")

def give_up(request, context):
    context.abort(grpc.StatusCode.UNAVAILABLE, "the bank is away")

def stream(request, context):
    for number in range(2):
        log.info("part %d", number)
        yield b"part"

def stream_breaks(request, context):
    yield b"part"
    raise LookupError("broke midway")

class Own(grpc.ServerInterceptor):
    def intercept_service(self, continuation, details):
        log.info("intercepted")
        return continuation(details)

def own_metadata(request, context):
    context.send_initial_metadata((("x-own", "1"),))
    return b""

server = grpc.server(ThreadPoolExecutor(4), interceptors=[Own()])
server.add_generic_rpc_handlers((methods(
    pay=pay, charge=charge, fail=fail, refuse=refuse, give_up=give_up, stream=stream, stream_breaks=stream_breaks,
    own_metadata=own_metadata),))
server.add_insecure_port(f"127.0.0.1:{os.environ['PORT']}")
server.start()
server.wait_for_termination()
"""
)

ASYNCIO = (
    BEHAVIOURS
    + """
import asyncio

async def pay(request, context):
    log.info("paying", extra={"orderId": 7})
    async with grpc.aio.insecure_channel(f"127.0.0.1:{os.environ['PORT']}") as channel:
        answer = await channel.unary_unary("/shop.Orders/charge")(request, timeout=20)
    log.info("paid")
    return answer

async def charge(request, context):
    log.info("charging")
    return dict(context.invocation_metadata())["x-correlation-id"].encode()

async def fail(request, context):
    raise LookupError("a bug")

async def refuse(request, context):
    await context.abort(grpc.StatusCode.NOT_FOUND, "no such order")

async def give_up(request, context):
    await context.abort(grpc.StatusCode.UNAVAILABLE, "the bank is away")

async def stream(request, context):
    for number in range(2):
        log.info("part %d", number)
        yield b"part"

async def stream_breaks(request, context):
    yield b"part"
    raise LookupError("broke midway")

class Own(grpc.aio.ServerInterceptor):
    async def intercept_service(self, continuation, details):
        log.info("intercepted")
        return await continuation(details)

async def own_metadata(request, context):
    await context.send_initial_metadata((("x-own", "1"),))
    return b""

async def main():
    server = grpc.aio.server(interceptors=[Own()])
    server.add_generic_rpc_handlers((methods(
        pay=pay, charge=charge, fail=fail, refuse=refuse, give_up=give_up, stream=stream, stream_breaks=stream_breaks,
        own_metadata=own_metadata),))
    server.add_insecure_port(f"127.0.0.1:{os.environ['PORT']}")
    await server.start()
    await server.wait_for_termination()

asyncio.run(main())
"""
)


class Served:
    """A gRPC server in a process of its own."""

    def __init__(self, folder: Any, kind: str) -> None:
        self.kind = kind
        self.port = free_port()
        (folder / "app.py").write_text(SYNC if kind == "threads" else ASYNCIO)
        argv, switch = command("auto" if kind == "threads" else "instrument", "app.py")
        env = clean_environment(OTEL_LOGS_EXPORTER="none", LOG_CONSOLE_ENABLED="false", PORT=str(self.port), **switch)
        self._file = folder / "logs" / "app.log"
        self.process = StartedProcess(argv, log=folder / "out", env=env, cwd=folder)
        self.process.wait_until_listening(self.port)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")

    def call(self, method: str, correlation_id: str, **metadata: str) -> tuple[Any, dict[str, str], str]:
        """The answer (the status' name where it failed), the initial metadata, the details."""
        given = (("x-correlation-id", correlation_id), *metadata.items())
        call = self._channel.unary_unary(f"/shop.Orders/{method}").future(b"", metadata=given, timeout=30)
        initial = dict(call.initial_metadata())
        if call.code() is not grpc.StatusCode.OK:
            return call.code().name, initial, call.details()
        return call.result(), initial, ""

    def stream(self, method: str, correlation_id: str) -> tuple[list[bytes], dict[str, str]]:
        call = self._channel.unary_stream(f"/shop.Orders/{method}")(
            b"", metadata=(("x-correlation-id", correlation_id),), timeout=30
        )
        parts = []
        with contextlib.suppress(grpc.RpcError):
            parts.extend(call)
        return parts, dict(call.initial_metadata())

    def of_call(self, correlation_id: str, *, calls: int = 1) -> list[dict[str, Any]]:
        """All records with an id, once as many calls as expected have their record."""

        def found() -> list[dict[str, Any]]:
            return [record for record in records_of(self._file) if record.get("correlationId") == correlation_id]

        wait_for(lambda: len(requests(found())) >= calls, what=f"{calls} request records of {correlation_id}")
        assert len(requests(found())) == calls
        return found()

    def stop(self) -> None:
        self._channel.close()
        self.process.stop()


def requests(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [record for record in records if record["logger"] == "aegis_otel.request"]


@pytest.fixture(scope="module", params=["threads", "asyncio"])
def served(request, tmp_path_factory) -> Iterator[Served]:
    found = Served(tmp_path_factory.mktemp("grpc"), request.param)
    yield found
    found.stop()


def test_a_call_has_one_id_everywhere_and_so_has_the_call_that_it_makes(served):
    answer, initial, _ = served.call("pay", "customers-id")
    records = served.of_call("customers-id", calls=2)
    assert (answer, initial["x-correlation-id"]) == (b"customers-id", "customers-id")
    own = [record["message"] for record in records if record["logger"] == "orders"]
    assert own == ["intercepted", "paying", "intercepted", "charging", "paid"]
    charged, paid = requests(records)
    assert [charged["operation"], paid["operation"]] == ["/shop.Orders/charge", "/shop.Orders/pay"]
    assert (paid["message"], paid["level"], paid["grpcStatus"]) == ("Request Completed", "info", "OK")
    assert paid["responseTime"] >= charged["responseTime"] > 0


def test_an_exception_of_the_servicer_is_recorded_with_its_stack(served):
    answer, initial, _ = served.call("fail", "fails")
    records = served.of_call("fails")
    assert (answer, initial["x-correlation-id"]) == ("UNKNOWN", "fails")
    (failed,) = requests(records)
    assert (failed["message"], failed["level"], failed["grpcStatus"]) == ("Request Error", "error", "UNKNOWN")
    assert (failed["errorName"], failed["errorMessage"]) == ("LookupError", "a bug")
    assert 'raise LookupError("a bug")' in failed["error"]["stack"]
    assert any(record["logger"].startswith("grpc") for record in records), "what gRPC itself says has the id"


def test_a_refusal_is_completed_and_says_its_status(served):
    answer, initial, details = served.call("refuse", "refused")
    (completed,) = requests(served.of_call("refused"))
    assert (answer, details, initial["x-correlation-id"]) == ("NOT_FOUND", "no such order", "refused")
    assert (completed["message"], completed["grpcStatus"]) == ("Request Completed", "NOT_FOUND")


def test_a_failure_that_the_servicer_tells_is_an_error(served):
    answer, initial, _ = served.call("give_up", "gives-up")
    (failed,) = requests(served.of_call("gives-up"))
    assert (answer, initial["x-correlation-id"]) == ("UNAVAILABLE", "gives-up")
    assert (failed["message"], failed["grpcStatus"]) == ("Request Error", "UNAVAILABLE")
    assert (failed["errorName"], failed["errorMessage"]) == ("RpcError", "the bank is away")


def test_a_method_that_is_not_there_is_recorded(served):
    answer, _, _ = served.call("nothing", "unknown-method")
    (failed,) = requests(served.of_call("unknown-method"))
    assert answer == "UNIMPLEMENTED"
    assert (failed["message"], failed["operation"]) == ("Request Error", "/shop.Orders/nothing")
    assert failed["grpcStatus"] == "UNIMPLEMENTED"


def test_a_stream_has_the_id_in_each_part(served):
    parts, initial = served.stream("stream", "streams")
    records = served.of_call("streams")
    assert (parts, initial["x-correlation-id"]) == ([b"part", b"part"], "streams")
    assert [r["message"] for r in records if r["logger"] == "orders"] == ["intercepted", "part 0", "part 1"]
    assert requests(records)[0]["message"] == "Request Completed"


def test_a_stream_that_breaks_is_an_error(served):
    parts, _ = served.stream("stream_breaks", "breaks")
    (failed,) = requests(served.of_call("breaks"))
    assert parts == [b"part"]
    assert (failed["message"], failed["errorName"]) == ("Request Error", "LookupError")


def test_metadata_of_the_servicer_stays(served):
    _, initial, _ = served.call("own_metadata", "own-metadata")
    assert (initial["x-own"], initial["x-correlation-id"]) == ("1", "own-metadata")


def test_a_call_without_an_id_gets_one(served):
    call = served._channel.unary_unary("/shop.Orders/charge").future(b"", timeout=30)
    initial = dict(call.initial_metadata())
    call.exception()
    served.of_call(initial["x-correlation-id"])
