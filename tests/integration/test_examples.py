"""The notebook and the serverless function of examples/ deliver to the real Collector's embedded store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.apps import clean_environment
from tests.support.collector import Collector
from tests.support.processes import wait_for

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "service", "said", "records"),
    [
        ("notebook.py", "notebook", "safe: True", {("rows loaded", None), ("rows without a date", None)}),
        (
            "serverless.py",
            "resize",
            "{'statusCode': 200}",
            {("image resized", "upload-1"), ("image resized", "upload-2")},
        ),
    ],
)
def test_what_an_example_logs_is_in_the_store(
    tmp_path: Path, name: str, service: str, said: str, records: set[tuple[str, str | None]]
) -> None:
    with Collector(tmp_path / "collector", "file") as collector:
        env = clean_environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.grpc_port}",
            AEGIS_SPOOL_DIR=str(tmp_path / "spool"),
        )
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / name)],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
        wait_for(lambda: len(collector.stored()) == len(records), what="the records in the store")
        stored = collector.stored()
    assert {record["service"] for record in stored} == {service}
    assert len({record["correlationId"] for record in stored}) == (1 if name == "notebook.py" else 2)
    found = {(record["message"], record["correlationId"]) for record in stored}
    assert {message for message, _ in found} == {message for message, _ in records}
    assert all(each in found for each in records if each[1] is not None)
    assert "never leaves" not in str(stored)
