"""Orders with gRPC, without generated code: opentelemetry-instrument python examples/frameworks/grpc_app.py"""

import logging
import os
from concurrent.futures import ThreadPoolExecutor

import grpc

log = logging.getLogger("orders")


def order(item: bytes, context: grpc.ServicerContext) -> bytes:
    log.info("order received", extra={"item": item.decode()})
    if item == b"unobtainium":
        raise LookupError("no such item")
    return b"ordered " + item


server = grpc.server(ThreadPoolExecutor(4))
handlers = {"Order": grpc.unary_unary_rpc_method_handler(order)}
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Orders", handlers),))

if __name__ == "__main__":
    server.add_insecure_port(f"127.0.0.1:{os.environ.get('PORT', '8000')}")
    server.start()
    server.wait_for_termination()
