"""Who asked what: one JSON line for each request, in `query.log` in the data folder, readable by its owner alone."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any, Final

NAME: Final = "query.log"
MOST_BYTES: Final = 8 * 2**20
"""Size at which the file becomes `query.log.1` and a new one begins, so the two take twice as much at most."""
_SHOWN: Final = 2_000
"""Characters of a query, and of a name that a client gives itself."""


@dataclass
class Journal:
    """Writes the file at `path`.

    A line has the time, the client's address, the names that it gave itself (Basic user, Grafana's user), method, path,
    query, status and milliseconds.
    """

    path: Path
    _file: IO[str] | None = field(default=None, repr=False)

    def write(self, **fields: Any) -> None:
        """Add a line; where that is not possible, reading goes on without it."""
        now = datetime.now(timezone.utc)
        line = {"timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z", "level": "info", **fields}
        cut = {name: value[:_SHOWN] if isinstance(value, str) else value for name, value in line.items() if value != ""}
        try:
            file = self._opened()
            file.write(json.dumps(cut) + "\n")
            file.flush()
            if file.tell() > MOST_BYTES:
                self.close()
                self.path.replace(self.path.with_name(NAME + ".1"))
        except OSError:
            self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> IO[str]:
        if self._file is None:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            self._file = os.fdopen(descriptor, "a", encoding="ascii")
        return self._file
