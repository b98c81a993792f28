"""A record as one line of JSON, the form of the console and of the file."""

from __future__ import annotations

import json

from aegis_otel.schema import Identity, Record, to_mapping

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, allow_nan=False).encode


def json_line(record: Record, identity: Identity) -> str:
    """The record as AegisX's JSON object, without a newline in it or at its end."""
    return _ENCODE(to_mapping(record, identity))
