"""Redaction at full size: the engines on 50,000 records, a million ids, and texts that are built to be slow."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

from aegis_otel.redaction import DEFAULT, Redactor
from benchmarks.bars import none
from benchmarks.endurance.outcome import Outcome
from tests.collector.test_engines_agree import differences, in_the_collector, in_the_process
from tests.redaction.generated import Generator
from tests.support.native import NATIVE

RECORDS = 50_000
IDS = 1_000_000
SHAPE = 65_536
"""Characters of a text that is built to be slow."""


def engines_agree(folder: Path, scale: float) -> Outcome:
    """Python, Python with the extension and the real Collector make the same of 50,000 generated records."""
    given = list(Generator(1).records(max(100, int(RECORDS * scale))))
    ours = in_the_process(given, native=False)
    differs = len(differences(given, ours, in_the_collector(given, folder / "collector")))
    extension = len(differences(given, ours, in_the_process(given, native=True))) if NATIVE else 0
    figures = {"records": len(given), "changed by redaction": sum(a != b for a, b in zip(given, ours, strict=True))}
    bars = [none("differ in the Collector", differs), none("differ with the extension", extension)]
    return Outcome("engines-agree", figures, bars)


def harmless_ids(folder: Path, scale: float) -> Outcome:
    """A million SHA-256 and SHA-512 digests, ULIDs, UUIDs and trace ids stay as they are."""
    redactor = Redactor()
    count = max(100, int(IDS * scale))
    masked = sum(redactor.redact_text(one) != one for one in ids(count))
    return Outcome("harmless-ids", {"ids": count}, [none("masked", masked)])


def ids(count: int) -> Iterator[str]:
    rng = random.Random(1)
    for number in range(count):
        kind = number % 5
        bits = rng.getrandbits(512)
        if kind == 0:
            yield f"{bits:0128x}"
        elif kind == 1:
            yield f"{bits >> 256:064x}"
        elif kind == 2:
            yield f"{bits >> 384:032x}"
        elif kind == 3:
            text = f"{bits >> 384:032x}"
            yield "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
        else:
            yield "".join(rng.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(26))


def hostile_texts(folder: Path, scale: float) -> Outcome:
    """Texts of 64 KB that repeat what rules begin with: CPU time of the slowest, and how many take over 50 ms."""
    redactor = Redactor()
    taken = {}
    for piece in pieces():
        begun = time.thread_time()
        redactor.redact_text((piece * (SHAPE // len(piece) + 1))[:SHAPE])
        taken[piece] = (time.thread_time() - begun) * 1000
    slowest = sorted(taken, key=lambda piece: -taken[piece])[:8]
    slow = sum(milliseconds > 50 for milliseconds in taken.values())
    figures = {"shapes": len(taken), "slowest": ", ".join(f"{piece!r} {taken[piece]:.0f} ms" for piece in slowest)}
    return Outcome("hostile-texts", figures, [none("take over 50 ms of CPU", slow)])


def pieces() -> list[str]:
    """Beginnings of matches, keys and numbers, with what may follow."""
    literals = {literal.rstrip("\b") for rule in DEFAULT.values for found in rule.literals[:1] for literal in found}
    names = {name for rule in DEFAULT.keys for name in rule.names[:3]}
    numbers = ["9", "9 ", "1-", "12 ", "4111 ", "9.", "+1 ", "555-", "１"]
    starts = [
        *sorted(literals),
        *(f"{name}=" for name in sorted(names)),
        *numbers,
        "{",
        "[",
        "(",
        '"',
        "\\",
        "%25",
        "<a ",
    ]
    return [start + end for start in starts for end in ("", "a", "1", " ")]
