"""The test vectors: our verifier says what they expect, and they are what the tool writes today."""

from __future__ import annotations

import filecmp
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aegis_otel.audit import _canonical, _keys, _merkle, _note, _seal, sources
from aegis_otel.audit.trust import read_trust
from aegis_otel.audit.verify import Input, Rules, verify
from tools import audit_vectors

FOLDER = audit_vectors.FOLDER
TRAILS = sorted(path.parent for path in FOLDER.glob("trails/*/expect.json"))
EXPORTS = sorted(FOLDER.glob("exports/*.jsonl"))


def loaded(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def as_expected(given: Input, expect: dict[str, Any]) -> None:
    notes = sources.evidence(FOLDER / expect["evidence"]) if expect["evidence"] else []
    rules = Rules(now=datetime.fromisoformat(expect["as_of"].replace("Z", "+00:00")))
    report = verify(given, read_trust(FOLDER / expect["keys"]), notes, rules)
    assert (str(report.state), report.state.value) == (expect["state"], expect["exit"]), report.problems
    assert report.duplicates == expect["duplicates"]
    if expect["first"] is not None:
        numbers = [each.seq for each in report.problems if each.chain == expect["first"]["chain"]]
        assert min(number for number in numbers if number is not None) == expect["first"]["seq"]


def test_there_are_cases() -> None:
    assert len(TRAILS) > 20
    assert len(EXPORTS) > 25


@pytest.mark.parametrize("folder", TRAILS, ids=lambda path: path.name)
def test_a_folder_is_judged_as_expected(folder: Path) -> None:
    as_expected(sources.folder(folder / "trail"), json.loads((folder / "expect.json").read_text()))


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.stem)
def test_an_export_is_judged_as_expected(path: Path) -> None:
    as_expected(sources.export(path), json.loads(path.with_suffix(".expect.json").read_text()))


@pytest.mark.parametrize("case", loaded("canonical.json"), ids=lambda case: case["canonical"][:20])
def test_canonical_bytes(case: dict[str, Any]) -> None:
    assert _canonical.canonical(case["value"]).decode() == case["canonical"]
    assert _canonical.parse(case["canonical"].encode()) == case["value"]


@pytest.mark.parametrize("case", loaded("refused.json"), ids=lambda case: case["why"])
def test_a_text_that_is_no_record_is_refused(case: dict[str, str]) -> None:
    try:
        value = _canonical.parse(case["json"].encode())
    except _canonical.DomainError:
        return
    assert not _canonical.in_domain(value)


def test_hashes() -> None:
    for case in loaded("leaf.json"):
        assert _seal.hash_of(case["record"]).hex() == case["hash"]


def test_trees() -> None:
    vectors = loaded("merkle.json")
    leaves = list(map(bytes.fromhex, vectors["leaves"]))
    for size, root in vectors["roots"].items():
        assert _merkle.root_of(leaves[: int(size)]).hex() == root
    for case in vectors["inclusion"]:
        assert [each.hex() for each in _merkle.inclusion(case["index"], leaves[: case["size"]])] == case["proof"]
    for case in vectors["consistency"]:
        old = _merkle.Frontier()
        for leaf in leaves[: case["from"]]:
            old.append(leaf)
        proof = _merkle.consistency_from(old, leaves[case["from"] : case["to"]])
        assert [each.hex() for each in proof] == case["proof"]


def test_notes() -> None:
    for case in loaded("notes.json"):
        (note,) = _note.parse_notes(case["note"])
        vkey = _note.parse_vkey(case["vkey"])
        signature = note.signature_by(vkey)
        assert signature is not None
        text = _note.cosigned_text(note.text, int.from_bytes(signature[:8], "big"))
        assert _keys.is_signed(vkey.key, signature[8:], text.encode()) == case["good"]


def test_the_tool_writes_these_files(tmp_path: Path) -> None:
    audit_vectors.write(tmp_path / "v")

    def differences(compared: filecmp.dircmp[str]) -> list[str]:
        found = [*compared.left_only, *compared.right_only, *compared.diff_files]
        return found + [each for inner in compared.subdirs.values() for each in differences(inner)]

    assert differences(filecmp.dircmp(tmp_path / "v", FOLDER)) == []
