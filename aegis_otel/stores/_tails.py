"""The files of the embedded store that still grow: what is written to them from one moment on, through rotations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from aegis_otel.stores._search import end_of_last_line
from aegis_otel.stores._segments import LIVE, MOST_OPEN, Segment, same_files, unreadable

_BLOCK: Final = 4 << 20


@dataclass
class Tails:
    """The growing files among those that `listed` gives; use it as a context manager, which closes them.

    Of very many files, the oldest cannot grow any more; they are not held open.
    """

    listed: Callable[[], list[Segment]]
    _open: dict[int, _Tail] = field(default_factory=dict, repr=False)
    _done: set[tuple[int, Path]] = field(default_factory=set, repr=False)
    """Files that are not held open, by inode and path: an inode alone can become another file's."""

    def begin(self) -> list[Segment]:
        """The files up to their last whole line of now. `appended` goes on behind it, so nothing is between the two.

        Raises:
            StoreError: the folder, or a file in it, cannot be read.
        """
        while True:
            looked_at = self.listed()
            old = (segment for segment in looked_at[:-MOST_OPEN] if segment.path.name not in LIVE)
            self._done = {(segment.inode, segment.path) for segment in old}
            opened = [self._opened(segment) if self._may_grow(segment) else segment for segment in looked_at]
            if same_files(opened, self.listed()):
                return opened
            self.close()

    def appended(self) -> Iterator[bytes]:
        """The lines that were written since the last call."""
        files = [segment for segment in self.listed() if self._may_grow(segment)]
        for segment in files:
            if segment.inode not in self._open:
                self._start(segment.path)
        order = {segment.inode: index for index, segment in enumerate(files)}
        # A file that was just removed is read to its end first: its records came before all others'.
        for inode in sorted(self._open, key=lambda inode: order.get(inode, -1)):
            tail = self._open[inode]
            removed = tail.is_removed()
            yield from tail.read()
            if removed:
                self._open.pop(inode).file.close()

    def close(self) -> None:
        """Close all files."""
        for tail in self._open.values():
            tail.file.close()
        self._open.clear()

    def _may_grow(self, segment: Segment) -> bool:
        return not segment.compressed and (segment.inode, segment.path) not in self._done

    def _opened(self, segment: Segment) -> Segment:
        tail = self._start(segment.path)
        if tail is None:
            return replace(segment, inode=0, size=0)
        tail.offset = end_of_last_line(tail.file)
        return replace(segment, inode=os.fstat(tail.file.fileno()).st_ino, size=tail.offset, file=tail.file)

    def _start(self, path: Path) -> _Tail | None:
        """Begin to read the file at `path`; None where there is none by now, or one that is read already.

        Raises:
            StoreError: it may not be read.
        """
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unreadable(str(path), error) from error
        inode = os.fstat(file.fileno()).st_ino
        if inode in self._open:
            file.close()
            return None
        self._open[inode] = _Tail(file)
        return self._open[inode]

    def __enter__(self) -> Tails:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass
class _Tail:
    """A file that is still being written, and how far it was read (to the end of a line)."""

    file: BinaryIO
    offset: int = 0

    def is_removed(self) -> bool:
        """Whether it has no name any more. A list of the folder does not tell: it can miss what is just renamed."""
        return os.fstat(self.file.fileno()).st_nlink == 0

    def read(self) -> Iterator[bytes]:
        """The whole lines behind those that were read; a block at a time, as there may be many."""
        if self.file.seek(0, os.SEEK_END) < self.offset:
            self.offset = 0  # cut and begun anew
        length = _BLOCK
        while True:
            self.file.seek(self.offset)
            content = self.file.read(length)
            end = content.rfind(b"\n") + 1
            if end:
                self.offset += end
                length = _BLOCK
                yield from content[:end].split(b"\n")
            elif len(content) < length:
                return
            else:
                length *= 2  # one line is longer than that
