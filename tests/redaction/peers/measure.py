"""Measures an engine against the corpora of this folder: which secrets remain, which harmless texts change, as a table and a list of misses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from aegis_otel.redaction import DEFAULT, Redactor, add_rules
from tests.redaction.peers.corpus import Entry, entries, written
from tests.support.collector import Collector
from tests.support.otlp import Log, request
from tests.support.processes import wait_for

BARS = {
    "telling prefix": 97.0,
    "telling key": 97.0,
    "telling form": 97.0,
    "health": 97.0,
    "hipaa": 97.0,
    "harmless": 2.0,
}
"""Per cent that must be masked whole, by group; of `harmless`, per cent that may change."""

HIPAA = "hipaa"
"""The kind that switches the group of this name on."""

MARK = "corpusNumber"
BATCH = 500


@dataclass(frozen=True)
class Result:
    """An entry, what the engine made of it, and the pieces of its secrets that can still be read."""

    entry: Entry
    output: str
    remains: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not self.remains and (bool(self.entry.secrets) or not self.entry.changed(self.output))


def _result(entry: Entry, output: str) -> Result:
    return Result(entry, output, tuple(entry.remains(output)))


def in_process(seed: str = "") -> list[Result]:
    """All entries through the process's engine."""
    plain, hipaa = Redactor(), Redactor(add_rules({"enable": [HIPAA]}, DEFAULT, "peers"))
    results = []
    for entry in entries(seed):
        redactor, content = (hipaa if entry.group == "hipaa" else plain), entry.content
        output = redactor.redact_text(content) if isinstance(content, str) else redactor.redact_mapping(content)
        results.append(_result(entry, written(output)))
    return results


def in_collector(folder: Path, seed: str = "") -> list[Result]:
    """All entries through the real Collector and its file store; one run without options, one for the group `hipaa`."""
    everything = entries(seed)
    with ExitStack() as stack:
        plain = [entry for entry in everything if entry.group != "hipaa"]
        hipaa = [entry for entry in everything if entry.group == "hipaa"]
        env = {"AEGIS_REDACTION_ENABLE": HIPAA}
        without = stack.enter_context(Collector(folder / "plain", "file"))
        results = _through(without, plain)
        results += _through(stack.enter_context(Collector(folder / "hipaa", "file", env=env)), hipaa)
    return results


def _through(collector: Collector, sent: Sequence[Entry]) -> list[Result]:
    for start in range(0, len(sent), BATCH):
        logs = []
        for number, entry in enumerate(sent[start : start + BATCH], start):
            text = entry.content if isinstance(entry.content, str) else "-"
            content = {} if isinstance(entry.content, str) else {"content": entry.content}
            logs.append(Log(text, attributes={**content, MARK: number}, time_ns=1_700_000_000 * 10**9))
        collector.send_request(request(logs))

    def all_stored() -> dict[int, dict[str, object]]:
        records = {record[MARK]: record for record in collector.stored()}
        return records if len(records) == len(sent) else {}

    stored = wait_for(all_stored, seconds=120, what=f"{len(sent)} records in the store")
    return [_result(entry, _output(entry, stored[number])) for number, entry in enumerate(sent)]


def _output(entry: Entry, record: dict[str, object]) -> str:
    """What the record says where the entry stood."""
    return (
        str(record["message"]) if isinstance(entry.content, str) else json.dumps(record["content"], ensure_ascii=False)
    )


def share(results: Sequence[Result], group: str) -> float:
    """Per cent of a group that is masked whole; of `harmless`, per cent that changed. Rare entries do not count."""
    good = [result.good for result in results if result.entry.group == group and not result.entry.rare]
    per_cent = 100 * sum(good) / len(good)
    return 100 - per_cent if group == "harmless" else per_cent


def meets(results: Sequence[Result], group: str) -> bool:
    measured = share(results, group)
    return measured <= BARS[group] if group == "harmless" else measured >= BARS[group]


def misses(results: Sequence[Result]) -> list[Result]:
    return [result for result in results if not result.good]


def table(results: Sequence[Result]) -> str:
    """Markdown: a row for each group and theme; of `harmless`, the share that changed."""
    rows = ["| group | theme | entries | masked whole (harmless: changed) | bar |", "|---|---|---|---|---|"]
    for group, bar in BARS.items():
        of_group = [result for result in results if result.entry.group == group]
        counted = [result for result in of_group if not result.entry.rare]
        limit = f"≤ {bar:g} %" if group == "harmless" else f"≥ {bar:g} %"
        rows.append(f"| **{group}** | all | {len(counted)} | {share(results, group):.1f} % | {limit} |")
        for theme in dict.fromkeys(result.entry.theme for result in counted):
            rows.append(_row(group, theme, [result for result in counted if result.entry.theme == theme]))
        if rare := [result for result in of_group if result.entry.rare]:
            rows.append(_row(group, "rare, beyond the bar", rare))
    return "\n".join(rows)


def _row(group: str, theme: str, results: Sequence[Result]) -> str:
    count = sum(result.good is (group != "harmless") for result in results)
    return f"| {group} | {theme} | {len(results)} | {100 * count / len(results):.1f} % | |"


def commonest(results: Sequence[Result], top: int = 15) -> str:
    """The kinds of the misses, by group, the commonest first."""
    lines = []
    for group in BARS:
        kinds = Counter(
            result.entry.kind for result in misses(results) if result.entry.group == group and not result.entry.rare
        )
        lines += [
            f"{group}: {sum(kinds.values())} misses",
            *(f"  {count:4}  {kind!r}" for kind, count in kinds.most_common(top)),
        ]
    return "\n".join(lines)


def each_miss(results: Sequence[Result]) -> str:
    """One line for each miss: the group, the text, the output. All values are made up."""
    return "\n".join(
        f"{result.entry.group} | {result.entry.written!r} | {result.output!r}" for result in misses(results)
    )


ENGINES: dict[str, Callable[[Path, str], list[Result]]] = {
    "process": lambda folder, seed: in_process(seed),
    "collector": in_collector,
}
