"""Every environment variable, read and checked once, into frozen values.

Nothing else in the package reads the environment. Each variable stands in one place: as a field of a group, which
gives its names, parser, default and help (see `variable`), and from which the README's table is written. A variable
that OpenTelemetry defines beats the AegisX name for the same thing; every variable of our own is named ``AEGIS_*``.

Groups:
    Settings: the instrumentation and its stores, by `read`.
    CollectorSettings, ProgramSettings, QuerySettings, OpenTelemetrySettings: what `aegis-otel` needs besides, by
        `read_group`.
"""

from typing import Final

from aegis_otel.settings._environment import (
    REPORTED,
    child_environment,
    first_time,
    support_forks_of_grpc,
    upstream_environment,
)
from aegis_otel.settings._groups import CollectorSettings, OpenTelemetrySettings, ProgramSettings, QuerySettings
from aegis_otel.settings._instrumentation import VARIABLES, Settings, read
from aegis_otel.settings._parsers import Address
from aegis_otel.settings._presets import PRESETS, Preset
from aegis_otel.settings._shown import effective, report
from aegis_otel.settings._variable import SettingsError, Source, Variable, name_of, read_group, variable, variables_of

DOCUMENTED: Final = (*VARIABLES, *variables_of(ProgramSettings), *variables_of(QuerySettings))
"""Those of the README's table and of `aegis-otel env`. docs/collector.md has those of the Collector."""

__all__ = [
    "DOCUMENTED",
    "PRESETS",
    "REPORTED",
    "VARIABLES",
    "Address",
    "CollectorSettings",
    "OpenTelemetrySettings",
    "Preset",
    "ProgramSettings",
    "QuerySettings",
    "Settings",
    "SettingsError",
    "Source",
    "Variable",
    "child_environment",
    "effective",
    "first_time",
    "name_of",
    "read",
    "read_group",
    "report",
    "support_forks_of_grpc",
    "upstream_environment",
    "variable",
    "variables_of",
]
