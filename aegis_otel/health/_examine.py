"""All checks, in the order in which a record passes the things they look at."""

from __future__ import annotations

from aegis_otel.health import _collector, _distribution, _files, _frameworks, _settings, _spool, _stores
from aegis_otel.health._finding import Finding
from aegis_otel.settings import OpenTelemetrySettings, ProgramSettings, Settings
from aegis_otel.stores import UpNote


def examine(
    current: Settings, upstream: OpenTelemetrySettings, program: ProgramSettings, note: UpNote | None
) -> list[Finding]:
    """Run all checks; takes as long as what they ask takes to answer, 10 s each at most.

    Args:
        current, upstream, program: the settings in force.
        note: of the `aegis-otel up` in `current.data_dir`; None where there was none.
    """
    return [
        *_settings.check_settings(current),
        *_distribution.check_distribution(current, upstream),
        *_distribution.check_extension(current),
        *_frameworks.check_frameworks(current),
        *_collector.check_program(program),
        *_collector.check_reachable(current, upstream),
        *_collector.check_counters(note, current.data_dir),
        *_collector.check_dead_letters(current.data_dir / "dead-letter"),
        *_stores.check_stores(current, note),
        *_spool.check_spool(current),
        *_spool.check_refused(current.spool_dir),
        *_spool.check_damage(current.spool_dir),
        *_spool.check_delivery(current.spool_dir),
        *_files.check_log_file(current),
    ]
