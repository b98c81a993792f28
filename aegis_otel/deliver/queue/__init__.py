"""The queue between the app's threads and the outputs, and the writer thread that empties it."""

from aegis_otel.deliver.queue._prepare import Prefilter, Preparation, Prepare
from aegis_otel.deliver.queue._queue import RecordQueue

__all__ = ["Prefilter", "Preparation", "Prepare", "RecordQueue"]
