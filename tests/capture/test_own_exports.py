"""What is logged about our own exports is no record; everything of the app is one, whatever its logger is called."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from aegis_otel import lifecycle, schema
from aegis_otel.capture.stdlib import StdlibCapture


@pytest.fixture
def records(native: Any) -> Iterator[list[schema.Record]]:
    captured: list[schema.Record] = []
    capture = StdlibCapture(
        captured.append,
        level=schema.DEBUG,
        code_location=True,
        replaces_last_resort=True,
        own_thread=lifecycle.OWN_THREADS.__contains__,
        native=native,
    )
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    capture.install()
    try:
        yield captured
    finally:
        capture.uninstall()
        root.setLevel(level)


@pytest.mark.parametrize(
    "name", ["grpc_orders.service", "grpcio_gateway", "grpc", "grpc._server", "aegis_otel_shop", "opentelemetry_demo"]
)
@pytest.mark.parametrize("handled", [False, True])
def test_a_logger_of_the_app_is_heard_whatever_its_name_begins_with(
    records: list[schema.Record], name: str, handled: bool
) -> None:
    logger, handler = logging.getLogger(name), logging.NullHandler()
    if handled:
        logger.addHandler(handler)
    try:
        logger.info("hello")
    finally:
        logger.removeHandler(handler)
    assert [record.logger for record in records] == [name]


def test_an_error_of_a_servicer_is_a_record_with_its_stack(records: list[schema.Record]) -> None:
    import grpc

    def serve(request: bytes, context: Any) -> bytes:
        raise ValueError("no such order")

    handler = grpc.method_handlers_generic_handler("shop.Orders", {"Get": grpc.unary_unary_rpc_method_handler(serve)})
    server = grpc.server(ThreadPoolExecutor(1), handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError):
            channel.unary_unary("/shop.Orders/Get")(b"", timeout=60)
    finally:
        server.stop(None).wait(60)
    (error,) = [record.error for record in records if record.severity == schema.ERROR]
    assert error is not None
    assert (error.name, error.message) == ("ValueError", "no such order")
    assert "in serve" in error.stack


@pytest.mark.parametrize("name", ["grpc._channel", "urllib3.connectionpool", "google.auth", "any.at.all"])
@pytest.mark.parametrize("handled", [False, True])
def test_what_a_thread_of_ours_logs_is_no_record(records: list[schema.Record], name: str, handled: bool) -> None:
    logger, handler = logging.getLogger(name), logging.NullHandler()
    if handled:
        logger.addHandler(handler)
    try:
        thread = lifecycle.thread(target=lambda: logger.error("export failed"))
        thread.start()
        thread.join()
        logger.error("the app's own")
    finally:
        logger.removeHandler(handler)
    assert [record.message for record in records] == ["the app's own"]
