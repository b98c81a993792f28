"""A sealed record arrives with its hash right: app, both engines of redaction, the Collector, the stores, Loki's line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from aegis_otel.audit import sources, trust_line
from aegis_otel.audit.states import Report, State
from aegis_otel.audit.trust import parse_trust
from aegis_otel.audit.verify import verify
from aegis_otel.stores import Query, Store
from aegis_otel.stores.embedded import EmbeddedStore
from aegis_otel.stores.loki import LokiStore
from aegis_otel.stores.victorialogs import VictoriaLogsStore
from tests.support.apps import run_app
from tests.support.collector import Collector, Sink
from tests.support.processes import wait_for
from tests.support.query_api import QueryApi
from tests.support.victorialogs import VictoriaLogs

Start = Callable[..., Collector]

APP = """
import logging
from datetime import datetime, timezone
from opentelemetry import trace
from aegis_otel.audit import audit

def call(number):
    return audit(
        "READ", resource=f"Chart/{number}", actor="u-17", patient=f"P-{number}", purpose="treatment",
        whole=number, big=2**60, negative=-5, score=1.0, minus=-0.0, huge=1e300, yes=True, nothing=None, empty="",
        text="a \\u2028 \\U0001f600 \\x7f < & \\u00e9\\n\\t\\x01", metadata={"rows": [1, "2", None, {"a": []}], "none": {}},
        note="password=hunter2 of jane@example.com", moment=datetime(2026, 1, 31, tzinfo=timezone.utc),
    )

for number in range(30):
    call(number)
with trace.get_tracer("t").start_as_current_span("work"):
    with audit.scope("UPDATE", resource="Chart/1", actor="u-17") as a:
        a.outcome("success", rows=3)
logging.getLogger("records").info(
    "AUDIT: CREATE", extra={"auditAction": "CREATE", "operation": "CREATE", "ratio": 0.5, "userId": "u-2"}
)
try:
    raise ValueError("no")
except ValueError:
    logging.getLogger("records").exception("AUDIT: DELETE")
audit.many("EXPORT", [{"resource": f"Chart/{n}"} for n in range(1500)])
"""
CALLS = 30 + 2 + 2 + 1500


def sending_to(folder: Path, collector: Collector) -> dict[str, str]:
    return {
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.grpc_port}",
        "OTEL_EXPORTER_OTLP_INSECURE": "true",
        "AEGIS_SPOOL_DIR": str(folder / "spool"),
        "AEGIS_AUDIT_ENABLED": "true",
        "AEGIS_AUDIT_DIR": str(folder / "trail"),
        "OTEL_SERVICE_NAME": "charts",
        "AEGIS_SHUTDOWN_TIMEOUT": "120",  # what a busy machine leaves in the spool, only a third process would send
    }


def ran(folder: Path, collector: Collector, script: str = APP) -> None:
    done = run_app(folder, script, **sending_to(folder, collector))
    assert done.status == 0, done.err
    assert "audit:" not in done.err


KILLED = """
import os, threading
from aegis_otel.audit import audit
def work(name):
    for number in range(100_000):
        audit("READ", resource=f"{name}/{number}")
for name in range(8):
    threading.Thread(target=work, args=(name,), daemon=True).start()
while audit("READ", resource="main").seq < 600:
    pass
os.kill(os.getpid(), 9)
"""


def verified(folder: Path, store: Store) -> Report:
    trusted = parse_trust([trust_line(folder / "trail.key")])
    return verify(sources.store(store, Query(limit=1_000_000)), trusted)


def summary(report: Report) -> tuple[str, list[object], int]:
    return str(report.state), [*report.problems[:5]], report.duplicates


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    return folder


def test_a_trail_verifies_in_each_store(start_collector: Start, stack: ExitStack, home: Path) -> None:
    logs = stack.enter_context(VictoriaLogs(home.parent / "victorialogs"))
    collector = start_collector("file", "victorialogs", env={"AEGIS_VICTORIALOGS_URL": logs.url})
    ran(home, collector)
    local = verify(sources.folder(home / "trail"), parse_trust([trust_line(home / "trail.key")]))
    assert summary(local) == ("OK", [], 0)
    assert local.records > CALLS

    embedded = EmbeddedStore(collector.data / "store")
    wait_for(lambda: embedded.count(Query()) >= local.records, seconds=240, what="all records in the embedded store")
    assert summary(verified(home, embedded)) == ("OK", [], 0)
    assert verified(home, embedded).proven == local.records

    # It counts records a moment before it lists them.
    indexed = VictoriaLogsStore(logs.url)
    wait_for(lambda: verified(home, indexed).records >= local.records, seconds=240, what="all records in VictoriaLogs")
    assert summary(verified(home, indexed)) == ("OK", [], 0)

    data = home.parent / "query/.aegis"
    shutil.copytree(collector.data / "store", data / "store")
    with QueryApi(data) as api:
        assert summary(verified(home, LokiStore(api.url_with_credentials))) == ("OK", [], 0)


def test_a_sealed_record_is_one_that_queries_for_audit_find(start_collector: Start, home: Path) -> None:
    collector = start_collector("file")
    ran(home, collector, "from aegis_otel.audit import audit\naudit('READ', resource='Chart/1', password='hunter2')")
    stored = wait_for(lambda: [each for each in collector.stored() if each["message"] == "AUDIT: READ"], what="it")
    assert stored[0]["complianceLevel"] == "HIPAA"
    assert stored[0]["password"] == "[REDACTED:password]"
    assert (stored[0]["auditAction"], stored[0]["operation"], stored[0]["outcome"]) == ("READ", "READ", "success")
    assert (collector.data / "store/audit.jsonl").read_text().count("auditHash") == len(collector.stored())


def test_lokis_line_has_the_sealed_record(start_collector: Start, loki: Sink, home: Path) -> None:
    collector = start_collector("loki", env={"AEGIS_LOKI_URL": loki.url})
    ran(home, collector)
    sealed = verify(sources.folder(home / "trail"), parse_trust([trust_line(home / "trail.key")])).records
    lines = [each.body for each in loki.wait_for(sealed)]
    export = home / "loki.jsonl"
    export.write_text("\n".join(json.dumps(json.loads(line)) for line in lines))
    assert summary(verify(sources.export(export), parse_trust([trust_line(home / "trail.key")]))) == ("OK", [], 0)


def test_records_of_a_killed_process_reach_the_store_with_the_next_one(start_collector: Start, home: Path) -> None:
    collector = start_collector("file")
    run_app(home, KILLED, **sending_to(home, collector))
    ran(home, collector, "from aegis_otel.audit import audit\naudit('READ', resource='next')")
    local = verify(sources.folder(home / "trail"), parse_trust([trust_line(home / "trail.key")]))
    assert summary(local) == ("OK", [], 0)
    assert local.records > 600
    embedded = EmbeddedStore(collector.data / "store")

    def all_there() -> bool:
        report = verified(home, embedded)
        return report.records == local.records and report.state is State.OK

    wait_for(all_there, seconds=240, what="all records, proven")
