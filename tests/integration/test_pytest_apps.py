"""An app's own tests run under the instrumentation, however strict their warnings are."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.apps import WAYS, clean_environment, command


@pytest.mark.parametrize("way", WAYS)
def test_pytest_starts_where_each_warning_is_an_error(tmp_path, way):
    # As a wheel is installed: pytest goes through the files of every distribution that has a plugin.
    info = tmp_path / "strict_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strict-plugin\nVersion: 1\n")
    (info / "RECORD").write_text("aegis_otel/__init__.py,,\naegis_otel/testing.py,,\nstrict_plugin.py,,\n")
    (info / "entry_points.txt").write_text("[pytest11]\nstrict = strict_plugin\n")
    (tmp_path / "strict_plugin.py").write_text("")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_app.py").write_text(
        "import logging\ndef test_app(aegis_records):\n    logging.info('hello')\n    assert len(aegis_records) == 1\n"
    )
    argv, more = command(way, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_app.py")
    env = clean_environment(OTEL_LOGS_EXPORTER="none", LOG_CONSOLE_ENABLED="false", PYTHONPATH=str(tmp_path), **more)
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
