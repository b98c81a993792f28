"""The columns of `stream`: how they come out of a record's texts, and their values as JSON has them."""

from __future__ import annotations

import json
from typing import Any, Final

from aegis_otel import schema
from aegis_otel.stores._seqsql import quoted

FIELDS: Final[dict[str, str]] = {
    "timestamp": "TIMESTAMPTZ",
    "level": "VARCHAR",
    "message": "VARCHAR",
    "service": "VARCHAR",
    "environment": "VARCHAR",
    "correlationId": "VARCHAR",
    "traceId": "VARCHAR",
    "spanId": "VARCHAR",
    "logger": "VARCHAR",
    "method": "VARCHAR",
    "url": "VARCHAR",
    "statusCode": "BIGINT",
    "responseTime": "DOUBLE",
    "errorName": "VARCHAR",
    "errorMessage": "VARCHAR",
    "error": "JSON",
    "auditAction": "VARCHAR",
    "complianceLevel": "VARCHAR",
    "auditTimestamp": "TIMESTAMPTZ",
    "operation": "VARCHAR",
    "metadata": "JSON",
    schema.CODE_FILE: "VARCHAR",
    schema.CODE_LINE: "BIGINT",
    schema.CODE_FUNCTION: "VARCHAR",
}
"""The columns of `stream` and their types, in order (AegisX's "Log Structure", OpenTelemetry's code attributes)."""

WHOLE: Final = "extra"
"""The column with the whole record as JSON."""

LOWER: Final = frozenset(name.lower() for name in FIELDS)
"""SQL knows no case in names."""
DOTTED: Final = frozenset(name.lower() for name in FIELDS if "." in name)


def typed(name: str, kind: str) -> str:
    """The column of a field of `FIELDS`, out of the texts `r`."""
    value = f"r.{quoted(name)}"
    if kind == "JSON":
        value = f"CASE WHEN json_valid({value}) THEN {value}::JSON ELSE to_json({value}) END"
    elif kind == "DOUBLE":
        value = f"CASE WHEN isfinite(TRY_CAST({value} AS DOUBLE)) THEN TRY_CAST({value} AS DOUBLE) END"
    elif kind != "VARCHAR":
        value = f"TRY_CAST({value} AS {kind})"
    return f"{value} AS {quoted(name)}"


def further(name: str) -> tuple[str, list[str]]:
    """The expression of a field that a query names, and the members of the record that it reads."""
    if name.lower() == WHOLE:
        return "r.line", []
    if name == "@t":
        return 'TRY_CAST(r."timestamp" AS TIMESTAMPTZ)', []
    if name == "@x":
        stack = """CASE WHEN json_valid(r."error") THEN json_extract_string(r."error", '/stack') END"""
        return f'coalesce({stack}, r."error")', []
    parent, dot, rest = name.partition(".")
    if not dot or not parent or not rest:
        return f"r.{quoted(name)}", [name]
    path = literal("/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in rest.split(".")))
    inner = f"CASE WHEN json_valid(r.{quoted(parent)}) THEN json_extract_string(r.{quoted(parent)}, {path}) END"
    return f"coalesce(r.{quoted(name)}, {inner})", [name, parent]


def as_values(columns: list[tuple[str, str]]) -> tuple[str, list[bool]]:
    """What to select so that each value is one that JSON has, and which columns are JSON already."""
    shown, is_json = [], []
    for index, (_, kind) in enumerate(columns):
        name = f"c{index}"
        if kind.startswith("TIMESTAMP"):
            suffix = "Z" if kind == "TIMESTAMP WITH TIME ZONE" else ""
            shown.append(f"strftime({name}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%g{suffix}')")
        elif kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
            shown.append(f"to_json({name})::VARCHAR")
        elif kind.startswith("DECIMAL"):
            shown.append(f"{name}::DOUBLE")
        elif kind in _NUMBERS or kind == "BOOLEAN":
            shown.append(name)
        else:
            shown.append(f"{name}::VARCHAR")
        is_json.append(shown[-1].startswith("to_json") or kind == "JSON")
    return ", ".join(shown), is_json


_NUMBERS: Final = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "DOUBLE",
    "FLOAT",
)


def plain(value: Any, is_json: bool) -> Any:
    """A value as JSON has it; `is_json` says that it is JSON text."""
    if is_json and isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, float):
        return schema.snapshot(value)
    return value


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"
