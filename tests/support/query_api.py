"""The real query API as `aegis-otel query --serve` starts it, and a client that knows nothing of ours."""

from __future__ import annotations

import base64
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support import apps
from tests.support.processes import StartedProcess, free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class QueryApi:
    """The server over the store below `data_dir`; use it as a context manager."""

    def __init__(self, data_dir: Path, **variables: str) -> None:
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environ = apps.clean_environment(PYTHONPATH=str(ROOT), AEGIS_DATA_DIR=str(data_dir), **variables)
        self.process = StartedProcess(
            [sys.executable, "-m", "aegis_otel.cli", "query", "--serve", f"--port={self.port}"],
            log=data_dir.parent / "query-api.out",
            env=environ,
            cwd=data_dir.parent,
        )

    @property
    def token(self) -> str:
        return (self.data_dir / "query-token").read_text().strip()

    @property
    def url_with_credentials(self) -> str:
        """As it goes into AEGIS_LOKI_URL."""
        return f"http://reader:{self.token}@127.0.0.1:{self.port}"

    def ask(
        self,
        path: str,
        *,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        form: Any = None,
        **parameters: Any,
    ) -> Answer:
        """The answer to a request with the right token; a header that is "" is left out."""
        url = f"{self.url}{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        sent = {"authorization": f"Bearer {self.token}", **(headers or {})}
        body = None if form is None else urllib.parse.urlencode(form, doseq=True).encode()
        method = method or ("GET" if body is None else "POST")
        request = urllib.request.Request(
            url, body, {name: value for name, value in sent.items() if value}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def basic(self, password: str) -> dict[str, str]:
        return {"authorization": "Basic " + base64.b64encode(f"grafana:{password}".encode()).decode()}

    def __enter__(self) -> QueryApi:
        self.process.wait_until_healthy(f"{self.url}/ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()
