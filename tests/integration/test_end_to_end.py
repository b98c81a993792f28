"""The main job on real parts: two services, unchanged, through the real Collector into a real VictoriaLogs and a file."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path

import httpx
import pytest

from tests.support.apps import clean_environment, command
from tests.support.collector import Collector
from tests.support.processes import StartedProcess, free_port, wait_for
from tests.support.victorialogs import VictoriaLogs

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
REQUESTS = 1_000
AT_ONCE = 50

# What each service says of one good request, whichever logger says it.
EXPECTED = {
    "orders": ["order received", "order accepted", "HTTP Request Completed"],
    "inventory": ["reserving", "reserved", "HTTP Request Completed"],
}


def start(name: str, way: str, port: int, collector: Collector, folder: Path, **more: str) -> StartedProcess:
    argv, switch = command(way, str(EXAMPLES / name / "app.py"))
    env = clean_environment(
        PORT=str(port),
        SERVICE_NAME=name,
        ENVIRONMENT="staging",
        LOG_FILE_ENABLED="false",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.grpc_port}",
        AEGIS_SPOOL_DIR=str(folder / "spool"),
        # What a busy machine answers late is not sent again, and the end waits for it.
        OTEL_BLRP_EXPORT_TIMEOUT="60000",
        AEGIS_SHUTDOWN_TIMEOUT="45",
        PYTHONFAULTHANDLER="1",
        **switch,
        **more,
    )
    process = StartedProcess(argv, log=folder / f"{name}.log", env=env, cwd=folder)
    process.wait_until_healthy(f"http://127.0.0.1:{port}/health")
    return process


@pytest.fixture(scope="module", params=["", "true"], ids=["server hook", "framework instrumentation"])
def served(request, tmp_path_factory):
    """`orders` and `inventory` after 1,000 requests at 50 at once, their stores, and the ids they answered."""
    folder = tmp_path_factory.mktemp("chain")
    framework = {"AEGIS_FRAMEWORK_SPANS": request.param} if request.param else {}
    with VictoriaLogs(folder / "victorialogs") as store:
        collector = Collector(folder, "file", "victorialogs", env={"AEGIS_VICTORIALOGS_URL": store.url})
        with collector:
            inventory_port, orders_port = free_port(), free_port()
            inventory = start("inventory", "instrument", inventory_port, collector, folder, **framework)
            inventory_url = f"http://127.0.0.1:{inventory_port}"
            orders = start("orders", "auto", orders_port, collector, folder, INVENTORY_URL=inventory_url, **framework)
            try:
                answered = asyncio.run(load(f"http://127.0.0.1:{orders_port}"))
            except Exception as error:
                raise AssertionError(f"{error!r}\n{state(orders)}\n{state(inventory)}") from error
            finally:
                # Both deliver what they have before they end.
                orders.stop()
                inventory.stop()
            ids = {value for _, value in answered}
            expected = 2 * 3 * REQUESTS
            wait_for(
                # To count lines costs little, to read their JSON every time does not.
                lambda: lines_in(collector) >= expected and expected_in(collector, ids) >= expected,
                seconds=200,
                what="all records in the store",
            )
            yield store, collector, answered, folder


def state(process: StartedProcess) -> str:
    """What became of a service, for a failure that it may be the cause of."""
    status = process.popen.poll()
    return f"{process.log.name}: {'runs' if status is None else f'ended with {status}'}\n{process.output()[-3000:]}"


def lines_in(collector: Collector) -> int:
    return sum(file.read_bytes().count(b"\n") for file in (collector.data / "store").glob("*.jsonl"))


def expected_in(collector: Collector, ids: set[str]) -> int:
    """How many of the expected records of these requests the store holds."""
    return sum(
        record["message"] in EXPECTED[record["service"]] and record.get("correlationId") in ids
        for record in collector.stored()
    )


async def load(url: str) -> list[tuple[str | None, str]]:
    """Send the requests; for each the id sent (None: none) and the id answered."""
    gate = asyncio.Semaphore(AT_ONCE)
    # A connection for each: one that a stalled client left idle would be closed under its next request.
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:

        async def order(number: int) -> tuple[str | None, str]:
            # Every fourth request brings no id, every fourth a hostile one.
            sent = {0: f"load-{number}", 1: f"load-{number}", 2: None, 3: "<script>" + "x" * 200}[number % 4]
            headers = {"x-correlation-id": sent} if sent else {}
            async with gate:
                answer = await client.post("/orders", json={"item": "book", "quantity": 1}, headers=headers)
            assert answer.status_code == 201
            (value,) = answer.headers.get_list("x-correlation-id")
            return sent, value

        return await asyncio.gather(*(order(number) for number in range(REQUESTS)))


def test_every_response_carries_its_own_id(served):
    _, _, answered, _ = served
    assert len({value for _, value in answered}) == REQUESTS
    for number, (sent, value) in enumerate(answered):
        if number % 4 < 2:
            assert value == sent
        else:
            assert [len(part) for part in value.split("-")] == [8, 4, 4, 4, 12]


def test_every_record_of_a_request_carries_its_id_in_both_services_and_none_anothers(served):
    _, collector, answered, _ = served
    by_id: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    traces: dict[str, set[str]] = defaultdict(set)
    orders_of: dict[str, set[str]] = defaultdict(set)
    for record in collector.stored():
        if "correlationId" in record:
            by_id[record["correlationId"]][record["service"]].append(record["message"])
            traces[record["correlationId"]].add(record["traceId"])
            if "orderId" in record:
                orders_of[record["correlationId"]].add(record["orderId"])
    for _, value in answered:
        for service, messages in EXPECTED.items():
            said = [message for message in by_id[value][service] if message in messages]
            assert sorted(said) == sorted(messages)
        assert len(traces[value]) == 1
        assert len(orders_of[value]) == 1


def said(found: list[dict[str, str]], messages: list[str]) -> list[str]:
    """Those of some messages that VictoriaLogs has found."""
    return sorted(record["_msg"] for record in found if record["_msg"] in messages)


def test_victorialogs_finds_a_request_in_both_services_by_its_id(served):
    store, _, answered, _ = served
    for _, value in answered[:8]:
        for service, messages in EXPECTED.items():
            query = f'{{service="{service}"}} correlationId:="{value}"'

            def complete(query: str = query, messages: list[str] = messages) -> list[dict[str, str]]:
                found = store.query(query)
                return found if len(said(found, messages)) >= len(messages) else []

            found = wait_for(complete, what=f"{value} in VictoriaLogs")
            assert said(found, messages) == sorted(messages)
            assert {(record["level"], record["correlationId"]) for record in found} == {("info", value)}


def test_victorialogs_and_the_file_hold_the_same_number_of_records(served):
    store, collector, _, _ = served
    for service in EXPECTED:

        def same(service: str = service) -> bool:
            in_file = sum(record["service"] == service for record in collector.stored())
            return store.count(f'{{service="{service}"}}') == in_file

        assert wait_for(same, what="same count")
