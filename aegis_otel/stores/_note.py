"""The note that `aegis-otel up` leaves in its folder, so that who reads its stores or looks at it finds them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aegis_otel.settings import CollectorSettings, name_of

METRICS_ENDPOINT: Final = name_of(CollectorSettings, "metrics_port")
"""Under this name `UpNote.endpoints` has the address of the Collector's own metrics."""

_FILE: Final = "up.json"


@dataclass(frozen=True)
class UpNote:
    """What the last `aegis-otel up` in a folder said of itself.

    Attributes:
        stores: the names of those that its Collector feeds.
        loki_url, victorialogs_url: without credentials: who reads it has them from its own environment.
        endpoints: where its Collector listens (``host:port``), by the variables that say so.
    """

    stores: tuple[str, ...] = ()
    loki_url: str | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)
    victorialogs_url: str | None = None

    def write(self, data_dir: Path) -> None:
        """Leave the note in `data_dir`, at once: who reads it right now sees the old one or this one.

        Raises:
            OSError: it cannot be written.
        """
        path = data_dir / _FILE
        making = path.with_suffix(".new")
        note = {
            "stores": self.stores,
            "lokiUrl": self.loki_url,
            "victorialogsUrl": self.victorialogs_url,
            "endpoints": dict(self.endpoints),
        }
        making.write_text(json.dumps(note), encoding="utf-8")
        making.replace(path)


def read_note(data_dir: Path) -> UpNote | None:
    """The note in `data_dir`; None where there is none. Whatever in it has not its form is left out."""
    try:
        note: Any = json.loads((data_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(note, dict):
        return None
    stores, endpoints = note.get("stores"), note.get("endpoints")
    loki_url, victorialogs_url = note.get("lokiUrl"), note.get("victorialogsUrl")
    return UpNote(
        tuple(name for name in stores if isinstance(name, str)) if isinstance(stores, list) else (),
        loki_url if isinstance(loki_url, str) else None,
        {name: address for name, address in endpoints.items() if isinstance(address, str)}
        if isinstance(endpoints, dict)
        else {},
        victorialogs_url if isinstance(victorialogs_url, str) else None,
    )
