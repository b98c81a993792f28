"""One way of logging in a process of its own: sets it up, logs at a rate, prints what it cost as JSON.

    python -m benchmarks.app PEER RATE SECONDS FILE [THREADS]

RATE 0 logs as fast as it goes. FILE is where file peers write. OTLP peers send to OTEL_EXPORTER_OTLP_ENDPOINT.
Every peer writes the same record: message, level, time, logger, trace and span id, correlation id, code location and
two attributes. `json-file-plain` leaves out trace, correlation and code: what most apps write today.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import os
import random
import resource
import sys
import threading
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

Log = Callable[[int], None]
End = Callable[[], None]

LOGGER = "orders.api"
SPAN_RECORDS = 10
"""Records of one request, so of one trace context."""

NAMES = (
    "aegis-grpc",
    "aegis-http",
    "aegis-grpc-unredacted",
    "aegis-grpc-pure",
    "otel-grpc",
    "otel-http",
    "json-file",
    "json-file-plain",
    "python-json-logger",
    "structlog-orjson",
    "loguru",
    "logging-null",
)


def _stdlib() -> Log:
    log = logging.getLogger(LOGGER)
    log.setLevel(logging.INFO)

    def one(number: int) -> None:
        log.info("order %s was created", number, extra={"orderId": f"o-{number}", "amount": number % 500})

    return one


def _only_handler(handler: logging.Handler) -> Log:
    logging.getLogger().addHandler(handler)
    return _stdlib()


def aegis(protocol: str, redact: bool = True, native: bool = True) -> tuple[Log, End]:
    os.environ.update(
        OTEL_SERVICE_NAME="benchmark",
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_TRACES_EXPORTER="none",
        OTEL_METRICS_EXPORTER="none",
        LOG_CONSOLE_ENABLED="false",
        LOG_FILE_ENABLED="false",
        AEGIS_REDACTION_ENABLED=str(redact).lower(),
        AEGIS_NATIVE=str(native).lower(),
    )
    from aegis_otel import distro

    distro.AegisDistro().configure()
    distro.AegisConfigurator().configure()

    def end() -> None:
        assert distro.flush(60.0), "not everything was delivered"

    return _stdlib(), end


def otel(protocol: str) -> tuple[Log, End]:
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.instrumentation.logging.handler import LoggingHandler
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    exporter: Any
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter

        exporter = OTLPLogExporter()
    else:
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter

        exporter = HttpExporter()
    provider = LoggerProvider(resource=Resource.create({"service.name": "benchmark"}))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    set_logger_provider(provider)
    handler = LoggingHandler(level=logging.NOTSET, logger_provider=provider)

    def end() -> None:
        provider.force_flush(60_000)

    return _only_handler(handler), end


def _context() -> dict[str, str]:
    """Trace, span and correlation id as a formatter gets them from OpenTelemetry."""
    from opentelemetry import trace

    span = trace.get_current_span().get_span_context()
    trace_id = f"{span.trace_id:032x}"
    return {
        "traceId": trace_id,
        "spanId": f"{span.span_id:016x}",
        "correlationId": f"{trace_id[:8]}-{trace_id[8:12]}-{trace_id[12:16]}-{trace_id[16:20]}-{trace_id[20:]}",
    }


class JsonFormatter(logging.Formatter):
    """What people write by hand: json.dumps of a dict."""

    def __init__(self, plain: bool) -> None:
        super().__init__()
        self._plain = plain

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "service": "benchmark",
            "logger": record.name,
            "orderId": record.__dict__.get("orderId"),
            "amount": record.__dict__.get("amount"),
        }
        if not self._plain:
            fields.update(_context())
            fields["code.file.path"] = record.pathname
            fields["code.line.number"] = record.lineno
            fields["code.function.name"] = record.funcName
        return json.dumps(fields)


def json_file(path: str, plain: bool) -> tuple[Log, End]:
    handler = logging.FileHandler(path)
    handler.setFormatter(JsonFormatter(plain))
    return _only_handler(handler), handler.flush


def python_json_logger(path: str) -> tuple[Log, End]:
    from pythonjsonlogger.json import JsonFormatter as Formatter

    class WithContext(Formatter):
        def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
            super().add_fields(log_data, record, message_dict)
            log_data.update(_context())

    handler = logging.FileHandler(path)
    handler.setFormatter(
        WithContext("%(asctime)s %(levelname)s %(message)s %(name)s %(pathname)s %(lineno)s %(funcName)s")
    )
    return _only_handler(handler), handler.flush


def structlog_orjson(path: str) -> tuple[Log, End]:
    import orjson
    import structlog

    file = open(path, "wb")  # noqa: SIM115, PTH123
    parameter = structlog.processors.CallsiteParameter
    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.CallsiteParameterAdder({parameter.PATHNAME, parameter.LINENO, parameter.FUNC_NAME}),
            lambda logger, method, event: {**event, **_context()},
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(file),
    )
    log = structlog.get_logger().bind(logger=LOGGER)

    def one(number: int) -> None:
        log.info(f"order {number} was created", orderId=f"o-{number}", amount=number % 500)

    return one, file.flush


def loguru(path: str) -> tuple[Log, End]:
    from loguru import logger

    logger.remove()
    logger.add(path, serialize=True)
    logger.configure(patcher=lambda record: record["extra"].update(_context()))

    def one(number: int) -> None:
        logger.bind(orderId=f"o-{number}", amount=number % 500).info("order {} was created", number)

    def end() -> None:
        logger.complete()

    return one, end


def set_up(name: str, path: str) -> tuple[Log, End]:
    if name.startswith("aegis"):
        protocol = "grpc" if "grpc" in name else "http/protobuf"
        return aegis(protocol, redact="unredacted" not in name, native="pure" not in name)
    if name.startswith("otel"):
        return otel("grpc" if name == "otel-grpc" else "http/protobuf")
    if name.startswith("json-file"):
        return json_file(path, plain=name == "json-file-plain")
    if name == "python-json-logger":
        return python_json_logger(path)
    if name == "structlog-orjson":
        return structlog_orjson(path)
    if name == "loguru":
        return loguru(path)
    return _only_handler(logging.NullHandler()), lambda: None


def new_trace() -> None:
    """A span of its own for the records that follow, as a request has."""
    from opentelemetry import context, trace

    span = trace.NonRecordingSpan(
        trace.SpanContext(random.getrandbits(128) | 1, random.getrandbits(64) | 1, False, trace.TraceFlags(1))
    )
    context.attach(trace.set_span_in_context(span, context.Context()))


def work(log: Log, rate: float, seconds: float, first: int, out: array[int]) -> None:
    """Log for `seconds` at `rate` a second, in bursts of 5 ms; the durations go to `out` in nanoseconds."""
    clock = time.perf_counter_ns
    started = time.monotonic()
    number = first
    tick = 0
    while (now := time.monotonic()) - started < seconds:
        if rate:
            count = int(rate * 0.005 * (tick + 1)) - int(rate * 0.005 * tick)
            due = started + tick * 0.005
            if now < due:
                time.sleep(due - now)
        else:
            count = 100
        tick += 1
        for position in range(count):
            if position % SPAN_RECORDS == 0:
                new_trace()
            before = clock()
            log(number)
            out.append(clock() - before)
            number += 1


def cpu_seconds() -> float:
    """User and system time of this process with all its threads, and of its helpers.

    Helpers are the children that have ended and, on Linux, all processes below it that run now.
    """
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    fields = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields[int(stat.parent.name)] = stat.read_text(errors="replace").rsplit(")", 1)[1].split()
    found = {os.getpid()}
    while below := {pid for pid, values in fields.items() if int(values[1]) in found} - found:
        total += sum(float(ticks) for pid in below for ticks in fields[pid][11:15]) / os.sysconf("SC_CLK_TCK")
        found |= below
    return total


def main(name: str, rate: float, seconds: float, path: str, threads: int = 1) -> dict[str, Any]:
    log, end = set_up(name, path)
    new_trace()
    for number in range(200):
        log(number)
    end()
    outs: list[array[int]] = [array("q") for _ in range(threads)]
    rss_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu_before = cpu_seconds()
    started = time.monotonic()
    workers = [
        threading.Thread(
            target=contextvars.copy_context().run,
            args=(work, log, rate / threads, seconds, index * 10**7, outs[index]),
        )
        for index in range(1, threads)
    ]
    for worker in workers:
        worker.start()
    work(log, rate / threads, seconds, 0, outs[0])
    for worker in workers:
        worker.join()
    logged = time.monotonic() - started
    end()
    cpu = cpu_seconds() - cpu_before
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = sorted(value for out in outs for value in out)
    count = len(took)

    def quantile(share: float) -> float:
        return round(took[min(int(count * share), count - 1)] / 1e3, 2)

    return {
        "peer": name,
        "records": count + 200,
        "rate": round(count / logged),
        "p50": quantile(0.5),
        "p99": quantile(0.99),
        "p999": quantile(0.999),
        "cpu": round(cpu / count * 1e6, 2),
        "rss_mb": round(rss / 1024),
        "rss_growth_mb": round((rss - rss_before) / 1024),
    }


if __name__ == "__main__":
    _, peer, rate, seconds, file, *threads = sys.argv
    print(json.dumps(main(peer, float(rate), float(seconds), file, *map(int, threads))), flush=True)
