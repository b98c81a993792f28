"""Records to OTLP bytes: writes `ExportLogsServiceRequest` messages by hand, without message objects.

Repeated parts of a batch (resource, scopes, key names, code locations, trace contexts, lengths) are encoded once and
kept in bounded tables. `docs/performance.md` has the figures for this choice over protobuf's message objects.

This module knows nothing of transport or disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aegis_otel import schema
from aegis_otel.deliver.otlp._protobuf import (
    ATTRIBUTE,
    BODY,
    DOUBLE,
    INTEGER,
    LOG_RECORD,
    SEVERITY,
    STRING,
    TABLE,
    UINT64,
    code_attributes,
    context_fields,
    encode_value,
    error_attributes,
    field,
    key_head,
    length_prefix,
    pack_double,
    pack_uint64,
    string_head,
    utf8,
    varint,
)
from aegis_otel.schema import CodeLocation, ErrorInfo, Record

if TYPE_CHECKING:
    from aegis_otel_native import Encoder as NativeEncoder
    from opentelemetry.sdk.resources import Resource

MAX_REQUEST: Final = 1_000_000
"""Maximum bytes of one request, unless a single record needs more."""

MAX_RECORD: Final = 3_500_000
"""Maximum bytes of a request with a single record: gRPC servers refuse more than 4 MiB by default."""

_CACHED_KEYS: Final = 2_048
_CACHED_SITES: Final = 4_096
_CACHED_SCOPES: Final = 1_024
_CACHED_CONTEXTS: Final = 4_096


class Request(NamedTuple):
    """One encoded `ExportLogsServiceRequest` and its number of records.

    Requests can be joined: the bytes of two requests in a row are a request with the records of both.
    """

    payload: bytes
    records: int


_CODE_KEYS: Final = frozenset((schema.CODE_FILE, schema.CODE_LINE, schema.CODE_FUNCTION))
_ERROR_KEYS: Final = frozenset(("errorName", "errorMessage", "error"))
_OWNED_KEYS: Final = _CODE_KEYS | _ERROR_KEYS | {"correlationId"}


class Encoder:
    """Encodes records of one resource.

    Two threads must not use it at once. Its tables are bounded, so neither hostile key names nor a long life make it
    grow.

    Args:
        resource: the source of the records; encoded once.
        limit: maximum bytes of a request with more than one record.
        record_limit: maximum bytes of a request with one record. A larger record loses its attributes and the end of
            its message; `dropped_attributes_count` says so.
        native: the extension's module (`aegis_otel._native`), which writes the usual records; None to write all here.
    """

    def __init__(
        self, resource: Resource, *, limit: int = MAX_REQUEST, record_limit: int = MAX_RECORD, native: Any = None
    ) -> None:
        attributes = b"".join(
            [field(b"\x0a", key_head(key) + encode_value(_plain(value))) for key, value in resource.attributes.items()]
        )
        self._resource = field(b"\x0a", attributes)
        self._resource_url = field(b"\x1a", utf8(resource.schema_url)) if resource.schema_url else b""
        # Room for the resource, the request's own framing and the largest scope name.
        frame = len(self._resource) + len(self._resource_url) + 1_024
        self._limit = max(limit - frame, 4_096)
        self._record_limit = max(record_limit - frame, 4_096)
        self._keys: dict[str, tuple[bytes, int]] = {}
        self._sites: dict[CodeLocation, bytes] = {}
        self._scopes: dict[str, bytes] = {}
        self._contexts: dict[int, tuple[int, int, str | None, bytes]] = {}
        self._native: NativeEncoder | None = native and native.Encoder(
            resource=self._resource,
            resource_url=self._resource_url,
            limit=self._limit,
            record_limit=self._record_limit,
            one=self._encode_one,
            cut=self._encode_cut,
            scope=self._scope,
        )

    def encode(self, records: Sequence[Record]) -> list[Request]:
        """The records in as few requests as the limit allows, in order within each logger. Never raises."""
        if self._native is not None:
            try:
                return [Request(payload, count) for payload, count in self._native.encode(records)]
            except Exception:
                # A bug of the extension must not cost a record.
                self._native = None
        return self._encode_all(records)

    def _encode_all(self, records: Sequence[Record]) -> list[Request]:
        requests: list[Request] = []
        groups: dict[str, list[bytes]] = {}
        size = count = 0
        limit = self._limit
        for record in records:
            encoded = self._encode_one(record)
            length = len(encoded)
            if length > self._record_limit:
                encoded = self._encode_cut(record)
                length = len(encoded)
            group = groups.get(record.logger)
            if group is None or size + length > limit:
                if size + length > limit and count:
                    requests.append(self._request(groups, count))
                    groups = {}
                    size = count = 0
                scope = self._scope(record.logger)
                size += len(scope) + 16
                group = groups[record.logger] = [scope]
            group.append(LOG_RECORD[length] if length < TABLE else b"\x12" + varint(length))
            group.append(encoded)
            size += length + 4
            count += 1
        if count:
            requests.append(self._request(groups, count))
        return requests

    def _request(self, groups: dict[str, list[bytes]], count: int) -> Request:
        parts = [self._resource]
        for group in groups.values():
            scope_logs = b"".join(group)
            parts += (b"\x12", length_prefix(len(scope_logs)), scope_logs)
        parts.append(self._resource_url)
        return Request(field(b"\x0a", b"".join(parts)), count)

    def _scope(self, logger: str) -> bytes:
        scope = self._scopes.get(logger)
        if scope is None:
            name = utf8(logger)[:512]
            scope = field(b"\x0a", field(b"\x0a", name) if name else b"")
            if len(self._scopes) >= _CACHED_SCOPES:
                self._scopes.clear()
            self._scopes[logger] = scope
        return scope

    def _encode_one(self, record: Record) -> bytes:
        try:
            return self._encode(record)
        except Exception:
            return self._encode_anyway(record)

    def _encode(self, record: Record) -> bytes:
        """One LogRecord message. Raises on values that `schema.snapshot` and `clean_text` would have repaired."""
        time = pack_uint64(record.time_ns)
        body = record.message.encode()
        size = len(body)
        span_id = record.span_id
        known = self._contexts.get(span_id)
        if (
            known is not None
            and known[0] == record.trace_id
            and known[2] == record.correlation_id
            and known[1] == record.trace_flags
        ):
            context = known[3]
        else:
            context = self._new_context(record)
        # time_unix_nano (1) and observed_time_unix_nano (11) are equal: capture observes the event when it happens.
        parts = [
            b"\x09",
            time,
            b"\x59",
            time,
            SEVERITY[record.severity],
            BODY[size] if size < TABLE else b"\x2a" + string_head(size),
            body,
            context,
        ]
        attributes = record.attributes
        if attributes:
            keys = self._keys
            for key, value in attributes.items():
                known_key = keys.get(key)
                if known_key is None:
                    known_key = self._new_key(key, record)
                    if known_key is None:
                        continue
                head, length = known_key
                kind = type(value)
                if kind is str:
                    text = value.encode()
                    size = len(text)
                    if size < TABLE:
                        start = STRING[size]
                        length += len(start) + size
                        parts += (
                            ATTRIBUTE[length] if length < TABLE else b"\x32" + varint(length),
                            head,
                            start,
                            text,
                        )
                        continue
                if kind is int and 0 <= value < TABLE:
                    encoded = INTEGER[value]
                elif kind is float:
                    encoded = DOUBLE + pack_double(value)
                else:
                    encoded = encode_value(value)
                length += len(encoded)
                parts += (
                    ATTRIBUTE[length] if length < TABLE else b"\x32" + varint(length),
                    head,
                    encoded,
                )
        if record.error is not None:
            parts.append(error_attributes(record.error))
        code = record.code
        if code is not None:
            site = self._sites.get(code)
            if site is None:
                site = self._new_site(code)
            parts.append(site)
        if record.event_name:
            parts.append(field(b"\x62", record.event_name.encode()))
        return b"".join(parts)

    def _new_context(self, record: Record) -> bytes:
        encoded = context_fields(record)
        if len(self._contexts) >= _CACHED_CONTEXTS:
            self._contexts.clear()
        self._contexts[record.span_id] = (
            record.trace_id,
            record.trace_flags,
            record.correlation_id,
            encoded,
        )
        return encoded

    def _new_site(self, code: CodeLocation) -> bytes:
        site = code_attributes(code)
        if len(self._sites) >= _CACHED_SITES:
            self._sites.clear()
        self._sites[code] = site
        return site

    def _new_key(self, key: str, record: Record) -> tuple[bytes, int] | None:
        """The key's encoded head, or None if the record writes that field itself.

        Keys that may clash are never cached, so that the usual ones need no check.
        """
        if key in _OWNED_KEYS:
            if record.code is not None and key in _CODE_KEYS:
                return None
            if record.error is not None and key in _ERROR_KEYS:
                return None
            if key == "correlationId" and schema.correlation_id_of(record) is not None:
                return None
            head = key_head(key)
            return head, len(head)
        head = key_head(key)
        if len(key) <= 128:
            if len(self._keys) >= _CACHED_KEYS:
                self._keys.clear()
            self._keys[key] = (head, len(head))
        return head, len(head)

    def _encode_anyway(self, record: Record) -> bytes:
        """Like `_encode`, for a record with a lone surrogate, a wrong type or a number out of range."""
        error, code = record.error, record.code
        mended = Record(
            min(max(int(record.time_ns), 0), UINT64),
            record.severity if record.severity in SEVERITY else 0,
            schema.clean_text(schema.safe_text(record.message)),
            record.logger,
            record.trace_id & (2**128 - 1),
            record.span_id & UINT64,
            record.trace_flags & 0xFF,
            record.correlation_id,
            _cleaned(schema.snapshot(dict(record.attributes))) if record.attributes else None,
            CodeLocation(schema.safe_text(code.path), int(code.line), schema.safe_text(code.function))
            if code
            else None,
            ErrorInfo(*(schema.safe_text(part) for part in error)) if error else None,
            schema.clean_text(record.event_name) if record.event_name else None,
        )
        return self._encode(mended)

    def _encode_cut(self, record: Record) -> bytes:
        """A record too large for any request, without its attributes: a part is better than nothing."""
        error = record.error
        cut = Record(
            record.time_ns,
            record.severity,
            schema.clean_text(record.message, self._record_limit // 16),
            record.logger,
            record.trace_id,
            record.span_id,
            record.trace_flags,
            record.correlation_id[:128] if record.correlation_id else None,
            {
                key: schema.safe_text(value, limit=128)
                for key, value in (record.attributes or {}).items()
                if key in schema.AUDIT_KEPT
            },
            None,
            ErrorInfo(*(part[: self._record_limit // 32] for part in error)) if error else None,
        )
        lost = len(record.attributes or ()) - len(cut.attributes or ())
        return self._encode_anyway(cut) + (b"\x38" + varint(lost) if lost > 0 else b"")


def _plain(value: object) -> object:
    return list(value) if isinstance(value, (tuple, list)) else value


def _cleaned(value: Any) -> Any:
    if type(value) is str:
        return utf8(value).decode()
    if type(value) is dict:
        return {utf8(str(key)).decode(): _cleaned(member) for key, member in value.items()}
    if type(value) is list:
        return [_cleaned(member) for member in value]
    return value
