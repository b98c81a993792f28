"""What a process finds in the trail's folder when it opens a chain: heads, and chains whose process died.

docs/audit-format.md, section 6. The caller holds the folder's lock. Nothing that may have been committed is cut off.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from aegis_otel.audit import _layout
from aegis_otel.audit._canonical import DomainError, parse
from aegis_otel.audit._disk import Disk
from aegis_otel.audit._merkle import Frontier
from aegis_otel.audit._note import is_hash
from aegis_otel.audit._seal import ZERO, Members

RESENT_MS: Final = 60_000
"""How much of a recovered chain is delivered again, counted back from its last record in milliseconds."""


class Head(NamedTuple):
    """The end of a chain as it was found: records, and hash text of the last one."""

    chain: str
    size: int
    hash: str


@dataclass
class Recovered:
    """A chain whose process died.

    Attributes:
        head: its end.
        root: hash text of its root; ZERO for no records.
        cut: bytes that were cut off.
        sound: False if the file is damaged before its end; then nothing was cut.
        again: its last records, which may not have been delivered.
    """

    head: Head
    root: str
    cut: int
    sound: bool
    again: list[Members] = field(default_factory=list)


@dataclass
class Survey:
    """What was found.

    Attributes:
        heads: of all chains that no chain has named after their end.
        recovered: those whose process died.
        ended: files that are to get the name of a chain that is named, once the heads are committed.
        held: open files whose locks are held until then.
    """

    heads: list[Head] = field(default_factory=list)
    recovered: list[Recovered] = field(default_factory=list)
    ended: list[Path] = field(default_factory=list)
    held: list[int] = field(default_factory=list)


def survey(disk: Disk, folder: Path, mine: Members, skip: str | None) -> Survey:
    """Look at all chains in a folder; recover those of this service and environment whose process died.

    Args:
        disk: the disk.
        folder: the trail.
        mine: `service` and `environment` of this process.
        skip: a chain that this process has just left.

    Raises:
        OSError: a file cannot be read, or recovered. The locks that were taken are free again.
    """
    found = Survey()
    try:
        for path in sorted(folder.iterdir()):
            chain = _layout.chain_of(path)
            if chain is None or chain == skip or path.suffix == _layout.NAMED:
                continue
            _look(disk, path, chain, mine, found)
    except BaseException:
        release(disk, found)
        raise
    return found


def release(disk: Disk, found: Survey) -> None:
    """Give the locks up."""
    while found.held:
        disk.close(found.held.pop())


def _look(disk: Disk, path: Path, chain: str, mine: Members, found: Survey) -> None:
    file = disk.open(path)
    found.held.append(file)
    dead = disk.try_lock(file)
    data = disk.read(file)
    layout = _layout.read(data, chain)
    if layout.version != 1:
        disk.close(found.held.pop())
        return
    if path.suffix == _layout.ENDED:
        found.heads.append(_head(data, chain, layout, layout.size))
        found.ended.append(path)
    elif dead and _is_ours(data, layout, mine):
        recovered = _recover(disk, path, file, data, chain, layout)
        found.recovered.append(recovered)
        found.heads.append(recovered.head)
        found.ended.append(path)
    else:
        # The last batch may not be committed.
        if layout.size and layout.batches[-1].first:
            found.heads.append(_head(data, chain, layout, layout.batches[-1].first))
        disk.close(found.held.pop())


def _is_ours(data: bytes, layout: _layout.Layout, mine: Members) -> bool:
    if not layout.batches:
        return True
    first = _member(_layout.lines_of(data, layout.batches[0])[0])
    return all(first.get(name) == mine[name] for name in ("service", "environment"))


def _recover(disk: Disk, path: Path, file: int, data: bytes, chain: str, layout: _layout.Layout) -> Recovered:
    sound = not _layout.is_followed(data, layout)
    end = layout.end if layout.batches else 0
    cut = len(data) - end
    if sound and cut:
        _keep(disk, path.with_suffix(_layout.CUT), data[end:])
        disk.truncate(file, end)
        disk.sync(file)
    tree = Frontier()
    head = ZERO
    records: list[Members] = []
    for each in layout.batches:
        for line in _layout.lines_of(data, each):
            record = _member(line)
            head = str(record.get("auditHash", ZERO))
            tree.append(bytes.fromhex(head) if is_hash(head) else bytes(32))
            records.append(record)
    return Recovered(
        Head(chain, tree.size, head),
        tree.root().hex() if tree.size else ZERO,
        cut if sound else 0,
        sound,
        _latest(records),
    )


def _keep(disk: Disk, path: Path, data: bytes) -> None:
    """Keep what is cut off; a file of an earlier attempt is written anew."""
    if os.path.lexists(path):
        disk.remove(path)
    file = disk.create(path)
    try:
        disk.write(file, data)
        disk.sync(file)
    finally:
        disk.close(file)


def _latest(records: list[Members]) -> list[Members]:
    if not records:
        return []
    last = str(records[-1].get("timestamp", ""))
    return [
        each for each in records if _milliseconds(str(each.get("timestamp", ""))) >= _milliseconds(last) - RESENT_MS
    ]


def _milliseconds(timestamp: str) -> int:
    try:
        return int(datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp() * 1000)
    except ValueError:
        return 0


def _head(data: bytes, chain: str, layout: _layout.Layout, size: int) -> Head:
    """The head of the first `size` records, which end with a batch."""
    for each in reversed(layout.batches):
        if each.first + each.size == size:
            hash_text = _member(_layout.lines_of(data, each)[-1]).get("auditHash")
            return Head(chain, size, str(hash_text)) if is_hash(hash_text) else Head(chain, 0, ZERO)
    return Head(chain, 0, ZERO)


def _member(line: bytes) -> dict[str, Any]:
    try:
        return parse(line)
    except DomainError:
        return {}
