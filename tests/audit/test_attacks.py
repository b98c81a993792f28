"""Fifteen kinds of attack, each at many places, on the trail's folder and on an export: all are found, where they are."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aegis_otel.audit import sources
from aegis_otel.audit._note import parse_notes
from aegis_otel.audit.states import Report, State
from aegis_otel.audit.verify import Rules, verify
from tests.support import audit as trails
from tests.support.examples import examples

Chains = dict[str, list[trails.Record]]
NOW = Rules(now=datetime(2026, 1, 31, 12, 1, tzinfo=timezone.utc))
PLACES = examples(15)
STRANGER = Ed25519PrivateKey.from_private_bytes(trails.numbered("stranger"))


@dataclass
class Scene:
    """A trail of three chains, one after the other, before an attack and after it."""

    chains: Chains
    rng: random.Random

    def any_chain(self) -> str:
        return self.rng.choice(list(self.chains))

    def inner(self, chain: str) -> int:
        """The number of a record that is neither the first nor the last."""
        return self.rng.randrange(1, len(self.chains[chain]) - 1)

    def until_signed(self, chain: str, seq: int) -> int:
        """The number of the next checkpoint from a record on."""
        numbered = enumerate(self.chains[chain])
        return next((n for n, each in numbered if n >= seq and each.get("auditEvent") in ("checkpoint", "closed")), seq)

    def app_record(self, chain: str) -> int:
        return self.rng.choice([n for n, each in enumerate(self.chains[chain]) if "auditEvent" not in each])


Found = tuple[str, int, int]
"""The chain, and between which numbers the first bad record is: only a signature shows what was hashed anew."""
Attack = Callable[[Scene], Found]


def edit(scene: Scene) -> Found:
    chain = scene.any_chain()
    seq = scene.app_record(chain)
    scene.chains[chain][seq]["patientId"] = "P-other"
    return chain, seq, seq


def delete(scene: Scene) -> Found:
    chain = scene.any_chain()
    seq = scene.inner(chain)
    del scene.chains[chain][seq]
    return chain, seq, seq


def swap(scene: Scene) -> Found:
    """Two records change places, with numbers and links."""
    chain = scene.any_chain()
    records = scene.chains[chain]
    first, second = sorted(scene.rng.sample(range(1, len(records) - 1), 2))
    records[first], records[second] = records[second], records[first]
    for place in (first, second):
        records[place]["auditSeq"] = place
    trails.rehash(records, first)
    return chain, first, scene.until_signed(chain, first)


def insert(scene: Scene) -> Found:
    """A record comes in between; all behind it get new numbers and hashes."""
    chain = scene.any_chain()
    records = scene.chains[chain]
    seq = scene.inner(chain)
    forged = {**copy.deepcopy(records[scene.app_record(chain)]), "actor": "u-forged"}
    records.insert(seq, forged)
    for place in range(seq, len(records)):
        records[place]["auditSeq"] = place
    trails.rehash(records, seq)
    return chain, seq, scene.until_signed(chain, seq)


def double(scene: Scene) -> Found:
    """A record comes twice, the second time with a number of its own."""
    chain = scene.any_chain()
    records = scene.chains[chain]
    seq = scene.inner(chain)
    records.insert(seq + 1, copy.deepcopy(records[seq]))
    for place in range(seq + 1, len(records)):
        records[place]["auditSeq"] = place
    trails.rehash(records, seq + 1)
    return chain, seq, scene.until_signed(chain, seq + 1)


def truncate(scene: Scene) -> Found:
    chain = scene.any_chain()
    seq = scene.inner(chain)
    del scene.chains[chain][seq:]
    return chain, 0, seq


def roll_back(scene: Scene) -> Found:
    """The trail goes back to an earlier checkpoint: the newest chain's end is as it was then."""
    chain = list(scene.chains)[-1]
    records = scene.chains[chain]
    checkpoints = [n for n, each in enumerate(records) if each.get("auditEvent") == "checkpoint"]
    del records[scene.rng.choice(checkpoints) + 1 :]
    return chain, len(records), len(records)


def fork(scene: Scene) -> Found:
    """From one record on, another history, with right hashes and links."""
    chain = scene.any_chain()
    records = scene.chains[chain]
    seq = scene.app_record(chain)
    records[seq]["actor"] = "u-other"
    trails.rehash(records, seq)
    return chain, seq, scene.until_signed(chain, seq)


def splice(scene: Scene) -> Found:
    """A record of another chain stands in the place of one, with its number, link and hash made to fit."""
    source, target = scene.rng.sample(list(scene.chains), 2)
    seq = scene.app_record(target)
    foreign = copy.deepcopy(scene.chains[source][scene.app_record(source)])
    foreign["auditChain"], foreign["auditSeq"] = target, seq
    scene.chains[target][seq] = foreign
    trails.rehash(scene.chains[target], seq)
    return target, seq, scene.until_signed(target, seq)


def chain_gone(scene: Scene) -> Found:
    chain = scene.any_chain()
    del scene.chains[chain]
    return chain, -1, -1


def key_swap(scene: Scene) -> Found:
    """The chain's key is another one, whose secret the attacker has; all checkpoints are signed anew."""
    chain = scene.any_chain()
    records = scene.chains[chain]
    key = STRANGER
    records[0]["auditKey"] = key.public_key().public_bytes_raw().hex()
    records[scene.app_record(chain)]["actor"] = "u-other"
    trails.rehash(records)
    trails.resign(records, key)
    return chain, 0, 0


def replay(scene: Scene) -> Found:
    """An earlier checkpoint stands in for a later one."""
    chain = scene.any_chain()
    records = scene.chains[chain]
    places = [n for n, each in enumerate(records) if each.get("auditEvent") in ("checkpoint", "closed")]
    early, late = sorted(scene.rng.sample(places, 2))
    event, action = records[late]["auditEvent"], records[late]["auditAction"]
    records[late] = {**records[early], "auditSeq": late, "auditEvent": event, "auditAction": action}
    trails.rehash(records, late)
    return chain, late, late


def gap(scene: Scene) -> Found:
    """Some records are gone, and the numbers go on as if nothing was."""
    chain = scene.any_chain()
    records = scene.chains[chain]
    seq = scene.inner(chain)
    del records[seq : seq + scene.rng.randint(1, 3)]
    for place in range(seq, len(records)):
        records[place]["auditSeq"] = place
    trails.rehash(records, seq)
    return chain, seq, scene.until_signed(chain, seq)


def reseal(scene: Scene) -> Found:
    """A chain is sealed again by the key of a newer one, endorsed for that one, which the attacker has stolen."""
    chain = next(iter(scene.chains))
    newer = list(scene.chains)[-1]
    records = scene.chains[chain]
    stolen = Ed25519PrivateKey.from_private_bytes(trails.numbered("key 3"))
    for name in ("auditKey", "auditEndorsement1", "auditEndorsement2"):
        records[0][name] = scene.chains[newer][0][name]
    records[scene.app_record(chain)]["actor"] = "u-other"
    trails.rehash(records)
    trails.resign(records, stolen)
    return chain, 0, 0


def rehash(scene: Scene) -> Found:
    """An edit, and all hashes, links, roots and proofs made right; only signatures cannot be."""
    chain = scene.any_chain()
    records = scene.chains[chain]
    seq = scene.app_record(chain)
    records[seq]["patientId"] = "P-other"
    trails.rehash(records, seq)
    trails.resign(records, STRANGER)
    first = scene.until_signed(chain, 0)  # signed anew like all others, by a key that nobody has endorsed
    return chain, first, first


ATTACKS: tuple[Attack, ...] = (
    edit, delete, swap, insert, double, truncate, roll_back, fork, splice, chain_gone, key_swap, replay, gap, reseal,
    rehash,
)  # fmt: skip


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Chains:
    folder = tmp_path_factory.mktemp("audit") / "trail"
    maker = trails.Maker(folder)
    for records in (22, 17, 24):
        maker.chain(records)
    return trails.read_trail(folder)


def folder_of(chains: Chains, path: Path) -> Path:
    path.mkdir()
    for place, (chain, records) in enumerate(chains.items()):
        suffix = "ended" if place == len(chains) - 1 else "audit"
        (path / f"{chain}.{suffix}").write_bytes(trails.chain_bytes(chain, records))
    return path


def checked(where: str, chains: Chains, path: Path, notes: str) -> Report:
    if where == "folder":
        given = sources.folder(folder_of(chains, path))
    else:
        given = sources.export(trails.write_export(path.with_suffix(".jsonl"), chains))
    return verify(given, trails.trust(), parse_notes(notes), NOW)


@pytest.mark.parametrize("where", ["folder", "export"])
def test_the_trail_before_an_attack_is_ok(chains: Chains, tmp_path: Path, where: str) -> None:
    report = checked(where, chains, tmp_path / "t", trails.evidence(chains))
    assert (report.state, report.problems, report.notes) == (State.OK, [], [])
    assert report.proven == report.records == sum(map(len, chains.values()))


@pytest.mark.parametrize("where", ["folder", "export"])
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_is_found(chains: Chains, tmp_path: Path, attack: Attack, where: str) -> None:
    notes = trails.evidence(chains)
    for place in range(PLACES):
        scene = Scene(copy.deepcopy(chains), random.Random(f"{attack.__name__} {place}"))
        chain, low, high = attack(scene)
        report = checked(where, scene.chains, tmp_path / f"t{place}", notes)
        assert report.state is not State.OK
        named = [-1 if each.seq is None else each.seq for each in report.problems if each.chain == chain]
        assert low <= min(named) <= high, report.problems


@pytest.mark.parametrize("where", ["folder", "export"])
def test_what_later_chains_name_is_safe_without_a_witness(chains: Chains, tmp_path: Path, where: str) -> None:
    for number, chain in enumerate(list(chains)[:-1]):
        left = {each: records for each, records in chains.items() if each != chain}
        report = checked(where, left, tmp_path / f"gone{number}", "")
        assert [(each.state, each.chain) for each in report.problems] == [(State.MISSING, chain)]
        cut = {**chains, chain: chains[chain][:-1]}
        report = checked(where, cut, tmp_path / f"cut{number}", "")
        assert (State.MISSING, chain) in [(each.state, each.chain) for each in report.problems]


def test_the_newest_chain_needs_a_witness_in_an_export(chains: Chains, tmp_path: Path) -> None:
    """The limit of what can be proved, said in docs/audit-format.md: without evidence, a fresh end may be cut off."""
    newest = list(chains)[-1]
    checkpoint = max(n for n, each in enumerate(chains[newest]) if each.get("auditEvent") == "checkpoint")
    cut = {**chains, newest: chains[newest][: checkpoint + 1]}
    assert checked("export", cut, tmp_path / "a", "").state is State.OK
    assert checked("export", cut, tmp_path / "b", trails.evidence(chains)).state is State.MISSING
    late = Rules(now=datetime(2026, 1, 31, 12, 5, tzinfo=timezone.utc))
    given = sources.export(trails.write_export(tmp_path / "c.jsonl", cut))
    assert verify(given, trails.trust(), (), late).state is State.TAIL_UNPROVEN
