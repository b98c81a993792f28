"""Inventory: reserves items of an order.

An ordinary service, like `orders`: nothing in it knows about correlation, redaction or OpenTelemetry.
A `piano` is slow to find, and `unobtainium` meets a bug, so that there is something to look for in the logs.

Environment: PORT (8001), HOST (127.0.0.1).
"""

import asyncio
import logging
import os
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

log = logging.getLogger("inventory")

SHELVES = {"book": "A1", "lamp": "B7", "piano": "cellar"}
stock = {"book": 1_000_000, "lamp": 3, "piano": 1_000, "unobtainium": 1}

app = FastAPI(title="inventory")


class Reservation(BaseModel):
    order_id: str
    item: str
    quantity: int
    customer: dict[str, Any] | None = None


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/reservations", status_code=201)
async def reserve(reservation: Reservation) -> dict[str, Any]:
    item, quantity = reservation.item, reservation.quantity
    log.info("reserving", extra={"orderId": reservation.order_id, "reservation": reservation.model_dump()})
    if stock.get(item, 0) < quantity:
        log.warning("too few left", extra={"item": item, "left": stock.get(item, 0)})
        raise HTTPException(409, stock.get(item, 0))
    if item == "piano":
        await asyncio.sleep(1.2)
        log.warning("the cellar is far away", extra={"item": item})
    # The bug: `unobtainium` is in stock and on no shelf.
    shelf = SHELVES[item]
    stock[item] -= quantity
    log.info("reserved", extra={"item": item, "shelf": shelf, "left": stock[item]})
    return {"item": item, "quantity": quantity, "shelf": shelf}


if __name__ == "__main__":
    uvicorn.run(
        app,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8001")),
        # Longer than clients keep an idle connection (httpx: 5 s, as is the default here): a request may meet its end.
        timeout_keep_alive=60,
    )
