"""Each app of examples/frameworks, as it is, delivers to the real Collector's embedded store with one id for each request."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.support.apps import BIN, clean_environment
from tests.support.collector import Collector
from tests.support.processes import StartedProcess, free_port, wait_for

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "frameworks"


def over_http(port: int, item: str, correlation_id: str) -> str | None:
    """The id of the answer."""
    url = f"http://127.0.0.1:{port}/orders/{item}"
    request = urllib.request.Request(url, headers={"X-Correlation-ID": correlation_id})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.headers["X-Correlation-ID"]
    except urllib.error.HTTPError as error:
        return error.headers["X-Correlation-ID"]


def over_grpc(port: int, item: str, correlation_id: str) -> str | None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        metadata = (("x-correlation-id", correlation_id),)
        call = channel.unary_unary("/shop.Orders/Order").future(item.encode(), metadata=metadata, timeout=60)
        return dict(call.initial_metadata()).get("x-correlation-id")


@pytest.mark.parametrize("name", ["flask_app.py", "django_app.py", "aiohttp_app.py", "grpc_app.py"])
def test_an_example_delivers_each_request_with_one_id(tmp_path: Path, name: str) -> None:
    ask = over_grpc if name == "grpc_app.py" else over_http
    port = free_port()
    with Collector(tmp_path / "collector", "file") as collector:
        env = clean_environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.grpc_port}",
            AEGIS_SPOOL_DIR=str(tmp_path / "spool"),
            SERVICE_NAME="orders",
            PORT=str(port),
        )
        argv = [str(BIN / "opentelemetry-instrument"), sys.executable, str(EXAMPLES / name)]
        with StartedProcess(argv, log=tmp_path / "out", env=env, cwd=tmp_path) as process:
            process.wait_until_listening(port)
            assert ask(port, "book", "good-order") == "good-order"
            assert ask(port, "unobtainium", "bad-order") == "bad-order"

            def stored(correlation_id: str) -> list[dict[str, Any]]:
                return [record for record in collector.stored() if record.get("correlationId") == correlation_id]

            def done(correlation_id: str) -> bool:
                return any(
                    record["message"].startswith(("HTTP Request", "Request")) for record in stored(correlation_id)
                )

            wait_for(lambda: done("good-order") and done("bad-order"), what="both request records in the store")
            good, bad = stored("good-order"), stored("bad-order")
    assert [record["item"] for record in good if record["message"] == "order received"] == ["book"]
    (completed,) = [record for record in good if "responseTime" in record]
    assert completed["message"].endswith("Completed")
    (failed,) = [record for record in bad if "responseTime" in record]
    assert (failed["message"].endswith("Error"), failed["errorName"]) == (True, "LookupError")
