"""What must hold at full size and in real time, with real processes: `python -m benchmarks.endurance`.

Writes benchmarks/results/endurance.md and .json and prints the first. Exits with 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from benchmarks.bars import Bar
from benchmarks.endurance.app_away import app_killed, collector_away
from benchmarks.endurance.flood import debug_flood, store_away
from benchmarks.endurance.outcome import Outcome, write
from benchmarks.endurance.redaction import engines_agree, harmless_ids, hostile_texts
from benchmarks.endurance.steady import steady_20k
from benchmarks.endurance.watch import say

SCENARIOS: dict[str, Callable[[Path, float], Outcome]] = {
    "debug-flood": debug_flood,
    "store-away": store_away,
    "collector-away": collector_away,
    "app-killed": app_killed,
    "steady-20k": steady_20k,
    "engines-agree": engines_agree,
    "harmless-ids": harmless_ids,
    "hostile-texts": hostile_texts,
}


def run(name: str, scale: float, keep: bool) -> Outcome:
    """One scenario in a folder of its own."""
    say(f"{name}: {SCENARIOS[name].__doc__}")
    folder = Path(tempfile.mkdtemp(prefix=f"endurance-{name}-"))
    try:
        outcome = SCENARIOS[name](folder, scale)
    except Exception as error:
        traceback.print_exc()
        outcome = Outcome(name, {"error": f"{type(error).__name__}: {error}"}, [Bar("runs through", 0, "1", False)])
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if keep:
        outcome.figures["kept in"] = str(folder)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="NAME")
    parser.add_argument("--scale", type=float, default=1.0, help="of all times; less than 1 proves nothing (1)")
    parser.add_argument("--results", type=Path, default=Path(__file__).parents[1] / "results", help="folder")
    parser.add_argument("--keep", action="store_true", help="keep the files of each scenario")
    options = parser.parse_args()
    # Whatever was started ends with the blocks it was started in.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    head = (
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs, "
        f"load {os.getloadavg()[0]:.1f} at the start, times × {options.scale:g}."
    )
    outcomes: list[Outcome] = []
    try:
        for name in options.only:
            outcomes.append(run(name, options.scale, options.keep))
            say(f"{name}: {'all bars met' if outcomes[-1].met else 'a bar is missed'}")
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    finally:
        if outcomes:
            print(write(options.results, head, outcomes))
    return 0 if all(outcome.met for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
