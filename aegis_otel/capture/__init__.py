"""Where records come from: stdlib logging, server spans, the OpenTelemetry Logs API, crashes.

Nothing here knows where records go; each source gets an `Accept`, a function that takes a record.
"""

from collections.abc import Callable

from aegis_otel.schema import Record

Accept = Callable[[Record], object]
