"""The outputs on this machine: console and file, both as JSON lines or, on a terminal, as text."""

from aegis_otel.deliver.outputs._console import ConsoleSink, console_sink, readable_line
from aegis_otel.deliver.outputs._file import FileSink
from aegis_otel.deliver.outputs._json_lines import json_line
from aegis_otel.deliver.outputs._local import local_outputs

__all__ = ["ConsoleSink", "FileSink", "console_sink", "json_line", "local_outputs", "readable_line"]
