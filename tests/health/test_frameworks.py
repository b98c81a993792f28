from __future__ import annotations

import sys

from aegis_otel import settings
from aegis_otel.capture import coverage
from aegis_otel.health import Verdict
from aegis_otel.health._frameworks import check_frameworks


def installed(monkeypatch, folder, *names: str) -> None:
    """Have these distributions installed, and no others."""
    for name in names:
        metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    monkeypatch.setattr(sys, "path", [str(folder)])


def test_what_is_covered_is_named_in_one_line(monkeypatch, tmp_path):
    installed(monkeypatch, tmp_path, "flask", "requests", "celery", "opentelemetry-instrumentation-celery")
    [found] = check_frameworks(settings.read({}))
    assert (found.verdict, found.text) == (Verdict.FINE, "celery, flask, requests")


def test_what_is_not_covered_is_named_with_the_command(monkeypatch, tmp_path):
    installed(monkeypatch, tmp_path, "celery", "kafka-python", "huey")
    found = {finding.what: finding for finding in check_frameworks(settings.read({}))}
    assert {finding.verdict for finding in found.values()} == {Verdict.NOTE}
    assert found["celery"].next_step == "pip install 'aegis-otel[celery]'"
    assert found["kafka-python"].next_step.endswith("pip install aegis-otel opentelemetry-instrumentation-kafka-python")
    assert "correlation_scope" in found["huey"].next_step


def test_the_app_is_told_once_when_it_imports_what_is_not_covered(monkeypatch, tmp_path):
    (tmp_path / "huey.py").write_text("")
    (tmp_path / "taskiq.py").write_text("")
    installed(monkeypatch, tmp_path, "huey")
    told: list[str] = []
    coverage.watch(told.append, lambda name: name != "taskiq")
    import huey  # noqa: F401
    import taskiq  # noqa: F401

    assert [text.partition(" ")[0] for text in told] == ["huey"]
