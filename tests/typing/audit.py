"""`aegis_otel.audit` as a type checker sees it."""

from __future__ import annotations

from aegis_otel.audit import Receipt, audit


@audit.scope("READ", resource=lambda number: f"Chart/{number}")
def read(number: int) -> str:
    return str(number)


@audit.scope("READ")
async def read_later(number: int) -> str:
    return str(number)


async def use() -> None:
    receipt: Receipt = audit("READ", resource="Chart/1", rows=3)
    sealed: bool = receipt.sealed
    later: Receipt = await audit.aio("READ", actor="u-1")
    several: list[Receipt] = audit.many("READ", [{"resource": "Chart/1"}], actor="u-1")
    text: str = read(1)
    later_text: str = await read_later(1)
    with audit.scope("UPDATE") as a:
        a.outcome("success", rows=1)
    async with audit.scope("UPDATE") as b:
        b.outcome("success")
    with audit.actor("u-1"):
        audit.set_actor(None)
    print(sealed, later, several, text, later_text)
