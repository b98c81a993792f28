"""Which files of the Collector's configuration belong together, and what they say when merged.

The pieces are those of `collector/config/`, shipped in the wheel `aegis-otelcol`. The Collector merges them
itself (several ``--config``: maps merge, lists replace); `merged` does the same for people to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from aegis_otel._otelcol import CollectorMissingError

ALWAYS: Final = ("receive", "redact", "route", "tuning")
"""The pieces that every Collector needs, in this order; `to-<store>` follow."""

_SECRET_NAME: Final = re.compile(r"(?i)(password|passwd|secret|token|api[-_]?key|authorization|credential|hash_key)")
_REFERENCE: Final = re.compile(r"\$\{(?:env|file):[^}]*\}")


def files(
    folder: Path, stores: Iterable[str], further: Iterable[Path] = (), *, optional: Iterable[str] = ()
) -> list[Path]:
    """The pieces for these stores, in the order in which they are merged.

    Args:
        folder: where ours are.
        stores: their names; `optional`: names of more pieces of ours, after those that are always there.
        further: files of the user's own, or names of ours such as ``receive-fluent``; they come last.

    Raises:
        CollectorMissingError: one of them is not there.
    """
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
