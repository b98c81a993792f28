"""`aegis-otel audit`."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import audit as trails
from tests.support.apps import clean_environment
from tools.audit_vectors import FOLDER

AS_OF = "--as-of=2026-01-31T12:01:00Z"
KEYS = f"--keys={FOLDER / 'keys.txt'}"


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aegis_otel.cli", "audit", *arguments]
    env = clean_environment(**variables)
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("case", "status", "state"),
    [
        ("whole", 0, "OK"),
        ("edit", 20, "TAMPERED"),
        ("roll-back", 22, "MISSING"),
        ("empty", 24, "NOT VERIFIED"),
        ("torn", 26, "TAIL UNPROVEN"),
    ],
)
def test_the_status_tells_the_state(case: str, status: int, state: str) -> None:
    done = run("verify", KEYS, AS_OF, f"--trail={FOLDER / 'trails' / case / 'trail'}")
    assert (done.returncode, done.stdout.partition(":")[0]) == (status, state)


@pytest.mark.parametrize(("case", "status"), [("whole", 0), ("masked", 23), ("unsealed", 25), ("delete", 22)])
def test_an_export_is_verified(case: str, status: int) -> None:
    assert run("verify", KEYS, AS_OF, f"--export={FOLDER / 'exports' / case}.jsonl").returncode == status


def test_an_export_may_be_packed(tmp_path: Path) -> None:
    packed = tmp_path / "export.jsonl.gz"
    packed.write_bytes(gzip.compress((FOLDER / "exports/whole.jsonl").read_bytes()))
    assert run("verify", KEYS, AS_OF, f"--export={packed}").returncode == 0
    packed.write_bytes(packed.read_bytes()[:-20])
    assert run("verify", KEYS, AS_OF, f"--export={packed}").returncode != 0


def test_the_first_bad_record_is_named_and_its_content_is_not() -> None:
    case = FOLDER / "trails/edit"
    first = json.loads((case / "expect.json").read_text())["first"]
    done = run("verify", KEYS, AS_OF, f"--trail={case / 'trail'}")
    assert f"TAMPERED: chain {first['chain']}, record {first['seq']}: " in done.stdout
    assert "P-other" not in done.stdout + done.stderr


def test_the_report_as_json() -> None:
    case = FOLDER / "trails/edit"
    first = json.loads((case / "expect.json").read_text())["first"]
    report = json.loads(run("verify", KEYS, AS_OF, "--json", f"--trail={case / 'trail'}").stdout)
    assert (report["state"], report["exit"]) == ("TAMPERED", 20)
    assert {"chain": first["chain"], "seq": first["seq"]}.items() <= report["problems"][0].items()


def test_unsealed_records_can_be_allowed_and_duplicates_are_told() -> None:
    unsealed = f"--export={FOLDER / 'exports/unsealed.jsonl'}"
    assert run("verify", KEYS, AS_OF, unsealed, "--allow-unsealed").returncode == 0
    done = run("verify", KEYS, AS_OF, f"--export={FOLDER / 'exports/duplicate.jsonl'}")
    assert (done.returncode, "DUPLICATE: 2 records" in done.stderr) == (0, True)


def test_without_keys_nothing_is_ok() -> None:
    done = run("verify", AS_OF, f"--trail={FOLDER / 'trails/whole/trail'}")
    assert (done.returncode, "no trusted key was given" in done.stdout) == (24, True)


@pytest.mark.parametrize("line", ["nonsense", "name+00000000+AAAA", "aegis-otel-audit-key 1 ed25519 " + "b" * 64])
def test_a_wrong_file_of_keys_is_an_error_that_shows_no_secret(tmp_path: Path, line: str) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"# keys\n{line}\n")
    done = run("verify", f"--keys={keys}", f"--trail={FOLDER / 'trails/whole/trail'}")
    assert (done.returncode, "line 2" in done.stderr) == (2, True)
    assert "b" * 64 not in done.stderr


def test_evidence_is_taken_into_account(tmp_path: Path) -> None:
    trail = f"--export={FOLDER / 'exports/end-cut-export.jsonl'}"
    assert run("verify", KEYS, AS_OF, trail).returncode == 0
    assert run("verify", KEYS, AS_OF, trail, f"--evidence={FOLDER / 'evidence.txt'}").returncode == 22
    wrong = tmp_path / "evidence"
    wrong.write_text("nonsense")
    assert run("verify", KEYS, AS_OF, trail, f"--evidence={wrong}").returncode == 2


def test_the_key_is_shown_and_its_secret_is_not(tmp_path: Path) -> None:
    key = tmp_path / "trail.key"
    key.write_bytes((FOLDER / "node.key").read_bytes())
    key.chmod(0o600)
    done = run("key", AEGIS_AUDIT_DIR=str(tmp_path / "trail"))
    assert done.returncode == 0
    assert done.stdout.strip() in (FOLDER / "keys.txt").read_text().splitlines()
    key.write_text(f"aegis-otel-audit-key 1 hmac-sha256 {trails.NODE_SEED.hex()}\n")
    done = run("key", AEGIS_AUDIT_DIR=str(tmp_path / "trail"))
    assert (done.returncode, trails.NODE_SEED.hex() in done.stdout + done.stderr) == (1, False)


def test_a_rotated_key_is_trusted_because_the_old_one_signed_it(tmp_path: Path) -> None:
    env = {"AEGIS_AUDIT_DIR": str(tmp_path / "trail")}
    record = [sys.executable, "-c", "from aegis_otel.audit import audit; audit('READ')"]
    keys = [tmp_path / "first", tmp_path / "last"]
    for number in range(3):
        subprocess.run(record, env=clean_environment(**env), check=True, timeout=120)
        if number == 0:
            keys[0].write_text(run("key", **env).stdout)
        if number < 2:
            done = run("rotate", **env)
            assert done.returncode == 0, done.stderr
            keys[1].write_text(done.stdout)
    assert (tmp_path / "trail.key").stat().st_mode & 0o777 == 0o600
    assert keys[1].read_text() == run("key", **env).stdout
    done = run("verify", f"--keys={keys[0]}", **env)
    assert (done.returncode, done.stderr.count("was rotated to it")) == (0, 2), done.stdout
    assert run("verify", f"--keys={keys[1]}", **env).returncode == 24


def test_only_one_source_is_taken() -> None:
    assert run("verify", KEYS, "--store=file", "--export=x").returncode == 2
