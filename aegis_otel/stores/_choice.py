"""Which stores the Collector feeds, and which of them is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aegis_otel.settings import Settings
from aegis_otel.stores._note import UpNote
from aegis_otel.stores._store import Store
from aegis_otel.stores.errors import StoreError

FED: Final = ("file", "loki", "seq")
"""The stores that the Collector can feed."""

LOKI_DEFAULT: Final = "http://localhost:3100"


def chosen_stores(settings: Settings, asked: Sequence[str] = ("auto",)) -> tuple[str, ...]:
    """The stores that the Collector feeds: those asked for; for `auto` those that the settings switch on.

    Without Loki the embedded store is on, so that `aegis-otel logs` has something to read.

    Raises:
        ValueError: one of them is no store.
    """
    names = [name.strip().lower() for text in asked for name in text.split(",") if name.strip()]
    chosen: set[str] = set()
    for name in names or ["auto"]:
        if name == "auto":
            chosen.add("file" if settings.loki_url is None else "loki")
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
        settings: `loki_url`, where set, makes Loki the one for `auto`; `data_dir` has the embedded store.
        note: of the `aegis-otel up` in `data_dir`: Loki is the one for `auto` too where it feeds that alone.
        asked: ``auto``, ``file`` or ``loki``.

    Raises:
        ValueError: `asked` is none of these.
        StoreError: the store needs a package that is not installed.
    """
    note = note or UpNote()
    if asked == "auto":
        feeds_loki_alone = "loki" in note.stores and "file" not in note.stores
        asked = "loki" if settings.loki_url or feeds_loki_alone else "file"
    if asked == "file":
        from aegis_otel.stores.embedded import EmbeddedStore

        return EmbeddedStore(settings.data_dir / "store")
    if asked == "loki":
        try:
            from aegis_otel.stores.loki import LokiStore
        except ModuleNotFoundError as error:
            if error.name != "httpx":
                raise
            raise StoreError(
                "reading Loki needs httpx, which is not installed: pip install 'aegis-otel[cli]'"
            ) from None
        return LokiStore(settings.loki_url or note.loki_url or LOKI_DEFAULT)
    raise ValueError(f"{asked!r} is not a store that can be read; use auto, file or loki")
