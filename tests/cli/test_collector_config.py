"""`aegis-otel collector-config`, with the real Collector's own check."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from aegis_otel.cli import pieces
from tests.cli.conftest import Run, clean_environment

SECRET = "sesame-open-4711"


@pytest.mark.parametrize("store", ["file", "loki", "seq", "victorialogs", "file,loki,seq,victorialogs"])
def test_the_collector_takes_the_pieces_and_what_is_printed(
    run: Run, collector: dict[str, str], tmp_path: Path, store: str
):
    checked = run("collector-config", "--store", store, "--check", **collector)
    assert checked.status == 0, checked.err

    printed = run("collector-config", "--store", store, **collector)
    path = tmp_path / "printed.yaml"
    path.write_text(printed.out)
    done = subprocess.run(
        [collector["AEGIS_OTELCOL_BINARY"], "validate", f"--config=file:{path}"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_variables_stay_references(run: Run, collector: dict[str, str]):
    done = run("collector-config", "--store", "seq", SEQ_API_KEY=SECRET, AEGIS_REDACTION_HASH_KEY=SECRET, **collector)
    assert "${env:SEQ_API_KEY:-}" in done.out
    assert SECRET not in done.out + done.err


def test_a_literal_secret_in_ones_own_piece_is_hidden(run: Run, collector: dict[str, str], tmp_path: Path):
    piece = tmp_path / "mine.yaml"
    piece.write_text(f"extensions: {{basicauth: {{client_auth: {{username: me, password: {SECRET}}}}}}}\n")
    done = run("collector-config", "--config", str(piece), **collector)
    assert SECRET not in done.out
    assert "username: me" in done.out


def test_check_tells_what_is_wrong_and_no_secret(run: Run, collector: dict[str, str], tmp_path: Path):
    piece = tmp_path / "mine.yaml"
    piece.write_text("receivers: {otlp: {protocols: {grpc: {no_such: '${env:SEQ_API_KEY}-x'}}}}\n")
    done = run("collector-config", "--check", "--config", str(piece), SEQ_API_KEY=SECRET, **collector)
    assert done.status == 1
    assert "no_such" in done.err
    assert SECRET not in done.err + done.out


@pytest.mark.parametrize("text", ["[1]", "a: [", "\x00"])
def test_a_piece_that_is_no_yaml_mapping_is_named(run: Run, collector: dict[str, str], tmp_path: Path, text: str):
    (tmp_path / "mine.yaml").write_text(text)
    done = run("collector-config", "--config", "mine.yaml", **collector)
    assert done.status == 1
    assert "mine.yaml" in done.err
    assert "Traceback" not in done.err


def test_files_names_the_pieces(run: Run, collector: dict[str, str]):
    done = run("collector-config", "--files", "--store", "loki", **collector)
    names = [Path(line).name for line in done.out.splitlines()]
    assert names == ["receive.yaml", "redact.yaml", "route.yaml", "tuning.yaml", "to-loki.yaml"]


def test_pieces_of_ours_can_be_added_by_name_or_by_setting(run: Run, collector: dict[str, str], tmp_path: Path):
    variables = {"AEGIS_OTLP_TOKEN": SECRET, "AEGIS_OTLP_CERT_FILE": "cert.pem", **collector}
    done = run("collector-config", "--files", "--config", "receive-fluent", **variables)
    names = [Path(line).stem for line in done.out.splitlines()]
    assert names[4:] == ["receive-token", "receive-tls", "to-file", "receive-fluent"]
    # A file of the same name comes first.
    (tmp_path / "receive-fluent").write_text("{}")
    done = run("collector-config", "--files", "--config", "receive-fluent", **collector)
    assert done.out.splitlines()[-1] == str(tmp_path / "receive-fluent")


def test_maps_merge_and_lists_replace_as_in_the_collector(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("a: {b: 1, c: [1, 2], d: {e: 1}}\n")
    (tmp_path / "b.yaml").write_text("a: {c: [3], d: {f: 2}}\n")
    (tmp_path / "c.yaml").write_text("# nothing\n")
    merged = yaml.safe_load(pieces.merged(tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml")))
    assert merged == {"a": {"b": 1, "c": [3], "d": {"e": 1, "f": 2}}}
