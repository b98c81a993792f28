"""Checks of the installed package: whether OpenTelemetry takes it, and whether its extension is in use."""

from __future__ import annotations

import importlib.metadata
from typing import Final

from aegis_otel import _native
from aegis_otel.health._finding import Finding, Verdict
from aegis_otel.settings import OpenTelemetrySettings, Settings

# The entry point's name. `_choose` has it too, and importing that changes the environment.
_NAME: Final = "aegis"


def check_distribution(current: Settings, upstream: OpenTelemetrySettings) -> list[Finding]:
    """Which distribution `opentelemetry-instrument` takes: the named one, else the first it finds."""
    what = "distribution"
    if not current.enabled:
        text = "switched off by AEGIS_ENABLED or OTEL_SDK_DISABLED"
        return [Finding(what, Verdict.NOTE, text, next_step="unset both to switch it on")]
    found = [point.name for point in importlib.metadata.entry_points(group="opentelemetry_distro")]
    if _NAME not in found:
        text = "the entry point of aegis-otel is not there"
        return [Finding(what, Verdict.WRONG, text, next_step="pip install aegis-otel")]
    if upstream.distro and upstream.distro != _NAME:
        text = f"OTEL_PYTHON_DISTRO={upstream.distro} chooses another one"
        return [Finding(what, Verdict.WRONG, text, next_step="unset it")]
    others = ", ".join(sorted(name for name in found if name != _NAME))
    return [Finding.fine(what, f"aegis wins over {others}" if others else "aegis, the only one")]


def check_extension(current: Settings) -> list[Finding]:
    """Whether the optional extension is in use; without it everything works as well, for more CPU."""
    what = "native extension"
    if not current.native:
        text = "AEGIS_NATIVE is false"
        return [Finding(what, Verdict.OFF, text, next_step="unset it to spend less CPU on each record")]
    module, said = _native.load()
    if module is not None:
        return [Finding.fine(what, f"aegis-otel-native {said}, in use")]
    install = "pip install --upgrade 'aegis-otel[native]'"
    if said == _native.MISSING:
        return [Finding(what, Verdict.OFF, said, next_step=f"to spend less CPU on each record: {install}")]
    return [Finding(what, Verdict.NOTE, said, next_step=f"install one that fits: {install}")]
