"""Redaction measured by the forms of public scanners: `python -m benchmarks.redaction_peers`.

Prints a table for each engine: the share of secrets that are masked whole, the share of harmless texts that change, and
the commonest kinds of misses; with --misses, each miss. --hostile prints the texts that take the process longest, and
how much longer than texts of half their length. The corpora are in tests/redaction/peers.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from aegis_otel.redaction import Redactor
from tests.redaction.peers import measure
from tests.redaction.peers.corpus import hostile_shapes


def seconds(redactor: Redactor, text: str) -> float:
    start = time.perf_counter()
    redactor.redact_text(text)
    return time.perf_counter() - start


def slowest(size: int, top: int = 20) -> str:
    """The hostile texts that take longest at `size` characters, as Markdown."""
    redactor, rows = Redactor(), []
    for name, text in hostile_shapes():
        half, whole = seconds(redactor, text[: size // 2]), seconds(redactor, text[:size])
        rows.append((whole, whole / half, name))
    lines = [f"| shape | ms at {size} characters | times that of half the length |", "|---|---|---|"]
    lines += [
        f"| {name} | {1000 * whole:.1f} | {ratio:.1f} |" for whole, ratio, name in sorted(rows, reverse=True)[:top]
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", action="append", choices=measure.ENGINES, help="default: all")
    parser.add_argument("--seed", default="", help="any text: other values, in other places")
    parser.add_argument("--misses", action="store_true", help="print each miss")
    parser.add_argument("--hostile", type=int, metavar="CHARACTERS", help="time hostile texts of this length instead")
    options = parser.parse_args()
    if options.hostile:
        print(slowest(options.hostile))
        return
    for name in options.engine or measure.ENGINES:
        with tempfile.TemporaryDirectory() as folder:
            results = measure.ENGINES[name](Path(folder), options.seed)
        print(f"## {name}\n\n{measure.table(results)}\n\n{measure.commonest(results)}\n")
        if options.misses:
            print(measure.each_miss(results))


if __name__ == "__main__":
    main()
