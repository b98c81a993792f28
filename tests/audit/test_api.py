"""`audit` as an app calls it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import baggage, context
from opentelemetry.sdk.trace import TracerProvider

from aegis_otel import correlation_scope, settings
from aegis_otel.audit import AuditError, AuditUncertainError, _keys, audit, runtime, sources
from aegis_otel.audit._disk import Unsynced
from aegis_otel.audit.states import State
from aegis_otel.audit.trust import parse_trust
from aegis_otel.audit.verify import verify
from aegis_otel.schema import Record
from tests.support.apps import clean_environment
from tests.support.processes import wait_for

Records = list[dict[str, Any]]


class Failing(Unsynced):
    """A disk whose syncs fail while `fails` is set."""

    fails = False

    def sync(self, file: int) -> None:
        if self.fails:
            raise OSError(errno.EIO, "Input/output error")


class App:
    """An app with a trail: what it has recorded, and what was delivered."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder / "trail"
        self.delivered: list[Record] = []
        chosen = settings.read({}, {"audit_dir": self.folder, "service": "charts", **options})
        self.runtime = runtime.made(chosen, None, self.delivered.append)
        self.disk = Failing()
        if self.runtime.committer is not None:
            self.runtime.committer.trail.disk = self.disk

    def records(self) -> Records:
        lines = [
            line
            for path in sorted(self.folder.glob("*.*"), key=lambda each: each.stat().st_mtime_ns)
            if path.suffix in (".live", ".ended", ".audit")
            for line in path.read_bytes().split(b"\n")
        ]
        found = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [each for each in found if "auditEvent" not in each]

    def state(self) -> State:
        self.runtime.close()
        key = self.folder.with_name("trail.key")
        lines = [_keys.trust_line(key)] if "ed25519" in key.read_text() else [key.read_text()]
        report = verify(sources.folder(self.folder), parse_trust(lines))
        assert not report.problems
        return report.state


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    found = App(tmp_path)
    before = runtime.use(found.runtime)
    yield found
    runtime.use(before)


def test_a_record_says_who_did_what_to_which_record(app: App) -> None:
    with correlation_scope("id-1"):
        receipt = audit("READ", resource="Chart/17", actor="u-17", patient="P-9", purpose="treatment", rows=3)
    (record,) = app.records()
    assert {name: record[name] for name in record if not name.startswith("audit")} == {
        "timestamp": record["auditTimestamp"],
        "level": "info",
        "message": "AUDIT: READ",
        "service": "charts",
        "environment": "development",
        "logger": "aegis_otel.audit",
        "correlationId": "id-1",
        "complianceLevel": "HIPAA",
        "operation": "READ",
        "resource": "Chart/17",
        "actor": "u-17",
        "patientId": "P-9",
        "purpose": "treatment",
        "outcome": "success",
        "rows": 3,
    }
    assert (receipt.chain, receipt.seq, receipt.hash) == (
        record["auditChain"],
        record["auditSeq"],
        record["auditHash"],
    )
    assert receipt.sealed
    assert app.state() is State.OK


def test_a_sealed_record_is_delivered_as_a_log_record(app: App) -> None:
    receipt = audit("READ", resource="Chart/17")
    record = next(each for each in app.delivered if each.message == "AUDIT: READ")
    assert record.attributes is not None
    assert record.attributes["auditHash"] == receipt.hash
    assert record.attributes["complianceLevel"] == "HIPAA"
    assert record.logger == "aegis_otel.audit"


def test_values_come_into_the_domain_as_text(app: App) -> None:
    audit("READ", a=1.5, b=2**53, c=-(2**60), d=datetime(2026, 1, 31, tzinfo=timezone.utc), e=Decimal("1.10"))
    audit("READ", f={"x": {1, 2}}, g=(1, None), h=b"ab", i="\ud800", j=float("nan"), k=-0.0)
    first, second = app.records()
    assert [first[name] for name in "abcde"] == [
        "1.5", "9007199254740992", "-1152921504606846976", "2026-01-31T00:00:00+00:00", "1.10",
    ]  # fmt: skip
    assert [second[name] for name in "fghijk"] == [{"x": [1, 2]}, [1, None], "ab", "\\ud800", "NaN", "-0.0"]
    assert app.state() is State.OK


@pytest.mark.parametrize(
    "details",
    [
        {"note": "x" * 70_000},
        {"notes": ["x" * 30_000] * 3},
        {"rows": list(range(300))},
        {"deep": [[[[[[[[[[1]]]]]]]]]]},
        {"x" * 200: 1},
        {"": 1},
        {"message": "mine"},
        {"auditHash": "mine"},
        {"auditEvent": "closed"},
        {"resource": {"name": "content"}},
        {"actor": ["u-1"]},
    ],
    ids=lambda details: next(iter(details))[:12],
)
def test_what_cannot_be_kept_whole_is_refused(app: App, details: dict[str, Any]) -> None:
    with pytest.raises(AuditError, match=r"refused|at most") as raised:
        audit("READ", **details)
    assert not isinstance(raised.value, AuditUncertainError)
    assert "x" * 20 not in str(raised.value).replace("x" * 200, "")
    audit("READ", resource="Chart/1")
    assert [record.get("resource") for record in app.records()] == ["Chart/1"]
    assert app.state() is State.OK


def test_a_scope_records_the_attempt_and_the_outcome(app: App) -> None:
    with audit.scope("UPDATE", resource="Chart/1") as a:
        assert [record["outcome"] for record in app.records()] == ["attempt"]
        a.outcome("partial", rows=2)
    attempt, after = app.records()
    assert (after["outcome"], after["rows"], after["attempt"]) == ("partial", 2, attempt["auditHash"])
    assert a.receipt is not None
    assert a.receipt.hash == after["auditHash"]


def test_a_scope_that_raises_is_a_failure_without_the_errors_text(app: App) -> None:
    with pytest.raises(ValueError, match="secret"), audit.scope("UPDATE", resource="Chart/1"):
        raise ValueError("a secret")
    _, after = app.records()
    assert (after["outcome"], after["errorName"]) == ("failure", "ValueError")
    assert "secret" not in json.dumps(after)


def test_a_decorated_function_is_recorded(app: App) -> None:
    @audit.scope("READ", resource=lambda number: f"Chart/{number}", actor="u-1")
    def read(number: int) -> int:
        return number + 1

    assert read(4) == 5
    assert read.__name__ == "read"
    assert [(record["resource"], record["outcome"]) for record in app.records()] == [
        ("Chart/4", "attempt"),
        ("Chart/4", "success"),
    ]


def test_coroutines_scopes_and_calls_are_recorded(app: App) -> None:
    @audit.scope("READ", resource=lambda number: f"Chart/{number}")
    async def read(number: int) -> int:
        await asyncio.sleep(0)
        return number + 1

    async def main() -> list[int]:
        async with audit.scope("UPDATE") as a:
            a.outcome("success")
        receipts = await asyncio.gather(*(audit.aio("READ", resource=f"A/{n}") for n in range(20)))
        assert len({receipt.seq for receipt in receipts}) == 20
        return list(await asyncio.gather(*map(read, range(5))))

    assert asyncio.run(main()) == [1, 2, 3, 4, 5]
    assert len(app.records()) == 2 + 20 + 10
    assert app.state() is State.OK


def test_a_cancelled_task_leaves_its_record(app: App) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(audit.aio("READ", resource="Chart/1"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    wait_for(app.records, what="the record")
    assert app.state() is State.OK


def test_many_records_are_recorded_in_order(app: App) -> None:
    receipts = audit.many("EXPORT", ({"resource": f"Chart/{n}"} for n in range(1300)), actor="u-1")
    assert [record["resource"] for record in app.records()] == [f"Chart/{n}" for n in range(1300)]
    assert [receipt.hash for receipt in receipts] == [record["auditHash"] for record in app.records()]
    assert {record["actor"] for record in app.records()} == {"u-1"}
    assert app.state() is State.OK


def test_the_actor_comes_from_the_context(app: App) -> None:
    span = TracerProvider().get_tracer("t").start_span("s", attributes={"enduser.id": "u-span"})
    from opentelemetry.trace import use_span

    audit("READ")
    with use_span(span):
        audit("READ")
        with audit.actor("u-scope"):
            audit("READ")
            audit("READ", actor="u-call")
    token = context.attach(baggage.set_baggage("enduser.id", "u-baggage"))
    audit("READ")
    context.detach(token)
    assert [record.get("actor") for record in app.records()] == [None, "u-span", "u-scope", "u-call", "u-baggage"]


def test_a_failing_disk_raises_and_says_that_the_record_may_exist(app: App) -> None:
    audit("READ", resource="Chart/1")
    app.disk.fails = True
    with pytest.raises(AuditUncertainError):
        audit("READ", resource="Chart/2")
    with pytest.raises(AuditError):
        audit("READ", resource="Chart/3")
    app.disk.fails = False
    audit("READ", resource="Chart/4")
    assert {"Chart/1", "Chart/4"} <= {record["resource"] for record in app.records()}
    assert "Chart/3" not in {record["resource"] for record in app.records()}
    assert app.state() is State.OK


def test_with_continue_the_app_goes_on_and_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = App(tmp_path, audit_on_failure="continue")
    before = runtime.use(found.runtime)
    try:
        found.disk.fails = True
        receipt = audit("READ", resource="Chart/1")
        assert not receipt.sealed
        assert not audit("READ", resource="x" * 70_000).sealed
    finally:
        runtime.use(before)
    assert "audit" in capsys.readouterr().err
    assert [record.message for record in found.delivered] == ["AUDIT: READ"]
    assert "auditHash" not in (found.delivered[0].attributes or {})


def test_switched_off_a_record_is_delivered_without_a_seal(tmp_path: Path) -> None:
    found = App(tmp_path, audit_enabled=False)
    before = runtime.use(found.runtime)
    try:
        assert not audit("READ", resource="Chart/1").sealed
    finally:
        runtime.use(before)
    assert [record.message for record in found.delivered] == ["AUDIT: READ"]
    assert not found.folder.exists()


def test_threads_share_a_chain(app: App) -> None:
    def work(name: int) -> None:
        for number in range(50):
            audit("READ", resource=f"{name}/{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = [record["resource"] for record in app.records()]
    assert len(set(found)) == len(found) == 800
    for name in range(16):
        assert [each for each in found if each.startswith(f"{name}/")] == [f"{name}/{n}" for n in range(50)]
    assert app.state() is State.OK


def test_a_checkpoint_follows_within_a_second_or_so(app: App) -> None:
    audit("READ")
    committer = app.runtime.committer
    assert committer is not None
    wait_for(lambda: committer.trail.unsigned == 0, what="a checkpoint")
    key = app.folder.with_name("trail.key")
    assert verify(sources.folder(app.folder), parse_trust([_keys.trust_line(key)])).state is State.OK


def test_a_forked_child_has_a_chain_of_its_own(app: App) -> None:
    first = audit("READ", resource="parent")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            receipt = audit("READ", resource="child")
            status = 0 if receipt.chain != first.chain else 2
            runtime.close()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert audit("READ", resource="parent again").chain == first.chain
    assert app.state() is State.OK
    assert len({record["auditChain"] for record in app.records()}) == 2


INTERRUPTED = """
import os, signal, sys, threading, time
from aegis_otel.audit import AuditError, audit, runtime
raised = []
def handler(number, frame):
    try:
        audit("READ", resource="handler")
    except AuditError as error:
        raised.append(str(error))
signal.signal(signal.SIGUSR1, handler)
audit("READ", resource="first")
trail = runtime.runtime().committer.trail
sync = trail.disk.sync
def slowly(file):
    os.kill(os.getpid(), signal.SIGUSR1)
    for _ in range(100): pass
    sync(file)
trail.disk.sync = slowly
print(audit("READ", resource="second").sealed)
trail.disk.sync = sync
print(audit("READ", resource="third").sealed, len(raised))
"""


def plain(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(script)
    return subprocess.run(
        [sys.executable, str(folder / "script.py")],
        env=clean_environment(AEGIS_AUDIT_DIR=str(folder / "trail"), **variables),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_a_signal_handler_in_the_midst_of_a_call_gets_an_error_and_does_not_hang(tmp_path: Path) -> None:
    done = plain(tmp_path, INTERRUPTED)
    assert (done.stdout.split(), done.stderr) == (["True", "True", "1"], "")


def test_it_works_without_the_distribution_and_closes_its_chain_at_the_end(tmp_path: Path) -> None:
    done = plain(tmp_path, "from aegis_otel.audit import audit\nprint(audit('READ').sealed)")
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert [path.suffix for path in (tmp_path / "trail").iterdir() if path.name != "lock"] == [".ended"]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "trail").iterdir()} == {0o600}
    assert (tmp_path / "trail").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "trail.key").stat().st_mode & 0o777 == 0o600


def test_without_cryptography_checkpoints_carry_an_hmac(tmp_path: Path) -> None:
    hidden = "import sys\nsys.modules['cryptography'] = None\nfrom aegis_otel.audit import audit\naudit('READ')"
    done = plain(tmp_path, hidden)
    assert (done.returncode, done.stderr) == (0, "")
    secret = (tmp_path / "trail.key").read_text()
    assert secret.startswith("aegis-otel-audit-key 1 hmac-sha256 ")
    report = verify(sources.folder(tmp_path / "trail"), parse_trust([secret]))
    assert (report.state, report.notes) == (State.OK, ["HMAC: whoever can verify these records can also forge them"])
    wrong = parse_trust(["aegis-otel-audit-key 1 hmac-sha256 " + "0" * 64])
    assert verify(sources.folder(tmp_path / "trail"), wrong).state is State.NOT_VERIFIED


@pytest.mark.parametrize("spoiled", ["readable by others", "of another kind", "a link"])
def test_a_key_that_cannot_be_used_is_told_and_nothing_is_recorded(tmp_path: Path, spoiled: str) -> None:
    key = tmp_path / "trail.key"
    _keys.make_key(key)
    if spoiled == "readable by others":
        key.chmod(0o644)
    elif spoiled == "a link":
        key.rename(tmp_path / "other")
        key.symlink_to(tmp_path / "other")
    else:
        key.write_text("aegis-otel-audit-key 2 ed25519 " + "a" * 64)
    done = plain(tmp_path, "from aegis_otel.audit import audit\naudit('READ')")
    assert "AuditError" in done.stderr
    assert "trail.key" in done.stderr
    assert "a" * 64 not in done.stderr
    assert not (tmp_path / "trail").exists()


def test_processes_that_start_together_make_one_key(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from aegis_otel.audit import audit\naudit('READ')")
    env = clean_environment(AEGIS_AUDIT_DIR=str(tmp_path / "trail"))
    started = [subprocess.Popen([sys.executable, str(script)], env=env) for _ in range(4)]
    assert [each.wait(120) for each in started] == [0] * 4
    trusted = parse_trust([_keys.trust_line(tmp_path / "trail.key")])
    report = verify(sources.folder(tmp_path / "trail"), trusted)
    assert (report.state, report.chains) == (State.OK, 4)


def test_the_fixture_holds_what_an_app_records(aegis_audit: Records) -> None:
    audit("READ", resource="Chart/1", password="hunter2")
    assert runtime.seal(Record(time.time_ns(), 9, "AUDIT: CREATE", "records", attributes={"auditAction": "CREATE"}))
    assert [record["auditAction"] for record in aegis_audit] == ["READ", "CREATE"]
    assert aegis_audit[0]["password"] == "[REDACTED:password]"


def test_a_log_line_keeps_the_formats_names_apart(app: App) -> None:
    record = Record(time.time_ns(), 17, "AUDIT: DELETE", "records", attributes={"auditHash": "mine", "ratio": 0.5})
    assert runtime.seal(record)
    (sealed,) = app.records()
    assert (sealed["extra.auditHash"], sealed["ratio"], sealed["level"]) == ("mine", "0.5", "error")
    assert app.state() is State.OK


def test_a_log_line_that_cannot_be_sealed_goes_on(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    app.disk.fails = True
    assert not runtime.seal(Record(time.time_ns(), 9, "AUDIT: READ", "records"))
    assert "not sealed" in capsys.readouterr().err
