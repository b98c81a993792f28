"""A TCP connection that a test cuts and mends, while both ends live on."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

from tests.support.processes import free_port


class Proxy:
    """Passes bytes from a port of its own to `target`, a port of this machine; use it as a context manager."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._open: list[socket.socket] = []
        self._listening: socket.socket | None = None
        self._lock = threading.Lock()

    def cut(self) -> None:
        """End all connections, and refuse further ones."""
        with self._lock:
            if self._listening is not None:
                # A thread that waits in accept() keeps the port open otherwise.
                with contextlib.suppress(OSError):
                    self._listening.shutdown(socket.SHUT_RDWR)
                self._listening.close()
                self._listening = None
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._open.clear()

    def mend(self) -> None:
        """Take connections again."""
        listening = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        with self._lock:
            self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    if self._listening is not listening:
                        near.close()
                        far.close()
                        return
                    self._open += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(1 << 16):
                target.sendall(content)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def __enter__(self) -> Proxy:
        self.mend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
