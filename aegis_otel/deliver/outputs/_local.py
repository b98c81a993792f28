"""Which outputs on this machine the settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from aegis_otel.deliver import Sink
from aegis_otel.deliver.outputs._console import console_sink
from aegis_otel.deliver.outputs._file import FileSink
from aegis_otel.settings import PRESETS, Settings


def local_outputs(settings: Settings, warn: Callable[[str], None]) -> list[Sink]:
    """The outputs, in the order in which they get each batch. A new output is added here.

    Args:
        settings: of the process.
        warn: tells the user what an output could not do.
    """
    sinks: list[Sink] = []
    identity = settings.identity
    if settings.console_enabled:
        sinks.append(
            console_sink(
                identity,
                stream=settings.console_stream,
                structured=settings.structured,
                development=settings.preset is PRESETS["development"],
                colour=not settings.no_colour,
            )
        )
    if settings.file_enabled:
        sinks.append(
            FileSink(
                settings.file_path,
                identity,
                max_bytes=settings.file_max_bytes,
                keep=settings.file_keep,
                daily=settings.file_daily,
                warn=warn,
            )
        )
    return sinks
