"""Protobuf by hand: the parts of an OTLP log record as bytes, with repeated parts kept in tables.

Source: opentelemetry-proto, `logs/v1/logs.proto` and `common/v1/common.proto`; the wire format is that of the protobuf
encoding specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aegis_otel import schema
from aegis_otel.schema import CodeLocation, ErrorInfo, Record

TABLE: Final = 2_048
"""Limit of the table of encoded lengths; longer lengths are computed."""

UINT64: Final = 0xFFFF_FFFF_FFFF_FFFF


def varint(number: int) -> bytes:
    """A non-negative integer as a base-128 varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_LENGTHS: Final = [varint(n) for n in range(TABLE)]


def length_prefix(number: int) -> bytes:
    """A length as a varint, from the table if it is there."""
    return _LENGTHS[number] if number < TABLE else varint(number)


def field(tag: bytes, payload: bytes) -> bytes:
    """A length-delimited field."""
    return tag + length_prefix(len(payload)) + payload


def string_head(size: int) -> bytes:
    """The bytes before `size` bytes of text that make the text a length-prefixed AnyValue."""
    inner = b"\x0a" + length_prefix(size)
    return length_prefix(len(inner) + size) + inner


def integer_value(number: int) -> bytes:
    """An integer as an AnyValue with its length in front."""
    inner = b"\x18" + varint(number & UINT64)
    return length_prefix(len(inner)) + inner


# LogRecord.attributes (6), ScopeLogs.log_records (2), LogRecord.body (5): tag and length, by length.
ATTRIBUTE: Final = [b"\x32" + size for size in _LENGTHS]
LOG_RECORD: Final = [b"\x12" + size for size in _LENGTHS]
STRING: Final = [string_head(n) for n in range(TABLE)]
BODY: Final = [b"\x2a" + head for head in STRING]
INTEGER: Final = [integer_value(n) for n in range(TABLE)]

_NONE: Final = b"\x00"
_TRUE: Final = b"\x02\x10\x01"
_FALSE: Final = b"\x02\x10\x00"
DOUBLE: Final = b"\x09\x21"

pack_uint64 = struct.Struct("<Q").pack
pack_double = struct.Struct("<d").pack


def _severity(number: int) -> bytes:
    text = schema.SEVERITY_TEXT.get(number, "").encode("ascii")
    out = b"\x10" + varint(number) if number else b""
    return out + field(b"\x1a", text) if text else out


SEVERITY: Final = {number: _severity(number) for number in range(25)}


def utf8(text: str) -> bytes:
    """Text as UTF-8; a lone surrogate as its escape."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def encode_value(value: object) -> bytes:
    """A value as an AnyValue with its length in front.

    Takes the values that `schema.snapshot` returns, and bytes; anything else is written as its text.
    """
    kind = type(value)
    if kind is str:
        text = utf8(value)  # type: ignore[arg-type]
        size = len(text)
        return (STRING[size] if size < TABLE else string_head(size)) + text
    if value is None:
        return _NONE
    if kind is bool:
        return _TRUE if value else _FALSE
    if kind is int:
        number: int = value  # type: ignore[assignment]
        if 0 <= number < TABLE:
            return INTEGER[number]
        if -(2**63) <= number < 2**63:
            return integer_value(number)
        return encode_value(str(number))
    if kind is float:
        return DOUBLE + pack_double(value)
    if kind is dict:
        members: Mapping[Any, Any] = value  # type: ignore[assignment]
        inner = b"".join([field(b"\x0a", key_head(str(key)) + encode_value(member)) for key, member in members.items()])
        inner = field(b"\x32", inner)
    elif kind is list or kind is tuple:
        items: Sequence[Any] = value  # type: ignore[assignment]
        inner = field(b"\x2a", b"".join([b"\x0a" + encode_value(member) for member in items]))
    elif kind is bytes:
        inner = field(b"\x3a", value)  # type: ignore[arg-type]
    else:
        return encode_value(schema.safe_text(value))
    return length_prefix(len(inner)) + inner


def key_head(key: str) -> bytes:
    """KeyValue.key (1) and the tag of KeyValue.value (2), which the value's length and bytes follow."""
    return field(b"\x0a", utf8(key)) + b"\x12"


def _attribute(key: str, value: object) -> bytes:
    return field(b"\x32", key_head(key) + encode_value(value))


def _attributes(pairs: Iterable[tuple[str, object]]) -> bytes:
    return b"".join([_attribute(key, value) for key, value in pairs])


def error_attributes(error: ErrorInfo) -> bytes:
    """The attributes `errorName`, `errorMessage` and `error`."""
    return _attributes(schema.error_fields(error).items())


def code_attributes(code: CodeLocation) -> bytes:
    """The attributes for the code location."""
    return _attributes(
        (
            (schema.CODE_FILE, code.path),
            (schema.CODE_LINE, code.line),
            (schema.CODE_FUNCTION, code.function),
        )
    )


_CORRELATION: Final = key_head("correlationId")
_CORRELATION_UUID: Final = b"".join((ATTRIBUTE[len(_CORRELATION) + len(STRING[36]) + 36], _CORRELATION, STRING[36]))
_FLAGS: Final = [b"\x45" + flags.to_bytes(4, "little") if flags else b"" for flags in range(256)]


def context_fields(record: Record) -> bytes:
    """Flags (8), trace_id (9), span_id (10) and the `correlationId` attribute."""
    trace_id, span_id, correlation_id = record.trace_id, record.span_id, record.correlation_id
    flags = _FLAGS[record.trace_flags]
    if trace_id:
        trace = trace_id.to_bytes(16, "big")
        span = b"\x52\x08" + span_id.to_bytes(8, "big") if span_id else b""
        if correlation_id is None:
            # schema.trace_id_as_uuid, without formatting the number anew.
            digits = trace.hex()
            correlation = (f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}").encode()
            return b"".join((flags, b"\x4a\x10", trace, span, _CORRELATION_UUID, correlation))
        out = b"".join((flags, b"\x4a\x10", trace, span))
    else:
        out = flags + (b"\x52\x08" + span_id.to_bytes(8, "big") if span_id else b"")
    if correlation_id is None:
        return out
    return out + _attribute("correlationId", correlation_id)
