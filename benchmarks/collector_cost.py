"""What a record costs the Collector: our chain against `otlp -> otlp_http` with nothing between, in one run.

    python -m benchmarks.collector_cost [--records 200000]

The chain is the whole rule set, routing, Loki's line and the queue on disk. Both are the same binary, each with its
default compression (gzip, zstd), and send to the same sink; CPU time is that of the Collector's process.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import tempfile
import time
import uuid
from pathlib import Path

from tests.support.collector import Collector, Sink, binary
from tests.support.otlp import Log, request
from tests.support.processes import StartedProcess, free_ports

BATCH = 512
STACK = "Traceback (most recent call last):\n" + "".join(
    f'  File "/srv/app/orders/m{n}.py", line {7 * n}, in f{n}\n    return call(x)\n' for n in range(8)
)


def batch(rng: random.Random) -> bytes:
    """Records as services write them: requests, messages, 3 % errors with a stack, 2 % with secrets."""
    logs = []
    for _ in range(BATCH):
        sort = rng.random()
        attributes: dict[str, object] = {"correlationId": str(uuid.UUID(int=rng.getrandbits(128), version=4))}
        severity, body = 9, "HTTP Request Completed"
        if sort < 0.6:
            url = f"/api/v1/orders/{rng.randrange(10**6)}?page={rng.randrange(50)}"
            attributes |= {"method": "POST", "url": url, "statusCode": 200, "responseTime": rng.random() * 100}
        elif sort < 0.95:
            body = f"User action completed for cart {rng.randrange(10**6)} in 12.5 ms"
            attributes |= {"userId": f"u-{rng.randrange(10**5)}", "code.line.number": rng.randrange(500)}
        elif sort < 0.98:
            severity, body = 17, "HTTP Request Error"
            attributes |= {"errorName": "ValueError", "error": {"name": "ValueError", "message": "bad", "stack": STACK}}
        else:
            body = "login failed password=hunter2 for jane@example.org ssn 219-09-9999"
            attributes |= {"user": {"name": "x", "password": "hunter2"}}
        logs.append(Log(body, severity, attributes, rng.randbytes(16), rng.randbytes(8)))
    return request(logs).SerializeToString()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(process: StartedProcess, port: int, batches: list[bytes], records: int) -> tuple[float, float]:
    """CPU µs a record, and records a second of one core."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def send(count: int) -> None:
        for n in range(count):
            connection.request(
                "POST", "/v1/logs", batches[n % len(batches)], {"content-type": "application/x-protobuf"}
            )
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise RuntimeError(f"the Collector answered {response.status}")

    def settled() -> float:
        while True:
            before = cpu_seconds(process.pid)
            time.sleep(0.5)
            if cpu_seconds(process.pid) - before < 0.02:
                return cpu_seconds(process.pid)

    send(10)
    start = settled()
    send(records // BATCH)
    used = settled() - start
    sent = records // BATCH * BATCH
    return used / sent * 1e6, sent / used


def plain(folder: Path, sink: Sink) -> tuple[StartedProcess, int]:
    """Start the Collector with nothing between its receiver and its exporter."""
    port, health = free_ports(2)
    config = {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
        "exporters": {
            "otlp_http": {
                "logs_endpoint": f"{sink.url}/otlp/v1/logs",
                "sending_queue": {"block_on_overflow": True},
            }
        },
        "extensions": {"health_check": {"endpoint": f"127.0.0.1:{health}"}},
        "service": {
            "extensions": ["health_check"],
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["otlp_http"]}},
        },
    }
    file = folder / "plain.yaml"
    file.write_text(json.dumps(config))
    process = StartedProcess([binary(), "--config", f"file:{file}"], log=folder / "plain.log", cwd=folder)
    process.wait_until_healthy(f"http://127.0.0.1:{health}")
    return process, port


def main() -> None:
    """Measure both, twice in turn, and print the ratio of the better runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    records = parser.parse_args().records
    rng = random.Random(1)
    batches = [batch(rng) for _ in range(20)]
    print(f"{sum(map(len, batches)) / len(batches) / BATCH:.0f} bytes a record as received")
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch, Sink(Path(scratch, "sink"), "/otlp/v1/logs") as sink:
        for turn in range(2):
            folder = Path(scratch, f"turn{turn}")
            folder.mkdir()
            process, port = plain(folder, sink)
            with process:
                report("plain", measure(process, port, batches, records), best)
            env = {"AEGIS_LOKI_URL": sink.url, "AEGIS_METRICS_LEVEL": "none"}
            with Collector(folder / "chain", "loki", env=env) as collector:
                assert collector.process is not None
                report("chain", measure(collector.process, collector.port, batches, records), best)
    print(f"ratio {best['chain'] / best['plain']:.2f}")


def report(name: str, measured: tuple[float, float], best: dict[str, float]) -> None:
    """Print one measurement and keep the best of its name."""
    cost, rate = measured
    best[name] = min(best.get(name, cost), cost)
    print(f"{name}: {cost:.1f} µs CPU a record, {rate:,.0f} records/s of one core", flush=True)


if __name__ == "__main__":
    main()
