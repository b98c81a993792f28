"""Where records to verify come from: a trail's folder, an export of JSON lines, a store."""

from __future__ import annotations

import gzip
import json
import os
import stat
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aegis_otel.audit import _layout, _note
from aegis_otel.audit._canonical import DomainError, canonical, parse
from aegis_otel.audit._seal import OUTER, leaf_of
from aegis_otel.audit.states import Report, State
from aegis_otel.audit.verify import Found, Input, Trace
from aegis_otel.stores import Query, Store, StoreError

_TRIES: Final = 20
_PAUSE: Final = 0.05
_OUTER_OF_USUAL: Final = frozenset(("auditHash",))


def folder(path: Path) -> Input:
    """The trail in a folder."""
    report = Report()
    given = Input((), filtered=False, report=report)
    files: dict[str, list[Path]] = {}
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        report.add(State.NOT_VERIFIED, f"the trail cannot be read: {error.strerror}", place=str(path))
        return given
    for entry in entries:
        file = Path(entry.path)
        chain = _layout.chain_of(file)
        if chain is not None:
            files.setdefault(chain, []).append(file)
        elif entry.name != _layout.LOCK and file.suffix != _layout.CUT:
            report.notes.append(f"{file} is no file of a trail; it was not read")
        elif file.suffix == _layout.CUT:
            report.notes.append(f"{file} holds bytes that recovery has cut off; they are no part of the trail")
    given.found = _of_files(files, given)
    return given


def _of_files(files: dict[str, list[Path]], given: Input) -> Iterator[Found]:
    for chain, paths in files.items():
        for file in paths[1:]:
            given.report.add(State.FORK, "the chain has two files", chain, place=str(file))
        for file in paths:
            yield from _of_file(chain, file, given)


def _of_file(chain: str, file: Path, given: Input) -> Iterator[Found]:
    data = b""
    layout = _layout.read(data, chain)
    for attempt in range(_TRIES):
        try:
            data, file = _content(file)
        except OSError as error:
            given.report.add(State.NOT_VERIFIED, f"the file cannot be read: {error.strerror}", chain, place=str(file))
            return
        layout = _layout.read(data, chain)
        if not layout.problem or not layout.torn or file.suffix != _layout.LIVE or attempt == _TRIES - 1:
            break
        time.sleep(_PAUSE)  # its process is writing
    if layout.version != 1:
        given.report.add(State.NOT_VERIFIED, "the file is of an unknown version", chain, place=str(file))
        return
    problem = "the file is empty" if not data else layout.problem
    given.traces[chain] = Trace(problem, layout.torn, file.suffix == _layout.LIVE, str(file))
    number = 2
    for each in layout.batches:
        for seq, line in enumerate(_layout.lines_of(data, each), each.first):
            number += 1
            yield from _of_line(line, chain, seq, f"{file}:{number}", given.report)
        number += 1


def _content(file: Path) -> tuple[bytes, Path]:
    """A file's content, also if a process gives it its next name meanwhile; and the name."""
    for suffix in (file.suffix, *_layout.SUFFIXES):
        named = file.with_suffix(suffix)
        try:
            descriptor = os.open(named, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            continue
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(0, "it is no file")
            return opened.read(), named
    raise FileNotFoundError(0, "it is gone")


def _of_line(line: bytes, chain: str, seq: int, place: str, report: Report) -> Iterator[Found]:
    found = _quickly(line, place)
    if found is None:
        try:
            record = parse(line)
        except DomainError as error:
            report.add(State.TAMPERED, f"the line {error}", chain, seq, place)
            return
        if canonical(record) != line:
            report.add(State.TAMPERED, "the line is not in the canonical form", chain, seq, place)
            return
        found = Found(record, place)
    if found.record.get("auditChain") != chain:
        report.add(State.TAMPERED, "the record is of another chain than the file", chain, seq, place)
    elif found.record.get("auditSeq") != seq:
        report.add(State.TAMPERED, "the record is not where its number belongs", chain, seq, place)
    elif "auditHash" not in found.record:
        report.add(State.TAMPERED, "the record has no seal", chain, seq, place)
    else:
        yield found


def _quickly(line: bytes, place: str) -> Found | None:
    """The record of a line whose hash is right, read without writing it again; None to look more closely.

    If the line without its hash has that hash, it is what was sealed, byte for byte.
    """
    try:
        record = json.loads(line)
        chain, digest = record["auditChain"], record["auditHash"]
        if not OUTER.isdisjoint(record.keys() - _OUTER_OF_USUAL):
            return None
        piece = b'"auditHash":"%b",' % digest.encode()
        if line.count(piece) != 1 or leaf_of(chain, line.replace(piece, b"")).hex() != digest:
            return None
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    return Found(record, place, hashed=True)


def export(path: Path) -> Input:
    """JSON lines in a file, also packed with gzip."""
    given = Input((), filtered=True)
    given.found = _of_export(path, given.report)
    return given


def _of_export(path: Path, report: Report) -> Iterator[Found]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    yield Found(parse(line), f"{path}:{number}")
                except DomainError as error:
                    yield from _of_other(line, f"{path}:{number}", error, report)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        report.add(State.NOT_VERIFIED, f"the export cannot be read: {reason}", place=str(path))


def _of_other(line: bytes, place: str, error: DomainError, report: Report) -> Iterator[Found]:
    """A line outside of the domain: a usual log record may be, a sealed one may not."""
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if type(record) is dict and str(error) != "has a name twice":
        yield Found(record, place)
    else:
        report.add(State.TAMPERED, f"the line {error}", place=place)


def evidence(path: Path) -> list[_note.Note]:
    """The signed notes in a file of a witness.

    Raises:
        ValueError: it cannot be read, or holds something else.
    """
    try:
        return _note.parse_notes(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the evidence {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"the evidence {path} {error}") from None


def store(opened: Store, query: Query) -> Input:
    """All records of a store that match."""
    given = Input((), filtered=True)
    try:
        given.found = [Found(record, f"{opened}") for record in opened.newest(query)]
    except StoreError as error:
        given.report.add(State.NOT_VERIFIED, f"the store cannot be read: {error}")
    return given
