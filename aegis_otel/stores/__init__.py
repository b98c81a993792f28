"""Reading what the Collector has stored: one question, `Query`, and one interface, `Store`, for every store.

`open_store` gives the store in use, by the settings and by the note that `aegis-otel up` leaves (`read_note`).

Stands below the command line, the checks and the page; imports none of them. Reading Loki or VictoriaLogs
needs httpx (the `cli` extra), so each store is a module of its own that is imported where it is used.
"""

from aegis_otel.stores._choice import LOKI_DEFAULT, VICTORIALOGS_DEFAULT, chosen_stores, open_store
from aegis_otel.stores._note import METRICS_ENDPOINT, UpNote, read_note
from aegis_otel.stores._store import LogQLStore, Store
from aegis_otel.stores._url import without_credentials
from aegis_otel.stores.errors import StoreError
from aegis_otel.stores.query import LEVELS, Query, StoredRecord, iso_time, parse_level, parse_since

__all__ = [
    "LEVELS",
    "LOKI_DEFAULT",
    "METRICS_ENDPOINT",
    "VICTORIALOGS_DEFAULT",
    "LogQLStore",
    "Query",
    "Store",
    "StoreError",
    "StoredRecord",
    "UpNote",
    "chosen_stores",
    "iso_time",
    "open_store",
    "parse_level",
    "parse_since",
    "read_note",
    "without_credentials",
]
