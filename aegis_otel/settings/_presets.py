"""What an environment's name implies (AegisX, "Environment-Specific Configuration")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aegis_otel import schema


@dataclass(frozen=True)
class Preset:
    """Defaults that depend on the environment."""

    level: int
    console: bool
    file: bool


PRESETS: Final[Mapping[str, Preset]] = {
    "development": Preset(schema.DEBUG, console=True, file=True),
    "staging": Preset(schema.INFO, console=False, file=True),
    "production": Preset(schema.WARN, console=False, file=True),
}
_ALIASES: Final = {
    "dev": "development",
    "local": "development",
    "stage": "staging",
    "prod": "production",
}


def preset_of(environment: str) -> Preset:
    """The preset of an environment. A name of one's own (qa, test, …) gets staging's, the quiet middle."""
    word = environment.lower()
    return PRESETS.get(_ALIASES.get(word, word), PRESETS["staging"])
