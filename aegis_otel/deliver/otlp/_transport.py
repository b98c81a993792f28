"""Sends request bytes to the Collector, over upstream's exporters.

Upstream's `OTLPLogExporter` (gRPC or HTTP/protobuf) supplies endpoint, TLS, headers, compression, credential providers
and timeouts, with its standard `OTEL_EXPORTER_OTLP_*` variables. Its retry loop is not used: it gives up after six
attempts, and does not distinguish an absent Collector from one that refuses the records. `send` makes one attempt and
returns its result. The OTLP specification ("Failures") decides which answers may be tried again.

Importing this module is cheap; the first transport imports grpcio or requests.
"""

from __future__ import annotations

import enum
import logging
import time
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

from opentelemetry import context

from aegis_otel.settings import support_forks_of_grpc

if TYPE_CHECKING:
    import grpc

Protocols = Literal["grpc", "http/protobuf"]

_EXPORT_METHOD: Final = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

# Loggers that log if an export fails or, at DEBUG, for each export.
_NOISY: Final = (
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
    "opentelemetry.exporter.otlp.proto.http._log_exporter",
    "opentelemetry.exporter.otlp.common.http",
    "urllib3.connectionpool",
    "urllib3.connection",
    "urllib3.util.retry",
    "requests",
    "charset_normalizer",
    "grpc",
    "grpc._channel",
    "grpc._common",
    "grpc._cython.cygrpc",
)


class _ExportFilter(logging.Filter):
    """Drops log lines of transport libraries about exports, ours and the SDK's: exporting them would cause new ones.

    OpenTelemetry's mark for "no instrumentation here" identifies an export; the SDK's threads have the mark too.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return not context.get_value(context._SUPPRESS_INSTRUMENTATION_KEY)


_export_filter: Final = _ExportFilter()


def silence_exports() -> None:
    """Prevent log lines about exports from becoming records; a second call does nothing."""
    for name in _NOISY:
        logging.getLogger(name).addFilter(_export_filter)


class Outcome(enum.Enum):
    """The result of one attempt."""

    DELIVERED = "delivered"
    AWAY = "away"
    """No answer, or an answer that the Collector can't take records now: try again later."""
    REFUSED = "refused"
    """The Collector understood and will never take these bytes."""
    TOO_LARGE = "too large"
    """The Collector takes smaller requests only."""


class Answer(NamedTuple):
    """The answer to one attempt."""

    outcome: Outcome
    detail: str = ""
    retry_after: float | None = None
    """Seconds that the Collector asked for, or None."""
    refused: int = 0
    """Records that the Collector refused from a request that it took (OTLP's `partial_success`)."""


class Transport(Protocol):
    """Sends request bytes to one endpoint."""

    endpoint: str
    timeout: float

    def send(self, payload: bytes, timeout: float) -> Answer:
        """One attempt, at most `timeout` seconds. Never raises."""

    def close(self) -> None:
        """Free its resources and, if possible, end a `send` in progress. Any thread may call it."""


def create_transport(protocol: Protocols, *, timeout: float | None = None) -> Transport:
    """The transport for an OTLP protocol.

    Args:
        timeout: seconds of one attempt; None: the standard variables decide (10 s by default).

    Raises:
        Exception: any error that upstream's exporter raises for a variable it cannot use.
    """
    return GrpcTransport(timeout) if protocol == "grpc" else HttpTransport(timeout)


class GrpcTransport:
    """OTLP/gRPC: the channel of upstream's exporter, called with bytes instead of a message object."""

    def __init__(self, timeout: float | None = None) -> None:
        support_forks_of_grpc()
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter

        options: Any = (
            # Reconnect to a lost Collector within seconds, not after gRPC's two minutes.
            ("grpc.max_reconnect_backoff_ms", 5_000),
        )
        self._exporter: Any = OTLPLogExporter(timeout=timeout, channel_options=options)
        self.endpoint: str = self._exporter._endpoint
        self.timeout: float = self._exporter._timeout
        self._closed = False
        self._call = self._connect()

    def _connect(self) -> Any:
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
            ExportLogsServiceResponse,
        )

        channel: grpc.Channel = self._exporter._channel
        return channel.unary_unary(
            _EXPORT_METHOD,
            request_serializer=None,
            response_deserializer=ExportLogsServiceResponse.FromString,
        )

    def send(self, payload: bytes, timeout: float) -> Answer:
        """See `Transport`."""
        import grpc

        try:
            response = self._call(payload, metadata=self._exporter._headers, timeout=timeout)
            partial = response.partial_success
            return Answer(Outcome.DELIVERED, partial.error_message, None, partial.rejected_log_records)
        except grpc.RpcError as error:
            return self._judge(error)
        except Exception as error:
            # A channel that `close` closed meanwhile, a header that gRPC does not take…
            return Answer(Outcome.AWAY, f"{type(error).__name__}: {error}")

    def _judge(self, error: Any) -> Answer:
        import grpc

        code = error.code()
        detail = f"{code.name}: {error.details()}" if code is not None else str(error)
        if code == grpc.StatusCode.UNAVAILABLE and not self._closed:
            # A new channel, as upstream does: the old one may keep a dead address.
            self._exporter._channel.close()
            self._exporter._initialize_channel_and_stub()
            self._call = self._connect()
            if self._closed:
                self._exporter._channel.close()
        if code == grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in detail:
            return Answer(Outcome.TOO_LARGE, detail)
        if code == grpc.StatusCode.INVALID_ARGUMENT and code not in self._exporter._retryable_error_codes:
            return Answer(Outcome.REFUSED, detail)
        # UNAUTHENTICATED, PERMISSION_DENIED, UNIMPLEMENTED… come from a wrong setting, not from the records.
        # The records wait until somebody corrects it.
        return Answer(Outcome.AWAY, detail, _retry_delay(error))

    def close(self) -> None:
        """See `Transport`."""
        if not self._closed:
            self._closed = True
            self._exporter.shutdown()


def _retry_delay(error: Any) -> float | None:
    """Seconds of a `google.rpc.RetryInfo` in the trailing metadata."""
    try:
        encoded = dict(error.trailing_metadata() or ()).get("google.rpc.retryinfo-bin")
        if encoded is None:
            return None
        from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]

        delay = RetryInfo.FromString(encoded).retry_delay
        return float(delay.seconds) + float(delay.nanos) / 1e9
    except Exception:
        return None


class HttpTransport:
    """OTLP/HTTP with protobuf bodies: the HTTP client of upstream's exporter, one attempt at a time."""

    def __init__(self, timeout: float | None = None) -> None:
        import netrc  # noqa: F401 - requests imports it in a call; a child forked meanwhile could never

        from opentelemetry.exporter.otlp.common.http import _extract_retry_after
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

        self._exporter: Any = OTLPLogExporter(timeout=timeout)
        self._client: Any = self._exporter._client
        self._retry_after = _extract_retry_after
        self.endpoint: str = self._exporter._endpoint
        self.timeout: float = self._client._timeout
        self._closed = False

    def send(self, payload: bytes, timeout: float) -> Answer:
        """See `Transport`."""
        started = time.monotonic()
        try:
            data = self._client._compress(payload)
            left = max(timeout - (time.monotonic() - started), 0.05)
            result = self._client._submit(data, left)
        except Exception as error:
            return Answer(Outcome.AWAY, f"{type(error).__name__}: {error}")
        status = result.status_code
        if status is None:
            return Answer(Outcome.AWAY, str(result.error or "no answer"))
        if 200 <= status < 300:
            return self._accepted(result)
        detail = f"HTTP {status} {result.reason or ''}".rstrip()
        if status == 413:
            return Answer(Outcome.TOO_LARGE, detail)
        if status in (400, 422):
            return Answer(Outcome.REFUSED, detail)
        return Answer(Outcome.AWAY, detail, self._retry_after(result))

    @staticmethod
    def _accepted(result: Any) -> Answer:
        try:
            content = result.content()
            if not content:
                return Answer(Outcome.DELIVERED)
            from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
                ExportLogsServiceResponse,
            )

            partial = ExportLogsServiceResponse.FromString(content).partial_success
            return Answer(Outcome.DELIVERED, partial.error_message, None, partial.rejected_log_records)
        except Exception:
            # Some receivers answer 200 with a body of their own.
            return Answer(Outcome.DELIVERED)

    def close(self) -> None:
        """See `Transport`."""
        if not self._closed:
            self._closed = True
            self._exporter.shutdown()
