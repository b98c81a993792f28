"""How many ids and digests the process masks by mistake: `python -m benchmarks.redaction_ids [count]`.

Makes so many (a million) of each kind from a seed and prints how many were masked, and which: none should be.
"""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from aegis_otel.redaction import Redactor

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _ulid(random: Random) -> str:
    """A ULID of 2024 or later."""
    return "01J" + "".join(random.choices(_CROCKFORD, k=23))


def _hex(digits: int) -> Callable[[Random], str]:
    return lambda random: f"{random.getrandbits(4 * digits):0{digits}x}"


KINDS: Final[dict[str, Callable[[Random], str]]] = {
    "SHA-1": _hex(40),
    "SHA-256": _hex(64),
    "SHA-384": _hex(96),
    "SHA-512": _hex(128),
    "ULID": _ulid,
    "UUID": lambda random: str(uuid.UUID(int=random.getrandbits(128), version=4)),
    "trace id": _hex(32),
    "trace context": lambda random: f"00-{random.getrandbits(128):032x}-{random.getrandbits(64):016x}-01",
}
"""Makers of ids, by name."""


def masked(redactor: Redactor, kind: str, count: int, seed: str = "") -> Iterator[str]:
    """Those of `count` ids that are masked or changed."""
    random, make = Random(f"{kind} {seed}"), KINDS[kind]
    for _ in range(count):
        text = f"id {make(random)} seen"
        if redactor.redact_text(text) != text:
            yield text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=1_000_000, help="of each kind")
    count = parser.parse_args().count
    redactor = Redactor()
    for kind in KINDS:
        wrong = list(masked(redactor, kind, count))
        print(f"{kind}: {len(wrong)} of {count} masked", *wrong[:5], sep="\n  ")


if __name__ == "__main__":
    main()
