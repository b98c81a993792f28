"""What redact-stock.yaml masks and what gets through, as docs/collector.md says it: neither may change unnoticed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.collector.test_redaction_corpus import MARK, NO_SECRET, text_of
from tests.redaction.corpus import PLACES, Case, benign_lines, records
from tests.support.collector import Collector, Sink, pieces
from tests.support.otlp import Log, Received, request

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "collector.md"
BEGIN, END = "<!-- begin: what gets through the stock processors -->\n", "<!-- end -->"
STOCK = pieces("receive", "redact-stock", "tuning")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Case], list[Received]]:
    """The corpus, then the benign lines, and what of them arrived where Loki would be."""
    folder = tmp_path_factory.mktemp("stock")
    cases = list(records())
    cases += [Case(cases[0].secret, "benign", line) for line in benign_lines()]
    with ExitStack() as stack:
        loki = stack.enter_context(Sink(folder / "loki", "/otlp/v1/logs"))
        collector = Collector(
            folder / "collector", env={"AEGIS_LOKI_URL": loki.url, "AEGIS_ALLOW_UNREDACTED": "logs/in"}
        )
        collector.arguments = STOCK
        stack.enter_context(collector)
        for start in range(0, len(cases), 500):
            message = request([])
            for number, case in enumerate(cases[start : start + 500], start):
                log = Log(case.message, attributes={**case.attributes, MARK: number}, time_ns=NO_SECRET)
                message.resource_logs.extend(request([log], resource=case.resource).resource_logs)
            collector.send_request(message)
        received = loki.wait_for(len(cases))
    return cases, sorted(received, key=lambda record: int(record.body[MARK]))


def test_every_record_arrives_in_lokis_shape(delivered: tuple[list[Case], list[Received]]) -> None:
    cases, received = delivered
    assert [int(record.body[MARK]) for record in received] == list(range(len(cases)))
    record = received[0]
    assert record.resource == {"service": "orders", "environment": "unknown", "level": "info"}
    assert record.body["message"] == cases[0].message or "****" in str(record.body["message"])
    assert record.body["service"] == "orders"


def test_the_page_says_what_gets_through(delivered: tuple[list[Case], list[Received]]) -> None:
    cases, received = delivered
    all_of: Counter[tuple[str, str]] = Counter()
    leaked: Counter[tuple[str, str]] = Counter()
    benign: Counter[bool] = Counter()
    for case, record in zip(cases, received, strict=True):
        if case.place == "benign":
            benign[record.body["message"] == case.message] += 1
            continue
        at = (case.secret.kind, case.place)
        all_of[at] += 1
        leaked[at] += case.leaks(text_of(record, json.dumps(record.body, ensure_ascii=False)))
    kinds = sorted({kind for kind, _ in all_of})
    rows = [f"| kind of secret | {' | '.join(PLACES)} |", "|---" * (len(PLACES) + 1) + "|"]
    for kind in kinds:
        shares = [100 * leaked[kind, place] / all_of[kind, place] for place in PLACES]
        # To a quarter, as the corpus may grow by a few without another picture.
        rows.append(f"| {kind} | {' | '.join(rough(share) for share in shares)} |")
    changed = benign[False] / benign.total()
    rows.append("")
    rows.append(f"Of lines without any secret {'under' if changed < 0.05 else 'over'} 5 % are changed.")
    wanted = "\n".join(rows) + "\n"
    text = PAGE.read_text(encoding="utf-8")
    written = text.split(BEGIN, 1)[1].split(END, 1)[0]
    total, of = sum(leaked.values()), sum(all_of.values())
    assert written == wanted, f"{total} of {of} get through, {changed:.1%} of benign lines change; write:\n{wanted}"


def rough(percent: float) -> str:
    """A share in words that stay true when the corpus grows a little."""
    if percent in (0, 100):
        return {0: "none", 100: "all"}[int(percent)]
    return "few" if percent < 25 else "half" if percent < 75 else "most"


def test_the_file_is_what_the_rules_say() -> None:
    done = subprocess.run([sys.executable, ROOT / "tools" / "stock_redaction.py", "--check"], check=False)
    assert done.returncode == 0
