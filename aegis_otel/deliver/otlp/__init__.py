"""The OTLP output: encode, keep in the spool, send to a Collector, drop once acknowledged."""

from aegis_otel.deliver.otlp._encoder import Encoder
from aegis_otel.deliver.otlp._sink import OtlpSink

__all__ = ["Encoder", "OtlpSink"]
