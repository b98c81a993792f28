"""The handshake of a websocket answers with the id, and what its handler logs afterwards has it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.support.apps import clean_environment, command
from tests.support.processes import StartedProcess, free_port, wait_for
from tests.support.served_records import records_of

APPS = {
    "aiohttp": """
import logging, os
from aiohttp import web
async def chat(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    logging.getLogger("chat").info("opened")
    await socket.close()
    return socket
app = web.Application()
app.add_routes([web.get("/chat", chat)])
web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
""",
    "tornado": """
import asyncio, logging, os
import tornado.web, tornado.websocket
class Chat(tornado.websocket.WebSocketHandler):
    def open(self):
        logging.getLogger("chat").info("opened")
        self.close()
async def main():
    tornado.web.Application([("/chat", Chat)]).listen(int(os.environ["PORT"]), "127.0.0.1")
    await asyncio.Event().wait()
asyncio.run(main())
""",
    "sanic": """
import logging, os
from sanic import Sanic
app = Sanic("chat")
@app.websocket("/chat")
async def chat(request, ws):
    logging.getLogger("chat").info("opened")
if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]), single_process=True, motd=False)
""",
}

HANDSHAKE = (
    "GET /chat HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Correlation-ID: opens\r\n\r\n"
)


@pytest.mark.parametrize("server", APPS)
def test_a_handshake_has_the_id(server: str, tmp_path: Path):
    port = free_port()
    (tmp_path / "app.py").write_text(APPS[server])
    argv, switch = command("auto", "app.py")
    env = clean_environment(OTEL_LOGS_EXPORTER="none", LOG_CONSOLE_ENABLED="false", PORT=str(port), **switch)
    with StartedProcess(argv, log=tmp_path / "out", env=env, cwd=tmp_path) as process:
        process.wait_until_listening(port)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(HANDSHAKE.format(port=port).encode())
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 101")
        assert b"x-correlation-id: opens" in answer.lower()
        file = tmp_path / "logs" / "app.log"

        def requests():
            return [record for record in records_of(file) if record["logger"] == "aegis_otel.request"]

        (completed,) = wait_for(requests, what="the request record")
        assert (completed["url"], completed["statusCode"], completed["correlationId"]) == ("/chat", 101, "opens")
        (opened,) = wait_for(
            lambda: [record for record in records_of(file) if record["message"] == "opened"], what="the handler's line"
        )
        assert opened["correlationId"] == "opens"
        process.stop(5)
