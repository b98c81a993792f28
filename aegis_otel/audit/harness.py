"""A trail for one test of an app: below the test's folder, not synced, verified at the end (`aegis_otel.testing`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aegis_otel import settings
from aegis_otel.audit import _keys, sources
from aegis_otel.audit._disk import Unsynced
from aegis_otel.audit._seal import Members
from aegis_otel.audit.runtime import Runtime, made
from aegis_otel.audit.states import State
from aegis_otel.audit.trust import parse_trust
from aegis_otel.audit.verify import verify
from aegis_otel.redaction import Redactor


@dataclass
class ForTests:
    """A trail of a test's own, without waiting for the disk.

    Attributes:
        runtime: for `use`.
        records: what apps have recorded, with its seal; the records of the trail itself are left out.
    """

    runtime: Runtime
    records: list[Members]
    folder: Path
    key_file: Path

    def check(self) -> None:
        """Close the chain, and verify the trail.

        Raises:
            AssertionError: it is not OK.
        """
        self.runtime.close()
        if not self.records:
            return
        lines = [_keys.trust_line(self.key_file)] if _keys.can_sign() else self.key_file.read_text().splitlines()
        report = verify(sources.folder(self.folder), parse_trust(lines))
        assert report.state is State.OK, report.problems  # what a fixture is for


def for_tests(chosen: settings.Settings) -> ForTests:
    """A runtime for one test: sealed records are kept in a list, and delivered nowhere."""
    records: list[Members] = []
    found = made(chosen, Redactor(enable=chosen.redaction_enable) if chosen.redaction_enabled else None, None)
    if found.committer is not None:
        trail = found.committer.trail
        trail.disk = Unsynced()
        trail.delivered = lambda sealed: records.extend(each for each in sealed if "auditEvent" not in each)
    return ForTests(found, records, chosen.audit_dir, chosen.audit_key_file)
