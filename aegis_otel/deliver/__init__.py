"""Where records go. Nothing here knows where records come from.

`queue` takes records from the app's threads and writes them to the sinks; `outputs` (console, file) and `otlp` are the
sinks; `spool` keeps on disk what `otlp` sends. Each of these packages names its public parts in its `__init__`.
"""

from aegis_otel.deliver._sink import Sink, Warn

__all__ = ["Sink", "Warn"]
