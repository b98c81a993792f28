"""Runs the application on loopback until a signal."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Final

import uvicorn

from aegis_otel.query_api._application import application
from aegis_otel.query_api._errors import QueryApiError
from aegis_otel.query_api._guard import LONGEST_URL

__all__ = ["QueryApiError", "listen", "serve"]

MEMORY: Final = 2 * 2**30
"""Bytes that the process may hold: a query that needs more fails alone."""
_CONNECTIONS: Final = 200
_STOP_SECONDS: Final = 3


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """A socket that listens there.

    Raises:
        QueryApiError: it is no loopback address, or the port is in use.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise QueryApiError(f"{host!r} is not an address such as 127.0.0.1") from None
    if not address.is_loopback:
        raise QueryApiError(
            f"{host} can be reached by other machines, and the query API has no encryption, so it listens on 127.0.0.1"
            " or ::1 only; a proxy with TLS may stand before it"
        )
    listening = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((str(address), port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise QueryApiError(
                f"port {port} (query API) is already in use; stop what listens there, or choose another with {option}"
            ) from None
        raise QueryApiError(f"port {port} (query API) cannot be used: {error.strerror}") from None
    return listening


def serve(listening: socket.socket, data_dir: Path, token: str) -> None:
    """Answer requests at `listening` for the store below `data_dir` until SIGINT or SIGTERM."""
    os.umask(0o077)
    # Nothing that a client sends gets to the terminal.
    logging.getLogger().addHandler(logging.NullHandler())
    sys.unraisablehook = lambda _: None
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    config = uvicorn.Config(
        application(data_dir, token),
        http="h11",
        ws="websockets-sansio",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="critical",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_STOP_SECONDS,
        h11_max_incomplete_event_size=LONGEST_URL + 16_384,
        ws_max_size=65_536,
    )
    # uvicorn stops at a signal and then sends it again to whom it was for before: to nobody.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listening])
