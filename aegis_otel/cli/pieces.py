"""Which files of the Collector's configuration belong together, and what they say when merged.

The pieces are those of `collector/config/`, shipped in the wheel `aegis-otelcol`. The Collector merges them
itself (several ``--config``: maps merge, lists replace); `merged` does the same for people to read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from aegis_otel.settings import ProgramSettings, Settings, read_group

ALWAYS: Final = ("receive", "redact", "route", "tuning")
"""The pieces that every Collector needs, in this order; `to-<store>` follow."""

STORES: Final = ("file", "loki", "seq")

INSTALL_HINT: Final = (
    "The Collector is not installed. Install it with: pip install 'aegis-otel[collector]'\n"
    "or, from a checkout of this repository: pip install ./collector\n"
    "or name a binary that is there with AEGIS_OTELCOL_BINARY, and its configuration's folder with"
    " AEGIS_OTELCOL_CONFIG_DIR."
)

_SECRET_NAME: Final = re.compile(r"(?i)(password|passwd|secret|token|api[-_]?key|authorization|credential|hash_key)")
_REFERENCE: Final = re.compile(r"\$\{(?:env|file):[^}]*\}")


class CollectorMissingError(Exception):
    """The Collector's binary or configuration is not there; the text says what to do."""


def chosen_stores(settings: Settings, asked: Sequence[str] = ("auto",)) -> tuple[str, ...]:
    """The stores the Collector feeds: those asked for; for `auto` those the settings switch on.

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
        elif name in STORES:
            chosen.add(name)
        else:
            raise ValueError(f"{name!r} is not a store; use auto, {', '.join(STORES)}")
    return tuple(name for name in STORES if name in chosen)


def binary() -> Path:
    """The Collector's binary: of the wheel `aegis-otelcol`, or the one that AEGIS_OTELCOL_BINARY names.

    Raises:
        CollectorMissingError: there is none.
    """
    named = read_group(ProgramSettings).otelcol_binary
    if named is not None:
        if not (named.is_file() and os.access(named, os.X_OK)):
            raise CollectorMissingError(f"AEGIS_OTELCOL_BINARY: {named} is not a program that can be run.")
        return named
    try:
        import aegis_otelcol

        return Path(aegis_otelcol.binary_path())
    except (ImportError, FileNotFoundError):
        raise CollectorMissingError(INSTALL_HINT) from None


def config_dir() -> Path:
    """The folder of the pieces: of the wheel `aegis-otelcol`, or the one AEGIS_OTELCOL_CONFIG_DIR names.

    Raises:
        CollectorMissingError: there is none.
    """
    named = read_group(ProgramSettings).otelcol_config_dir
    if named is not None:
        return named
    try:
        import aegis_otelcol

        return Path(aegis_otelcol.config_dir())
    except (ImportError, FileNotFoundError):
        raise CollectorMissingError(INSTALL_HINT) from None


def files(stores: Iterable[str], further: Iterable[Path] = (), *, optional: Iterable[str] = ()) -> list[Path]:
    """The pieces for these stores, in the order in which they are merged.

    Args:
        stores: their names; `optional`: names of more pieces of ours, after those that are always there.
        further: files of the user's own, or names of ours such as ``receive-fluent``; they come last.

    Raises:
        CollectorMissingError: one of them is not there.
    """
    folder = config_dir()
    paths = [folder / f"{name}.yaml" for name in (*ALWAYS, *optional, *(f"to-{store}" for store in stores))]
    for path in further:
        ours = folder / f"{path.name}.yaml"
        is_ours = path.name == str(path) and ours.is_file() and not path.is_file()
        paths.append(ours if is_ours else path.expanduser().absolute())
    for path in paths:
        if not path.is_file():
            raise CollectorMissingError(f"The piece {path} of the Collector's configuration is missing.")
    return paths


def merged(paths: Iterable[Path]) -> str:
    """What the Collector makes of the pieces, as one YAML text. References to variables stay as they are.

    A literal value under a name that sounds secret is masked: secrets belong into variables or files.

    Raises:
        ValueError: a piece is not YAML, or no mapping; the text names it.
    """
    import yaml

    result: dict[str, Any] = {}
    for path in paths:
        try:
            piece = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is not YAML: {error}") from None
        if piece is None:
            continue
        if not isinstance(piece, dict):
            raise ValueError(f"{path} must hold a mapping")
        _merge(result, piece)
    return yaml.safe_dump(_masked(result), sort_keys=False, allow_unicode=True, width=120)


def _merge(target: dict[str, Any], piece: dict[str, Any]) -> None:
    for key, value in piece.items():
        present = target.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        else:
            target[key] = value


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(member, str(key)) for key, member in value.items()}
    if isinstance(value, list):
        return [_masked(member, name) for member in value]
    if isinstance(value, str) and value and _SECRET_NAME.search(name):
        # "Bearer ${env:TOKEN}" says nothing; "Bearer abc" does.
        literal = _REFERENCE.sub("", value).strip()
        if literal.lower() not in ("", "bearer", "basic"):
            return "(hidden)"
    return value
