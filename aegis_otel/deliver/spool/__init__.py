"""The spool: encoded requests on disk until a Collector has acknowledged them, and those that it has refused."""

from aegis_otel.deliver.spool._dead_letters import (
    DEAD_LETTER_FOLDER,
    PARTIAL,
    DeadLetters,
    FoundLetters,
    find_dead_letters,
    hand_back_dead_letters,
)
from aegis_otel.deliver.spool._folder import service_name, waiting
from aegis_otel.deliver.spool._pending import Pending
from aegis_otel.deliver.spool._segment import MANY, REST, Batch
from aegis_otel.deliver.spool._spool import Spool, SpoolUnavailableError
from aegis_otel.deliver.spool._stats import STATS_NAME, ProcessStats, read_stats, write_stats

__all__ = [
    "DEAD_LETTER_FOLDER",
    "MANY",
    "PARTIAL",
    "REST",
    "STATS_NAME",
    "Batch",
    "DeadLetters",
    "FoundLetters",
    "Pending",
    "ProcessStats",
    "Spool",
    "SpoolUnavailableError",
    "find_dead_letters",
    "hand_back_dead_letters",
    "read_stats",
    "service_name",
    "waiting",
    "write_stats",
]
