"""Which stores the Collector feeds, and which of them is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aegis_otel.settings import Settings
from aegis_otel.stores._note import UpNote
from aegis_otel.stores._store import Store
from aegis_otel.stores.errors import StoreError

FED: Final = ("file", "loki", "seq", "victorialogs")
"""The stores that the Collector can feed."""

_NAMES: Final = {"loki": "Loki", "victorialogs": "VictoriaLogs"}

LOKI_DEFAULT: Final = "http://localhost:3100"
VICTORIALOGS_DEFAULT: Final = "http://localhost:9428"


def chosen_stores(settings: Settings, asked: Sequence[str] = ("auto",)) -> tuple[str, ...]:
    """The stores that the Collector feeds: those asked for; for `auto` those that the settings switch on.

    Without Loki and VictoriaLogs the embedded store is on, so that `aegis-otel logs` has something to read.

    Raises:
        ValueError: one of them is no store.
    """
    names = [name.strip().lower() for text in asked for name in text.split(",") if name.strip()]
    chosen: set[str] = set()
    for name in names or ["auto"]:
        if name == "auto":
            chosen.update(_set_here(settings) or ["file"])
            if settings.seq_enabled:
                chosen.add("seq")
        elif name in FED:
            chosen.add(name)
        else:
            raise ValueError(f"{name!r} is not a store; use auto, {', '.join(FED)}")
    return tuple(name for name in FED if name in chosen)


def open_store(settings: Settings, note: UpNote | None, asked: str = "auto") -> Store:
    """The store that is read.

    Args:
        settings: have the addresses of stores, and in `data_dir` the embedded one.
        note: of the `aegis-otel up` in `data_dir`.
        asked: ``file``, ``loki``, ``victorialogs``, or ``auto``: the one whose address is set, else one of the note.

    Raises:
        ValueError: `asked` is none of these.
        StoreError: the store needs a package that is not installed.
    """
    note = note or UpNote()
    if asked == "auto":
        asked = _in_use(settings, note)
    if asked == "file":
        from aegis_otel.stores.embedded import EmbeddedStore

        return EmbeddedStore(settings.data_dir / "store")
    try:
        if asked == "loki":
            from aegis_otel.stores.loki import LokiStore

            return LokiStore(settings.loki_url or note.loki_url or LOKI_DEFAULT)
        if asked == "victorialogs":
            from aegis_otel.stores.victorialogs import VictoriaLogsStore

            return VictoriaLogsStore(settings.victorialogs_url or note.victorialogs_url or VICTORIALOGS_DEFAULT)
    except ModuleNotFoundError as error:
        if error.name != "httpx":
            raise
        raise StoreError(
            f"reading {_NAMES[asked]} needs httpx, which is not installed: pip install 'aegis-otel[cli]'"
        ) from None
    raise ValueError(f"{asked!r} is not a store that can be read; use auto, file, loki or victorialogs")


def _set_here(settings: Settings) -> list[str]:
    """The stores that can be read and whose address is set."""
    urls = {"loki": settings.loki_url, "victorialogs": settings.victorialogs_url}
    return [store for store, url in urls.items() if url is not None]


def _in_use(settings: Settings, note: UpNote) -> str:
    fed = [store for store in ("file", "loki", "victorialogs") if store in note.stores]
    return next(iter([*_set_here(settings), *fed]), "file")
