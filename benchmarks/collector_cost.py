"""What a record costs the Collector: our chain against `otlp -> otlp_http` with nothing between, in one run.

    python -m benchmarks.collector_cost [--records 200000] [--mix requests ids stacks secrets] [--compression gzip zstd]
                                        [--paths plain chain stock]

The chain is the whole rule set, routing, Loki's line and the queue on disk; stock is redact-stock.yaml, the same with
the processors of the public image. All are the same binary, compress alike and send to the same sink; CPU time is that
of the Collector's process, and a ratio is between paths with the same records and the same compression.
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

from tests.support.collector import Collector, Sink, binary, pieces
from tests.support.otlp import Log, request
from tests.support.processes import StartedProcess, free_ports

BATCH = 512
STACK = "Traceback (most recent call last):\n" + "".join(
    f'  File "/srv/app/orders/m{n}.py", line {7 * n}, in f{n}\n    return call(x)\n' for n in range(8)
)


MIXES = {
    # shares of request, action, error and secret records
    "requests": (0.60, 0.35, 0.03, 0.02),
    "ids": (0.0, 0.0, 0.0, 0.0),  # all full of numbers
    "stacks": (0.2, 0.2, 0.6, 0.0),
    "secrets": (0.3, 0.2, 0.0, 0.5),
}


def batch(rng: random.Random, mix: str) -> bytes:
    """Records as services write them: requests and messages, errors with a stack, some with secrets; or full of ids."""
    logs = []
    for _ in range(BATCH):
        sort = rng.random()
        request_, action, error, _ = MIXES[mix]
        attributes: dict[str, object] = {"correlationId": str(uuid.UUID(int=rng.getrandbits(128), version=4))}
        severity, body = 9, "HTTP Request Completed"
        if mix == "ids":
            order, account = rng.randrange(10**11), rng.randrange(10**9)
            when = f"2026-11-{rng.randrange(1, 28):02} 10:41:07.{rng.randrange(1000):03}"
            body = f"Moved order {order} of {when} to {uuid.UUID(int=rng.getrandbits(128))}"
            since = 1750897341578 + account
            attributes |= {
                "orderId": str(order),
                "batch": f"{rng.randrange(10**4):04}-{rng.randrange(10**6):06}-{rng.randrange(10**8)}",
                "sequence": rng.randrange(10**15),
                "url": f"/api/v1/accounts/{account}/orders/{order}/lines/{rng.randrange(10**4)}?since={since}",
                "spans": [str(rng.randrange(10**12)) for _ in range(4)],
                "responseTime": rng.random() * 100,
            }
        elif sort < request_:
            url = f"/api/v1/orders/{rng.randrange(10**6)}?page={rng.randrange(50)}"
            attributes |= {"method": "POST", "url": url, "statusCode": 200, "responseTime": rng.random() * 100}
        elif sort < request_ + action:
            body = f"User action completed for cart {rng.randrange(10**6)} in 12.5 ms"
            attributes |= {"userId": f"u-{rng.randrange(10**5)}", "code.line.number": rng.randrange(500)}
        elif sort < request_ + action + error:
            severity, body = 17, "HTTP Request Error"
            message = f"bad amount {rng.randrange(10**6)}"  # the frames come again, the text as a whole does not
            stack = f"{STACK}ValueError: {message}\n"
            attributes |= {
                "errorName": "ValueError",
                "error": {"name": "ValueError", "message": message, "stack": stack},
            }
        else:
            body = "login failed password=hunter2 for jane@example.org ssn 219-09-9999"
            attributes |= {"user": {"name": "x", "password": "hunter2"}}
        logs.append(Log(body, severity, attributes, rng.randbytes(16), rng.randbytes(8)))
    return request(logs).SerializeToString()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(process: StartedProcess, port: int, batches: list[bytes], records: int) -> float:
    """CPU µs a record."""
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
    return used / sent * 1e6


def plain(folder: Path, sink: Sink, compression: str) -> tuple[StartedProcess, int]:
    """Start the Collector with nothing between its receiver and its exporter."""
    port, health = free_ports(2)
    config = {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
        "exporters": {
            "otlp_http": {
                "logs_endpoint": f"{sink.url}/otlp/v1/logs",
                "compression": compression,
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
    env = {**os.environ, "AEGIS_ALLOW_UNREDACTED": "logs"}
    process = StartedProcess([binary(), "--config", f"file:{file}"], log=folder / "plain.log", cwd=folder, env=env)
    process.wait_until_healthy(f"http://127.0.0.1:{health}")
    return process, port


def run(path: str, folder: Path, sink: Sink, compression: str, batches: list[bytes], records: int) -> float:
    """CPU µs a record of one path."""
    folder.mkdir(parents=True)
    if path == "plain":
        process, port = plain(folder, sink, compression)
        with process:
            return measure(process, port, batches, records)
    env = {"AEGIS_LOKI_URL": sink.url, "AEGIS_METRICS_LEVEL": "none", "AEGIS_LOKI_COMPRESSION": compression}
    collector = Collector(folder, "loki", env=env)
    if path == "stock":
        collector.arguments = pieces("receive", "redact-stock", "tuning")
        collector.env["AEGIS_ALLOW_UNREDACTED"] = "logs/in"  # its stock processor is another one
    with collector:
        assert collector.process is not None
        return measure(collector.process, collector.port, batches, records)


def main() -> None:
    """Measure each path, twice in turn, and print what the better runs cost and their ratio to the plain one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--mix", nargs="+", choices=MIXES, default=list(MIXES))
    parser.add_argument("--compression", nargs="+", choices=("gzip", "zstd", "none"), default=["gzip", "zstd"])
    parser.add_argument("--paths", nargs="+", choices=("plain", "chain", "stock"), default=["plain", "chain"])
    options = parser.parse_args()
    print("| records | bytes each | compression | path | µs CPU a record | records/s of a core | against plain |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch, Sink(Path(scratch, "sink"), "/otlp/v1/logs") as sink:
        for mix in options.mix:
            rng = random.Random(1)
            batches = [batch(rng, mix) for _ in range(20)]
            size = sum(map(len, batches)) / len(batches) / BATCH
            for compression in options.compression:
                best: dict[str, float] = {}
                for turn in range(options.turns):
                    for path in options.paths:
                        folder = Path(scratch, f"{mix}-{compression}-{path}-{turn}")
                        cost = run(path, folder, sink, compression, batches, options.records)
                        best[path] = min(best.get(path, cost), cost)
                for path, cost in best.items():
                    ratio = f"{cost / best['plain']:.2f}" if "plain" in best else ""
                    row = (mix, f"{size:.0f}", compression, path, f"{cost:.1f}", f"{1e6 / cost:,.0f}", ratio)
                    print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
