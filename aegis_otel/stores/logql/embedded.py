"""The embedded store as a source of log entries: each record a line, with the labels that Loki would have.

Only reads. Lines are looked at as bytes first; only those that can be wanted are parsed.
"""

from __future__ import annotations

import calendar
import contextlib
import gzip
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

from aegis_otel.stores._segments import MOST_OPEN, UNREADABLE, Segment, require, same_files, segments, unreadable
from aegis_otel.stores._tails import Tails
from aegis_otel.stores.logql import _pushdown
from aegis_otel.stores.logql._ast import LogExpr, Matcher
from aegis_otel.stores.logql._types import METADATA, STREAM_LABELS, Buckets, Entry, Tallies

_BLOCK: Final = 1 << 22
_TIME: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z")
_PREFIX: Final = b'{"timestamp":"'
# A value of these characters stands in a line as it is, whatever wrote the JSON, so a line without it has it nowhere.
_PLAIN_VALUE: Final = re.compile(r"[A-Za-z0-9._:-]+")
# A record as the Collector writes it, without objects and lists; its labels come first, and once. It is surely JSON;
# any other line is left to a parser.
_TEXT: Final = rb'[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"'
_RECORD: Final = re.compile(
    rb'\{"timestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)","level":"([a-z]*)","message":"'
    + _TEXT
    + rb',"service":"'
    rb'([ !#-\[\]-~]*)","environment":"([ !#-\[\]-~]*)"'
    rb'(?:,"correlationId":"([ !#-\[\]-~]+)")?(?:,"traceId":"([0-9a-f]+)")?'
    rb'(?:,"(?!(?:timestamp|level|service|environment|correlationId|traceId|complianceLevel)")[^"\\\x00-\x1f]*":'
    rb'(?:"' + _TEXT + rb"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))*\}"
)
# Of a name that comes twice, the first value counts, as Loki's `json` has it.
_FIRST: Final = json.JSONDecoder(object_pairs_hook=lambda pairs: dict(reversed(pairs)))
_MOST_STREAMS: Final = 10_000
_AHEAD_SECONDS: Final = 600.0
"""How far a record's time may be ahead of its file's: clocks differ."""


@dataclass
class EmbeddedSource:
    """Reads the store in `folder`.

    Attributes:
        folder: the store's; `aegis_otel.stores._segments` says which files it has.
        skipped: how many lines were no records so far.
        files: only these, as they were when they were looked at; all where None.
    """

    folder: Path
    skipped: int = 0
    files: Sequence[Segment] | None = field(default=None, repr=False)
    _streams: dict[tuple[bytes, bytes, bytes], dict[str, str]] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f"the embedded store in {self.folder}"

    def entries(
        self, start_ns: int, end_ns: int, matchers: Sequence[Matcher], needles: Sequence[bytes]
    ) -> Iterator[Entry]:
        """The records with ``start_ns <= time < end_ns`` that can match, file by file in the order of writing.

        Raises:
            StoreError: there is no store, or it may not be read.
        """
        with contextlib.ExitStack() as stack:
            for segment in self._files(stack):
                yield from self._of_file(segment, _lines, _wanted(matchers, needles), lambda: start_ns, end_ns)

    def newest(
        self,
        start_ns: int,
        end_ns: int,
        matchers: Sequence[Matcher],
        needles: Sequence[bytes],
        floor: Callable[[], int],
    ) -> Iterator[Entry]:
        """The same against the order of writing; lines before `floor()`, which rises, are left out."""
        with contextlib.ExitStack() as stack:
            for segment in reversed(self._files(stack)):
                wanted = _wanted(matchers, needles)
                yield from self._of_file(segment, _lines_backwards, wanted, lambda: max(floor(), start_ns), end_ns)

    def _of_file(
        self,
        segment: Segment,
        lines: Callable[[BinaryIO, Sequence[bytes]], Iterator[bytes]],
        wanted: Sequence[bytes],
        floor: Callable[[], int],
        end_ns: int,
    ) -> Iterator[Entry]:
        start_ns = floor()
        if (segment.modified + _AHEAD_SECONDS) * 1e9 < start_ns:
            return
        low, high = _iso(start_ns), _iso(end_ns + 999_999)
        try:
            with contextlib.ExitStack() as stack:
                file = segment.file if segment.file is not None else _open(segment, stack).file
                assert file is not None
                for line in lines(file, wanted):
                    # A line as the Collector writes it is surely of another time.
                    if not low <= line[14:38] < high and line[37:39] == b'Z"' and line.startswith(_PREFIX):
                        continue
                    entry = self._entry(line)
                    if entry is not None and start_ns <= entry.time_ns < end_ns:
                        yield entry
                        if floor() != start_ns:
                            start_ns = floor()
                            low = _iso(start_ns)
        except FileNotFoundError:
            return  # an old file, whose time was up meanwhile
        except UNREADABLE as error:
            raise unreadable(str(segment.path), error) from error

    def tallies(self, start_ns: int, end_ns: int, log: LogExpr, by: Sequence[str], buckets: Buckets) -> Tallies | None:
        """See `aegis_otel.stores.logql.IndexedSource`; None where DuckDB cannot tell.

        Raises:
            StoreError: there is no store, or it may not be read.
        """
        with contextlib.ExitStack() as stack:
            files = [one for one in self._files(stack) if (one.modified + _AHEAD_SECONDS) * 1e9 >= start_ns]
            if not all(isinstance(segment.file, io.BufferedReader) for segment in files):
                return None
            # By the open file, whatever its name has become meanwhile.
            paths = [Path(f"/proc/self/fd/{segment.file.fileno()}") for segment in files if segment.file is not None]
            if not paths or not all(path.exists() for path in paths):
                return None
            start, end = (_iso(time_ns + 999_999).decode() for time_ns in (start_ns, end_ns))
            return _pushdown.tallies(paths, start, end, log, by, buckets)

    def _files(self, stack: contextlib.ExitStack) -> list[Segment]:
        """The files, the oldest first, the live ones last; none is missed if one is renamed meanwhile.

        The newest are opened. Older ones have their last name, and are opened when their turn comes.
        """
        if self.files is not None:
            return [_as_it_was(segment) for segment in self.files]
        require(self.folder)
        while True:
            with contextlib.ExitStack() as opened:
                try:
                    found = segments(self.folder)
                    files = [*found[:-MOST_OPEN], *(_open(segment, opened) for segment in found[-MOST_OPEN:])]
                except FileNotFoundError:
                    continue  # rotated away since the folder was listed
                except OSError as error:
                    raise unreadable(str(error.filename or self.folder), error) from error
                if same_files(files, segments(self.folder)):
                    stack.push(opened.pop_all())
                    return files

    def arrivals(self) -> Arrivals:
        """What arrives from now on. Until then, this source has exactly what came before."""
        return Arrivals(self)

    def _entry(self, line: bytes) -> Entry | None:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self.skipped += 1
            return None
        quick = _RECORD.fullmatch(line)
        if quick is not None:
            time, level, service, environment, correlation, trace = quick.groups()
            labels = self._labels((level, service, environment))
            metadata = {"correlationId": correlation.decode()} if correlation else {}
            if trace:
                metadata["traceId"] = trace.decode()
            return Entry(_second(time[:19]) + int(time[20:23]) * 10**6, text, labels, metadata)
        if not line.strip():
            return None
        try:
            record: Any = _FIRST.decode(text)
            time_ns = _nanoseconds(record["timestamp"])
        except (ValueError, RecursionError, KeyError, TypeError):
            self.skipped += 1
            return None
        return Entry(time_ns, text, _strings(record, STREAM_LABELS), _strings(record, METADATA))

    def _labels(self, values: tuple[bytes, bytes, bytes]) -> dict[str, str]:
        labels = self._streams.get(values)
        if labels is None:
            if len(self._streams) > _MOST_STREAMS:
                self._streams.clear()
            names = ("level", "service", "environment")
            labels = {name: value.decode() for name, value in zip(names, values, strict=True) if value}
            self._streams[values] = labels
        return labels


class Arrivals:
    """The entries that arrive in a source from one moment on; use it as a context manager."""

    def __init__(self, source: EmbeddedSource) -> None:
        self._source = source
        self._tails = Tails(lambda: segments(source.folder))

    def __enter__(self) -> Arrivals:
        self._source.files = self._tails.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tails.close()

    def entries(self) -> Iterator[Entry]:
        """Those since the last call was read to its end, in the order of writing, whatever their times are.

        Raises:
            StoreError: the store cannot be read.
        """
        return (entry for line in self._tails.appended() if (entry := self._source._entry(line)) is not None)


def _strings(record: dict[str, Any], names: Sequence[str]) -> dict[str, str]:
    return {name: value for name in names if (value := record.get(name)) and isinstance(value, str)}


def _wanted(matchers: Sequence[Matcher], needles: Sequence[bytes]) -> list[bytes]:
    return [*needles, *(needle for matcher in matchers if (needle := _needle(matcher)))]


def _needle(matcher: Matcher) -> bytes:
    """What a line must contain for `matcher`; empty where that is not known."""
    plain = matcher.op == "=" and matcher.name in STREAM_LABELS + METADATA and _PLAIN_VALUE.fullmatch(matcher.value)
    return matcher.value.encode() if plain else b""


def _open(segment: Segment, stack: contextlib.ExitStack) -> Segment:
    """The file, opened, with its time of change and its inode, which may be those of the next file by now."""
    file: BinaryIO = stack.enter_context(segment.path.open("rb"))
    status = os.fstat(file.fileno())
    if segment.compressed:
        file = stack.enter_context(gzip.GzipFile(fileobj=file))  # type: ignore[assignment]
    return replace(segment, file=file, modified=status.st_mtime, inode=status.st_ino)


def _as_it_was(segment: Segment) -> Segment:
    """The file up to where it ended when it was looked at; one that is not open cannot grow."""
    if segment.file is None:
        return segment
    return replace(segment, file=_Beginning(segment.file, segment.size))  # type: ignore[arg-type]


@dataclass
class _Beginning:
    """The first `size` bytes of an open file."""

    file: BinaryIO
    size: int
    _at: int = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = self.size if whence == os.SEEK_END else offset
        return self._at

    def read(self, length: int) -> bytes:
        self.file.seek(self._at)
        content = self.file.read(max(0, min(length, self.size - self._at)))
        self._at += len(content)
        return content


def _lines(file: BinaryIO, needles: Sequence[bytes]) -> Iterator[bytes]:
    """The whole lines that contain all needles."""
    rest = b""
    while block := file.read(_BLOCK):
        block = rest + block
        end = block.rfind(b"\n") + 1
        rest = block[end:]
        yield from _containing(block[:end], needles)
    yield from _last(rest, needles)


def _lines_backwards(file: BinaryIO, needles: Sequence[bytes]) -> Iterator[bytes]:
    """The same, the last line first."""
    if not isinstance(file, (io.BufferedReader, _Beginning)):
        yield from reversed(list(_lines(file, needles)))
        return
    position = file.seek(0, os.SEEK_END)
    rest, at_end = b"", True
    while position > 0:
        length = min(_BLOCK, position)
        position -= length
        file.seek(position)
        block = file.read(length) + rest
        # What is before the first line feed goes on in the block before.
        begin = block.find(b"\n") + 1 if position else 0
        if position and not begin:
            rest = block
            continue
        rest, block = block[:begin], block[begin:]
        if at_end:
            at_end = False
            end = block.rfind(b"\n") + 1
            yield from _last(block[end:], needles)
            block = block[:end]
        yield from reversed(list(_containing(block, needles)))


def _last(line: bytes, needles: Sequence[bytes]) -> Iterator[bytes]:
    """What follows the last line feed is still being written, unless nobody writes any more."""
    if line.endswith(b"}") and all(needle in line for needle in needles):
        yield line


def _containing(block: bytes, needles: Sequence[bytes]) -> Iterator[bytes]:
    """The lines of `block`, which ends with a line feed or is empty, that contain all needles."""
    if not needles:
        yield from block.split(b"\n")[:-1]
        return
    longest = max(needles, key=len)
    others = [needle for needle in needles if needle is not longest]
    position = block.find(longest)
    while position >= 0:
        begin, stop = block.rfind(b"\n", 0, position) + 1, block.find(b"\n", position)
        line = block[begin:stop]
        if all(needle in line for needle in others):
            yield line
        position = block.find(longest, stop)


@lru_cache(maxsize=4096)
def _minute(text: str) -> int:
    return calendar.timegm((int(text[:4]), int(text[5:7]), int(text[8:10]), int(text[11:13]), int(text[14:16]), 0))


@lru_cache(maxsize=4096)
def _second(time: bytes) -> int:
    """The nanoseconds of a time without its fraction."""
    return _nanoseconds(time.decode() + "Z")


def _nanoseconds(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    fraction = found[7] or "0"
    nanoseconds: int = (_minute(text[:16]) + int(found[6])) * 10**9 + int(fraction) * 10 ** (9 - len(fraction))
    return nanoseconds


def _iso(time_ns: int) -> bytes:
    """The moment as records have it; what is before 1970 or behind the year 9999 becomes that."""
    milliseconds = min(max(time_ns // 10**6, 0), 253_402_300_799_999)
    seconds, rest = divmod(milliseconds, 1000)
    year, month, day, hour, minute, second, *_ = _utc(seconds)
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{rest:03d}Z".encode()


def _utc(seconds: int) -> tuple[int, ...]:
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)).timetuple()
