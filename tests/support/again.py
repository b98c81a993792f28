"""A pytest plugin: a test that fails runs once more, alone; if it passes then, it is reported as flaky.

The second run is a pytest of its own, after all other tests, in a process of its own. A flaky test does not fail the
run, but the summary shows it with its first failure: it is a defect to mend. The summary also says which parts of
tests were missing on this machine (their reasons for being skipped).

`AEGIS_TEST_AGAIN=no` switches the second run off.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MOST = 10
"""If more tests fail than this, the cause is no single test: none of them runs again."""

_SWITCH = "AEGIS_TEST_AGAIN"
_SECONDS = 900.0


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the run, except in the workers of pytest-xdist and in the second run itself."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Again(config), "aegis-again")


@dataclass(eq=False)
class Again:
    """What happened in the first run, and the second one."""

    config: pytest.Config
    failures: dict[str, list[pytest.TestReport]] = field(default_factory=dict)
    passed_alone: list[str] = field(default_factory=list)
    failed_alone: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note each failure, of the test itself or of a fixture."""
        if report.failed:
            self.failures.setdefault(report.nodeid, []).append(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Run the failed tests again, each alone, once all workers are done and before the summary is shown."""
        wanted = os.environ.get(_SWITCH) != "no" and session.exitstatus == pytest.ExitCode.TESTS_FAILED
        if wanted and 0 < len(self.failures) <= MOST:
            for nodeid in self.failures:
                (self.passed_alone if self._passes(nodeid) else self.failed_alone).append(nodeid)
            self._move_flaky_ones()
            if not self.failed_alone:
                session.exitstatus = pytest.ExitCode.OK

    def _passes(self, nodeid: str) -> bool:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", nodeid]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        try:
            done = subprocess.run(
                command,
                cwd=Path(self.config.rootpath),
                env={**environ, _SWITCH: "no"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def _move_flaky_ones(self) -> None:
        """Count them as flaky in the last line of the run, not as failed."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            return
        for outcome in ("failed", "error"):
            reports = reporter.stats.get(outcome, [])
            flaky = [report for report in reports if report.nodeid in self.passed_alone]
            if flaky:
                reporter.stats[outcome] = [report for report in reports if report not in flaky]
                reporter.stats.setdefault("flaky", []).extend(flaky)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show flaky tests with their first failures, and the missing parts."""
        for nodeid in self.passed_alone:
            terminalreporter.section(f"FLAKY: {nodeid}", red=True, bold=True)
            for report in self.failures[nodeid]:
                terminalreporter.write_line(report.longreprtext)
                for title, text in report.sections:
                    terminalreporter.write_line(f"--- {title}\n{text[-4000:]}")
        if self.passed_alone:
            terminalreporter.section("flaky tests: each passed when it ran again alone; mend it", red=True, bold=True)
            for nodeid in self.passed_alone:
                terminalreporter.write_line(f"FLAKY {nodeid}")
        if len(self.failures) > MOST:
            terminalreporter.write_line(f"{len(self.failures)} tests failed; none ran again (the limit is {MOST})")
        missing = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
        if missing:
            terminalreporter.section("parts of tests that are missing here")
            for reason, count in missing.most_common():
                terminalreporter.write_line(f"{count} x {reason}")


def _reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
