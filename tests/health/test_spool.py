from __future__ import annotations

from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from aegis_otel import settings
from aegis_otel.deliver.spool import DeadLetters, Spool, write_stats
from aegis_otel.health import Verdict
from aegis_otel.health._spool import check_delivery, check_refused, check_spool


def spool_at(folder: Path | str, **variables: str):
    [found] = check_spool(settings.read({"AEGIS_SPOOL_DIR": str(folder), **variables}))
    return found


def test_the_check_only_looks(tmp_path: Path):
    assert spool_at(tmp_path / "spool").verdict is Verdict.FINE
    assert not (tmp_path / "spool").exists()


def test_what_waits_in_the_spool_is_told(tmp_path: Path):
    spool = Spool(tmp_path, "orders")
    spool.append(bytes(5000), 1, audit=False)
    found = spool_at(tmp_path)
    assert found.verdict is Verdict.NOTE
    assert "4.9 KiB of orders" in found.text
    assert found.next_step

    batch = spool.take(10_000)
    assert batch is not None
    spool.done(batch)
    assert "nothing waits" in spool_at(tmp_path).text
    spool.close()


def test_a_spool_that_cannot_be_written_is_wrong():
    found = spool_at("/dev/null/spool")
    assert found.verdict is Verdict.WRONG
    assert "AEGIS_SPOOL_DIR" in found.next_step


def test_a_spool_that_is_switched_off_is_off(tmp_path: Path):
    for variables in ({"AEGIS_SPOOL_ENABLED": "false"}, {"OTEL_LOGS_EXPORTER": "none"}):
        found = spool_at(tmp_path, **variables)
        assert found.verdict is Verdict.OFF
        assert found.next_step


def test_refused_records_are_wrong(tmp_path: Path):
    assert check_refused(tmp_path) == []
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "refused one"
    DeadLetters(tmp_path, "orders").keep(request.SerializeToString(), 1)
    [found] = check_refused(tmp_path)
    assert found.verdict is Verdict.WRONG
    assert "1 of orders" in found.text
    assert "aegis-otel spool" in found.next_step


def test_the_counters_of_all_processes_are_summed_and_dropped_records_are_wrong(tmp_path: Path):
    assert check_delivery(tmp_path) == []
    spools = [Spool(tmp_path, service) for service in ("orders", "billing")]
    for spool in spools:
        spool.open()
    orders, billing = (spool.folder for spool in spools)
    assert orders is not None
    assert billing is not None

    write_stats(orders, {"accepted": 1000, "delivered": 900})
    write_stats(billing, {"accepted": 1001, "delivered": 900})
    [found] = check_delivery(tmp_path)
    assert found.verdict is Verdict.FINE
    assert "2001 records accepted" in found.text

    write_stats(billing, {"accepted": 1001, "delivered": 900, "away": 1})
    [away] = check_delivery(tmp_path)
    assert away.verdict is Verdict.NOTE
    assert away.next_step

    write_stats(orders, {"accepted": 1000, "delivered": 900, "dropped": 3})
    [lost] = check_delivery(tmp_path)
    assert lost.verdict is Verdict.WRONG
    assert "3 dropped" in lost.text
    assert lost.next_step
    for spool in spools:
        spool.close()
