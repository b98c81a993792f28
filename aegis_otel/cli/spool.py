"""What `aegis-otel spool` shows and does: records that wait for a Collector, and those it has refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from aegis_otel.cli import terminal
from aegis_otel.deliver.spool import DEAD_LETTER_FOLDER, find_dead_letters, hand_back_dead_letters, waiting
from aegis_otel.health import amount


def as_table(folder: Path) -> Table | None:
    """Everything below the spool's folder, for people; None where there is nothing."""
    rows = [(service, "waits", amount(size)) for service, size in sorted(waiting(folder).items())]
    rows += [
        (found.service, f"refused ({found.kind})", f"{found.records} records") for found in find_dead_letters(folder)
    ]
    return terminal.table("Waiting or refused", ("service", "state", "how much"), rows) if rows else None


def refused_as_json(folder: Path) -> Iterator[str]:
    """Each refused request as OTLP in JSON ("OTLP/HTTP", "JSON Protobuf Encoding", but for ids, which are base64)."""
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    for found in find_dead_letters(folder):
        for payload in found.requests:
            yield json.dumps(MessageToDict(ExportLogsServiceRequest.FromString(payload)), ensure_ascii=False)


def retry(folder: Path) -> str:
    """Hand refused records back to the spool; says what was done.

    Raises:
        ValueError: the folder cannot be written.
    """
    try:
        given = hand_back_dead_letters(folder)
    except OSError as error:
        raise ValueError(f"{folder} cannot be written: {error.strerror}") from error
    if not given:
        return f"Nothing that was refused lies in {folder / DEAD_LETTER_FOLDER}"
    parts = ", ".join(f"{count} records of {service}" for service, count in given.items())
    return (
        f"Handed back: {parts}. A running process sends them within half a minute of logging, else the next one does."
    )
