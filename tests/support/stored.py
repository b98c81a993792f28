"""Records as the stores hold them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone


def record(number: int = 0, **fields: object) -> dict[str, object]:
    """A record as the stores hold it; `number` is its second."""
    return {
        "timestamp": f"2026-01-31T12:{number // 60:02d}:{number % 60:02d}.000Z",
        "level": "info",
        "message": f"message {number}",
        "service": "orders",
        "environment": "test",
        "correlationId": f"id-{number}",
        **fields,
    }


def lines(*records: dict[str, object]) -> bytes:
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in records)


_BEGUN = datetime.now(timezone.utc) - timedelta(minutes=2)


def recent(number: int = 0, **fields: object) -> dict[str, object]:
    """The same, of the last two minutes: `number` is the second of them."""
    moment = _BEGUN + timedelta(seconds=number)
    return record(number, timestamp=f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z", **fields)
